#include "runner/report/corrected.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "core/base/hash.hpp"
#include "core/stats/random.hpp"
#include "runner/report/lookup.hpp"
#include "runner/report/writers.hpp"
#include "tests/unit/report/stored_run.hpp"

namespace assay {
namespace {

constexpr const char* k_hash = "00ff";

CalibrationFacts facts_of(ScoreDataType type) {
    CalibrationFacts facts;
    facts.judge = "tone";
    facts.evaluator_hash = k_hash;
    facts.type = "rubric";
    facts.score = "tone";
    facts.data_type = type;
    facts.labels_file = "labels.csv";
    return facts;
}

/// A judge that misses 5 true ones in 100 and takes 10 false ones in 100 for true.
Calibration boolean_calibration(int labels = 200) {
    std::vector<LabelledOutput> outputs;
    for (int i = 0; i < labels; ++i) {
        const bool is_true = i % 2 == 0;
        const bool judged = is_true ? (i / 2) % 20 != 0 : (i / 2) % 10 == 0;
        outputs.push_back({.item_id = fmt::format("old-{}", i),
                           .output = output_digest(i),
                           .label = is_true,
                           .judged = judged,
                           .comment = {},
                           .slices = {}});
    }
    Calibration calibration =
        calibrate(facts_of(ScoreDataType::boolean), std::move(outputs)).value();
    calibration.sha256 = sha256_hex("boolean");
    return calibration;
}

/// A run whose judge gave these values, one an item.
test::StoredRun run_of(const std::vector<ScoreValue>& values) {
    test::StoredRun stored = test::small_run(values.size());
    stored.run.report_plan.scores = {{.name = "tone", .evaluator = "tone", .data_type = {}}};
    stored.run.manifest["evaluators"] = Json::array({{{"name", "tone"}, {"hash", k_hash}}});
    for (std::size_t i = 0; i < values.size(); ++i) {
        UnitResult unit = test::exact_match_unit(static_cast<int>(i), true);
        unit.evaluations = {test::scored("tone", values[i])};
        unit.evaluations.front().scores.front().name = "tone";
        unit.output = static_cast<int>(i);
        stored.units.push_back(std::move(unit));
    }
    return stored;
}

std::vector<ScoreValue> truths(int true_ones, int all) {
    std::vector<ScoreValue> values;
    for (int i = 0; i < all; ++i) values.emplace_back(i < true_ones);
    return values;
}

Report report_of(const test::StoredRun& stored, Result<Calibration> calibration) {
    ReportInputs inputs;
    inputs.calibrations.push_back({.judge = "tone", .file = {}, .calibration = calibration});
    auto report = make_report(stored.run, stored.stream(), inputs);
    REQUIRE(report);
    return std::move(*report);
}

const ScoreSummary& tone_of(const Report& report) {
    return *find_score(report.variants[0], "tone");
}

TEST_CASE("corrected report: a rate is corrected by the calibration of its judge") {
    const Report report = report_of(run_of(truths(600, 1000)), boolean_calibration());
    const ScoreSummary& tone = tone_of(report);
    REQUIRE(tone.corrected);
    // (0.6 + 0.9 - 1) / (0.95 + 0.9 - 1)
    CHECK(*tone.corrected->mean == Approx(0.5 / 0.85));
    CHECK(tone.corrected->interval->low < 0.5 / 0.85);
    CHECK(tone.corrected->interval->high > 0.5 / 0.85);
    CHECK(tone.corrected->labels == 200);
    CHECK(tone.corrected->calibration == sha256_hex("boolean"));
    CHECK(*tone.mean == Approx(0.6));  // the raw one stays
}

TEST_CASE("corrected report: only the judge that was calibrated is corrected") {
    test::StoredRun stored = run_of(truths(60, 100));
    stored.run.manifest["evaluators"][0]["hash"] = "0000";
    CHECK_FALSE(tone_of(report_of(stored, boolean_calibration())).corrected);
    CHECK_FALSE(tone_of(report_of(run_of(truths(60, 100)),
                                  failure(ErrorCode::not_found, "the judge is not calibrated")))
                    .corrected);
    CHECK_FALSE(tone_of(report_of(run_of({1.0, 2.0, 3.0}), boolean_calibration())).corrected);
    test::StoredRun manifestless = run_of(truths(60, 100));
    manifestless.run.manifest = Json::object();
    CHECK_FALSE(tone_of(report_of(manifestless, boolean_calibration())).corrected);
}

TEST_CASE("corrected report: what cannot be corrected says why and has no number") {
    const Report report = report_of(run_of(truths(60, 100)), boolean_calibration(6));
    const ScoreSummary& tone = tone_of(report);
    REQUIRE(tone.corrected);
    CHECK_FALSE(tone.corrected->mean);
    CHECK(tone.corrected->missing.find("cannot tell") != std::string::npos);
    const auto notes = corrected_notes(report);
    REQUIRE(notes.size() == 1);
    CHECK(notes.front().find("tone is not corrected") != std::string::npos);
}

TEST_CASE("corrected report: a rate beyond what is possible is cut and says so") {
    const Report report = report_of(run_of(truths(8, 100)), boolean_calibration());
    const ScoreSummary& tone = tone_of(report);
    REQUIRE(tone.corrected);
    CHECK(*tone.corrected->mean == 0);
    CHECK(tone.corrected->interval->low == 0);
    CHECK(tone.corrected->clamped);
    CHECK(corrected_notes(report).size() == 1);
}

TEST_CASE("corrected report: repetitions and clusters change the interval") {
    const auto width = [](const test::StoredRun& stored) {
        const Report report = report_of(stored, boolean_calibration(20'000));
        const auto& interval = tone_of(report).corrected->interval;
        return interval->high - interval->low;
    };
    const test::StoredRun plain = run_of(truths(300, 600));
    test::StoredRun clustered = plain;
    for (std::size_t i = 0; i < clustered.units.size(); ++i) {
        clustered.units[i].item.cluster = fmt::format("c{}", i / 20);  // all alike in a cluster
    }
    CHECK(width(clustered) > 3 * width(plain));
}

/// Numbers of a judge who is one point too kind, and people's for every fifth item.
struct NumbersCase {
    std::vector<ScoreValue> judged;
    std::vector<LabelledOutput> labels;
    double truth = 0;  ///< the mean of all people's values
};

NumbersCase numbers_case() {
    NumbersCase numbers;
    Rng random(5);
    constexpr int k_items = 400;
    for (int i = 0; i < k_items; ++i) {
        const double label = static_cast<double>(random_below(random, 5));
        const double judged = label + 1 + 0.5 * random.next_unit();
        numbers.truth += label / k_items;
        numbers.judged.emplace_back(judged);
        if (i % 5 != 0) continue;
        const UnitResult unit = test::exact_match_unit(i, true);
        numbers.labels.push_back({.item_id = unit.item.id.value(),
                                  .output = output_digest(i),
                                  .label = label,
                                  .judged = judged,
                                  .comment = {},
                                  .slices = {}});
    }
    return numbers;
}

TEST_CASE("corrected report: a mean is corrected by the labelled outputs of the run") {
    const NumbersCase numbers = numbers_case();
    const Calibration calibration =
        calibrate(facts_of(ScoreDataType::numeric), numbers.labels).value();
    const Report report = report_of(run_of(numbers.judged), calibration);
    const ScoreSummary& tone = tone_of(report);
    REQUIRE(tone.corrected);
    CHECK(tone.corrected->labels == 80);
    CHECK(tone.corrected->interval->low < numbers.truth);
    CHECK(tone.corrected->interval->high > numbers.truth);
    CHECK(*tone.mean > numbers.truth + 1);
    // The labels alone would say it less exactly.
    CHECK(tone.corrected->interval->high - tone.corrected->interval->low < 0.3);
}

TEST_CASE("corrected report: a label of another output says nothing of this one") {
    NumbersCase numbers = numbers_case();
    for (LabelledOutput& label : numbers.labels) label.output = output_digest("another answer");
    const Calibration calibration =
        calibrate(facts_of(ScoreDataType::numeric), numbers.labels).value();
    CHECK_FALSE(tone_of(report_of(run_of(numbers.judged), calibration)).corrected);
}

TEST_CASE("corrected report: every form of the report has it beside the raw score") {
    const Report report = report_of(run_of(truths(600, 1000)), boolean_calibration());
    const std::string table = report_to_table(report, {.columns = 80});
    CHECK(table.find("tone corrected") != std::string::npos);
    CHECK(table.find("0.588") != std::string::npos);
    const std::string markdown = report_to_markdown(report);
    CHECK(markdown.find("corrected 0.588") != std::string::npos);
}

JudgeRequirement requires_kappa(double minimum, bool lower_bound) {
    return {.judge = "tone",
            .minimums = {{JudgeStatistic::kappa, minimum}},
            .lower_bound = lower_bound,
            .calibration = {}};
}

GateVerdict verdict_of(const JudgeRequirement& requirement, Result<Calibration> calibration,
                       const std::string& hash = k_hash) {
    test::StoredRun stored = run_of(truths(60, 100));
    stored.run.manifest["evaluators"][0]["hash"] = hash;
    stored.run.spec_file = "tickets.eval.yaml";
    Gate gate = parse_gate("tone >= 0.5").value();
    gate.requirement = requirement;
    gate.on_inconclusive = OnInconclusive::pass;  // is about intervals, and changes nothing here
    stored.run.report_plan.gates = {gate};
    const Report report = report_of(stored, std::move(calibration));
    REQUIRE(report.gates.size() == 1);
    return report.gates.front();
}

TEST_CASE("gate requirement: a judge that agrees as far as required lets the gate decide") {
    // Kappa of the calibration is 0.85, its interval is about 0.77 to 0.92.
    CHECK(verdict_of(requires_kappa(0.6, false), boolean_calibration()).status ==
          GateStatus::passed);
    CHECK(verdict_of(requires_kappa(0.6, true), boolean_calibration()).status ==
          GateStatus::passed);
    JudgeRequirement all = requires_kappa(0.8, false);
    all.minimums.push_back({JudgeStatistic::accuracy, 0.9});
    all.minimums.push_back({JudgeStatistic::sensitivity, 0.95});
    all.minimums.push_back({JudgeStatistic::specificity, 0.9});
    CHECK(verdict_of(all, boolean_calibration()).status == GateStatus::passed);
}

TEST_CASE("gate requirement: a judge that falls short makes the gate CANNOT TELL") {
    const GateVerdict below = verdict_of(requires_kappa(0.9, false), boolean_calibration());
    CHECK(below.status == GateStatus::inconclusive);
    CHECK(below.effect == GateStatus::inconclusive);
    CHECK(below.reason ==
          "the judge tone agrees with people to a kappa of 0.85 (200 labels), which is below the "
          "0.9 required; improve the judge and calibrate it again");
    const GateVerdict unsure = verdict_of(requires_kappa(0.84, true), boolean_calibration());
    CHECK(unsure.status == GateStatus::inconclusive);
    CHECK(unsure.reason.find("label more outputs") != std::string::npos);
    const GateVerdict worse = verdict_of(requires_kappa(0.9, true), boolean_calibration());
    CHECK(worse.reason.find("improve the judge") != std::string::npos);
}

TEST_CASE("gate requirement: without a calibration of this judge the gate is CANNOT TELL") {
    const GateVerdict missing =
        verdict_of(requires_kappa(0.6, false),
                   failure(ErrorCode::not_found, "the judge tone is not calibrated"));
    CHECK(missing.status == GateStatus::inconclusive);
    CHECK(missing.reason ==
          "the judge tone is not calibrated; calibrate it, then run or rescore: assay judge "
          "calibrate tickets.eval.yaml --judge tone --labels FILE");
    const GateVerdict changed =
        verdict_of(requires_kappa(0.6, false), boolean_calibration(), "1234");
    CHECK(changed.status == GateStatus::inconclusive);
    CHECK(changed.reason.find("has changed since it was calibrated") != std::string::npos);
    JudgeRequirement other = requires_kappa(0.6, false);
    other.judge = "taste";
    CHECK(verdict_of(other, boolean_calibration()).reason.find("the judge taste is not") !=
          std::string::npos);
    JudgeRequirement of_file = requires_kappa(0.6, false);
    of_file.calibration = "tone.json";
    CHECK(verdict_of(of_file, boolean_calibration()).status == GateStatus::inconclusive);
}

TEST_CASE("gate requirement: a statistic that the calibration does not have is not met") {
    JudgeRequirement requirement = requires_kappa(0.6, false);
    requirement.minimums = {{JudgeStatistic::correlation, 0.5}};
    const GateVerdict verdict = verdict_of(requirement, boolean_calibration());
    CHECK(verdict.status == GateStatus::inconclusive);
    CHECK(verdict.reason.find("has no correlation: its scores are BOOLEAN") != std::string::npos);
}

TEST_CASE("gate requirement: the stored form of a gate gives it back") {
    Gate gate = parse_gate("tone >= 0.5").value();
    gate.requirement = JudgeRequirement{
        .judge = "tone",
        .minimums = {{JudgeStatistic::kappa, 0.6}, {JudgeStatistic::accuracy, 0.5}},
        .lower_bound = true,
        .calibration = "tone.json"};
    const Gate read = gate_from_json(to_json(gate)).value();
    REQUIRE(read.requirement);
    CHECK(to_json(read) == to_json(gate));
    CHECK(read.requirement->minimums.front().statistic == JudgeStatistic::kappa);
    CHECK(read.requirement->minimums.back().value == 0.5);
    Json older = to_json(gate);
    older.erase("requires");
    CHECK_FALSE(gate_from_json(older)->requirement);
    Json wrong = to_json(gate);
    wrong["requires"]["minimums"] = {{"taste", 1}};
    CHECK_FALSE(gate_from_json(wrong));
}

}  // namespace
}  // namespace assay
