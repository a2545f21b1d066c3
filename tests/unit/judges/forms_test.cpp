#include <boost/asio/this_coro.hpp>
#include <catch2/catch.hpp>
#include <map>
#include <optional>

#include "core/base/task_group.hpp"
#include "core/base/text.hpp"
#include "evaluators/json_schema_validator.hpp"
#include "tests/unit/judges/judge_support.hpp"

namespace assay::test {
namespace {

ScoreDataType declared(std::string_view type, const Json& parameters) {
    const auto scores = find_known_evaluator(type)->scores_for(parameters);
    REQUIRE_FALSE(scores.empty());
    return scores.front().data_type.value();
}

std::string problem_of(std::string_view type, const Json& parameters) {
    JudgeScene scene({verdict_json(1)});
    const auto made = scene.try_make(type, parameters);
    REQUIRE_FALSE(made.has_value());
    return made.error().message;
}

/// What a judge with these parameters is told and shown.
std::string asked(std::string_view type, const Json& parameters, const Json& reply) {
    JudgeScene scene({reply});
    scene.make(type, parameters);
    const EvaluationReply evaluated = scene.evaluate();
    CHECK(evaluated.error.empty());
    return text_of(scene.model.asked.back());
}

using Replies = std::vector<std::optional<Result<EvaluationReply>>>;

/// Asks one question as often as there is room for replies, all at a time.
boost::asio::awaitable<bool> ask_together(AsyncEvaluator& judge, EvaluationContext context,
                                          Replies& replies) {
    TaskGroup group(co_await boost::asio::this_coro::executor);
    for (auto& reply : replies) {
        group.spawn(store_result(judge.evaluate(JudgeScene::question(), context), reply));
    }
    while (co_await group.next()) {
    }
    co_return true;
}

}  // namespace

TEST_CASE("forms: all judges are listed in order with sound schemas", "[judges]") {
    const auto& all = known_evaluators();
    CHECK(std::ranges::is_sorted(all, {}, &EvaluatorDefinition::id));
    CHECK(std::ranges::adjacent_find(all, {}, &EvaluatorDefinition::id) == all.end());
    CHECK(all.size() == builtin_evaluators().size() + builtin_judges().size());
    for (const EvaluatorDefinition* const judge : builtin_judges()) {
        INFO(judge->id);
        CHECK(find_known_evaluator(judge->id) == judge);
        CHECK(find_evaluator(judge->id) == nullptr);
        CHECK(judge->make_async != nullptr);
        CHECK(judge->make == nullptr);
        CHECK_FALSE(judge->summary.empty());
        const Json schema = value_of(parse_json(judge->parameters_schema));
        CHECK(JsonSchema::compile(schema).has_value());
        CHECK(schema.at("additionalProperties") == false);
    }
    CHECK(find_known_evaluator("exact_match") != nullptr);
    CHECK(find_known_evaluator("rubrik") == nullptr);
}

TEST_CASE("rubric: the result is a number from 0 to 1 by default", "[judges]") {
    const Json parameters = {{"criteria", "Is it polite?"}};
    CHECK(declared("rubric", parameters) == ScoreDataType::numeric);
    const std::string text = asked("rubric", parameters, verdict_json(0.5));
    CHECK_THAT(text, Catch::Contains("The criteria:\nIs it polite?\n"));
    CHECK_THAT(text, Catch::Contains("The verdict is a number from 0 to 1."));
    CHECK_THAT(text, Catch::Contains("What is the capital of Åland?"));
    CHECK_THAT(text, Catch::Contains("It is Mariehamn."));
}

TEST_CASE("rubric: the result may be a range with explained points", "[judges]") {
    const Json parameters = {{"criteria", {"short", "kind"}},
                             {"result",
                              {{"min", 1},
                               {"max", 10},
                               {"integer", true},
                               {"points", {{"10", "perfect"}, {"2", "rude"}}}}}};
    const std::string text = asked("rubric", parameters, verdict_json(7));
    CHECK_THAT(text, Catch::Contains("The criteria:\n1. short\n2. kind\n"));
    CHECK_THAT(text, Catch::Contains("The verdict is a whole number from 1 to 10:\n- 2: rude\n"
                                     "- 10: perfect\n"));
}

TEST_CASE("rubric: the result may be true or false or a category", "[judges]") {
    const Json boolean = {{"criteria", "x"}, {"result", "boolean"}};
    CHECK(declared("rubric", boolean) == ScoreDataType::boolean);
    CHECK_THAT(asked("rubric", boolean, verdict_json(true)),
               Catch::Contains("The verdict is true or false."));
    const Json labels = {{"criteria", "x"}, {"result", {"warm", "cold"}}};
    CHECK(declared("rubric", labels) == ScoreDataType::categorical);
    CHECK_THAT(asked("rubric", labels, verdict_json("cold")),
               Catch::Contains("The verdict is one of \"warm\", \"cold\"."));
    const Json explained = {
        {"criteria", "x"}, {"result", {{"categories", {{"warm", "cares"}, {"cold", "does not"}}}}}};
    CHECK(declared("rubric", explained) == ScoreDataType::categorical);
    CHECK_THAT(asked("rubric", explained, verdict_json("warm")),
               Catch::Contains("- cold: does not\n- warm: cares\n"));
}

TEST_CASE("rubric: criteria may hold values of the item and they are fenced", "[judges]") {
    const std::string text =
        asked("rubric", {{"criteria", "It says {{expected_output}} to a {{metadata.tier}} user."}},
              verdict_json(1));
    CHECK_THAT(text, Catch::Contains("It says <judged-data of=\"expected_output\" key=\""));
    CHECK_THAT(text, Catch::Contains("\ngold\n"));
}

TEST_CASE("rubric: mistakes are told at their parameter", "[judges]") {
    CHECK_THAT(problem_of("rubric", {{"criteria", "say {{what"}}),
               Catch::StartsWith("\"criteria\": template line 1, column "));
    CHECK_THAT(problem_of("rubric", {{"criteria", {"fine", "{{}}"}}}),
               Catch::StartsWith("\"criteria\": template line 2, column "));
    CHECK_THAT(problem_of("rubric", {{"criteria", "x"}, {"result", {{"min", 2}, {"max", 1}}}}),
               Catch::StartsWith("\"result\": ") && Catch::Contains("must be below"));
    CHECK_THAT(
        problem_of("rubric", {{"criteria", "x"},
                              {"result", {{"min", 0}, {"max", 1}, {"points", {{"2", "x"}}}}}}),
        Catch::Contains("the point \"2\" is no number from 0 to 1"));
}

TEST_CASE("choice: each choice is worth its number", "[judges]") {
    const Json parameters = {{"prompt", "{{output}}"}, {"choices", {{"A", 1}, {"B", 0.5}}}};
    CHECK(declared("choice", parameters) == ScoreDataType::numeric);
    JudgeScene scene({verdict_json("B", "so so")});
    scene.make("choice", parameters);
    const EvaluationReply reply = scene.evaluate();
    REQUIRE(reply.scores.size() == 1);
    CHECK(reply.scores.front().value == ScoreValue(0.5));
    CHECK(reply.scores.front().comment == "B: so so");
    CHECK(reply.judge->metadata.at("verdicts") == Json{"B"});
}

TEST_CASE("choice: labels alone are categories", "[judges]") {
    const Json parameters = {{"prompt", "{{output}}"}, {"choices", {"yes", "no"}}};
    CHECK(declared("choice", parameters) == ScoreDataType::categorical);
    JudgeScene scene({verdict_json("maybe"), verdict_json("no")});
    scene.make("choice", parameters);
    CHECK(scene.score().value == ScoreValue("no"));
    CHECK(scene.model.asked.size() == 2);
}

TEST_CASE("choice: the prompt may be a conversation", "[judges]") {
    const Json messages = {{{"role", "system"}, {"content", "You are strict."}},
                           {{"role", "user"}, {"content", "An example."}},
                           {{"role", "assistant"}, {"content", "yes"}},
                           {{"role", "user"}, {"content", "{{output}}"}}};
    JudgeScene scene({verdict_json("yes")});
    scene.make("choice", {{"prompt", messages}, {"choices", {"yes", "no"}}});
    (void)scene.evaluate();
    const auto& sent = scene.model.asked.front().messages;
    REQUIRE(sent.size() == 4);
    CHECK_THAT(sent[0].content.get<std::string>(), Catch::StartsWith("You are strict.\n\n"));
    CHECK(sent[2].role == "assistant");
}

TEST_CASE("choice: mistakes are told at their parameter", "[judges]") {
    const auto with_prompt = [](const Json& prompt) {
        return problem_of("choice", {{"prompt", prompt}, {"choices", {"a", "b"}}});
    };
    CHECK_THAT(with_prompt("{{output"), Catch::StartsWith("\"prompt\": template line 1"));
    CHECK_THAT(with_prompt({{{"role", "user"}, {"content", "{{output}}"}},
                            {{"role", "assistant"}, {"content", "x"}}}),
               Catch::StartsWith("\"prompt\": the last message"));
    CHECK_THAT(with_prompt({{{"role", "user"}, {"content", "{{output}}"}},
                            {{"role", "system"}, {"content", "x"}},
                            {{"role", "user"}, {"content", "x"}}}),
               Catch::StartsWith("\"prompt\": only the first message"));
    CHECK_THAT(problem_of("choice",
                          {{"prompt", "{{output}}"}, {"choices", {{"A", 1}, {"B", "a meaning"}}}}),
               Catch::StartsWith("\"choices\": ") && Catch::Contains("either all points"));
}

TEST_CASE("factuality: five relations have their scores", "[judges]") {
    const std::map<std::string, double> worths = {
        {"A", 0.4}, {"B", 0.6}, {"C", 1}, {"D", 0}, {"E", 1}};
    for (const auto& [label, worth] : worths) {
        JudgeScene scene({verdict_json(label)});
        scene.make("factuality", Json::object());
        const EvaluationReply reply = scene.evaluate();
        CHECK(reply.scores.front().value == ScoreValue(worth));
        CHECK(reply.scores.front().comment == label + ": because");
    }
    CHECK(declared("factuality", Json::object()) == ScoreDataType::numeric);
    CHECK(find_known_evaluator("factuality")->needs_expected);
}

TEST_CASE("factuality: the scores of the relations can be changed", "[judges]") {
    JudgeScene scene({verdict_json("A")});
    scene.make("factuality", {{"choice_scores", {{"A", 0.9}}}});
    CHECK(scene.score().value == ScoreValue(0.9));
    const std::string text = asked("factuality", Json::object(), verdict_json("C"));
    CHECK_THAT(text, Catch::Contains("The expert's answer:\n<judged-data of=\"expected_output\""));
    CHECK_THAT(text, Catch::Contains("- D: the submission and the expert's answer disagree\n"));
}

TEST_CASE("closed_qa: a criterion is met or not", "[judges]") {
    const Json parameters = {{"criteria", "It names a town."}};
    CHECK(declared("closed_qa", parameters) == ScoreDataType::boolean);
    JudgeScene scene({verdict_json("yes"), verdict_json(true)});
    scene.make("closed_qa", parameters);
    CHECK(scene.score().value == ScoreValue(true));
    const std::string text = text_of(scene.model.asked.front());
    CHECK_THAT(text, Catch::Contains("The criterion:\nIt names a town.\n"));
    CHECK_THAT(text, Catch::Contains("- false: it does not\n"));
}

TEST_CASE("g_eval: the steps are written once and followed for all outputs", "[judges]") {
    const Json steps = {{"steps", {"Look for {{a name}}.", "Score it."}}};
    JudgeScene scene([&steps](const ProviderRequest& request) -> Result<ProviderReply> {
        const bool asks_for_steps = request.response_schema.at("properties").contains("steps");
        return reply_of(asks_for_steps ? steps : verdict_json(3));
    });
    scene.make("g_eval", {{"criteria", "Names {{metadata.tier}} things."}});
    Caller way = scene.caller();
    const EvaluationContext context{
        .deadline = in(JudgeScene::k_time), .clock = &scene.clock, .caller = &way};
    // Several at a time: one writes the steps and the others wait.
    Replies replies(5);
    REQUIRE(run_task(scene.io, ask_together(*scene.judge, context, replies)));
    CHECK(scene.model.asked.size() == 6);
    std::size_t written = 0;
    for (const auto& reply : replies) {
        REQUIRE(reply.has_value());
        REQUIRE(reply->has_value());
        CHECK((*reply)->scores.front().value == ScoreValue(3.0));
        CHECK((*reply)->judge->metadata.at("steps") == steps.at("steps"));
        written += (*reply)->judge->observations.size() - 1;
    }
    CHECK(written == 1);
    const std::string text = text_of(scene.model.asked.back());
    CHECK_THAT(text,
               Catch::Contains("The evaluation steps:\n1. Look for {{a name}}.\n2. Score it.\n"));
    CHECK_THAT(text, Catch::Contains("The verdict is a whole number from 1 to 5."));
    CHECK_THAT(text_of(scene.model.asked.front()),
               Catch::Contains("The criteria:\nNames {{metadata.tier}} things."));
}

TEST_CASE("g_eval: steps that are given are not asked for", "[judges]") {
    JudgeScene scene({verdict_json(0.5)});
    scene.make("g_eval", {{"criteria", "x"},
                          {"steps", {"Read it.", "Judge it."}},
                          {"min", 0},
                          {"max", 1},
                          {"integer", false}});
    CHECK(value_of(scene.judge->preview(JudgeScene::question())).size() == 1);
    CHECK(scene.score().value == ScoreValue(0.5));
    REQUIRE(scene.model.asked.size() == 1);
    CHECK_THAT(text_of(scene.model.asked.front()), Catch::Contains("1. Read it.\n2. Judge it.\n"));
}

TEST_CASE("g_eval: whoever follows writes the steps that another could not", "[judges]") {
    JudgeScene scene({"no steps", "none", {{"steps", {"Read."}}}, verdict_json(2)});
    scene.make("g_eval", {{"criteria", "x"}});
    const EvaluationReply failed = scene.evaluate();
    CHECK(failed.scores.empty());
    CHECK_THAT(failed.error, Catch::Contains("is not JSON"));
    CHECK(failed.judge->calls == 2);
    CHECK(scene.score().value == ScoreValue(2.0));
    CHECK(scene.model.asked.size() == 4);
}

TEST_CASE("g_eval: a preview shows both questions", "[judges]") {
    JudgeScene scene({verdict_json(1)});
    scene.make("g_eval", {{"criteria", "Is it short?"}});
    const Json lists = value_of(scene.judge->preview(JudgeScene::question()));
    REQUIRE(lists.size() == 2);
    CHECK_THAT(to_text(lists[0]), Catch::Contains("write the steps"));
    CHECK_THAT(to_text(lists[1]), Catch::Contains("It is Mariehamn."));
    CHECK_THAT(problem_of("g_eval", {{"criteria", "x"}, {"min", 5}, {"max", 1}}),
               Catch::Contains("must be below"));
}

}  // namespace assay::test
