#include "runner/report/noise.hpp"

#include <catch2/catch.hpp>

#include "core/model/quarantine.hpp"
#include "runner/report/known_noise.hpp"
#include "runner/report/lookup.hpp"
#include "runner/report/reference_run.hpp"
#include "stored_run.hpp"

namespace assay::test {
namespace {

Gate gate_on(GateForm form, double threshold) {
    Gate gate;
    gate.text = "the gate";
    gate.score = "exact_match";
    gate.form = form;
    gate.threshold = threshold;
    return gate;
}

/// A run in which the items of these numbers are wrong, of so many.
StoredRun run_with(const std::string& id, std::uint64_t items, const std::vector<int>& wrong) {
    StoredRun stored = small_run(items);
    stored.run.id = RunId(id);
    stored.run.plan_sha256 = "the plan";
    for (int item = 0; item < static_cast<int>(items); ++item) {
        const bool right = std::ranges::find(wrong, item) == wrong.end();
        stored.units.push_back(exact_match_unit(item, right));
    }
    return stored;
}

std::vector<Report> reports_of(const std::vector<StoredRun>& runs) {
    std::vector<Report> reports;
    for (const StoredRun& run : runs) reports.push_back(run.report());
    return reports;
}

Noise noise_of_runs(const std::vector<StoredRun>& runs) {
    const auto noise = measure_noise(reports_of(runs));
    REQUIRE(noise);
    return *noise;
}

Json noise_manifest(double floor, std::uint64_t runs, const char* variant = "default") {
    return Json{{"noise", to_json(std::vector<KnownNoise>{{.variant = variant,
                                                           .score = "exact_match",
                                                           .category = "",
                                                           .floor = floor,
                                                           .runs = runs}})}};
}

Json quarantine_manifest(const std::vector<std::string>& items, const std::string& score = {}) {
    std::vector<QuarantinedItem> entries;
    for (const std::string& item : items) {
        entries.push_back({.item = DatasetItemId(item),
                           .score = score,
                           .until = "2026-12-21T00:00:00.000Z",
                           .by = "ada",
                           .reason = "flips"});
    }
    return Json{{"quarantine", to_json(entries)}};
}

/// The ids that exact_match_unit gives.
std::string id_of(int item) { return exact_match_unit(item, true).item.id.value(); }

GateVerdict decide(StoredRun stored, const Gate& gate, const ReportInputs& inputs = {}) {
    stored.run.report_plan.gates = {gate};
    const auto report = make_report(stored.run, stored.stream(), inputs);
    REQUIRE(report);
    REQUIRE(report->gates.size() == 1);
    return report->gates.front();
}

/// The run without its wrong items in `inputs` as the baseline "main".
ReportInputs against(const StoredRun& run) {
    ReportInputs inputs;
    auto reference = reference_from_units(run.run, run.stream());
    REQUIRE(reference);
    reference->name = "main";
    reference->manifest = nullptr;
    inputs.references.emplace("main", std::move(*reference));
    return inputs;
}

}  // namespace

TEST_CASE("noise: items that flip and gates that move are counted", "[noise]") {
    std::vector<StoredRun> runs = {run_with("one", 10, {0}), run_with("two", 10, {0, 3, 4}),
                                   run_with("three", 10, {0, 3})};
    for (StoredRun& run : runs) {
        run.run.report_plan.gates = {gate_on(GateForm::value, 0.85)};
    }
    const Noise noise = noise_of_runs(runs);
    CHECK(noise.runs == std::vector<std::string>{"one", "two", "three"});
    REQUIRE(noise.scores.size() == 1);
    const ScoreNoise& score = noise.scores.front();
    CHECK(score.items == 10);
    CHECK(score.flipped == 2);
    CHECK(score.means == std::vector<double>{0.9, 0.7, 0.8});
    REQUIRE(score.floor);
    CHECK(score.floor->difference > 0);

    REQUIRE(noise.flipped.size() == 2);
    for (const FlippedItem& item : noise.flipped) {
        CHECK(item.flip_rate == Approx(2.0 / 3));  // two of three pairs of runs differ
    }
    CHECK(noise.flipped[0].item.value() == id_of(3));
    CHECK(noise.flipped[0].values == std::vector<std::string>{"true", "false", "false"});
    CHECK(noise.flipped[1].values == std::vector<std::string>{"true", "false", "true"});

    REQUIRE(noise.gates.size() == 1);
    CHECK(noise.gates[0].passed == 1);
    CHECK(noise.gates[0].failed == 2);
    CHECK(noise.gates[0].moves());
}

TEST_CASE("noise: identical runs have none and their gates stand still", "[noise]") {
    std::vector<StoredRun> runs = {run_with("one", 5, {1}), run_with("two", 5, {1})};
    for (StoredRun& run : runs) run.run.report_plan.gates = {gate_on(GateForm::value, 0.5)};
    const Noise noise = noise_of_runs(runs);
    CHECK(noise.scores.front().flipped == 0);
    CHECK(noise.scores.front().floor->difference == 0);
    CHECK(noise.flipped.empty());
    CHECK_FALSE(noise.gates.front().moves());
}

TEST_CASE("noise: an item that fails in one run has flipped and is left out of the means",
          "[noise]") {
    std::vector<StoredRun> runs = {run_with("one", 4, {}), run_with("two", 4, {})};
    UnitResult& broken_unit = runs[1].units[2];
    broken_unit.evaluations.clear();
    broken_unit.status = UnitStatus::failed;
    broken_unit.error = "no answer";
    const Noise noise = noise_of_runs(runs);
    REQUIRE(noise.flipped.size() == 1);
    CHECK(noise.flipped[0].values == std::vector<std::string>{"true", "–"});
    CHECK(noise.flipped[0].flip_rate == 1);
    CHECK(noise.scores[0].items == 4);
    CHECK(noise.scores[0].floor->difference == 0);
}

TEST_CASE("noise: labels flip and their shares have a floor where a gate asks for one", "[noise]") {
    std::vector<StoredRun> runs;
    for (const char* const last : {"tech", "billing"}) {
        StoredRun stored = run_with(last, 3, {});
        stored.run.report_plan.scores = {{.name = "team", .evaluator = "team"}};
        Gate gate = gate_on(GateForm::value, 0.2);
        gate.score = "team";
        gate.category = "billing";
        stored.run.report_plan.gates = {gate};
        for (UnitResult& unit : stored.units) {
            unit.evaluations = {scored("team", std::string("billing"))};
        }
        stored.units.back().evaluations = {scored("team", std::string(last))};
        runs.push_back(std::move(stored));
    }
    const Noise noise = noise_of_runs(runs);
    REQUIRE(noise.scores.size() == 2);
    CHECK_FALSE(noise.scores[0].floor);
    CHECK(noise.scores[0].flipped == 1);
    CHECK(noise.scores[1].category == "billing");
    REQUIRE(noise.scores[1].floor);
    CHECK(noise.scores[1].means[0] == Approx(2.0 / 3));
    CHECK(noise.scores[1].means[1] == 1);
    CHECK(noise.flipped[0].values == std::vector<std::string>{"tech", "billing"});
}

TEST_CASE("noise: fewer than two runs and runs of two plans are refused", "[noise]") {
    const std::vector<StoredRun> one = {run_with("one", 2, {})};
    CHECK_FALSE(measure_noise(reports_of(one)));
    std::vector<StoredRun> two = {run_with("one", 2, {}), run_with("two", 2, {})};
    two[1].run.plan_sha256 = "another";
    const auto refused = measure_noise(reports_of(two));
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, Catch::Contains("two") && Catch::Contains("plan"));
}

TEST_CASE("noise: a gate that fails within the floor says so and still fails", "[noise]") {
    StoredRun stored = run_with("one", 20, {0, 1, 2, 3});  // 0.8
    stored.run.manifest = noise_manifest(0.06, 5);
    const GateVerdict within = decide(stored, gate_on(GateForm::value, 0.85));
    CHECK(within.status == GateStatus::failed);
    CHECK(within.effect == GateStatus::failed);
    CHECK_THAT(within.reason,
               Catch::EndsWith("; that is within the noise of identical runs (±0.06, 5 runs)"));
    // Further away than the floor, passed, or of another variant: nothing is said.
    CHECK_THAT(decide(stored, gate_on(GateForm::value, 0.9)).reason, !Catch::Contains("noise"));
    CHECK_THAT(decide(stored, gate_on(GateForm::value, 0.79)).reason, !Catch::Contains("noise"));
    stored.run.manifest = noise_manifest(0.06, 5, "other");
    CHECK_THAT(decide(stored, gate_on(GateForm::value, 0.85)).reason, !Catch::Contains("noise"));
}

TEST_CASE("noise: a change against a baseline is told in the gate's own unit", "[noise]") {
    StoredRun stored = run_with("two", 20, {0, 1});
    const StoredRun before = run_with("one", 20, {});
    Gate gate = gate_on(GateForm::difference, -0.05);
    gate.baseline = "main";
    stored.run.manifest = noise_manifest(0.12, 3);
    CHECK_THAT(decide(stored, gate, against(before)).reason,
               Catch::EndsWith("identical runs (±12 points, 3 runs)"));
    stored.run.manifest = noise_manifest(0.09, 3);
    CHECK_THAT(decide(stored, gate, against(before)).reason, !Catch::Contains("noise"));
    gate.form = GateForm::relative;
    stored.run.manifest = noise_manifest(0.12, 3);
    CHECK_THAT(decide(stored, gate, against(before)).reason,
               Catch::EndsWith("identical runs (±12 %, 3 runs)"));
}

TEST_CASE("noise: two variants have the noise of both", "[noise]") {
    Json manifest = noise_manifest(0.03, 5, "a");
    manifest["noise"].push_back(noise_manifest(0.04, 3, "b")["noise"][0]);
    Gate gate = gate_on(GateForm::difference, 0);
    gate.versus = "b";
    const auto both = noise_of(gate, "a", manifest);
    REQUIRE(both);
    CHECK(both->floor == Approx(0.05 / std::sqrt(2.0)));
    CHECK(both->runs == 3);
    gate.versus = "c";
    CHECK_FALSE(noise_of(gate, "a", manifest));
}

TEST_CASE("noise: slices and what was measured as none say nothing", "[noise]") {
    Gate gate = gate_on(GateForm::value, 0.5);
    CHECK_FALSE(noise_of(gate, "default", noise_manifest(0, 5)));
    gate.slice = "metadata.lang";
    CHECK_FALSE(noise_of(gate, "default", noise_manifest(0.1, 5)));
    gate.slice = "";
    for (const Json& manifest :
         {Json(), Json{{"noise", 3}}, Json{{"noise", {1, "x"}}},
          Json{{"noise", {{{"variant", "default"}, {"score", "exact_match"}}}}}}) {
        CHECK_FALSE(noise_of(gate, "default", manifest));
    }
}

TEST_CASE("quarantine: gates leave the items out and every other number keeps them", "[noise]") {
    StoredRun stored = run_with("one", 10, {0, 1});
    stored.run.manifest = quarantine_manifest({id_of(0), id_of(1)});
    for (const bool with_interval : {false, true}) {
        Gate gate = gate_on(GateForm::value, 0.9);
        if (with_interval) gate.confidence = 0.5;
        const GateVerdict verdict = decide(stored, gate);
        CHECK(verdict.observed == 1);
        CHECK_THAT(verdict.reason, Catch::Contains("over 8 items"));
        CHECK_THAT(verdict.reason, Catch::EndsWith("; 2 quarantined items are not counted"));
    }
    const Report report = stored.report();
    CHECK(report.variants[0].scores[0].mean == 0.8);
    CHECK(report.variants[0].scores[0].items == 10);
    CHECK(report.variants[0].units.planned == 10);
    CHECK(quarantine_notes(report).size() == 2);
    CHECK(quarantine_notes(report)[0] ==
          "gates do not count " + id_of(0) + " until 2026-12-21: flips (ada)");
}

TEST_CASE("quarantine: one score of an item leaves the others as they are", "[noise]") {
    StoredRun stored = run_with("one", 10, {0, 1});
    stored.run.manifest = quarantine_manifest({id_of(0)}, "another");
    CHECK(decide(stored, gate_on(GateForm::value, 0.9)).observed == 0.8);
    stored.run.manifest = quarantine_manifest({id_of(0)}, "exact_match");
    const GateVerdict verdict = decide(stored, gate_on(GateForm::value, 0.9));
    CHECK(verdict.observed == Approx(8.0 / 9));
    CHECK_THAT(verdict.reason, Catch::EndsWith("; 1 quarantined item is not counted"));
}

TEST_CASE("quarantine: it is among what differs between two runs", "[noise]") {
    const Json with = quarantine_manifest({"T-2", "T-1"}, "tone");
    const auto differences = manifest_differences(Json::object(), with);
    REQUIRE(differences.size() == 1);
    CHECK(differences[0].part == "quarantine");
    CHECK(differences[0].a.empty());
    CHECK(differences[0].b == "T-1 (tone), T-2 (tone)");
    CHECK(manifest_differences(with, with).empty());
}

TEST_CASE("quarantine: a gate cannot tell when no item is left", "[noise]") {
    StoredRun stored = run_with("one", 3, {});
    stored.run.manifest = quarantine_manifest({id_of(0), id_of(1), id_of(2)});
    const StoredRun before = run_with("zero", 3, {});
    Gate difference = gate_on(GateForm::difference, -0.5);
    difference.baseline = "main";
    for (const Gate& gate : {gate_on(GateForm::value, 0.1), difference}) {
        const GateVerdict verdict = decide(stored, gate, against(before));
        CHECK(verdict.status == GateStatus::inconclusive);
        CHECK(verdict.effect == GateStatus::inconclusive);
        CHECK_FALSE(verdict.observed);
        CHECK_THAT(verdict.reason, Catch::EndsWith("; 3 quarantined items are not counted"));
    }
}

TEST_CASE("quarantine: pairs with a baseline leave the items out", "[noise]") {
    StoredRun stored = run_with("two", 10, {0, 1});
    const StoredRun before = run_with("one", 10, {});
    Gate gate = gate_on(GateForm::difference, -0.05);
    gate.baseline = "main";
    CHECK(decide(stored, gate, against(before)).status == GateStatus::failed);
    stored.run.manifest = quarantine_manifest({id_of(0), id_of(1)});
    const GateVerdict verdict = decide(stored, gate, against(before));
    CHECK(verdict.status == GateStatus::passed);
    CHECK(verdict.observed == 0);
    CHECK_THAT(verdict.reason, Catch::Contains("8 pairs"));
    CHECK_THAT(verdict.reason, !Catch::Contains("without a pair"));
}

}  // namespace assay::test
