#include "runner/report/program_scores.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "stored_run.hpp"

namespace assay {
namespace {

RunEvaluator program(std::string name, Json scores = nullptr) {
    RunEvaluator evaluator{
        .name = std::move(name), .type = "code", .parameters = {}, .pointer = {}};
    evaluator.parameters = {{"command", {"python3", "worst.py"}}};
    if (!scores.is_null()) evaluator.parameters["scores"] = std::move(scores);
    return evaluator;
}

std::string check(const RunEvaluator& evaluator) { return check_run_evaluator(evaluator, {}, 1); }

std::string refusal(const RunEvaluator& evaluator, std::vector<Score> scores) {
    const auto checked = check_program_scores(evaluator, std::move(scores));
    return checked ? "" : checked.error().message;
}

/// A run of three variants whose plan has the two programs and a built-in between them.
test::StoredRun run_with_programs() {
    test::StoredRun stored = test::small_run(1);
    stored.run.variants = {{"a", DatasetRunId("run-a"), 1},
                           {"b", DatasetRunId("run-b"), 1},
                           {"c", DatasetRunId("run-c"), 1}};
    for (const char* variant : {"a", "b", "c"}) {
        stored.units.push_back(test::exact_match_unit(0, true));
        stored.units.back().variant = variant;
    }
    stored.run.report_plan.run_evaluators = {program("worst"),
                                             {.name = "typical",
                                              .type = "median",
                                              .parameters = {{"score", "exact_match"}},
                                              .pointer = {}},
                                             program("both", {{"x", "number"}, {"y", "boolean"}})};
    auto gate = parse_gate("worst >= 0.5");
    stored.run.report_plan.gates = {std::move(*gate)};
    return stored;
}

Report report_of(const test::StoredRun& stored, const ProgramScores& programs) {
    auto report = make_report(stored.run, stored.stream(), {.programs = programs});
    if (!report) FAIL(report.error().message);
    return std::move(*report);
}

TEST_CASE("run programs: names and types are checked before anything runs") {
    CHECK(check(program("worst")).empty());
    CHECK(check(program("p", {{"x", "number"}, {"y", "boolean"}, {"z", "any"}})).empty());
    CHECK(check(program("p", {{"x", "category"}})) ==
          "the score \"x\" is declared a category; the score of a whole run is a number or "
          "true/false");
    CHECK(check(program("p", {{"cost_usd", "number"}})) ==
          "\"cost_usd\" is the name of a measure, so a score cannot have it");
    CHECK(check(program("p", Json::array({"x"}))) ==
          "`scores` must be a map of names to types, not an array");
    RunEvaluator with_mode = program("p");
    with_mode.parameters["mode"] = "once";
    CHECK(check(with_mode) ==
          "unknown parameter \"mode\" of the run evaluator code; it has command, sandbox, scores");
}

TEST_CASE("run programs: they give the score of their name or those that they declare") {
    CHECK(run_score_names(program("worst")) == std::vector<std::string>{"worst"});
    CHECK(run_score_names(program("p", {{"y", "any"}, {"x", "any"}})) ==
          std::vector<std::string>{"x", "y"});
}

TEST_CASE("run programs: an answer that the spec does not expect is refused with its reason") {
    const RunEvaluator worst = program("worst");
    const auto named = check_program_scores(worst, {{.name = "", .value = 0.5, .comment = "c"}});
    REQUIRE(named.has_value());
    CHECK(named->at(0).name == "worst");
    CHECK(refusal(worst, {{.name = "best", .value = 1.0, .comment = {}}}) ==
          "the program gave the score \"best\", which the spec does not know; declare it under "
          "`scores`");
    CHECK(refusal(worst, {{.name = "", .value = 1.0, .comment = {}},
                          {.name = "worst", .value = 1.0, .comment = {}}}) ==
          "the program gave the score \"worst\" twice");
    CHECK(refusal(worst, {{.name = "", .value = std::string("bad"), .comment = {}}}) ==
          "the program gave the score \"worst\" a text; the score of a whole run is a number or "
          "true/false");
    const RunEvaluator both = program("both", {{"x", "number"}, {"y", "boolean"}});
    CHECK(refusal(both, {{.name = "x", .value = 1.0, .comment = {}},
                         {.name = "y", .value = true, .comment = {}}})
              .empty());
    CHECK(refusal(both, {{.name = "x", .value = true, .comment = {}}}) ==
          "the score \"x\" is BOOLEAN, but the spec declares it \"number\"");
    CHECK(refusal(both, {{.name = "both", .value = 1.0, .comment = {}}})
              .starts_with("the program gave the score \"both\", which the spec does not know"));
}

TEST_CASE("run programs: a report takes what is stored and says why there is nothing") {
    test::StoredRun stored = run_with_programs();
    keep_program_error(stored.run, "b", "worst", "the program died");
    const ProgramScores programs = {
        {DatasetRunId("run-a"),
         {{.name = "worst", .value = 0.25, .comment = "that is Ann"},
          {.name = "typical", .value = 99.0, .comment = "of no program: computed"},
          {.name = "y", .value = true, .comment = {}}}},
        {DatasetRunId("run-b"), {{.name = "worst", .value = std::string("x"), .comment = {}}}}};
    const Report report = report_of(stored, programs);

    const std::vector<RunScore>& a = report.variants.at(0).run_scores;
    REQUIRE(a.size() == 4);
    CHECK(a.at(0).name == "worst");
    CHECK(a.at(0).value.value() == 0.25);
    CHECK(a.at(0).comment == "that is Ann");
    CHECK(a.at(1).value.value() == 1);
    CHECK(a.at(2).value.error().message == "the program gave no such score");
    CHECK(a.at(3).value.value() == 1);
    const std::vector<RunScore>& b = report.variants.at(1).run_scores;
    CHECK(b.at(0).value.error().message == "the program died");
    CHECK(b.at(2).value.error().message == "the program was not run for this run");
    const std::vector<RunScore>& c = report.variants.at(2).run_scores;
    CHECK(c.at(0).value.error().message == "the program was not run for this run");

    REQUIRE(report.gates.size() == 3);
    CHECK(report.gates.at(0).status == GateStatus::failed);
    CHECK(report.gates.at(0).reason ==
          "worst is 0.25 (that is Ann), which is below the 0.5 required");
    CHECK(report.gates.at(1).status == GateStatus::inconclusive);
    CHECK(report.gates.at(1).reason == "worst cannot be computed: the program died");
    CHECK(report.gates.at(2).status == GateStatus::inconclusive);
}

TEST_CASE("run programs: what one said can be forgotten without touching another") {
    test::StoredRun stored = run_with_programs();
    keep_program_error(stored.run, "b", "worst", "died");
    keep_program_error(stored.run, "b", "both", "hung");
    ProgramScores programs = {{DatasetRunId("run-a"),
                               {{.name = "worst", .value = 0.25, .comment = {}},
                                {.name = "x", .value = 3.0, .comment = {}}}}};
    forget_program(program("worst"), stored.run, programs);
    const Report report = report_of(stored, programs);
    CHECK_FALSE(report.variants.at(0).run_scores.at(0).value.has_value());
    CHECK(report.variants.at(0).run_scores.at(2).value.value() == 3);
    const std::vector<RunScore>& b = report.variants.at(1).run_scores;
    CHECK(b.at(0).value.error().message == "the program was not run for this run");
    CHECK(b.at(2).value.error().message == "hung");
    forget_program(program("both"), stored.run, programs);
    CHECK(stored.run.manifest == run_with_programs().run.manifest);
}

TEST_CASE("run programs: what one said before it was to be run again is not taken") {
    test::StoredRun stored = run_with_programs();
    keep_program_error(stored.run, "a", "worst", "stopped before it ran");
    const ProgramScores programs = {{DatasetRunId("run-a"),
                                     {{.name = "worst", .value = 0.25, .comment = {}},
                                      {.name = "x", .value = 3.0, .comment = {}}}}};
    const Report report = report_of(stored, programs);
    CHECK(report.variants.at(0).run_scores.at(0).value.error().message == "stopped before it ran");
    CHECK(report.variants.at(0).run_scores.at(2).value.value() == 3);
    CHECK(report.gates.at(0).status == GateStatus::inconclusive);
}

TEST_CASE("run programs: a manifest that is no object or damaged is no error kept") {
    for (const Json& manifest : {Json(nullptr), Json({{"run_evaluator_errors", 3}}),
                                 Json({{"run_evaluator_errors", {{"a", "text"}}}}),
                                 Json({{"run_evaluator_errors", {{"a", {{"worst", 7}}}}}})}) {
        test::StoredRun stored = run_with_programs();
        stored.run.manifest = manifest;
        const Report report = report_of(stored, {});
        CHECK(report.variants.at(0).run_scores.at(0).value.error().message ==
              "the program was not run for this run");
    }
}

}  // namespace
}  // namespace assay
