#include "runner/report/comparison.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "runner/report/report.hpp"

namespace assay {
namespace {

ScoreTable table_of(const std::vector<double>& values, ScoreDataType type, std::size_t first = 0) {
    ScoreTable table;
    table.variant = "default";
    ScoreSeries series{.name = "s", .data_type = type};
    for (std::size_t i = 0; i < values.size(); ++i) {
        table.items.emplace_back(fmt::format("item-{}", first + i));
        table.contents.push_back(first + i + 1);
        table.broken.push_back(0);
        series.counts.push_back(1);
        series.means.push_back(values[i]);
    }
    table.scores.push_back(std::move(series));
    return table;
}

ScoreTable labels_of(const std::vector<std::string>& labels) {
    ScoreTable table = table_of(std::vector<double>(labels.size()), ScoreDataType::categorical);
    ScoreSeries& series = table.scores.front();
    series.means.clear();
    for (const std::string& label : labels) {
        const auto found = std::ranges::find(series.categories, label);
        series.labels.push_back(static_cast<std::uint32_t>(found - series.categories.begin()));
        if (found == series.categories.end()) series.categories.push_back(label);
    }
    return table;
}

Comparison compare(const ScoreTable& a, const ScoreTable& b,
                   ComparisonTest test = ComparisonTest::automatic) {
    const auto comparisons = compare_tables(a, b, {.a = "before", .b = "now", .test = test});
    REQUIRE(comparisons.size() == 1);
    return comparisons.front();
}

TEST_CASE("comparison: items are paired by id and what has no partner is counted") {
    ScoreTable a = table_of({1, 0, 1, 0, 1}, ScoreDataType::boolean);
    ScoreTable b = table_of({0, 0, 1, 1, 1}, ScoreDataType::boolean, 1);  // item-1 to item-5
    std::ranges::reverse(b.items);
    std::ranges::reverse(b.contents);  // the order of a file says nothing
    const Comparison comparison = compare(a, b);
    CHECK(comparison.pairs == 4);
    CHECK(comparison.unpaired == 2);  // item-0 and item-5
    CHECK(comparison.improved + comparison.regressed + comparison.unchanged == 4);
    CHECK(comparison.mean_a == Approx(0.5));
    CHECK(comparison.mean_b == Approx(0.75));
    CHECK(comparison.improved == 2);   // item-1 and item-3
    CHECK(comparison.regressed == 1);  // item-4
    CHECK(comparison.improved_items.size() == 2);
}

TEST_CASE("comparison: an item that changed under its id is no pair") {
    const ScoreTable a = table_of({1, 0, 1, 0}, ScoreDataType::boolean);
    ScoreTable b = a;
    b.contents[1] = 99;
    CHECK(compare(a, b).pairs == 3);
    CHECK(compare(a, b).unpaired == 1);
    b.contents[1] = 0;  // not known: a file of units does not say
    CHECK(compare(a, b).pairs == 4);
}

TEST_CASE("comparison: what failed now is told from what was never there") {
    const ScoreTable a = table_of({1, 1, 1, 1}, ScoreDataType::boolean);
    ScoreTable b = a;
    b.scores.front().counts[0] = 0;
    b.broken[0] = 1;
    b.scores.front().counts[1] = 0;  // skipped by its condition
    const Comparison comparison = compare(a, b);
    CHECK(comparison.pairs == 2);
    CHECK(comparison.unpaired == 2);
    CHECK(comparison.newly_failed == 1);
    REQUIRE(comparison.newly_failed_items.size() == 1);
    CHECK(comparison.newly_failed_items.front().value() == "item-0");
}

TEST_CASE("comparison: the test follows from the data and can be chosen") {
    const ScoreTable a = table_of({1, 1, 1, 1, 1, 1, 0, 0}, ScoreDataType::boolean);
    const ScoreTable b = table_of({0, 0, 0, 0, 1, 1, 1, 0}, ScoreDataType::boolean);
    CHECK(compare(a, b).test == "exact McNemar");
    CHECK(compare(a, b).p_value.value() == Approx(0.375));  // 2 (1 + 5) / 2^5
    CHECK(compare(a, b, ComparisonTest::sign_flip).test == "exact sign-flip permutation");
    CHECK(compare(a, b, ComparisonTest::sign_flip).p_value.value() == Approx(0.375));
    const ScoreTable c = table_of({1.1, 2.3, 3.2, 4.8, 5.1}, ScoreDataType::numeric);
    const ScoreTable d = table_of({1.4, 2.9, 3.9, 4.9, 5.9}, ScoreDataType::numeric);
    CHECK(compare(c, d).test == "exact sign-flip permutation");
    CHECK(compare(c, d).p_value.value() == Approx(2.0 / 32));  // all five rose
    CHECK(compare(c, d).effect == "Cohen's d_z");
    CHECK(compare(c, d, ComparisonTest::paired_t).test == "paired t");
    CHECK(compare(c, d, ComparisonTest::wilcoxon).p_value.value() == Approx(2.0 / 32));
    CHECK(compare(c, d, ComparisonTest::mann_whitney).test ==
          "Mann-Whitney, which ignores the pairs");
    for (const std::string& word : comparison_tests()) CHECK(parse_comparison_test(word));
    CHECK_FALSE(parse_comparison_test("chi_square"));
}

TEST_CASE("comparison: clusters are flipped as a whole") {
    std::vector<double> before;
    std::vector<double> now;
    ScoreTable clustered;
    for (int i = 0; i < 40; ++i) {
        before.push_back(0);
        now.push_back(i < 20 ? 1 : 0);
    }
    const ScoreTable a = table_of(before, ScoreDataType::boolean);
    ScoreTable b = table_of(now, ScoreDataType::boolean);
    CHECK(compare(a, b).p_value.value() < 1e-4);
    for (std::uint32_t i = 0; i < 40; ++i) b.clusters.push_back(i / 10);
    const Comparison comparison = compare(a, b);
    CHECK(comparison.test == "exact sign-flip permutation of clusters");
    CHECK(comparison.p_value.value() == Approx(0.5));  // two of four clusters moved
    CHECK(comparison.interval->method == "cluster-robust t");
}

TEST_CASE("comparison: items of which none is in both are compared as two samples") {
    const ScoreTable a = table_of({1, 1, 1, 0}, ScoreDataType::boolean);
    const ScoreTable b = table_of({0, 0, 0, 1}, ScoreDataType::boolean, 100);
    const Comparison rates = compare(a, b);
    CHECK_FALSE(rates.paired);
    CHECK(rates.pairs == 0);
    CHECK(rates.unpaired == 8);
    CHECK(rates.test == "Fisher exact");
    CHECK(rates.p_value.value() == Approx(0.4857143));  // scipy 1.10.1 fisher_exact
    CHECK(rates.interval->method == "Newcombe");
    CHECK(rates.note.find("not in pairs") != std::string::npos);
    const ScoreTable c = table_of({1, 2, 3, 4}, ScoreDataType::numeric);
    const ScoreTable d = table_of({5, 6, 7, 8.5}, ScoreDataType::numeric, 100);
    CHECK(compare(c, d).test == "Welch's t");
    CHECK(compare(c, d, ComparisonTest::mann_whitney).test == "Mann-Whitney");
    CHECK(compare(c, d, ComparisonTest::mann_whitney).p_value.value() == Approx(2.0 / 70));
}

TEST_CASE("comparison: labels have transitions and no difference") {
    std::vector<std::string> before;
    std::vector<std::string> now;
    const auto add = [&](const char* from, const char* to, int times) {
        for (int i = 0; i < times; ++i) {
            before.emplace_back(from);
            now.emplace_back(to);
        }
    };
    add("x", "x", 20);
    add("x", "y", 15);
    add("y", "x", 5);
    add("y", "y", 30);
    const Comparison comparison = compare(labels_of(before), labels_of(now));
    CHECK_FALSE(comparison.difference);
    CHECK(comparison.pairs == 70);
    CHECK(comparison.unchanged == 50);
    REQUIRE(comparison.transitions);
    CHECK(comparison.transitions->counts[0][1] == 15);
    CHECK(comparison.test == "Stuart-Maxwell");
    CHECK(comparison.p_value.value() == Approx(0.0253473));  // chi-square of (15 - 5)^2 / 20
    CHECK(comparison.symmetry_p_value.value() == Approx(0.0253473));
}

TEST_CASE("comparison: what cannot be compared says why") {
    const ScoreTable a = table_of({1, 0, 1}, ScoreDataType::boolean);
    ScoreTable other = a;
    other.scores.front().name = "t";
    const auto comparisons = compare_tables(a, other, {.a = "a", .b = "b"});
    REQUIRE(comparisons.size() == 2);
    for (const Comparison& comparison : comparisons) {
        CHECK_FALSE(comparison.difference);
        CHECK(comparison.note.find("has the score") != std::string::npos);
    }
    const ScoreTable same = table_of({0.5, 0.7, 0.9}, ScoreDataType::numeric);
    const Comparison unchanged = compare(same, same);
    CHECK_FALSE(unchanged.interval);
    CHECK_FALSE(unchanged.p_value);
    CHECK(unchanged.unchanged == 3);
    CHECK(unchanged.note.find("no item changed") != std::string::npos);
    const Comparison one =
        compare(table_of({1}, ScoreDataType::boolean), table_of({0}, ScoreDataType::boolean));
    CHECK_FALSE(one.interval);
    CHECK(one.note.find("too few") != std::string::npos);
}

TEST_CASE("comparison: a report has no items and is compared as a whole") {
    ScoreSummary summary;
    summary.name = "s";
    summary.data_type = ScoreDataType::boolean;
    summary.items = summary.count = 4;
    summary.mean = 0.75;
    const auto comparisons = compare_with_summaries(
        {summary}, table_of({0, 0, 0, 1}, ScoreDataType::boolean), {.a = "a", .b = "b"});
    REQUIRE(comparisons.size() == 1);
    CHECK(comparisons.front().test == "Fisher exact");
    CHECK(comparisons.front().p_value.value() == Approx(0.4857143));
    CHECK(comparisons.front().difference.value() == Approx(-0.5));
}

}  // namespace
}  // namespace assay
