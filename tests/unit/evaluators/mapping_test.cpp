#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "evaluators/evaluation.hpp"
#include "tests/support/run_task.hpp"

namespace assay {
namespace {

/// Keeps what it is asked, and says what it was told to say.
class Asked final : public AsyncEvaluator {
  public:
    Task<EvaluationReply> evaluate(EvaluationRequest /*request*/,
                                   EvaluationContext /*context*/) override {
        EvaluationReply reply{.judge = JudgeRecord{.calls = 2}};
        reply.error = "the judge's reply is no JSON";
        co_return reply;
    }
    std::vector<std::string> variables() const override {
        return {"question", "input.topic", "output", "expected_output"};
    }
};

Result<std::unique_ptr<AsyncEvaluator>> make_asked(const Json& /*parameters*/,
                                                   const EvaluatorEnvironment& /*environment*/) {
    return std::make_unique<Asked>();
}

const EvaluatorDefinition k_asked{.id = "asked",
                                  .summary = "Asks.",
                                  .data_type = ScoreDataType::boolean,
                                  .needs_expected = false,
                                  .parameters_schema = R"({"type": "object", "properties": {}})",
                                  .make_async = &make_asked,
                                  .takes_mapping = true};

std::optional<BoundEvaluator> bound_with(const Json& common,
                                         std::vector<ParameterMistake>& mistakes) {
    return BoundEvaluator::bind(k_asked, {.name = "asked", .parameters = {}, .common = common},
                                mistakes);
}

UnitResult unit_with(Json output) {
    UnitResult unit;
    unit.trace_id = TraceId("trace");
    unit.variant = "v";
    unit.repetition = 2;
    unit.item = {.id = DatasetItemId("i"),
                 .input = {{"topic", "cats"}},
                 .expected_output = "right",
                 .metadata = {{"tier", "gold"}},
                 .position = 7};
    unit.output = std::move(output);
    return unit;
}

BoundEvaluator::Prepared prepared(const Json& mapping, const UnitResult& unit) {
    std::vector<ParameterMistake> mistakes;
    const auto bound = bound_with({{"mapping", mapping}}, mistakes);
    for (const ParameterMistake& mistake : mistakes) UNSCOPED_INFO(mistake.message);
    REQUIRE(bound.has_value());
    return bound->prepare(unit);
}

}  // namespace

TEST_CASE("mapping: names reach into every part of the unit", "[evaluators]") {
    UnitResult unit = unit_with({{"answer", "meow"}});
    unit.observations = {{.name = "find", .output = "found"}, {.name = "say", .output = "said"}};
    const auto made = prepared({{"a", "$.output.answer"},
                                {"q", "$.input.topic"},
                                {"e", "$.expected_output"},
                                {"t", "$.metadata.tier"},
                                {"s", "$.steps.find.output"},
                                {"all", "$.steps.*.output"}},
                               unit);
    REQUIRE(made.request.has_value());
    const EvaluationRequest& request = *made.request;
    CHECK(request.vars == Json{{"a", "meow"},
                               {"q", "cats"},
                               {"e", "right"},
                               {"t", "gold"},
                               {"s", "found"},
                               {"all", {"found", "said"}}});
    CHECK(request.steps.at("say").at("output") == "said");
    CHECK(request.position == 7);
    CHECK(request.repetition == 2);
    CHECK(request.trace_id == TraceId("trace"));
}

TEST_CASE("mapping: a text is read as JSON when a path leads into it", "[evaluators]") {
    const auto into = prepared({{"a", "$.output.answer"}, {"whole", "$.output"}},
                               unit_with(R"({"answer": "meow"})"));
    REQUIRE(into.request.has_value());
    CHECK(into.request->vars.at("a") == "meow");
    CHECK(into.request->vars.at("whole") == R"({"answer": "meow"})");
    CHECK(into.request->steps.is_null());
}

TEST_CASE("mapping: a path that selects nothing is an error that names it", "[evaluators]") {
    for (const Json& output : {Json("no JSON"), Json{{"other", 1}}, Json()}) {
        const auto made = prepared({{"a", "$.output.answer"}}, unit_with(output));
        CHECK_FALSE(made.request.has_value());
        CHECK(made.evaluation.status == EvaluationStatus::error);
        CHECK(made.evaluation.message ==
              "\"mapping\": a ($.output.answer) selects nothing in this unit");
    }
}

TEST_CASE("mapping: mistakes are told at their place", "[evaluators]") {
    std::vector<ParameterMistake> mistakes;
    CHECK_FALSE(bound_with({{"mapping", {{"a", "output.answer"}}}}, mistakes).has_value());
    REQUIRE(mistakes.size() == 1);
    CHECK(mistakes[0].pointer == "/mapping/a");
    mistakes.clear();
    CHECK_FALSE(bound_with({{"mapping", {{"a", 1}}}}, mistakes).has_value());
    CHECK(mistakes.size() == 1);
    mistakes.clear();
    const auto other = BoundEvaluator::bind(
        *find_evaluator("exact_match"),
        {.name = "x", .parameters = {}, .common = {{"mapping", {{"a", "$.output"}}}}}, mistakes);
    CHECK_FALSE(other.has_value());
    REQUIRE(mistakes.size() == 1);
    CHECK(mistakes[0].message ==
          "\"mapping\" gives names to the templates of judges, and exact_match has none");
}

TEST_CASE("mapping: what the item must have is told before the run", "[evaluators]") {
    std::vector<ParameterMistake> mistakes;
    const auto plain = bound_with(Json::object(), mistakes);
    const auto mapped = bound_with({{"mapping", {{"question", "$.output.q"}}}}, mistakes);
    REQUIRE(plain.has_value());
    REQUIRE(mapped.has_value());
    DatasetItem item = unit_with("x").item;
    CHECK(plain->check_item(item).starts_with("the variable {{question}} has no value"));
    CHECK(mapped->check_item(item).empty());
    item.expected_output = nullptr;
    CHECK(mapped->check_item(item).starts_with("the variable {{expected_output}} has no value"));
    item.expected_output = "x";
    item.input = {{"topics", 1}};
    CHECK(mapped->check_item(item).starts_with("the variable {{input.topic}} has no value"));
}

TEST_CASE("mapping: the hash covers it", "[evaluators]") {
    std::vector<ParameterMistake> mistakes;
    const auto one = bound_with({{"mapping", {{"a", "$.output"}}}}, mistakes);
    const auto other = bound_with({{"mapping", {{"a", "$.input"}}}}, mistakes);
    REQUIRE(one.has_value());
    REQUIRE(other.has_value());
    CHECK(one->hash() != other->hash());
}

TEST_CASE("evaluation: what a judge was asked in vain is kept with the error", "[evaluators]") {
    std::vector<ParameterMistake> mistakes;
    const auto bound = bound_with(Json::object(), mistakes);
    REQUIRE(bound.has_value());
    auto made = bound->prepare(unit_with("x"));
    REQUIRE(made.request.has_value());
    boost::asio::io_context io;
    const auto awaited = test::run_task(io, bound->evaluate_async(std::move(*made.request), {}));
    CHECK(awaited.evaluation.status == EvaluationStatus::error);
    CHECK(awaited.evaluation.message == "the judge's reply is no JSON");
    CHECK(awaited.evaluation.scores.empty());
    REQUIRE(awaited.evaluation.judge.has_value());
    CHECK(awaited.evaluation.judge->calls == 2);
}

}  // namespace assay
