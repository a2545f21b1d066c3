#include <catch2/catch.hpp>
#include <limits>

#include "runner/report/report.hpp"

namespace assay {
namespace {

/// A variant with full coverage, exact_match 0.842 over 200 items, and one value of everything.
VariantSummary good_variant() {
    VariantSummary variant;
    variant.name = "short";
    variant.units = {.planned = 200, .scored = 200, .failed = 0, .unscored = 0, .skipped = 0};
    variant.coverage = 1;
    ScoreSummary match;
    match.name = "exact_match";
    match.data_type = ScoreDataType::boolean;
    match.items = 200;
    match.count = 200;
    match.mean = 0.842;
    ScoreSummary team;
    team.name = "team";
    team.data_type = ScoreDataType::categorical;
    team.items = 200;
    team.count = 200;
    team.categories = {{"billing", 50}, {"tech", 150}};
    variant.scores = {match, team};
    variant.run_scores = {
        {.name = "worst", .value = 0.25, .comment = {}},
        {.name = "spread",
         .value = failure(ErrorCode::not_found, "no item has the score x"),
         .comment = {}},
        {.name = "macro_f1", .value = 0.75, .comment = "over 190 of 200 units: 10 failed"}};
    variant.latency = {.p50 = 120.5, .p95 = 800, .p99 = 1200};
    variant.tokens = {{"input", 1'500'000}, {"output", 2000}, {"total", 1'502'000}};
    variant.cost = nanos_from_usd(2.5);
    return variant;
}

/// Of gates that look at summaries alone.
std::vector<GateVerdict> decide_gates(const ReportPlan& plan,
                                      const std::vector<VariantSummary>& variants) {
    Report report;
    report.run.report_plan = plan;
    report.variants = variants;
    report.tables.resize(variants.size());
    return assay::decide_gates(report, {});
}

Gate gate_of(std::string_view text) { return parse_gate(text).value(); }

GateVerdict decide(const Gate& gate, const VariantSummary& variant) {
    ReportPlan plan;
    plan.gates = {gate};
    const std::vector<GateVerdict> verdicts = decide_gates(plan, {variant});
    REQUIRE(verdicts.size() == 1);
    return verdicts.front();
}

GateVerdict decide(std::string_view text) { return decide(gate_of(text), good_variant()); }

Gate category_gate(std::string category, GateOperator op, double threshold) {
    Gate gate;
    gate.text = "team";
    gate.score = "team";
    gate.category = std::move(category);
    gate.op = op;
    gate.threshold = threshold;
    return gate;
}

TEST_CASE("gates: a score is decided by its mean and the reason has the numbers") {
    const GateVerdict failed = decide("exact_match >= 0.85");
    CHECK(failed.status == GateStatus::failed);
    CHECK(failed.observed == 0.842);
    CHECK(failed.reason == "exact_match is 0.842 over 200 items, which is below the 0.85 required");
    const GateVerdict passed = decide("exact_match >= 84%");
    CHECK(passed.status == GateStatus::passed);
    CHECK(passed.reason == "exact_match is 0.842 over 200 items, which meets the 0.84 required");
}

TEST_CASE("gates: each operator decides on both sides of its threshold") {
    struct Case {
        const char* text;
        GateStatus status;
        const char* ending;
    };
    const Case cases[] = {
        {"exact_match >= 0.842", GateStatus::passed, "which meets the 0.842 required"},
        {"exact_match > 0.842", GateStatus::failed, "which is not above the 0.842 required"},
        {"exact_match > 0.841", GateStatus::passed, "which is above the 0.841 required"},
        {"exact_match <= 0.842", GateStatus::passed, "which is within the 0.842 allowed"},
        {"exact_match <= 0.841", GateStatus::failed, "which is above the 0.841 allowed"},
        {"exact_match < 0.842", GateStatus::failed, "which is not below the 0.842 limit"},
        {"exact_match < 0.843", GateStatus::passed, "which is below the 0.843 limit"},
        {"exact_match = 0.842", GateStatus::passed, "which is the 0.842 required"},
        {"exact_match = 0.85", GateStatus::failed, "which is not the 0.85 required"},
    };
    for (const Case& expected : cases) {
        const GateVerdict verdict = decide(expected.text);
        CAPTURE(expected.text, verdict.reason);
        CHECK(verdict.status == expected.status);
        CHECK(verdict.reason.ends_with(expected.ending));
    }
}

TEST_CASE("gates: rounding in the last digit of a mean does not decide") {
    VariantSummary variant = good_variant();
    for (const double noisy : {std::nextafter(0.85, 0.0), 0.85, std::nextafter(0.85, 1.0)}) {
        variant.scores.at(0).mean = noisy;
        CHECK(decide(gate_of("exact_match >= 0.85"), variant).status == GateStatus::passed);
        CHECK(decide(gate_of("exact_match <= 0.85"), variant).status == GateStatus::passed);
        CHECK(decide(gate_of("exact_match = 0.85"), variant).status == GateStatus::passed);
        CHECK(decide(gate_of("exact_match > 0.85"), variant).status == GateStatus::failed);
    }
}

TEST_CASE("gates: the sentence shows as many digits as the verdict needs") {
    VariantSummary variant = good_variant();
    variant.scores.at(0).mean = 0.84999999;
    const GateVerdict verdict = decide(gate_of("exact_match >= 0.85"), variant);
    CHECK(verdict.status == GateStatus::failed);
    CHECK(verdict.reason ==
          "exact_match is 0.84999999 over 200 items, which is below the 0.85 required");
}

TEST_CASE("gates: a category is decided by its share of the values") {
    const VariantSummary variant = good_variant();
    const GateVerdict verdict =
        decide(category_gate("billing", GateOperator::greater_equal, 0.2), variant);
    CHECK(verdict.status == GateStatus::passed);
    CHECK(verdict.observed == 0.25);
    CHECK(verdict.reason ==
          "the share of billing in team is 0.25 (50 of 200 values), which meets the 0.2 required");
    const GateVerdict absent = decide(category_gate("sales", GateOperator::less, 0.1), variant);
    CHECK(absent.status == GateStatus::passed);
    CHECK(absent.observed == 0.0);
}

TEST_CASE("gates: run scores and every measure are decided") {
    CHECK(decide("worst >= 0.3").reason == "worst is 0.25, which is below the 0.3 required");
    CHECK(decide("macro_f1 >= 0.7").reason ==
          "macro_f1 is 0.75 (over 190 of 200 units: 10 failed), which meets the 0.7 required");
    CHECK(decide("coverage >= 0.95").reason ==
          "coverage is 1 (200 of 200 units scored), which meets the 0.95 required");
    CHECK(decide("error_rate <= 0.01").reason ==
          "error_rate is 0 (0 of 200 units failed or unscored), which is within the 0.01 allowed");
    CHECK(decide("cost_usd <= 2.5").reason == "cost_usd is 2.5, which is within the 2.5 allowed");
    CHECK(decide("latency_p50_ms < 120").reason ==
          "latency_p50_ms is 120.5, which is not below the 120 limit");
    CHECK(decide("latency_p95_ms <= 800").status == GateStatus::passed);
    CHECK(decide("latency_p99_ms <= 800").status == GateStatus::failed);
    CHECK(decide("tokens <= 1500000").reason ==
          "tokens is 1,502,000, which is above the 1,500,000 allowed");
}

TEST_CASE("gates: error_rate counts failed and unscored units") {
    VariantSummary variant = good_variant();
    variant.units = {.planned = 200, .scored = 194, .failed = 4, .unscored = 2, .skipped = 0};
    variant.coverage = 0.97;
    const GateVerdict verdict = decide(gate_of("error_rate <= 0.02"), variant);
    CHECK(verdict.status == GateStatus::failed);
    CHECK(verdict.observed == 0.03);
}

TEST_CASE("gates: without data nothing passes") {
    VariantSummary variant = good_variant();
    variant.scores.at(0).count = 0;
    variant.scores.at(0).mean.reset();
    variant.scores.at(1).count = 0;
    variant.scores.at(1).categories.clear();
    variant.cost.reset();
    variant.tokens.clear();
    variant.latency = {};
    const std::pair<Gate, const char*> cases[] = {
        {gate_of("exact_match >= 0"), "no unit has the score exact_match"},
        {category_gate("billing", GateOperator::less, 1), "no unit has the score team"},
        {gate_of("spread <= 1"), "spread cannot be computed: no item has the score x"},
        {gate_of("cost_usd <= 100"), "the price of at least one call is unknown"},
        {gate_of("tokens <= 100"), "no unit reported tokens"},
        {gate_of("latency_p95_ms <= 100"), "no unit has a measured latency"},
        {gate_of("other >= 0"), "the run has no score other"},
    };
    for (const auto& [gate, reason] : cases) {
        const GateVerdict verdict = decide(gate, variant);
        CHECK(verdict.status == GateStatus::inconclusive);
        CHECK_FALSE(verdict.observed.has_value());
        CHECK(verdict.reason == reason);
    }
}

TEST_CASE("gates: a gate of the wrong kind for its score cannot tell") {
    CHECK(decide("team >= 0.5").reason ==
          "team is CATEGORICAL and has no mean; name a category of it");
    Gate gate = category_gate("true", GateOperator::greater_equal, 0.1);
    gate.score = "exact_match";
    const GateVerdict verdict = decide(gate, good_variant());
    CHECK(verdict.status == GateStatus::inconclusive);
    CHECK(verdict.reason == "exact_match is BOOLEAN and has no categories");
}

TEST_CASE("gates: NaN and infinity cannot tell") {
    VariantSummary variant = good_variant();
    for (const double bad :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        variant.run_scores.at(0).value = bad;
        const GateVerdict verdict = decide(gate_of("worst >= 0"), variant);
        CHECK(verdict.status == GateStatus::inconclusive);
        CHECK(verdict.reason == "worst is not a number");
    }
}

TEST_CASE("gates: low coverage makes every gate of that variant undecided") {
    VariantSummary thin = good_variant();
    thin.name = "thin";
    thin.units = {.planned = 200, .scored = 164, .failed = 12, .unscored = 20, .skipped = 4};
    thin.coverage = 0.82;
    ReportPlan plan;
    plan.gates = {gate_of("exact_match >= 0.1"), gate_of("exact_match >= 0.99"),
                  gate_of("coverage >= 0.5"), gate_of("cost_usd <= 100")};
    for (const GateVerdict& verdict : decide_gates(plan, {thin})) {
        CHECK(verdict.status == GateStatus::inconclusive);
        CHECK(verdict.observed.has_value());
        CHECK(verdict.reason ==
              "coverage is 0.82, below the 0.95 required: of 200 units, 12 failed, 20 unscored, "
              "4 not run");
    }
    plan.min_coverage = 0.82;
    CHECK(decide_gates(plan, {thin}).at(0).status == GateStatus::passed);
    CHECK(decide_gates(plan, {thin}).at(1).status == GateStatus::failed);
}

TEST_CASE("gates: a gate holds for every variant unless it names one") {
    VariantSummary other = good_variant();
    other.name = "large";
    ReportPlan plan;
    plan.gates = {gate_of("exact_match >= 0.5"), gate_of("worst >= 0.1")};
    plan.gates.at(1).variant = "large";
    const std::vector<GateVerdict> verdicts = decide_gates(plan, {good_variant(), other});
    REQUIRE(verdicts.size() == 3);
    CHECK(verdicts.at(0).variant == "short");
    CHECK(verdicts.at(1).variant == "large");
    CHECK(verdicts.at(2).variant == "large");
    CHECK(verdicts.at(2).gate.text == "worst >= 0.1");
}

TEST_CASE("gates: a gate on a variant that is not there cannot tell") {
    Gate gate = gate_of("exact_match >= 0.5");
    gate.variant = "tiny";
    const GateVerdict verdict = decide(gate, good_variant());
    CHECK(verdict.status == GateStatus::inconclusive);
    CHECK(verdict.variant == "tiny");
    CHECK(verdict.reason == "the run has no variant tiny");
}

TEST_CASE("gates: nothing planned cannot tell") {
    VariantSummary empty;
    empty.name = "short";
    ReportPlan plan;
    plan.min_coverage = 0;
    plan.gates = {gate_of("coverage >= 0"), gate_of("error_rate <= 1")};
    for (const GateVerdict& verdict : decide_gates(plan, {empty})) {
        CHECK(verdict.status == GateStatus::inconclusive);
        CHECK(verdict.reason == "no units were planned");
    }
}

}  // namespace
}  // namespace assay
