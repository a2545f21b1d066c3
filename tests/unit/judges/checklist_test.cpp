#include <catch2/catch.hpp>
#include <cmath>

#include "tests/unit/judges/judge_support.hpp"

namespace assay::test {
namespace {

Json questions(Json more = Json::object()) {
    Json parameters = {{"questions",
                        {{{"id", "town"}, {"question", "Does it name {{expected_output}}?"}},
                         {{"id", "short"}, {"question", "Is it short?"}, {"weight", 3}}}}};
    parameters.update(more);
    return parameters;
}

Json answers(bool town, bool is_short) {
    return {{"town", verdict_json(town, "of the town")},
            {"short", verdict_json(is_short, "of the length")}};
}

std::string problem_of(const Json& parameters) {
    JudgeScene scene({answers(true, true)});
    const auto made = scene.try_make("checklist", parameters);
    REQUIRE_FALSE(made.has_value());
    return made.error().message;
}

}  // namespace

TEST_CASE("checklist: one call answers all questions", "[judges]") {
    JudgeScene scene({answers(true, false)});
    scene.make("checklist", questions());
    const EvaluationReply reply = scene.evaluate();
    CHECK(scene.model.asked.size() == 1);
    REQUIRE(reply.scores.size() == 3);
    CHECK(reply.scores[0].name.empty());
    CHECK(reply.scores[0].value == ScoreValue(0.25));
    CHECK(reply.scores[0].comment == "no: short");
    CHECK(reply.scores[1].name == "tone_town");
    CHECK(reply.scores[1].value == ScoreValue(true));
    CHECK(reply.scores[1].comment == "of the town");
    CHECK(reply.scores[2].name == "tone_short");
    CHECK(reply.scores[2].value == ScoreValue(false));
    const std::string text = text_of(scene.model.asked.front());
    CHECK_THAT(text, Catch::Contains("- town: Does it name <judged-data of=\"expected_output\""));
    CHECK_THAT(text, Catch::Contains("- short: Is it short?\n"));
    CHECK(value_of(scene.judge->preview(JudgeScene::question())) ==
          Json::array({messages_to_json(scene.model.asked.front().messages)}));
}

TEST_CASE("checklist: all questions must be answered and no other", "[judges]") {
    Json one_missing = answers(true, true);
    one_missing.erase("short");
    Json one_more = answers(true, true);
    one_more["kind"] = verdict_json(true);
    Json unreasoned = answers(true, true);
    unreasoned["town"]["reasoning"] = " ";
    Json words = answers(true, true);
    words["town"]["verdict"] = "yes";
    for (const Json& reply : {one_missing, one_more, unreasoned, words, Json::array(), Json(true),
                              verdict_json(true), Json("{\"town\": true, \"short\": true}")}) {
        INFO(to_text(reply));
        JudgeScene scene({reply});
        scene.make("checklist", questions());
        const EvaluationReply evaluated = scene.evaluate();
        CHECK(evaluated.scores.empty());
        CHECK_THAT(evaluated.error, Catch::StartsWith("the judge's reply "));
        CHECK(scene.model.asked.size() == 2);
    }
    JudgeScene scene({one_missing, answers(true, true)});
    scene.make("checklist", questions());
    CHECK(scene.score().value == ScoreValue(1.0));
}

TEST_CASE("checklist: repetitions give the mean share and the majority of each answer",
          "[judges]") {
    JudgeScene scene({answers(true, true), answers(false, true), answers(true, true)});
    scene.make("checklist", questions({{"repetitions", 3}}));
    const EvaluationReply reply = scene.evaluate();
    REQUIRE(reply.scores.size() == 4);
    CHECK(std::get<double>(reply.scores[0].value) == Approx((1 + 0.75 + 1) / 3));
    CHECK(reply.scores[1].value == ScoreValue(true));
    CHECK(reply.scores[3].name == "tone_spread");
    CHECK(std::get<double>(reply.scores[3].value) == Approx(0.25 / std::sqrt(3.0)));
}

TEST_CASE("checklist: its scores are declared with their types", "[judges]") {
    const auto scores =
        find_known_evaluator("checklist")->scores_for(questions({{"repetitions", 2}}));
    REQUIRE(scores.size() == 4);
    CHECK(scores[0].suffix.empty());
    CHECK(scores[0].data_type == ScoreDataType::numeric);
    CHECK(scores[1].suffix == "_spread");
    CHECK(scores[2].suffix == "_town");
    CHECK(scores[2].data_type == ScoreDataType::boolean);
    CHECK(scores[3].suffix == "_short");
}

TEST_CASE("checklist: mistakes in questions are told", "[judges]") {
    const auto with = [](const Json& list) { return problem_of({{"questions", list}}); };
    CHECK(with({{{"id", "a"}, {"question", "x"}}, {{"id", "a"}, {"question", "y"}}}) ==
          "\"questions\": a: another question has this id");
    CHECK(with({{{"id", "spread"}, {"question", "x"}}}) ==
          "\"questions\": spread: is the name of another score");
    CHECK(with({{{"id", "a"}, {"question", "x"}, {"weight", 0}}}) ==
          "\"questions\": all of them weigh nothing");
    CHECK_THAT(with({{{"id", "a"}, {"question", "{{"}}}),
               Catch::StartsWith("\"questions\": a: template line 1"));
}

}  // namespace assay::test
