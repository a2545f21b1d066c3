#include "judge_support.hpp"

namespace assay {
namespace {

using test::JudgeScene;
using test::reply_of;
using test::run_task;
using test::text_of;
using test::value_of;
using test::verdict_json;

const ScoreValue& value_of_score(const EvaluationReply& reply, const std::string& name) {
    const auto found = std::ranges::find(reply.scores, name, &Score::name);
    INFO(name);
    REQUIRE(found != reply.scores.end());
    return found->value;
}

/// Prefers whatever stands there as the answer of that letter, or the answer with the text.
test::ScriptedModel::Answer prefers(std::string letter_or_text) {
    return [=](const ProviderRequest& request) -> Result<ProviderReply> {
        if (letter_or_text.size() == 1 || letter_or_text == "tie") {
            return reply_of(verdict_json(letter_or_text));
        }
        const std::string text = text_of(request);
        const std::size_t second = text.find("Answer B:");
        const bool is_second = text.find(letter_or_text, second) != std::string::npos;
        return reply_of(verdict_json(is_second ? "B" : "A"));
    };
}

class Others final : public OtherOutputs {
  public:
    Task<Json> of_variant(std::string variant, std::uint64_t position, int repetition,
                          Deadline /*deadline*/) override {
        asked = fmt::format("{} {} {}", variant, position, repetition);
        if (variant == "silent") co_return failure(ErrorCode::not_found, "it gave no output");
        co_return "It is Stockholm.";
    }
    Result<Json> of_run(const std::string& run, const std::string& item_id,
                        int repetition) override {
        asked = fmt::format("{} {} {}", run, item_id, repetition);
        return Json("It is Turku.");
    }
    std::string asked;
};

EvaluationReply evaluate(JudgeScene& scene, OtherOutputs& others) {
    Caller way = scene.caller();
    EvaluationRequest request = JudgeScene::question();
    request.position = 4;
    request.repetition = 2;
    return value_of(run_task(
        scene.io, scene.judge->evaluate(std::move(request), {.deadline = test::in(scene.k_time),
                                                             .clock = &scene.clock,
                                                             .caller = &way,
                                                             .others = &others})));
}

TEST_CASE("pairwise: the better answer wins in both orders", "[pairwise]") {
    JudgeScene scene(prefers("It is Mariehamn."));
    scene.make("pairwise", Json::object());
    const EvaluationReply reply = scene.evaluate();
    REQUIRE(reply.error.empty());
    CHECK(value_of_score(reply, "tone") == ScoreValue(1.0));
    CHECK(value_of_score(reply, "tone_outcome") == ScoreValue(std::string("win")));
    CHECK(value_of_score(reply, "tone_consistent") == ScoreValue(true));
    CHECK(value_of_score(reply, "tone_first_preferred") == ScoreValue(0.5));
    REQUIRE(scene.model.asked.size() == 2);
    const std::string first = text_of(scene.model.asked[0]);
    const std::string second = text_of(scene.model.asked[1]);
    CHECK(first.find("It is Mariehamn.") < first.find("Answer B:"));
    CHECK(second.find("It is Mariehamn.") > second.find("Answer B:"));
    REQUIRE(reply.judge.has_value());
    CHECK(reply.judge->calls == 2);
    REQUIRE(reply.judge->observations.size() == 2);
    CHECK(reply.judge->observations[0].name == "output_first:0");
    CHECK(reply.judge->observations[1].name == "output_second:0");
}

TEST_CASE("pairwise: a worse answer loses and equal ones tie", "[pairwise]") {
    JudgeScene worse(prefers("Mariehamn</"));
    worse.make("pairwise", Json::object());
    JudgeScene scene(prefers("tie"));
    scene.make("pairwise", Json::object());
    const EvaluationReply tie = scene.evaluate();
    CHECK(value_of_score(tie, "tone") == ScoreValue(0.5));
    CHECK(value_of_score(tie, "tone_outcome") == ScoreValue(std::string("tie")));
    CHECK(value_of_score(tie, "tone_consistent") == ScoreValue(true));
    CHECK(value_of_score(tie, "tone_first_preferred") == ScoreValue(0.5));

    Others others;
    JudgeScene loser(prefers("It is Stockholm."));
    loser.make("pairwise", {{"against", {{"variant", "short"}}}});
    const EvaluationReply loss = evaluate(loser, others);
    CHECK(value_of_score(loss, "tone") == ScoreValue(0.0));
    CHECK(value_of_score(loss, "tone_outcome") == ScoreValue(std::string("loss")));
    CHECK(value_of_score(loss, "tone_consistent") == ScoreValue(true));
    CHECK(others.asked == "short 4 2");
}

TEST_CASE("pairwise: a judge that goes by position gives a tie and is found out", "[pairwise]") {
    for (const char* letter : {"A", "B"}) {
        JudgeScene scene(prefers(letter));
        scene.make("pairwise", Json::object());
        const EvaluationReply reply = scene.evaluate();
        CHECK(value_of_score(reply, "tone") == ScoreValue(0.5));
        CHECK(value_of_score(reply, "tone_consistent") == ScoreValue(false));
        CHECK(value_of_score(reply, "tone_first_preferred") ==
              ScoreValue(*letter == 'A' ? 1.0 : 0.0));
        CHECK(reply.scores.front().comment.starts_with("The two orders disagree"));
    }
}

TEST_CASE("pairwise: one order is one question", "[pairwise]") {
    JudgeScene scene(prefers("A"));
    scene.make("pairwise", {{"orders", "first"}});
    const EvaluationReply reply = scene.evaluate();
    CHECK(scene.model.asked.size() == 1);
    CHECK(reply.scores.size() == 2);
    CHECK(value_of_score(reply, "tone") == ScoreValue(1.0));
}

TEST_CASE("pairwise: repetitions are averaged and their spread is told", "[pairwise]") {
    int asked = 0;
    JudgeScene scene([&asked](const ProviderRequest&) -> Result<ProviderReply> {
        // The first repetition is won in both orders, the second is lost in both.
        static constexpr std::array<const char*, 4> k_verdicts = {"A", "B", "B", "A"};
        return reply_of(verdict_json(k_verdicts[static_cast<std::size_t>(asked++)]));
    });
    scene.make("pairwise", {{"repetitions", 2}});
    const EvaluationReply reply = scene.evaluate();
    CHECK(value_of_score(reply, "tone") == ScoreValue(0.5));
    CHECK(std::get<double>(value_of_score(reply, "tone_spread")) == Approx(0.70710678));
    CHECK(value_of_score(reply, "tone_consistent") == ScoreValue(true));
}

TEST_CASE("pairwise: what cannot be compared is an error and never a score", "[pairwise]") {
    Others others;
    JudgeScene silent(prefers("A"));
    silent.make("pairwise", {{"against", {{"variant", "silent"}}}});
    Caller way = silent.caller();
    const auto nothing = run_task(
        silent.io,
        silent.judge->evaluate(JudgeScene::question(), {.deadline = test::in(silent.k_time),
                                                        .clock = &silent.clock,
                                                        .caller = &way,
                                                        .others = &others}));
    REQUIRE_FALSE(nothing.has_value());
    CHECK(nothing.error().message == "it gave no output");
    CHECK(silent.model.asked.empty());

    JudgeScene without(prefers("A"));
    without.make("pairwise", Json::object());
    EvaluationRequest request = JudgeScene::question();
    request.expected_output = nullptr;
    const auto missing = without.try_evaluate(std::move(request));
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().message == "the item has no expected_output to compare with");

    JudgeScene broken(std::vector<Json>{"C", verdict_json("C")});
    broken.make("pairwise", Json::object());
    const EvaluationReply reply = broken.evaluate();
    CHECK(reply.scores.empty());
    CHECK_FALSE(reply.error.empty());
    REQUIRE(reply.judge.has_value());
    CHECK(reply.judge->calls == 4);
}

TEST_CASE("pairwise: it says with what it compares", "[pairwise]") {
    JudgeScene scene(prefers("A"));
    scene.make("pairwise", {{"against", {{"variant", "short"}}}});
    CHECK(scene.judge->compares_with() == std::vector<std::string>{"short"});
    CHECK(scene.judge->compares_with_runs().empty());
    scene.make("pairwise", {{"against", {{"run", "latest:large"}}}});
    CHECK(scene.judge->compares_with().empty());
    CHECK(scene.judge->compares_with_runs() == std::vector<std::string>{"latest:large"});
    Others others;
    CHECK(evaluate(scene, others).error.empty());
    CHECK(others.asked == "latest:large 1 2");
    scene.make("pairwise", Json::object());
    CHECK(scene.judge->compares_with().empty());
}

TEST_CASE("pairwise: criteria are a part of what is hashed and may hold variables", "[pairwise]") {
    JudgeScene scene(prefers("A"));
    scene.make("pairwise", Json::object());
    const std::string before = scene.judge->fingerprint();
    scene.make("pairwise", {{"criteria", "Better suits {{metadata.tier}} customers."}});
    CHECK(scene.judge->fingerprint() != before);
    CHECK(scene.judge->variables() == std::vector<std::string>{"metadata.tier"});
    const Json questions = value_of(scene.judge->preview(JudgeScene::question()));
    REQUIRE(questions.size() == 2);
    CHECK_THAT(questions[0][0]["content"].get<std::string>(), Catch::Contains("gold"));
    const auto bad = scene.try_make("pairwise", {{"criteria", "{{broken"}});
    REQUIRE_FALSE(bad.has_value());
    CHECK_THAT(bad.error().message, Catch::StartsWith("\"criteria\": "));
}

}  // namespace
}  // namespace assay
