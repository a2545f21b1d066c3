// Hand-made tables with the verdict that each must get. The intervals in the comments are those of
// scipy 1.10 (binomtest, t.interval) or follow from the formula that is named.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <map>

#include "runner/report/report.hpp"

namespace assay {
namespace {

using Values = std::vector<double>;

/// The first `ones` of `items` are right.
Values rate(std::size_t ones, std::size_t items) {
    Values values(items);
    std::fill_n(values.begin(), ones, 1.0);
    return values;
}

Values repeated(const Values& pattern, std::size_t times) {
    Values values;
    for (std::size_t i = 0; i < times; ++i) {
        values.insert(values.end(), pattern.begin(), pattern.end());
    }
    return values;
}

ScoreTable table_of(const Values& values, ScoreDataType type, std::string variant = "default") {
    ScoreTable table;
    table.variant = std::move(variant);
    ScoreSeries series;
    series.name = "s";
    series.data_type = type;
    for (std::size_t i = 0; i < values.size(); ++i) {
        table.items.emplace_back(fmt::format("item-{}", i));
        table.contents.push_back(i + 1);
        table.broken.push_back(0);
        series.counts.push_back(1);
        series.means.push_back(values[i]);
    }
    if (!values.empty()) table.scores.push_back(std::move(series));
    return table;
}

ScoreTable labels_of(const std::map<std::string, std::size_t>& counts) {
    ScoreTable table = table_of(Values(1), ScoreDataType::categorical);
    table = ScoreTable{.variant = "default"};
    ScoreSeries series{.name = "s", .data_type = ScoreDataType::categorical};
    for (const auto& [label, count] : counts) {
        const auto number = static_cast<std::uint32_t>(series.categories.size());
        series.categories.push_back(label);
        for (std::size_t i = 0; i < count; ++i) {
            table.items.emplace_back(fmt::format("{}-{}", label, i));
            table.contents.push_back(1);
            table.broken.push_back(0);
            series.counts.push_back(1);
            series.labels.push_back(number);
        }
    }
    table.scores.push_back(std::move(series));
    return table;
}

Report report_of(ScoreTable table) {
    Report report;
    VariantSummary variant;
    variant.name = table.variant;
    variant.coverage = 1;
    variant.units.planned = variant.units.scored = table.items.size();
    report.variants = {variant};
    report.tables = {std::move(table)};
    report.run.manifest = {{"dataset", {{"sha256", "aa"}}}, {"evaluators", Json::array()}};
    return report;
}

Gate bound(GateOperator op, double threshold, double confidence = 0.95) {
    Gate gate;
    gate.text = fmt::format("s {} {}", to_string(op), threshold);
    gate.score = "s";
    gate.op = op;
    gate.threshold = threshold;
    gate.confidence = confidence;
    return gate;
}
Gate at_least(double threshold, double confidence = 0.95) {
    return bound(GateOperator::greater_equal, threshold, confidence);
}
Gate at_most(double threshold) { return bound(GateOperator::less_equal, threshold); }

Gate against_main(GateOperator op, double threshold, GateForm form = GateForm::difference) {
    Gate gate = bound(op, threshold);
    gate.form = form;
    gate.baseline = "main";
    return gate;
}
Gate max_drop(double margin) { return against_main(GateOperator::greater_equal, -margin); }
Gate min_gain(double margin) { return against_main(GateOperator::greater_equal, margin); }
Gate max_rise(double margin) { return against_main(GateOperator::less_equal, margin); }
Gate max_relative_drop(double margin) {
    return against_main(GateOperator::greater_equal, -margin, GateForm::relative);
}
Gate by_slice(Gate gate) {
    gate.slice = "metadata.lang";
    return gate;
}

ReportInputs main_is(ScoreTable table) {
    ReferenceRun main;
    main.name = "main";
    main.manifest = {{"dataset", {{"sha256", "aa"}}}, {"evaluators", Json::array()}};
    main.tables = {std::move(table)};
    ReportInputs inputs;
    inputs.references.emplace("main", std::move(main));
    return inputs;
}

/// Right and wrong answers of two runs over the same items.
struct Pairs {
    std::size_t only_now = 0;
    std::size_t only_before = 0;
    std::size_t items = 0;  ///< the others are right in both
};
ScoreTable before(const Pairs& pairs) {
    Values values = rate(pairs.items, pairs.items);
    std::fill_n(values.begin(), pairs.only_now, 0.0);
    return table_of(values, ScoreDataType::boolean);
}
ScoreTable now(const Pairs& pairs) {
    Values values = rate(pairs.items, pairs.items);
    std::fill_n(values.rbegin(), pairs.only_before, 0.0);
    return table_of(values, ScoreDataType::boolean);
}

std::vector<GateVerdict> decide(Report report, std::vector<Gate> gates,
                                const ReportInputs& inputs = {}) {
    report.run.report_plan.gates = std::move(gates);
    return decide_gates(report, inputs);
}

/// How often each verdict was expected: a suite that expects one of them too rarely proves little.
class Tally {
  public:
    void expect(GateStatus wanted, const Report& report, const Gate& gate,
                const ReportInputs& inputs = {}) {
        ++expected_[wanted];
        const std::vector<GateVerdict> verdicts = decide(report, {gate}, inputs);
        REQUIRE(verdicts.size() == 1);
        INFO(gate.text << ": " << verdicts.front().reason);
        CHECK(std::string(to_string(verdicts.front().status)) == to_string(wanted));
        CHECK_FALSE(verdicts.front().reason.empty());
        CHECK(verdicts.front().effect == wanted);
    }
    void pass(const Report& report, const Gate& gate, const ReportInputs& inputs = {}) {
        expect(GateStatus::passed, report, gate, inputs);
    }
    void fail(const Report& report, const Gate& gate, const ReportInputs& inputs = {}) {
        expect(GateStatus::failed, report, gate, inputs);
    }
    void cannot_tell(const Report& report, const Gate& gate, const ReportInputs& inputs = {}) {
        expect(GateStatus::inconclusive, report, gate, inputs);
    }
    ~Tally() = default;

    [[nodiscard]] std::size_t expected(GateStatus status) { return expected_[status]; }

  private:
    std::map<GateStatus, std::size_t> expected_;
};

Report rates(std::size_t ones, std::size_t items) {
    return report_of(table_of(rate(ones, items), ScoreDataType::boolean));
}
Report numbers(const Values& values) { return report_of(table_of(values, ScoreDataType::numeric)); }

void check_rates(Tally& tally) {
    tally.pass(rates(90, 100), at_least(0.8));  // Wilson 0.8256 to 0.9448
    tally.fail(rates(90, 100), at_least(0.95));
    tally.cannot_tell(rates(90, 100), at_least(0.85));
    tally.pass(rates(90, 100), at_least(0.85, 0.8));  // Wilson 80 %: 0.8552 to 0.9320
    tally.pass(rates(90, 100), at_most(0.95));
    tally.fail(rates(90, 100), at_most(0.8));
    tally.cannot_tell(rates(90, 100), at_most(0.9));
    tally.pass(rates(10, 10), at_least(0.65));  // Clopper-Pearson from 0.025^(1/10) = 0.6915
    tally.cannot_tell(rates(10, 10), at_least(0.7));
    tally.fail(rates(0, 10), at_least(0.35));  // up to 0.3085
    tally.pass(rates(0, 10), at_most(0.35));
    tally.cannot_tell(rates(0, 10), at_most(0.3));
    tally.cannot_tell(rates(8, 20), at_least(0.5));  // 0.1912 to 0.6395
    tally.pass(rates(500, 1000), at_least(0.45));    // Wilson 0.4691 to 0.5309
    tally.fail(rates(500, 1000), at_most(0.45));
    tally.cannot_tell(rates(500, 1000), at_least(0.5));
}

void check_numbers(Tally& tally) {
    const Report nine = numbers({1, 2, 3, 4, 5, 6, 7, 8, 9});  // t: 2.895 to 7.105
    tally.pass(nine, at_least(2.5));
    tally.fail(nine, at_least(7.5));
    tally.cannot_tell(nine, at_least(5));
    tally.pass(nine, at_most(7.5));
    tally.fail(nine, at_most(2.5));
    const Report many = numbers(repeated({0.2, 0.4, 0.6, 0.8}, 100));  // 0.478 to 0.522
    tally.pass(many, at_least(0.45));
    tally.fail(many, at_least(0.55));
    tally.cannot_tell(many, at_least(0.5));
    tally.cannot_tell(numbers(Values(30, 0.5)), at_least(0.4));  // no spread
    tally.cannot_tell(numbers({0.9}), at_least(0.4));
    tally.cannot_tell(numbers({}), at_least(0.4));
}

void check_labels(Tally& tally) {
    const Report report = report_of(labels_of({{"billing", 30}, {"tech", 70}}));
    const auto share = [](double threshold) {
        Gate gate = at_least(threshold);
        gate.category = "billing";
        return gate;
    };
    tally.pass(report, share(0.2));  // Wilson 0.2189 to 0.3958
    tally.fail(report, share(0.4));
    tally.cannot_tell(report, share(0.3));
    tally.cannot_tell(report, at_least(0.3));  // labels have no mean
}

void check_pairs(Tally& tally) {
    const Pairs worse{.only_now = 16, .only_before = 57, .items = 1000};  // Tango -5.9 to -2.5
    tally.fail(report_of(now(worse)), max_drop(0.02), main_is(before(worse)));
    tally.pass(report_of(now(worse)), max_drop(0.06), main_is(before(worse)));
    tally.cannot_tell(report_of(now(worse)), max_drop(0.04), main_is(before(worse)));
    const Pairs better{.only_now = 80, .only_before = 20, .items = 1000};  // 4.1 to 8.0
    tally.pass(report_of(now(better)), min_gain(0), main_is(before(better)));
    tally.fail(report_of(now(better)), min_gain(0.1), main_is(before(better)));
    tally.cannot_tell(report_of(now(better)), min_gain(0.06), main_is(before(better)));
    tally.fail(report_of(now(better)), max_rise(0.02), main_is(before(better)));
    tally.pass(report_of(now(better)), max_rise(0.1), main_is(before(better)));
    const Pairs same_many{.only_now = 0, .only_before = 0, .items = 500};  // 3.84 / 503.84
    tally.pass(report_of(now(same_many)), max_drop(0.02), main_is(before(same_many)));
    const Pairs same_few{.only_now = 0, .only_before = 0, .items = 50};  // 3.84 / 53.84
    tally.cannot_tell(report_of(now(same_few)), max_drop(0.02), main_is(before(same_few)));
    const Pairs one{.only_now = 1, .only_before = 0, .items = 1};
    tally.cannot_tell(report_of(now(one)), max_drop(0.02), main_is(before(one)));
    // Numbers: differences 0.1 and 0.3 in turn, mean 0.2 with a standard error of 0.0101.
    const Values old(100, 1.0);
    const Report risen = numbers(repeated({1.1, 1.3}, 50));
    const ReportInputs main = main_is(table_of(old, ScoreDataType::numeric));
    tally.pass(risen, min_gain(0.15), main);
    tally.fail(risen, min_gain(0.25), main);
    tally.cannot_tell(risen, min_gain(0.2), main);
    tally.cannot_tell(numbers(old), max_drop(0.1), main);  // nothing changed, nothing varies
}

void check_relative(Tally& tally) {
    const ReportInputs main = main_is(table_of(repeated({9, 10, 11}, 20), ScoreDataType::numeric));
    const Report fallen = numbers(repeated({8.2, 9, 9.8}, 20));  // a tenth less
    tally.fail(fallen, max_relative_drop(0.05), main);
    tally.pass(fallen, max_relative_drop(0.15), main);
    tally.cannot_tell(fallen, max_relative_drop(0.1), main);
    const ReportInputs nothing = main_is(table_of(Values(60, 0), ScoreDataType::numeric));
    tally.cannot_tell(fallen, max_relative_drop(0.05), nothing);
}

void check_missing(Tally& tally) {
    const Pairs better{.only_now = 80, .only_before = 20, .items = 1000};
    const Report report = report_of(now(better));
    tally.cannot_tell(report, min_gain(0));  // no baseline
    ScoreTable other = before(better);
    other.scores.front().name = "t";
    tally.cannot_tell(report, min_gain(0), main_is(other));
    ScoreTable changed = before(better);
    for (std::uint64_t& content : changed.contents) content += 7;
    tally.cannot_tell(report, min_gain(0), main_is(changed));
    ReportInputs other_data = main_is(before(better));
    other_data.references.at("main")->manifest["dataset"]["sha256"] = "bb";
    tally.cannot_tell(report, min_gain(0), other_data);
    Gate lenient = min_gain(0);
    lenient.allow_changed = {"dataset"};
    tally.pass(report, lenient, other_data);
    Report thin = report;
    thin.variants.front().coverage = 0.9;
    thin.variants.front().units.scored = 900;
    thin.variants.front().units.failed = 100;
    tally.cannot_tell(thin, at_least(0.1));
}

void check_clusters(Tally& tally) {
    ScoreTable table = table_of(rate(75, 100), ScoreDataType::boolean);
    tally.pass(report_of(table), at_least(0.6));  // Wilson 0.6570 to 0.8246
    for (std::uint32_t i = 0; i < 100; ++i) table.clusters.push_back(i / 25);
    tally.cannot_tell(report_of(table), at_least(0.6));  // 0.75 ± 3.18 * 0.25, three degrees
    tally.cannot_tell(report_of(table), at_least(0.9));
}

void check_slices(Tally& tally) {
    ScoreTable table = table_of(rate(45, 50), ScoreDataType::boolean);
    SliceColumn lang{.path = "metadata.lang", .values = {"de"}, .of_item = {}};
    lang.of_item.assign(50, 0);
    table.slices = {lang};
    tally.pass(report_of(table), by_slice(at_least(0.75)));  // Clopper-Pearson from 0.7819
    tally.cannot_tell(report_of(table), by_slice(at_least(0.85)));
    table.slices.front().values = {"(none)"};
    tally.cannot_tell(report_of(table), by_slice(at_least(0.5)));
    table.slices.clear();
    tally.cannot_tell(report_of(table), by_slice(at_least(0.5)));
    ScoreTable wide = table_of(rate(400, 400), ScoreDataType::boolean);
    lang = {.path = "metadata.lang", .values = {}, .of_item = {}};
    for (std::uint32_t i = 0; i < 400; ++i) {
        if (i < 200) lang.values.push_back(fmt::format("{}", i));
        lang.of_item.push_back(i % 200);
    }
    wide.slices = {lang};
    tally.cannot_tell(report_of(wide), by_slice(at_least(0.5)));  // 200 slices
}

TEST_CASE("verdict suite: every table gets the verdict that its numbers call for") {
    Tally tally;
    check_rates(tally);
    check_numbers(tally);
    check_labels(tally);
    check_pairs(tally);
    check_relative(tally);
    check_missing(tally);
    check_clusters(tally);
    check_slices(tally);
    CHECK(tally.expected(GateStatus::passed) >= 10);
    CHECK(tally.expected(GateStatus::failed) >= 10);
    CHECK(tally.expected(GateStatus::inconclusive) >= 10);
}

TEST_CASE("verdicts: each slice is decided by itself and an empty one is not left out") {
    ScoreTable table = table_of(rate(45, 110), ScoreDataType::boolean);
    SliceColumn lang{.path = "metadata.lang", .values = {"de", "en", "fr"}, .of_item = {}};
    for (std::size_t i = 0; i < 110; ++i) lang.of_item.push_back(i < 50 ? 0 : i < 100 ? 1 : 2);
    table.slices = {lang};
    for (std::size_t i = 100; i < 110; ++i) table.scores.front().counts[i] = 0;
    const auto verdicts = decide(report_of(table), {by_slice(at_least(0.6))});
    REQUIRE(verdicts.size() == 3);
    CHECK(verdicts[0].slice == "de");
    CHECK(verdicts[0].status == GateStatus::passed);
    CHECK(verdicts[1].slice == "en");
    CHECK(verdicts[1].status == GateStatus::failed);
    CHECK(verdicts[2].slice == "fr");
    CHECK(verdicts[2].status == GateStatus::inconclusive);
    CHECK(verdicts[2].reason == "no item has the score s");
}

TEST_CASE("verdicts: among many gates one that fails by chance alone is not a failure") {
    // 50 of 100 against 0.6: Wilson 0.4038 to 0.5962, so alone it fails, with p = 0.0412.
    const Report report = rates(50, 100);
    std::vector<Gate> gates(9, at_least(0.3));
    gates.push_back(at_least(0.6));
    CHECK(decide(report, {gates.back()}).back().status == GateStatus::failed);
    const GateVerdict corrected = decide(report, gates).back();
    CHECK(corrected.status == GateStatus::inconclusive);
    REQUIRE(corrected.interval);
    CHECK(corrected.interval->confidence == Approx(0.995));  // 1 - 0.05 / 10
    CHECK(corrected.p_value.value() == Approx(0.0412).margin(0.0001));
    CHECK(corrected.reason.find("10 gates") != std::string::npos);
    for (Gate& gate : gates) gate.correction = Correction::none;
    const GateVerdict alone = decide(report, gates).back();
    CHECK(alone.status == GateStatus::failed);
    CHECK(alone.interval->confidence == 0.95);
    // What passes is not asked for more because others were looked at.
    CHECK(decide(report, gates).front().interval->confidence == 0.95);
}

TEST_CASE("verdicts: Benjamini and Hochberg let more fail than Holm") {
    // p-values of 0.0412 each: Holm asks 0.05 / 3, Benjamini and Hochberg 0.05 of the last.
    const Report report = rates(50, 100);
    std::vector<Gate> gates(3, at_least(0.6));
    for (const GateVerdict& verdict : decide(report, gates)) {
        CHECK(verdict.status == GateStatus::inconclusive);
    }
    for (Gate& gate : gates) gate.correction = Correction::bh;
    for (const GateVerdict& verdict : decide(report, gates)) {
        CHECK(verdict.status == GateStatus::failed);
    }
}

TEST_CASE("verdicts: tiers and rules for what is undecided change the effect and not the word") {
    const Report report = rates(90, 100);
    const auto effect = [&](Gate gate, GateStatus status) {
        const GateVerdict verdict = decide(report, {std::move(gate)}).front();
        CHECK(verdict.status == status);
        return verdict.effect;
    };
    const auto with = [](Gate gate, GateTier tier, OnInconclusive rule) {
        gate.tier = tier;
        gate.on_inconclusive = rule;
        return gate;
    };
    using enum GateTier;
    const Gate open = at_least(0.85);
    const Gate failing = at_least(0.95);
    const auto inconclusive = GateStatus::inconclusive;
    CHECK(effect(with(open, critical, OnInconclusive::cannot_tell), inconclusive) == inconclusive);
    CHECK(effect(with(open, critical, OnInconclusive::fail), inconclusive) == GateStatus::failed);
    CHECK(effect(with(open, critical, OnInconclusive::pass), inconclusive) == GateStatus::passed);
    CHECK(effect(with(open, critical, OnInconclusive::warn), inconclusive) == GateStatus::passed);
    CHECK(effect(with(open, supporting, OnInconclusive::cannot_tell), inconclusive) ==
          GateStatus::passed);
    CHECK(effect(with(open, supporting, OnInconclusive::fail), inconclusive) == GateStatus::failed);
    CHECK(effect(with(failing, supporting, OnInconclusive::cannot_tell), GateStatus::failed) ==
          GateStatus::failed);
    CHECK(effect(with(failing, advisory, OnInconclusive::fail), GateStatus::failed) ==
          GateStatus::passed);
}

TEST_CASE("verdicts: missing data is never passed whatever is said about undecided gates") {
    Gate gate = min_gain(0);
    gate.on_inconclusive = OnInconclusive::pass;
    const GateVerdict verdict = decide(rates(90, 100), {gate}).front();
    CHECK(verdict.status == GateStatus::inconclusive);
    CHECK(verdict.effect == GateStatus::inconclusive);
}

TEST_CASE("verdicts: the sentence holds the numbers that decided") {
    const Pairs worse{.only_now = 16, .only_before = 57, .items = 1000};
    const auto sentence = [&](const Gate& gate) {
        return decide(report_of(now(worse)), {gate}, main_is(before(worse))).front().reason;
    };
    CHECK(
        sentence(max_drop(0.02)) ==
        "s fell by 4.1 points against main (95 % interval −5.9 to −2.5; 57 items worse, 16 better "
        "of 1,000 pairs): more than the 2 points allowed");
    CHECK(
        sentence(max_drop(0.06)) ==
        "s fell by 4.1 points against main (95 % interval −5.9 to −2.5; 57 items worse, 16 better "
        "of 1,000 pairs): within the 6 points allowed");
    CHECK(
        sentence(max_drop(0.04)) ==
        "s fell by 4.1 points against main (95 % interval −5.9 to −2.5; 57 items worse, 16 better "
        "of 1,000 pairs): the interval reaches beyond the 4 points allowed");
    const Pairs better{.only_now = 80, .only_before = 20, .items = 1000};
    CHECK(decide(report_of(now(better)), {max_drop(0.02)}, main_is(before(better)))
              .front()
              .reason.ends_with(": no drop beyond the 2 points allowed"));
    const Report report = rates(90, 100);
    CHECK(decide(report, {at_least(0.8)}).front().reason ==
          "s is 0.9 over 100 items (95 % interval 0.8256 to 0.9448), which meets the 0.8 required");
    CHECK(decide(report, {at_least(0.85)}).front().reason ==
          "s is 0.9 over 100 items (95 % interval 0.8256 to 0.9448): the interval lies on both "
          "sides of the 0.85 required");
}

}  // namespace
}  // namespace assay
