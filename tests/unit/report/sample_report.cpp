#include "sample_report.hpp"

#include <catch2/catch.hpp>

#include "stored_run.hpp"

namespace assay::test {
namespace {

const ReportedInterval k_rate{
    .low = 0.8223, .high = 0.9125, .confidence = 0.95, .method = "Wilson"};
const ReportedInterval k_drop{
    .low = -0.0441, .high = -0.0179, .confidence = 0.95, .method = "Tango's score interval"};

ScoreSummary rate(double mean, const ReportedInterval& interval) {
    ScoreSummary score;
    score.name = "exact_match";
    score.data_type = ScoreDataType::boolean;
    score.items = 200;
    score.count = 200;
    score.mean = mean;
    score.stddev = 0.3325;
    score.interval = interval;
    score.detectable = Detectable{
        .difference = 0.0561, .power = 0.8, .confidence = 0.95, .basis = "the pairs with main"};
    return score;
}

ScoreSummary length(double mean) {
    ScoreSummary score;
    score.name = "length";
    score.data_type = ScoreDataType::numeric;
    score.items = 200;
    score.count = 200;
    score.mean = mean;
    score.stddev = 12.5;
    score.interval = ReportedInterval{
        .low = mean - 1.7433, .high = mean + 1.7433, .confidence = 0.95, .method = "Student's t"};
    return score;
}

VariantSummary variant(const char* name, double mean, const ReportedInterval& interval) {
    VariantSummary summary;
    summary.name = name;
    summary.dataset_run_id = DatasetRunId(std::string("dataset-run-") + name);
    summary.units = {.planned = 200, .scored = 200};
    summary.coverage = 1;
    summary.scores = {rate(mean, interval), length(41.25)};
    summary.latency = {.p50 = 412.5, .p95 = 1280.25, .p99 = 2011.0};
    summary.tokens = {{"input", 18'000}, {"output", 2'400}, {"total", 20'400}};
    summary.cost = 41'300'000;
    summary.paid = 20'100'000;
    summary.calls = 203;
    summary.retried = 3;
    summary.cached = 100;
    return summary;
}

Comparison worse() {
    Comparison comparison;
    comparison.score = "exact_match";
    comparison.data_type = ScoreDataType::boolean;
    comparison.a = "main";
    comparison.b = "short";
    comparison.variant = "short";
    comparison.pairs = 197;
    comparison.mean_a = 0.9036;
    comparison.mean_b = 0.8731;
    comparison.difference = -0.0305;
    comparison.interval = k_drop;
    comparison.p_value = 0.00002;
    comparison.test = "exact McNemar";
    comparison.effect = "odds ratio";
    comparison.effect_size = 3.5625;
    comparison.improved = 16;
    comparison.regressed = 57;
    comparison.unchanged = 124;
    comparison.unpaired = 3;
    comparison.newly_failed = 2;
    comparison.improved_items = {DatasetItemId("ticket-004")};
    comparison.regressed_items = {DatasetItemId("ticket-001"), DatasetItemId("ticket|`2`")};
    comparison.newly_failed_items = {DatasetItemId("ticket-090"), DatasetItemId("ticket-091")};
    comparison.unpaired_items = {DatasetItemId("ticket-090"), DatasetItemId("ticket-091"),
                                 DatasetItemId("ticket-200")};
    return comparison;
}

Comparison slightly_longer() {
    Comparison comparison;
    comparison.score = "length";
    comparison.data_type = ScoreDataType::numeric;
    comparison.a = "main";
    comparison.b = "short";
    comparison.variant = "short";
    comparison.slice = {.path = "metadata.lang", .value = "de"};
    comparison.pairs = 40;
    comparison.mean_a = 41.0;
    comparison.mean_b = 41.25;
    comparison.difference = 0.25;
    comparison.interval =
        ReportedInterval{.low = -1.3, .high = 1.8, .confidence = 0.95, .method = "Student's t"};
    comparison.p_value = 0.7514;
    comparison.test = "paired t";
    comparison.improved = 21;
    comparison.regressed = 18;
    comparison.unchanged = 1;
    return comparison;
}

GateVerdict against_main() {
    GateVerdict verdict = sample_verdict(
        "exact_match >= main - 0.02", "short", GateStatus::failed,
        "exact_match fell by 3.1 points (95 % interval −4.4 to −1.8; 57 items worse, 16 better): "
        "more than the 2 points allowed");
    verdict.gate.threshold = -0.02;
    verdict.gate.baseline = "main";
    verdict.gate.form = GateForm::difference;
    verdict.observed = -0.0305;
    verdict.interval = k_drop;
    verdict.p_value = 0.0312;
    return verdict;
}

GateVerdict of_slice(const char* language, GateStatus status, const char* reason) {
    GateVerdict verdict =
        sample_verdict("exact_match >= 0.7 by metadata.lang", "large", status, reason);
    verdict.gate.slice = "metadata.lang";
    verdict.gate.threshold = 0.7;
    verdict.slice = language;
    verdict.observed = 0.74;
    return verdict;
}

}  // namespace

GateVerdict sample_verdict(const char* gate, const char* variant, GateStatus status,
                           const char* reason) {
    GateVerdict verdict;
    verdict.gate.text = gate;
    verdict.gate.score = "exact_match";
    verdict.gate.threshold = 0.85;
    verdict.gate.place = {.file = "evals/router spec.yaml", .line = 14, .column = 5};
    verdict.variant = variant;
    verdict.status = status;
    verdict.effect = status;
    verdict.reason = reason;
    return verdict;
}

Report sample_report() {
    Report report;
    report.run = small_run(200).run;
    report.run.experiment = "support-router";
    report.run.spec_file = "evals/router spec.yaml";
    report.run.manifest["git"] = {{"commit", "9d2f1c0a7b"}, {"branch", "main"}, {"dirty", false}};
    report.status = ReportStatus::failed;
    report.variants = {
        variant("short", 0.8731, k_rate),
        variant("large", 0.895,
                {.low = 0.8449, .high = 0.9304, .confidence = 0.95, .method = "Wilson"})};
    report.comparisons = {worse(), slightly_longer()};
    report.gates = {
        against_main(),
        of_slice("de", GateStatus::inconclusive,
                 "exact_match is 0.74 over 40 items (95 % interval 0.5866 to 0.8512), which is on "
                 "both sides of the 0.7 required"),
        of_slice("en", GateStatus::passed,
                 "exact_match is 0.74 over 160 items, which meets the 0.7 required"),
        sample_verdict("latency_p95_ms <= 1000", "short", GateStatus::failed,
                       "latency_p95_ms is 1,280.25, which is above the 1,000 allowed"),
        sample_verdict("exact_match >= 0.85", "short", GateStatus::passed,
                       "exact_match is 0.8731 over 200 items, which meets the 0.85 required")};
    report.gates.at(3).gate.tier = GateTier::advisory;
    report.gates.at(3).effect = GateStatus::passed;
    report.gates.at(3).observed = 1280.25;
    report.gates.at(3).gate.threshold = 1000;
    report.gates.at(3).gate.place.line = 0;
    report.gates.at(4).observed = 0.8731;
    report.gates.at(4).interval = k_rate;
    return report;
}

}  // namespace assay::test
