#include "judges/judging/judge_model.hpp"

#include <catch2/catch.hpp>

#include "judges/judging/verdict.hpp"
#include "tests/unit/judges/judge_support.hpp"

namespace assay::test {
namespace {

Json rubric() { return {{"criteria", "Is it polite?"}}; }

std::string refusal_of(const Json& parameters) {
    JudgeScene scene({verdict_json(1)});
    const auto made = scene.try_make("rubric", parameters);
    REQUIRE_FALSE(made.has_value());
    return made.error().message;
}

}  // namespace

TEST_CASE("judge model: temperature is 0 unless the spec says otherwise", "[judges]") {
    const auto asked_with = [](const Json& more) {
        JudgeScene scene({verdict_json(1)});
        Json parameters = rubric();
        parameters.update(more);
        scene.make("rubric", parameters);
        (void)scene.evaluate();
        return scene.model.asked.front().parameters;
    };
    CHECK(asked_with(Json::object()) == Json{{"temperature", 0}});
    CHECK(asked_with({{"temperature", 0.7}}) == Json{{"temperature", 0.7}});
    CHECK(asked_with({{"temperature", nullptr}}) == Json::object());
    CHECK(asked_with({{"parameters", {{"max_tokens", 500}}}}) ==
          Json{{"max_tokens", 500}, {"temperature", 0}});
    CHECK(asked_with({{"parameters", {{"temperature", 1}}}}) == Json{{"temperature", 1}});
}

TEST_CASE("judge model: what cannot be asked is refused at its parameter", "[judges]") {
    Json twice = rubric();
    twice["temperature"] = 1;
    twice["parameters"] = {{"temperature", 0}};
    CHECK(refusal_of(twice) == "\"temperature\" also stands in `parameters`; say it once");
    Json timeout = rubric();
    timeout["timeout"] = "soon";
    CHECK_THAT(refusal_of(timeout), Catch::StartsWith("\"timeout\": "));

    JudgeScene scene({verdict_json(1)});
    const auto* const definition = find_known_evaluator("rubric");
    const auto made = definition->make_async({{"provider", "stab:judge"}, {"criteria", "x"}},
                                             scene.environment());
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().message == "\"provider\": unknown provider; did you mean \"stub\"?");
}

TEST_CASE("judge model: a request holds the schema and the model and a timeout of its own",
          "[judges]") {
    JudgeScene scene({verdict_json(1)});
    scene.make("rubric", rubric());
    (void)scene.evaluate();
    const ProviderRequest& request = scene.model.asked.front();
    CHECK(request.model == "judge");
    CHECK(request.response_schema == VerdictScale().schema());
    CHECK(scene.judge->models() == std::vector<std::string>{"stub:judge"});
}

TEST_CASE("judge model: the second question goes on with the conversation", "[judges]") {
    JudgeScene scene({"Four, I would say.", verdict_json(0.5)});
    scene.make("rubric", rubric());
    const EvaluationReply reply = scene.evaluate();
    CHECK(reply.scores.front().value == ScoreValue(0.5));
    REQUIRE(scene.model.asked.size() == 2);
    const auto& first = scene.model.asked[0].messages;
    const auto& second = scene.model.asked[1].messages;
    REQUIRE(second.size() == first.size() + 2);
    for (std::size_t i = 0; i < first.size(); ++i) CHECK(second[i].content == first[i].content);
    CHECK(second[first.size()].role == "assistant");
    CHECK(second[first.size()].content == "Four, I would say.");
    CHECK(second.back().role == "user");
    const std::string again = second.back().content.get<std::string>();
    CHECK_THAT(again, Catch::StartsWith("Your reply cannot be used: it is not JSON ("));
    CHECK_THAT(again, Catch::EndsWith(reply_instruction(VerdictScale().schema())));
}

TEST_CASE("judge model: a long reply and an empty one are shown again as far as they can be",
          "[judges]") {
    JudgeScene scene({std::string(100'000, 'x') + "é", verdict_json(0.5)});
    scene.make("rubric", rubric());
    (void)scene.evaluate();
    const auto& messages = scene.model.asked[1].messages;
    CHECK(messages[messages.size() - 2].content.get<std::string>().size() < 20'000);

    JudgeScene silent({nullptr, verdict_json(0.5)});
    silent.make("rubric", rubric());
    (void)silent.evaluate();
    const auto& conversation = silent.model.asked[1].messages;
    CHECK(conversation[conversation.size() - 2].content == "(nothing)");
}

TEST_CASE("judge model: the record tells of each call and sums them up", "[judges]") {
    int asked = 0;
    JudgeScene scene([&asked](const ProviderRequest&) -> Result<ProviderReply> {
        if (++asked == 1) return retryable_failure(ErrorCode::unavailable, "busy");
        ProviderReply reply = reply_of(asked == 2 ? Json("no JSON") : verdict_json(0.75));
        reply.reasoning = "thinking";
        reply.time_to_first_token = std::chrono::milliseconds(12);
        return reply;
    });
    scene.make("rubric", rubric());
    const EvaluationReply reply = scene.evaluate();
    REQUIRE(reply.judge.has_value());
    const JudgeRecord& record = *reply.judge;
    CHECK(record.calls == 3);
    CHECK(record.retries == 1);
    CHECK(record.cached == 0);
    CHECK(record.usage == UsageDetails{{"input", 42}, {"output", 6}, {"total", 48}});
    CHECK(record.cost == 26'400);
    CHECK(record.paid == 26'400);
    CHECK(record.latency.count() >= 0);
    CHECK_FALSE(record.over_budget);
    CHECK(record.metadata == Json{{"verdicts", {0.75}}});
    REQUIRE(record.observations.size() == 2);
    const Observation& first = record.observations.front();
    CHECK(first.name == "judge");
    CHECK(first.type == ObservationType::generation);
    CHECK(first.model == "gpt-4.1-mini-2025-04-14");
    CHECK(first.model_parameters == Json{{"temperature", 0}});
    CHECK(first.input == messages_to_json(scene.model.asked.front().messages));
    CHECK(first.output == "no JSON");
    CHECK(first.cost == 13'200);
    CHECK(first.level == ObservationLevel::warning);
    CHECK_THAT(first.status_message, Catch::StartsWith("the judge's reply is not JSON"));
    CHECK(first.metadata == Json{{"asked_model", "stub:judge"},
                                 {"failed_attempts", {"busy"}},
                                 {"finish_reason", "stop"},
                                 {"reasoning", "thinking"},
                                 {"time_to_first_token_ms", 12.0}});
    const Observation& second = record.observations.back();
    CHECK(second.name == "judge:again");
    CHECK(second.level == ObservationLevel::normal);
    CHECK(second.output == verdict_json(0.75));
}

TEST_CASE("judge model: a cost that is unknown once is unknown in the sum", "[judges]") {
    int asked = 0;
    JudgeScene scene([&asked](const ProviderRequest&) -> Result<ProviderReply> {
        ProviderReply reply = reply_of(verdict_json(1));
        if (++asked == 2) reply.cost.reset();
        return reply;
    });
    Json parameters = rubric();
    parameters["repetitions"] = 3;
    scene.make("rubric", parameters);
    const EvaluationReply reply = scene.evaluate();
    CHECK_FALSE(reply.judge->cost.has_value());
    CHECK_FALSE(reply.judge->paid.has_value());
    CHECK(reply.judge->usage.at("total") == 72);
}

TEST_CASE("judge model: a reply from the cache costs what it cost and is not paid", "[judges]") {
    JudgeScene scene({verdict_json(1)});
    scene.mode = CacheMode::read_write;
    scene.cache = value_of(ReplyCache::open(scene.folder.path() / "cache", {}, scene.clock));
    scene.make("rubric", rubric());
    (void)scene.evaluate();
    const EvaluationReply reply = scene.evaluate();
    CHECK(scene.model.asked.size() == 1);
    CHECK(reply.judge->cached == 1);
    CHECK(reply.judge->calls == 0);
    CHECK(reply.judge->cost == 13'200);
    CHECK(reply.judge->paid == 0);
    CHECK(reply.judge->observations.front().metadata.at("cached") == true);
}

TEST_CASE("judge model: a call that fails leaves the reason and the record", "[judges]") {
    JudgeScene scene([](const ProviderRequest&) -> Result<ProviderReply> {
        return failure(ErrorCode::invalid_argument, "stub refuses the request (400)");
    });
    scene.make("rubric", rubric());
    const EvaluationReply reply = scene.evaluate();
    CHECK(reply.scores.empty());
    CHECK(reply.error == "stub refuses the request (400)");
    REQUIRE(reply.judge->observations.size() == 1);
    CHECK(reply.judge->observations.front().level == ObservationLevel::error);
    CHECK(reply.judge->observations.front().cost == 0);
    CHECK(reply.judge->cost == 0);
    CHECK(reply.judge->calls == 1);
}

TEST_CASE("judge model: a budget that is spent is told apart", "[judges]") {
    JudgeScene scene(in_turn({verdict_json(1)}), {.cost_usd = 1e-9});
    scene.make("rubric", rubric());
    (void)scene.evaluate();
    const EvaluationReply reply = scene.evaluate();
    CHECK(reply.scores.empty());
    CHECK_FALSE(reply.error.empty());
    CHECK(reply.judge->over_budget);
}

TEST_CASE("judge model: whoever is cancelled has no evaluation", "[judges]") {
    JudgeScene scene([](const ProviderRequest&) -> Result<ProviderReply> {
        return failure(ErrorCode::cancelled, "cancelled");
    });
    scene.make("rubric", rubric());
    const auto reply = scene.try_evaluate(JudgeScene::question());
    REQUIRE_FALSE(reply.has_value());
    CHECK(reply.error().code == ErrorCode::cancelled);
}

}  // namespace assay::test
