#include <catch2/catch.hpp>

#include "configs/judge_template.hpp"
#include "core/base/files.hpp"
#include "tests/unit/judges/judge_support.hpp"

namespace assay::test {
namespace {

constexpr std::string_view k_own = R"(judge: brevity
version: 3
summary: Whether the answer is short.
variables:
  output: what is judged
output: {type: BOOLEAN, points: {"true": it is short, "false": it is long}}
prompt: |
  Is this short?
  {{output}}
)";

struct TemplateScene : JudgeScene {
    using JudgeScene::JudgeScene;
    void write(const std::string& name, std::string_view text) {
        value_of(write_file_atomically(folder.path() / name, text, Durability::none));
    }
    std::string problem(const Json& parameters) {
        const auto made = try_make("judge", parameters);
        REQUIRE_FALSE(made.has_value());
        return made.error().message;
    }
};

}  // namespace

TEST_CASE("judge form: each shipped template is asked and gives its score", "[judges]") {
    for (const JudgeTemplate& shipped : list_judge_templates()) {
        INFO(shipped.id);
        const VerdictScale& scale = shipped.output;
        Json verdict = scale.min;
        if (scale.type == ScoreDataType::boolean) verdict = true;
        if (scale.type == ScoreDataType::categorical) verdict = scale.points.front().label;
        TemplateScene scene({verdict_json(verdict)});
        scene.make("judge", {{"template", shipped.id}});
        EvaluationRequest request = JudgeScene::question();
        for (const JudgeTemplate::Variable& variable : shipped.variables) {
            request.vars[variable.name] = "the " + variable.name;
        }
        const EvaluationReply reply = scene.evaluate(request);
        REQUIRE(reply.error.empty());
        CHECK(data_type_of(reply.scores.front().value) == scale.score_type());
        const std::string text = text_of(scene.model.asked.front());
        CHECK_THAT(text, Catch::Contains(scale.describe()));
        for (const JudgeTemplate::Variable& variable : shipped.variables) {
            CHECK_THAT(text, Catch::Contains("\nthe " + variable.name + "\n"));
        }
        const auto scores = find_known_evaluator("judge")->scores_for({{"template", shipped.id}});
        CHECK(scores.front().data_type == scale.score_type());
    }
}

TEST_CASE("judge form: a template is a file beside the spec", "[judges]") {
    TemplateScene scene({verdict_json(true)});
    scene.write("brevity.yaml", k_own);
    scene.make("judge", {{"template", "brevity.yaml"}});
    CHECK(scene.score().value == ScoreValue(true));
    const std::string before = scene.judge->fingerprint();
    // The text decides, so a changed one is another judge.
    std::string changed(k_own);
    changed.replace(changed.find("Is this short?"), 14, "Is it short?");
    scene.write("brevity.yaml", changed);
    scene.make("judge", {{"template", "brevity.yaml"}});
    CHECK(scene.judge->fingerprint() != before);
    const auto scores = find_known_evaluator("judge")->scores_for({{"template", "brevity.yaml"}});
    CHECK_FALSE(scores.front().data_type.has_value());
}

TEST_CASE("judge form: a prompt of the spec says what may be answered", "[judges]") {
    TemplateScene scene({verdict_json("fine")});
    const Json parameters = {
        {"prompt", "How is {{output}}?"},
        {"output",
         {{"type", "CATEGORICAL"}, {"points", {{"fine", "it will do"}, {"poor", "it won't"}}}}}};
    scene.make("judge", parameters);
    CHECK(scene.score().value == ScoreValue("fine"));
    CHECK(find_known_evaluator("judge")->scores_for(parameters).front().data_type ==
          ScoreDataType::categorical);
}

TEST_CASE("judge form: mistakes are told with the remedy", "[judges]") {
    TemplateScene scene({verdict_json(1)});
    CHECK_THAT(scene.problem({{"template", "helpfulnes"}}),
               Catch::StartsWith("\"template\": unknown judge template \"helpfulnes\"; did you "
                                 "mean \"helpfulness\"?"));
    CHECK_THAT(scene.problem({{"template", "none.yaml"}}), Catch::StartsWith("\"template\": "));
    CHECK(scene.problem(Json::object()) == "judge needs a `template` or a `prompt`");
    CHECK_THAT(scene.problem({{"prompt", "{{output}}"}}),
               Catch::StartsWith("\"prompt\": say with"));
    CHECK_THAT(scene.problem({{"template", "helpfulness"}, {"prompt", "{{output}}"}}),
               Catch::StartsWith("\"prompt\" stands in the template already"));
    CHECK_THAT(scene.problem({{"prompt", "{{output}}"}, {"output", {{"type", "CATEGORICAL"}}}}),
               Catch::StartsWith("\"output\": ") && Catch::Contains("two `points` or more"));
    scene.write("broken.yaml", "judge: x\nversion: 0\n");
    CHECK_THAT(scene.problem({{"template", "broken.yaml"}}),
               Catch::StartsWith("\"template\": broken.yaml:"));
}

}  // namespace assay::test
