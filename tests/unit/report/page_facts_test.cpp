// What the HTML page shows beside the report: sentences, bins of changes, times and costs.

#include "runner/report/page_facts.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "runner/report/bins.hpp"
#include "runner/report/slice_notes.hpp"
#include "runner/report/unit_measures.hpp"
#include "sample_report.hpp"
#include "stored_run.hpp"

namespace assay {
namespace {

using test::exact_match_unit;
using test::sample_report;
using test::small_run;
using test::StoredRun;

ScoreTable table_of(const std::vector<double>& values, ScoreDataType type) {
    ScoreTableBuilder builder("v", {});
    for (std::size_t i = 0; i < values.size(); ++i) {
        DatasetItem item;
        item.id = DatasetItemId("item-" + std::to_string(i));
        builder.begin_item(item);
        if (type == ScoreDataType::boolean) {
            builder.add("s", type, values[i] != 0);
        } else {
            builder.add("s", type, values[i]);
        }
    }
    return builder.finish();
}

/// Of one score from 0 to these values.
Comparison comparison_to(const std::vector<double>& values,
                         ScoreDataType type = ScoreDataType::numeric) {
    const ScoreTable a = table_of(std::vector<double>(values.size(), 0.0), type);
    const ScoreTable b = table_of(values, type);
    return compare_tables(a, b, {.a = "a", .b = "b"}).at(0);
}

using Counts = std::vector<std::uint64_t>;

TEST_CASE("page: changes are counted by their size in steps up to the largest") {
    const auto bins = comparison_to({0, 1, 1.0001, 10, 9.5, -0.5, -10, 0}).difference_bins;
    REQUIRE(bins.has_value());
    CHECK(bins->largest == 10);
    CHECK(bins->risen == Counts{1, 1, 0, 0, 0, 0, 0, 0, 0, 2});
    CHECK(bins->fell == Counts{1, 0, 0, 0, 0, 0, 0, 0, 0, 1});
}

TEST_CASE("page: changes of any size have a step") {
    constexpr double k_tiny = std::numeric_limits<double>::denorm_min();
    const auto bins = comparison_to({k_tiny, -k_tiny, 1e300}).difference_bins;
    REQUIRE(bins.has_value());
    CHECK(bins->risen == Counts{1, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    CHECK(bins->fell.at(0) == 1);
    const auto none = comparison_to({0, 0, 0}).difference_bins;
    REQUIRE(none.has_value());
    CHECK(none->largest == 0);
    CHECK(none->risen == Counts(10, 0));
}

TEST_CASE("page: rates need no steps since all their changes are alike") {
    CHECK_FALSE(comparison_to({0, 1, 1}, ScoreDataType::boolean).difference_bins.has_value());
}

TEST_CASE("page: a gate says what it bounds and how its verdict counts") {
    const OrderedJson facts = page_facts(sample_report());
    REQUIRE(facts.at("gates").size() == 5);
    const OrderedJson& difference = facts.at("gates").at(0);
    CHECK(difference.at("form") == "difference");
    CHECK(difference.at("op") == ">=");
    CHECK(difference.at("reference") == "main");
    CHECK(difference.at("note") == "");
    CHECK(facts.at("gates").at(1).at("slice_text") == "lang = de");
    CHECK(facts.at("gates").at(3).at("note") == "advisory: changes nothing");
    CHECK(facts.at("verdict") == "1 of 4 gates failed, 1 could not be decided");
}

TEST_CASE("page: comparisons and references have what the report's JSON has no place for") {
    Report report = sample_report();
    report.comparisons.at(1).difference_bins =
        DifferenceBins{.largest = 3, .fell = {1, 2}, .risen = {0, 4}};
    report.comparisons.at(1).symmetry_p_value = 0.25;
    report.references = {{.name = "main",
                          .run_id = "run-1",
                          .differences = {{.part = "model", .a = "old", .b = "new"}},
                          .missing = ""},
                         {.name = "gone", .run_id = "", .differences = {}, .missing = "why"}};
    const OrderedJson facts = page_facts(report);
    CHECK(facts.at("comparisons").at(0) == OrderedJson{{"label", "exact_match"}});
    const OrderedJson& second = facts.at("comparisons").at(1);
    CHECK(second.at("label") == "length, lang = de");
    CHECK(second.at("symmetry_p_value") == 0.25);
    CHECK(second.at("differences") ==
          OrderedJson{{"largest", 3.0}, {"fell", {1, 2}}, {"risen", {0, 4}}});
    CHECK(facts.at("references").at(0).at("differences").at(0).at("a") == "old");
    CHECK(facts.at("references").at(1).at("missing") == "why");
}

Comparison moved(const char* variant, double difference, const char* slice = "") {
    Comparison comparison;
    comparison.score = "right";
    comparison.a = "main";
    comparison.b = comparison.variant = variant;
    if (*slice != '\0') comparison.slice = {.path = "metadata.lang", .value = slice};
    comparison.difference = difference;
    return comparison;
}

TEST_CASE("slices: a mean that rises while slices fall is told with the worst slice first") {
    Report report;
    report.comparisons = {moved("b", 0.02), moved("b", -0.01, "de"), moved("b", -0.3, "pl"),
                          moved("b", 0.4, "en")};
    report.comparisons.at(2).interval =
        ReportedInterval{.low = -0.4, .high = -0.2, .confidence = 0.95, .method = "t"};
    CHECK(slice_notes(report) ==
          std::vector<std::string>{
              "right of b rises over all items (+0.0200 against main) but falls where "
              "metadata.lang is pl (−0.3000, 95 % interval [−0.40, −0.20]), de (−0.0100)"});
}

TEST_CASE("slices: there is nothing to tell when the mean falls too or is not known") {
    Report report;
    report.comparisons = {moved("b", -0.02), moved("b", -0.3, "pl")};
    CHECK(slice_notes(report).empty());
    report.comparisons = {moved("other", 0.02), moved("b", -0.3, "pl")};
    CHECK(slice_notes(report).empty());
    report.comparisons = {moved("b", 0.02), moved("b", 0, "pl")};
    CHECK(slice_notes(report).empty());
}

TEST_CASE("slices: where less is better a gate tells of slices that rise") {
    GateVerdict verdict;
    verdict.gate.score = "right";
    verdict.gate.form = GateForm::difference;
    verdict.gate.op = GateOperator::less_equal;
    verdict.gate.baseline = "main";
    verdict.gate.slice = "metadata.lang";
    verdict.variant = "b";
    verdict.slice = "pl";
    verdict.observed = 0.3;
    Report report;
    report.gates = {verdict};
    report.comparisons = {moved("b", -0.02)};
    CHECK(slice_notes(report) ==
          std::vector<std::string>{
              "right of b falls over all items (−0.0200 against main) but rises where "
              "metadata.lang is pl (+0.3000)"});
}

TEST_CASE("slices: of many that fall the worst five are named") {
    Report report;
    report.comparisons = {moved("b", 0.02)};
    for (const char* slice : {"a", "b", "c", "d", "e", "f", "g"}) {
        report.comparisons.push_back(moved("b", -0.01, slice));
    }
    REQUIRE(slice_notes(report).size() == 1);
    const std::string note = slice_notes(report).front();
    CHECK(note.find("is a (−0.0100), b") != std::string::npos);
    CHECK(note.ends_with("e (−0.0100) and 2 more"));
}

TEST_CASE("bins: each value has one and the last edge belongs to the last") {
    const std::vector<double> edges = equal_edges(0, 10, 5);
    CHECK(edges == std::vector<double>{0, 2, 4, 6, 8, 10});
    CHECK(bin_of(edges, 0) == 0);
    CHECK(bin_of(edges, 2) == 1);
    CHECK(bin_of(edges, 10) == 4);
    const std::vector<double> growing = ratio_edges(0.3, 2'000, 4);
    CHECK(growing.front() == 0.3);
    CHECK(growing.back() == 2'000);
    CHECK(growing.at(1) / growing.at(0) == Approx(growing.at(3) / growing.at(2)));
    CHECK(bin_of(growing, 0.3) == 0);
    CHECK(bin_of(growing, 2'000) == 3);
}

OrderedJson measures_of(const StoredRun& stored) {
    UnitMeasures measures(stored.report());
    for (const UnitResult& unit : stored.units) measures.look(unit);
    measures.settle();
    for (const UnitResult& unit : stored.units) measures.count(unit);
    return measures.to_json();
}

StoredRun timed_run(const std::vector<int>& latencies_ms) {
    StoredRun stored = small_run(latencies_ms.size());
    for (std::size_t i = 0; i < latencies_ms.size(); ++i) {
        UnitResult& unit = stored.units.emplace_back(exact_match_unit(static_cast<int>(i), true));
        unit.latency = std::chrono::milliseconds(latencies_ms[i]);
    }
    return stored;
}

std::uint64_t total(const OrderedJson& counts) {
    std::uint64_t sum = 0;
    for (const auto& count : counts) sum += count.get<std::uint64_t>();
    return sum;
}

TEST_CASE("measures: what was not measured and cost nothing is not shown") {
    StoredRun stored = timed_run({0, 0});
    stored.units.at(0).cost = 0;
    CHECK(measures_of(stored).empty());
    CHECK(measures_of(small_run(0)).empty());
}

TEST_CASE("measures: latencies are those of the percentiles") {
    StoredRun stored = timed_run({100, 200, 300, 400, 50});
    stored.units.at(1).status = UnitStatus::failed;
    stored.units.at(2).cached = 1;
    stored.units.at(4).time_to_first_token = std::chrono::milliseconds(20);
    const OrderedJson measures = measures_of(stored);
    REQUIRE(measures.size() == 2);
    CHECK(measures.at(0).at("measure") == "latency_ms");
    CHECK(measures.at(0).at("scale") == "linear");
    CHECK(measures.at(0).at("edges").front() == 0.0);
    CHECK(measures.at(0).at("edges").back() == 400.0);
    const OrderedJson& variant = measures.at(0).at("variants").at(0);
    CHECK(variant.at("variant") == "default");
    CHECK(total(variant.at("counts")) == 3);
    CHECK(variant.at("mean").get<double>() == Approx(550.0 / 3));
    CHECK(measures.at(1).at("measure") == "time_to_first_token_ms");
    CHECK(total(measures.at(1).at("variants").at(0).at("counts")) == 1);
}

TEST_CASE("measures: times that differ by orders of magnitude have bins that grow") {
    const OrderedJson latency = measures_of(timed_run({2, 3, 60'000})).at(0);
    CHECK(latency.at("scale") == "log");
    CHECK(latency.at("edges").front() == 2.0);
    const OrderedJson& counts = latency.at("variants").at(0).at("counts");
    CHECK(counts.front() == 2);
    CHECK(counts.back() == 1);
}

TEST_CASE("measures: an answer without a price is counted as unknown and not as free") {
    StoredRun stored = timed_run({0, 0, 0});
    for (UnitResult& unit : stored.units) unit.cost = std::nullopt;
    stored.units.at(0).cost = 2'000'000;
    stored.units.at(1).calls = 1;  // the third asked no one, so there is nothing to know
    const OrderedJson cost = measures_of(stored).at(0);
    CHECK(cost.at("measure") == "cost_usd");
    const OrderedJson& variant = cost.at("variants").at(0);
    CHECK(total(variant.at("counts")) == 1);
    CHECK(variant.at("mean") == 0.002);
    CHECK(variant.at("unknown") == 1);
}

TEST_CASE("measures: a value that was not there before is left out") {
    const StoredRun stored = timed_run({10, 20});
    UnitMeasures measures(stored.report());
    for (const UnitResult& unit : stored.units) measures.look(unit);
    measures.settle();
    UnitResult late = stored.units.front();
    late.latency = std::chrono::seconds(9);
    measures.count(late);
    CHECK(total(measures.to_json().at(0).at("variants").at(0).at("counts")) == 0);
}

}  // namespace
}  // namespace assay
