#include "judge_support.hpp"

namespace assay {
namespace {

using test::JudgeScene;
using test::reply_of;
using test::value_of;
using test::verdict_json;

/// Each model answers what stands under its name; null = nothing that could be read.
test::ScriptedModel::Answer by_model(Json verdicts) {
    return [verdicts = std::move(verdicts)](const ProviderRequest& request) {
        const Json& verdict = verdicts.at(request.model);
        return Result<ProviderReply>(
            reply_of(verdict.is_null() ? Json("I would rather not say.") : verdict_json(verdict)));
    };
}

Json jury(const char* question, Json more = Json::object()) {
    Json parameters = {{"jurors", {"stub:a", "stub:b", "stub:c"}},
                       {"judge", value_of(parse_json(question))}};
    parameters.update(more);
    return parameters;
}

constexpr const char* k_number = R"({"type": "rubric", "criteria": "It is kind."})";
constexpr const char* k_boolean =
    R"({"type": "rubric", "criteria": "It is kind.", "result": "boolean"})";
constexpr const char* k_category =
    R"({"type": "rubric", "criteria": "It is kind.", "result": ["kind", "curt", "rude"]})";

Json scores_of(const EvaluationReply& reply) {
    Json scores = Json::object();
    for (const Score& score : reply.scores) scores[score.name] = to_json(score.value);
    return scores;
}

EvaluationReply judged(const Json& verdicts, const Json& parameters) {
    JudgeScene scene(by_model(verdicts));
    scene.make("jury", parameters);
    return scene.evaluate();
}

TEST_CASE("jury: numbers are averaged by weight or their median is taken", "[jury]") {
    const Json verdicts = {{"a", 0.0}, {"b", 0.5}, {"c", 1.0}};
    const EvaluationReply mean = judged(verdicts, jury(k_number));
    CHECK(scores_of(mean) == Json({{"tone", 0.5},
                                   {"tone_disagreement", 0.5},
                                   {"tone_a", 0.0},
                                   {"tone_b", 0.5},
                                   {"tone_c", 1.0}}));
    const Json weighted = {{"jurors", {{{"provider", "stub:a"}, {"weight", 3}}, "stub:c"}}};
    CHECK(scores_of(judged(verdicts, jury(k_number, weighted)))["tone"] == 0.25);
    const Json skewed = {{"a", 0.0}, {"b", 0.0}, {"c", 1.0}};
    CHECK(scores_of(judged(skewed, jury(k_number, {{"vote", "median"}})))["tone"] == 0.0);
}

TEST_CASE("jury: the majority decides and a split jury decides nothing", "[jury]") {
    const Json verdicts = {{"a", true}, {"b", false}, {"c", true}};
    const EvaluationReply reply = judged(verdicts, jury(k_boolean));
    const Json scores = scores_of(reply);
    CHECK(scores["tone"] == true);
    CHECK(scores["tone_disagreement"].get<double>() == Approx(1.0 / 3));
    CHECK(scores_of(judged(verdicts, jury(k_boolean, {{"vote", "unanimity"}})))["tone"] == false);

    const Json split = {{"a", "kind"}, {"b", "curt"}, {"c", "rude"}};
    const EvaluationReply undecided = judged(split, jury(k_category));
    CHECK(undecided.scores.empty());
    CHECK(undecided.error == "the jury has no majority: 1 for curt, 1 for kind, 1 for rude");
    CHECK(undecided.judge.has_value());
    const Json heavy = {{"jurors", {{{"provider", "stub:a"}, {"weight", 3}}, "stub:b", "stub:c"}}};
    CHECK(scores_of(judged(split, jury(k_category, heavy)))["tone"] == "kind");
}

TEST_CASE("jury: a juror without a verdict counts against the quorum", "[jury]") {
    const Json verdicts = {{"a", 1.0}, {"b", nullptr}, {"c", 0.0}};
    const EvaluationReply all = judged(verdicts, jury(k_number));
    CHECK(all.scores.empty());
    CHECK_THAT(all.error, Catch::StartsWith("2 of 3 jurors gave a verdict; b: "));
    const EvaluationReply two = judged(verdicts, jury(k_number, {{"quorum", 2}}));
    CHECK(scores_of(two)["tone"] == 0.5);
    CHECK_FALSE(scores_of(two).contains("tone_b"));
}

TEST_CASE("jury: its record holds what every juror was asked in the order of the spec", "[jury]") {
    const EvaluationReply reply = judged({{"a", 0.0}, {"b", 0.5}, {"c", 1.0}}, jury(k_number));
    REQUIRE(reply.judge.has_value());
    CHECK(reply.judge->calls == 3);
    std::vector<std::string> names;
    for (const Observation& observation : reply.judge->observations) {
        names.push_back(observation.name);
    }
    CHECK(names == std::vector<std::string>{"a:judge", "b:judge", "c:judge"});
    std::int64_t total = 0;
    for (const Observation& observation : reply.judge->observations) {
        total += observation.usage.at("total");
    }
    CHECK(reply.judge->usage.at("total") == total);
}

TEST_CASE("jury: what cannot be a jury is refused with its place", "[jury]") {
    const auto refusal = [](const Json& parameters) {
        JudgeScene scene(by_model({}));
        const auto made = scene.try_make("jury", parameters);
        return made ? std::string() : made.error().message;
    };
    CHECK_THAT(refusal(jury(R"({"type": "exact_match"})")), Catch::StartsWith("\"judge\": "));
    CHECK_THAT(refusal(jury(R"({"type": "jury"})")), Catch::StartsWith("\"judge\": "));
    CHECK_THAT(refusal(jury(R"({"type": "rubric", "criterion": "x"})")),
               Catch::StartsWith("\"judge\": ") && Catch::Contains("criteria"));
    CHECK_THAT(refusal(jury(k_boolean, {{"vote", "mean"}})), Catch::StartsWith("\"vote\": "));
    CHECK_THAT(refusal(jury(k_number, {{"vote", "unanimity"}})), Catch::StartsWith("\"vote\": "));
    CHECK_THAT(refusal(jury(k_number, {{"jurors", {"stub:a", "stub:a"}}})),
               Catch::StartsWith("\"jurors\": "));
    CHECK_THAT(refusal(jury(k_number, {{"jurors", {"stub:a", "other:b"}}})),
               Catch::Contains("unknown provider"));
    CHECK_THAT(refusal(jury(k_number, {{"quorum", 4}})), Catch::StartsWith("\"quorum\": "));
}

TEST_CASE("jury: canaries are held out to each juror", "[jury]") {
    JudgeScene scene(by_model({{"a", true}, {"b", false}, {"c", true}}));
    scene.make("jury", jury(R"({"type": "rubric", "criteria": "It is kind.", "result": "boolean",
                                "canaries": [{"output": "Thank you!", "verdict": true}]})"));
    const Json canaries = scene.judge_canaries();
    CHECK(canaries.at("judged") == 3);
    REQUIRE(canaries.at("failed").size() == 1);
    CHECK(canaries["failed"][0].at("juror") == "b");
}

}  // namespace
}  // namespace assay
