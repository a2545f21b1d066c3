#include "configs/verdict_scale.hpp"

#include <catch2/catch.hpp>

#include "evaluators/json_schema_validator.hpp"

namespace assay::test {
namespace {

std::string problem(const Json& output) {
    const auto scale = parse_verdict_scale(output, "output");
    REQUIRE_FALSE(scale.has_value());
    return scale.error().message;
}

VerdictScale scale_of(const Json& output) {
    auto scale = parse_verdict_scale(output, "output");
    if (!scale) FAIL(scale.error().message);
    return std::move(*scale);
}

}  // namespace

TEST_CASE("verdict scale: the type of the score is that of the verdict or of its points",
          "[judges]") {
    CHECK(scale_of({{"type", "NUMERIC"}}).score_type() == ScoreDataType::numeric);
    CHECK(scale_of({{"type", "BOOLEAN"}}).score_type() == ScoreDataType::boolean);
    CHECK(scale_of({{"type", "CATEGORICAL"}, {"points", {"a", "b"}}}).score_type() ==
          ScoreDataType::categorical);
    const VerdictScale worth =
        scale_of({{"type", "CATEGORICAL"},
                  {"points", {{"a", 1}, {"b", {{"score", 0}, {"meaning", "none"}}}}}});
    CHECK(worth.score_type() == ScoreDataType::numeric);
    CHECK(worth.points[1].score == 0);
    CHECK(worth.points[1].meaning == "none");
}

TEST_CASE("verdict scale: the schema asks for reasons first and for nothing else", "[judges]") {
    const Json schema =
        scale_of({{"type", "NUMERIC"}, {"min", -1}, {"max", 1}, {"integer", true}}).schema();
    CHECK(JsonSchema::compile(schema).has_value());
    CHECK(schema.at("required") == Json{"reasoning", "verdict"});
    CHECK(schema.at("additionalProperties") == false);
    CHECK(schema.at("properties").at("verdict") ==
          Json{{"type", "integer"}, {"minimum", -1}, {"maximum", 1}});
    CHECK(to_text(schema.at("properties")).starts_with("{\"reasoning\""));
    CHECK(scale_of({{"type", "CATEGORICAL"}, {"points", {"a", "b"}}})
              .schema()
              .at("properties")
              .at("verdict") == Json{{"type", "string"}, {"enum", {"a", "b"}}});
}

TEST_CASE("verdict scale: what it means is said in words", "[judges]") {
    CHECK(scale_of({{"type", "NUMERIC"}}).describe() == "The verdict is a number from 0 to 1.");
    CHECK(scale_of({{"type", "NUMERIC"},
                    {"max", 10},
                    {"integer", true},
                    {"points", {{"10", "good"}, {"9", "fair"}}}})
              .describe() == "The verdict is a whole number from 0 to 10:\n- 9: fair\n- 10: good");
    CHECK(scale_of({{"type", "BOOLEAN"}, {"points", {{"true", "yes"}, {"false", "no"}}}})
              .describe() == "The verdict is true or false:\n- false: no\n- true: yes");
    CHECK(scale_of({{"type", "CATEGORICAL"}, {"points", {"a \"b\"", "c"}}}).describe() ==
          "The verdict is one of \"a \\\"b\\\"\", \"c\".");
}

TEST_CASE("verdict scale: what cannot be one is refused", "[judges]") {
    CHECK_THAT(problem({{"type", "NUMBER"}}), Catch::StartsWith("\"output\": unknown score type"));
    CHECK_THAT(problem(Json::object()), Catch::Contains("needs the key `type`"));
    CHECK_THAT(problem({{"type", "NUMERIC"}, {"min", 1}}), Catch::Contains("must be below"));
    CHECK_THAT(problem({{"type", "NUMERIC"}, {"min", 0.5}, {"integer", true}}),
               Catch::Contains("are whole numbers"));
    CHECK_THAT(problem({{"type", "BOOLEAN"}, {"min", 0}}), Catch::Contains("NUMERIC verdicts"));
    CHECK_THAT(problem({{"type", "BOOLEAN"}, {"points", {{"yes", "x"}}}}),
               Catch::Contains("true and false"));
    CHECK_THAT(problem({{"type", "CATEGORICAL"}}), Catch::Contains("two `points`"));
    CHECK_THAT(problem({{"type", "CATEGORICAL"}, {"points", {"a", "a"}}}),
               Catch::Contains("stands here twice"));
    CHECK_THAT(problem({{"type", "CATEGORICAL"}, {"points", {"a", " b"}}}),
               Catch::Contains("no blanks"));
    CHECK_THAT(problem({{"type", "CATEGORICAL"}, {"points", {{"a", 1}, {"b", "x"}}}}),
               Catch::Contains("either all points"));
    CHECK_THAT(problem({{"type", "CATEGORICAL"}, {"points", {{"a", true}, {"b", "x"}}}}),
               Catch::Contains("must be its meaning"));
    CHECK_THAT(problem({{"type", "NUMERIC"}, {"points", {{"low", "x"}}}}),
               Catch::Contains("the point \"low\" is no number from 0 to 1"));
    CHECK_THAT(problem({{"type", "NUMERIC"}, {"points", {{"1", 5}}}}),
               Catch::Contains("only the points of CATEGORICAL"));
    CHECK_THAT(problem({{"type", "NUMERIC"}, {"integer", true}, {"points", {{"0.5", "x"}}}}),
               Catch::Contains("is no whole number"));
    CHECK_THAT(problem({{"type", "NUMERIC"}, {"scale", 5}}), Catch::Contains("unknown key"));
}

}  // namespace assay::test
