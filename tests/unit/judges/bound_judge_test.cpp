#include <catch2/catch.hpp>
#include <map>

#include "configs/located_document.hpp"
#include "core/base/files.hpp"
#include "core/base/text.hpp"
#include "evaluators/evaluation.hpp"
#include "tests/unit/judges/judge_support.hpp"

namespace assay::test {
namespace {

/// A judge with the common keys around it, as an entry of a spec makes it.
struct BoundScene : JudgeScene {
    using JudgeScene::JudgeScene;

    std::optional<BoundEvaluator> try_bind(Json entry) {
        mistakes.clear();
        const std::string type = entry.at("type").get<std::string>();
        const std::string name = entry.value("name", type);
        for (const char* key : {"type", "name"}) entry.erase(key);
        const EvaluatorDefinition* const definition = find_known_evaluator(type);
        REQUIRE(definition != nullptr);
        EvaluatorEnvironment own = environment();
        own.name = name;
        return BoundEvaluator::bind(*definition, {.name = name, .parameters = std::move(entry)},
                                    mistakes, own);
    }
    BoundEvaluator bind(const Json& entry) {
        auto bound = try_bind(entry);
        for (const ParameterMistake& mistake : mistakes) {
            FAIL_CHECK(mistake.pointer << ": " << mistake.message);
        }
        REQUIRE(bound.has_value());
        return std::move(*bound);
    }
    Evaluation evaluate_bound(const BoundEvaluator& bound, const UnitResult& unit) {
        BoundEvaluator::Prepared prepared = bound.prepare(unit);
        if (!prepared.request) return prepared.evaluation;
        Caller way = caller();
        auto awaited = run_task(
            io, bound.evaluate_async(std::move(*prepared.request),
                                     {.deadline = in(k_time), .clock = &clock, .caller = &way}));
        return std::move(awaited.evaluation);
    }

    std::vector<ParameterMistake> mistakes;
};

UnitResult unit_with(Json output) {
    UnitResult unit;
    unit.item.id = DatasetItemId("1");
    unit.item.input = {{"question", "Which town?"}};
    unit.item.expected_output = "Mariehamn";
    unit.output = std::move(output);
    return unit;
}

std::map<std::string, ScoreValue> values_of(const Evaluation& evaluation) {
    std::map<std::string, ScoreValue> values;
    for (const Score& score : evaluation.scores) values[score.name] = score.value;
    return values;
}

/// The entries of all examples in the page, in which the model is the one that the test has.
std::vector<Json> entries_of_page() {
    const std::string page = value_of(
        read_file(std::filesystem::path(ASSAY_SOURCE_DIR) / "docs" / "judges.md", 1U << 20U));
    std::vector<Json> entries;
    for (std::size_t at = page.find("```yaml\n"); at != std::string::npos;
         at = page.find("```yaml\n", at + 1)) {
        const std::size_t begin = at + 8;
        std::string text = page.substr(begin, page.find("```", begin) - begin);
        for (const std::string_view model :
             {"openai:gpt-4.1\"", "openai:gpt-4.1-mini\"", "anthropic:claude-sonnet-4-5\""}) {
            for (std::size_t found = text.find(model); found != std::string::npos;
                 found = text.find(model)) {
                text.replace(found, model.size(), "stub:judge\"");
            }
        }
        const LocatedDocument document = parse_located(text, "judges.md");
        INFO(text << to_string(document.diagnostics));
        REQUIRE(document.diagnostics.empty());
        const Json& list =
            document.value.is_array() ? document.value : document.value.value("evaluators", Json());
        for (const Json& entry : list) entries.push_back(entry);
    }
    return entries;
}

}  // namespace

TEST_CASE("bound judge: scores have their whole names", "[judges]") {
    BoundScene scene({verdict_json(2), verdict_json(4), verdict_json(3)});
    const BoundEvaluator bound = scene.bind({{"type", "rubric"},
                                             {"name", "tone"},
                                             {"provider", "stub:judge"},
                                             {"criteria", "x"},
                                             {"result", {{"min", 1}, {"max", 5}}},
                                             {"repetitions", 3}});
    CHECK(bound.score_names() == std::vector<std::string>{"tone", "tone_spread"});
    CHECK(bound.data_type("tone_spread") == ScoreDataType::numeric);
    const Evaluation evaluation = scene.evaluate_bound(bound, unit_with("It is Mariehamn."));
    CHECK(evaluation.status == EvaluationStatus::scored);
    CHECK(values_of(evaluation) ==
          std::map<std::string, ScoreValue>{{"tone", 3.0}, {"tone_spread", 1.0}});
    REQUIRE(evaluation.judge.has_value());
    CHECK(evaluation.judge->calls == 3);
}

TEST_CASE("bound judge: a threshold is for the score and not for its spread", "[judges]") {
    BoundScene scene({verdict_json(0.75)});
    const BoundEvaluator bound = scene.bind({{"type", "rubric"},
                                             {"name", "tone"},
                                             {"provider", "stub:judge"},
                                             {"criteria", "x"},
                                             {"threshold", 0.5},
                                             {"repetitions", 2}});
    CHECK(bound.score_names() == std::vector<std::string>{"tone", "tone_pass", "tone_spread"});
    const std::map<std::string, ScoreValue> values =
        values_of(scene.evaluate_bound(bound, unit_with("x")));
    CHECK(values == std::map<std::string, ScoreValue>{
                        {"tone", 0.75}, {"tone_pass", true}, {"tone_spread", 0.0}});
}

TEST_CASE("bound judge: what cannot be read is an error and no score", "[judges]") {
    BoundScene scene({"Four, I think."});
    const BoundEvaluator bound = scene.bind(
        {{"type", "closed_qa"}, {"provider", "stub:judge"}, {"criteria", "x"}, {"not", true}});
    const Evaluation evaluation = scene.evaluate_bound(bound, unit_with("x"));
    CHECK(evaluation.status == EvaluationStatus::error);
    CHECK(evaluation.scores.empty());
    CHECK_THAT(evaluation.message, Catch::StartsWith("the judge's reply is not JSON"));
    REQUIRE(evaluation.judge.has_value());
    CHECK(evaluation.judge->observations.size() == 2);
}

TEST_CASE("bound judge: common keys choose what is judged", "[judges]") {
    BoundScene scene({verdict_json(true)});
    const BoundEvaluator bound = scene.bind({{"type", "closed_qa"},
                                             {"provider", "stub:judge"},
                                             {"criteria", "{{question}} {{known}}"},
                                             {"on", "$.answer"},
                                             {"mapping", {{"known", "$.expected_output"}}},
                                             {"not", true}});
    const Evaluation evaluation =
        scene.evaluate_bound(bound, unit_with({{"answer", "here"}, {"notes", "hidden"}}));
    CHECK(values_of(evaluation) == std::map<std::string, ScoreValue>{{"closed_qa", false}});
    const std::string text = text_of(scene.model.asked.front());
    CHECK_THAT(text, Catch::Contains("\nhere\n") && Catch::Contains("\nWhich town?\n") &&
                         Catch::Contains("\nMariehamn\n") && !Catch::Contains("hidden"));
}

TEST_CASE("bound judge: the hash follows the model and its parameters", "[judges]") {
    BoundScene scene({verdict_json(true)});
    const Json entry = {{"type", "closed_qa"}, {"provider", "stub:judge"}, {"criteria", "x"}};
    const std::string own = scene.bind(entry).hash();
    for (const Json& change : {Json{{"provider", "stub:other"}}, Json{{"temperature", 1}},
                               Json{{"criteria", "y"}}, Json{{"repetitions", 3}}}) {
        Json changed = entry;
        changed.update(change);
        CHECK(scene.bind(changed).hash() != own);
    }
    // What cannot change a verdict leaves a calibration as it is.
    for (const Json& change : {Json{{"timeout", "5s"}}, Json{{"allow_self_judging", true}},
                               Json{{"canaries", {{{"output", "x"}, {"verdict", true}}}}}}) {
        Json changed = entry;
        changed.update(change);
        CHECK(scene.bind(changed).hash() == own);
    }
}

TEST_CASE("bound judge: a mistake in an entry has its place", "[judges]") {
    BoundScene scene({verdict_json(true)});
    const auto first_mistake = [&scene](const Json& entry) {
        CHECK_FALSE(scene.try_bind(entry).has_value());
        REQUIRE_FALSE(scene.mistakes.empty());
        return scene.mistakes.front();
    };
    const ParameterMistake missing = first_mistake({{"type", "rubric"}, {"criteria", "x"}});
    CHECK(missing.message == "rubric needs \"provider\"");
    const ParameterMistake unknown = first_mistake(
        {{"type", "rubric"}, {"provider", "stub:judge"}, {"criteria", "x"}, {"modle", "y"}});
    CHECK(unknown.pointer == "/modle");
    const ParameterMistake model =
        first_mistake({{"type", "rubric"}, {"provider", "opnai:x"}, {"criteria", "x"}});
    CHECK(model.pointer == "/provider");
    const ParameterMistake scale = first_mistake({{"type", "rubric"},
                                                  {"provider", "stub:judge"},
                                                  {"criteria", "x"},
                                                  {"result", {{"min", 2}, {"max", 1}}}});
    CHECK(scale.pointer == "/result");
}

TEST_CASE("bound judge: each example of the page is a judge", "[judges]") {
    BoundScene scene({verdict_json(true)});
    std::filesystem::create_directories(scene.folder.path() / "judges");
    value_of(write_file_atomically(scene.folder.path() / "judges" / "brand.yaml",
                                   "judge: brand\nversion: 1\nsummary: s\nvariables: {output: o}\n"
                                   "output: {type: BOOLEAN}\nprompt: \"{{output}}\"\n",
                                   Durability::none));
    const std::vector<Json> entries = entries_of_page();
    std::map<std::string, int> types;
    for (const Json& entry : entries) {
        if (!entry.contains("type")) continue;  // canaries
        INFO(to_text(entry));
        (void)scene.bind(entry);
        ++types[entry.at("type").get<std::string>()];
    }
    for (const char* type : {"judge", "rubric", "choice", "factuality", "closed_qa", "g_eval",
                             "checklist", "pairwise", "jury", "conversation"}) {
        CHECK(types[type] > 0);
    }
}

}  // namespace assay::test
