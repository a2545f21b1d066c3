#include <catch2/catch.hpp>

#include "tests/unit/engine/engine_support.hpp"

namespace assay {

using test::SpecFolder;

namespace {

constexpr const char* k_rows = R"({"input": {"question": "q1"}, "expected_output": "a"}
{"input": {"question": "q2"}, "expected_output": "b"}
)";

std::string spec_with(std::string_view lines) {
    return "experiment: plan\ndataset: rows.jsonl\n" + std::string(lines);
}

}  // namespace

TEST_CASE("bind: an unknown evaluator is named with its place and the nearest one", "[engine]") {
    const SpecFolder folder(spec_with("task: {recorded: $.a}\nevaluators: [exactmatch]\n"),
                            {{"rows.jsonl", k_rows}});
    CHECK(folder.mistakes() ==
          "spec.yaml:4:14: unknown evaluator \"exactmatch\"; did you mean \"exact_match\"? "
          "(`assay evaluators` lists them)");
}

TEST_CASE("bind: a gate on a score that nobody gives is refused", "[engine]") {
    const SpecFolder folder(spec_with("task: {recorded: $.a}\nevaluators: [exact_match]\n"
                                      "gates: [\"exact_mach >= 0.5\"]\n"),
                            {{"rows.jsonl", k_rows}});
    CHECK(folder.mistakes() ==
          "spec.yaml:5:9: the gate \"exact_mach >= 0.5\" names the score \"exact_mach\", which no "
          "evaluator produces; did you mean \"exact_match\"?");
}

TEST_CASE("bind: two evaluators that give one score are refused", "[engine]") {
    const SpecFolder folder(
        spec_with("task: {recorded: $.a}\nevaluators: [{name: len, type: length, threshold: 3}, "
                  "{name: len_pass, type: exact_match}]\n"),
        {{"rows.jsonl", k_rows}});
    CHECK(folder.mistakes().find("the score \"len_pass\" is already given by \"len\"") !=
          std::string::npos);
}

TEST_CASE("plan: a prompt variable that no row has is refused before any call", "[engine]") {
    const SpecFolder folder(
        spec_with("task: {provider: \"openai:m\", prompt: \"Q: {{quesiton}}\"}\n"
                  "evaluators: [exact_match]\n"),
        {{"rows.jsonl", k_rows}});
    const std::string mistakes = folder.mistakes();
    CHECK(mistakes.find("quesiton") != std::string::npos);
    CHECK(mistakes.find("did you mean \"question\"?") != std::string::npos);
}

TEST_CASE("plan: a row that breaks the input schema is named with its line", "[engine]") {
    const SpecFolder folder(
        "experiment: plan\ndataset: {file: rows.jsonl, input_schema: schema.json}\n"
        "task: {recorded: $.a}\nevaluators: [exact_match]\n",
        {{"rows.jsonl", "{\"input\": {\"question\": \"q\"}}\n{\"input\": {\"question\": 7}}\n"},
         {"schema.json", R"({"properties": {"question": {"type": "string"}}})"}});
    const std::string mistakes = folder.mistakes();
    CHECK(mistakes.find("rows.jsonl:2") != std::string::npos);
    CHECK(mistakes.find("input_schema") != std::string::npos);
}

TEST_CASE("plan: the run's record counts the units of each variant", "[engine]") {
    const SpecFolder folder(
        spec_with("task: {recorded: $.a}\nvariants: [{name: x}, {name: y}]\nrepetitions: 5\n"
                  "evaluators: [exact_match]\nmetadata: {owner: me}\ntags: [ci]\n"),
        {{"rows.jsonl", k_rows}});
    const Experiment experiment = folder.bind();
    const Plan plan = folder.plan(
        experiment, {.run_name = "nightly", .tags = {"ci", "extra"}, .metadata = {{"pr", "12"}}});
    REQUIRE(plan.run.variants.size() == 2);
    CHECK(plan.run.variants[1].name == "y");
    CHECK(plan.run.variants[1].planned == 10);
    CHECK(plan.run.name == "nightly");
    CHECK(plan.run.metadata == Json({{"owner", "me"}, {"pr", "12"}, {"tags", {"ci", "extra"}}}));
    CHECK(plan.run.dataset_name == "plan/rows");
    CHECK(plan.run.manifest["dataset"]["items"] == 2);
    CHECK_FALSE(plan.run.partial);
}

TEST_CASE("plan: a limit from the command line makes the run partial", "[engine]") {
    const SpecFolder folder(spec_with("task: {recorded: $.a}\nevaluators: [exact_match]\n"),
                            {{"rows.jsonl", k_rows}});
    const Experiment experiment = folder.bind();
    const Plan plan = folder.plan(experiment, {.selection = {.limit = 1}});
    CHECK(plan.run.partial);
    CHECK(plan.run.variants.at(0).planned == 1);
}

TEST_CASE("unit key: every part that can change the answer changes it", "[engine]") {
    const SpecFolder folder(
        spec_with("task: {provider: \"openai:m\", prompt: \"{{question}}\"}\n"
                  "variants: [{name: x}, {name: y, parameters: {temperature: 1}}]\n"
                  "evaluators: [exact_match]\n"),
        {{"rows.jsonl", k_rows}});
    const Experiment experiment = folder.bind();
    DatasetItem item;
    item.id = DatasetItemId("i1");
    item.content_hash = "h1";
    const UnitKey base = unit_key(item, experiment.variants[0], 0, 1);
    CHECK(base.value().size() == 64);
    CHECK(unit_key(item, experiment.variants[0], 0, 1) == base);
    CHECK(unit_key(item, experiment.variants[1], 0, 1) != base);
    CHECK(unit_key(item, experiment.variants[0], 1, 1) != base);
    CHECK(unit_key(item, experiment.variants[0], 0, 2) != base);
    item.content_hash = "h2";
    CHECK(unit_key(item, experiment.variants[0], 0, 1) != base);
    item.content_hash = "h1";
    item.line = 99;  // a position is no part of it
    item.position = 7;
    CHECK(unit_key(item, experiment.variants[0], 0, 1) == base);
}

}  // namespace assay
