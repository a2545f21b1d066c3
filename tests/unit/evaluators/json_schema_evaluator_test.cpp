#include <catch2/catch.hpp>

#include "evaluators/builtin.hpp"

namespace assay {
namespace {

Result<std::vector<Score>> scores_of(const Json& schema, const Json& output) {
    auto evaluator = json_schema_definition.make({{"schema", schema}});
    REQUIRE(evaluator.has_value());
    const Json nothing;
    return (*evaluator)->evaluate({.output = output, .input = nothing, .metadata = nothing});
}

Score score_of(const Json& schema, const Json& output) {
    const auto scores = scores_of(schema, output);
    REQUIRE(scores.has_value());
    REQUIRE(scores->size() == 1);
    return scores->front();
}

const Json k_team = {{"type", "object"},
                     {"required", {"team"}},
                     {"properties", {{"team", {{"enum", {"tech", "sales"}}}}}},
                     {"additionalProperties", false}};

}  // namespace

TEST_CASE("json_schema: text is parsed first and a value is taken as it is") {
    CHECK(score_of(k_team, R"( {"team": "tech"} )").value == ScoreValue(true));
    CHECK(score_of(k_team, {{"team", "tech"}}).value == ScoreValue(true));
    CHECK(score_of({{"type", "string"}}, R"("quoted")").value == ScoreValue(true));
    CHECK(score_of({{"type", "string"}}, "not quoted").value == ScoreValue(false));
    CHECK(score_of(true, 1).value == ScoreValue(true));
    CHECK(score_of(true, 1).comment.empty());
}

TEST_CASE("json_schema: an output that breaks the schema is false with the first violations") {
    const Score one = score_of(k_team, R"({"team": "billing"})");
    CHECK(one.value == ScoreValue(false));
    CHECK(one.comment == R"($.team: must be one of "tech", "sales", not "billing")");
    const Score many = score_of({{"items", {{"type", "null"}}}}, "[1, 2, 3, 4, 5]");
    CHECK(many.comment ==
          "$[0]: must be null, not an integer; $[1]: must be null, not an integer; "
          "$[2]: must be null, not an integer; and more");
}

TEST_CASE("json_schema: an output that is no JSON is false with the place") {
    const Score score = score_of(k_team, "Sure! {}");
    CHECK(score.value == ScoreValue(false));
    CHECK(score.comment.starts_with("no JSON: line 1, column 1"));
}

TEST_CASE("json_schema: a bad schema is refused when the evaluator is made") {
    const auto evaluator = json_schema_definition.make({{"schema", {{"type", "objekt"}}}});
    REQUIRE_FALSE(evaluator.has_value());
    CHECK(evaluator.error().code == ErrorCode::invalid_argument);
    CHECK(evaluator.error().message.find(R"(did you mean "object"?)") != std::string::npos);
}

TEST_CASE("json_schema: a schema that recurses without end is an error and no score") {
    const auto scores = scores_of({{"$ref", "#"}}, 1);
    REQUIRE_FALSE(scores.has_value());
    CHECK(scores.error().code == ErrorCode::resource_exhausted);
}

}  // namespace assay
