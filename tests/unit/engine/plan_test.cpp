#include <catch2/catch.hpp>

#include "runner/engine/unit_source.hpp"
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

// What runner/README.md promises to the byte. The hex digits come from another implementation:
//
//   text = lambda v: json.dumps(v, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
//   sha = lambda t: hashlib.sha256(t.encode()).hexdigest()
//   task = lambda parameters: sha(text({"form": 0, "provider": "openai", "model": "m",
//       "prompt": sha("{{question}}"), "parameters": parameters, "tools": None,
//       "response_schema": None, "command": [], "once": False, "recorded": ""}))
//   content = lambda question, answer: sha(text(
//       {"input": {"question": question}, "expected_output": answer, "metadata": None}))
//   q1, q2, x, y = content("q1", "a"), content("q2", "b"), task({}), task({"temperature": 0.5})
//   key = sha(text(["assay-unit-1", q1[:24], q1, "", "y", y, 2, 7]))
//   units = sha(text(["assay-units-1", sha("".join(f"{q[:24]}\n{q}\n" for q in (q1, q2))),
//                     [["x", x], ["y", y]], 3, 7]))
//   hash = lambda name, kind, parameters, common: sha(text({"name": name, "type": kind,
//       "version": 1, "parameters": parameters, "common": common}))
//   exact = hash("exact_match", "exact_match", {}, {})
//   short = sha(text([hash("short", "length", {"max": 5}, {"needs": ["exact_match"]}), [exact]]))
//   plan = sha(text(["assay-plan-1", units, [["exact_match", exact], ["short", short]]]))
//
// tests/cli/keys_test.py does the same for every form of a task and kind of an evaluator.
TEST_CASE("keys: those of units and evaluators and plans are as the written format says",
          "[engine]") {
    const SpecFolder folder(
        spec_with("task: {provider: \"openai:m\", prompt: \"{{question}}\"}\n"
                  "variants: [{name: x}, {name: y, parameters: {temperature: 0.5}}]\n"
                  "evaluators: [exact_match, {name: short, type: length, max: 5, check: true, "
                  "needs: [exact_match]}]\n"
                  "repetitions: 3\nexecution: {seed: 7, concurrency: 9}\n"),
        {{"rows.jsonl", k_rows}});
    const Experiment experiment = folder.bind();
    CHECK(experiment.variants[1].task->fingerprint() ==
          "07b4ae5e91cd52eb764c6adbd9c9a7f836a4ce3b14000440202f99e2f2edd0bc");
    DatasetItem item;
    item.content_hash = "3b404607984f879bbddca4e09e1984e6925b92ddc7cef19df4dfa0fb849e9c70";
    item.id = DatasetItemId(item.content_hash.substr(0, 24));
    CHECK(unit_key(item, experiment.variants[1], 2, 7).value() ==
          "9ee7066a948a3300c4b67cf885bc906bb38c7d180fc6edc51c4e73aba12a6c4e");

    const RunRecord run = folder.plan(experiment).run;
    CHECK(run.manifest["dataset"]["sha256"] ==
          "5242c6c9c20b86db6268048753357182b09030552d5798e13989600c0edcdcc8");
    CHECK(run.manifest["units_sha256"] ==
          "e276f44eb21c7444ef9eca77894172a1a207d89fc548264bf4e8b7670dc9d27f");
    CHECK(run.manifest["evaluators"][0]["hash"] ==
          "c859736cf041d26aaa01b8b3f8790470c54531831c14c5cfdb18d6fb6763cd1e");
    CHECK(run.manifest["evaluators"][1]["hash"] ==
          "2e17f4121ad3449520ae7c2bbd330ce658b83c679d6f1ac21779d2aa300d4d66");
    CHECK(run.plan_sha256 == "d304e8236536fe6c3d2516768daeb999620c1f19c337cf70f8fb2a265d01bf4a");
}

TEST_CASE("shards: a unit belongs to the one that its key names", "[engine]") {
    // The first 8 hex digits as a number, modulo the number of shards, counted from 1.
    CHECK(shard_of(UnitKey("00000000ff"), 3) == 1);
    CHECK(shard_of(UnitKey("00000005ff"), 3) == 3);
    CHECK(shard_of(UnitKey("ffffffff00"), 4) == 4);
    CHECK(shard_of(UnitKey("9ee7066a948a3300"), 7) == 0x9ee7066aU % 7 + 1);
}

}  // namespace assay
