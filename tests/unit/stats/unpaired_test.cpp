#include "core/stats/unpaired.hpp"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "core/stats/paired.hpp"

namespace assay {
namespace {

using Values = std::vector<double>;

constexpr double k_nan = std::numeric_limits<double>::quiet_NaN();

// Hours of sleep won by two drugs: Student, Biometrika 6 (1908), page 20.
const Values k_sleep_a = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
const Values k_sleep_b = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};

TEST_CASE("unpaired: Newcombe's interval of his own examples") {
    // Statistics in Medicine 17 (1998) 873–890, table II, method 10; his difference is 1 − 2.
    struct Example {
        Proportion first;
        Proportion second;
        Interval expected;
    };
    for (const auto& [first, second, expected] :
         {Example{{56, 70}, {48, 80}, {0.0524, 0.3339}},
          Example{{9, 10}, {3, 10}, {0.1705, 0.8090}}, Example{{6, 7}, {2, 7}, {0.0582, 0.8062}},
          Example{{5, 56}, {0, 29}, {-0.0381, 0.1926}},
          Example{{0, 10}, {0, 20}, {-0.1611, 0.2775}},
          Example{{0, 10}, {0, 10}, {-0.2775, 0.2775}}, Example{{10, 10}, {0, 20}, {0.6791, 1}},
          Example{{10, 10}, {0, 10}, {0.6075, 1}}}) {
        const Interval interval = newcombe(second, first, 0.95).value();
        INFO(first.successes << '/' << first.trials << " − " << second.successes << '/'
                             << second.trials);
        CHECK(interval.low == Approx(expected.low).margin(5e-5));
        CHECK(interval.high == Approx(expected.high).margin(5e-5));
        const Interval swapped = newcombe(first, second, 0.95).value();
        CHECK(swapped.low == Approx(-interval.high).margin(1e-15));
        CHECK(swapped.high == Approx(-interval.low).margin(1e-15));
    }
}

/// C(n, k) as a product; exact enough far beyond the tables of the tests.
double choose(std::uint64_t n, std::uint64_t k) {
    double ways = 1;
    for (std::uint64_t i = 0; i < k; ++i)
        ways *= static_cast<double>(n - i) / static_cast<double>(i + 1);
    return ways;
}

double fisher_by_definition(const Proportion& a, const Proportion& b) {
    const std::uint64_t successes = a.successes + b.successes;
    const auto chance = [&](std::uint64_t of_a) {
        return choose(a.trials, of_a) * choose(b.trials, successes - of_a);
    };
    double unlikely = 0;
    double all = 0;
    for (std::uint64_t of_a = 0; of_a <= a.trials; ++of_a) {
        if (of_a > successes || successes - of_a > b.trials) continue;
        all += chance(of_a);
        if (chance(of_a) <= chance(a.successes) * (1 + 1e-7)) unlikely += chance(of_a);
    }
    return unlikely / all;
}

TEST_CASE("unpaired: Fisher's exact test of the lady who tastes tea and of larger tables") {
    // R 4: fisher.test(TeaTasting)$p.value is 0.4857; the others by scipy 1.10.1, fisher_exact.
    CHECK(fisher({3, 4}, {1, 4}).value() == Approx(34.0 / 70).epsilon(1e-12));
    CHECK(fisher({56, 70}, {48, 80}).value() == Approx(0.012521129749209154).epsilon(1e-9));
    CHECK(fisher({10, 12}, {3, 18}).value() == Approx(0.0005367241191434357).epsilon(1e-9));
    CHECK(fisher({320, 1319}, {400, 1319}).value() == Approx(0.0005497639320613104).epsilon(1e-9));
    CHECK(fisher({0, 10}, {0, 20}).value() == 1);
}

TEST_CASE("unpaired: Fisher's exact test is its definition on all small tables") {
    for (std::uint64_t trials_a = 1; trials_a <= 9; ++trials_a) {
        for (const std::uint64_t trials_b : {1U, 4U, 11U}) {
            for (std::uint64_t a = 0; a <= trials_a; ++a) {
                for (std::uint64_t b = 0; b <= trials_b; ++b) {
                    const double p = fisher({a, trials_a}, {b, trials_b}).value();
                    INFO(a << '/' << trials_a << ' ' << b << '/' << trials_b);
                    const double expected = fisher_by_definition({a, trials_a}, {b, trials_b});
                    REQUIRE(p == Approx(expected).epsilon(1e-12));
                    REQUIRE(p <= 1);
                }
            }
        }
    }
}

TEST_CASE("unpaired: Fisher's exact test of a million trials on each side") {
    // scipy 1.10.1: fisher_exact([[300000, 700000], [301000, 699000]])
    CHECK(fisher({300'000, 1'000'000}, {301'000, 1'000'000}).value() ==
          Approx(0.1233756904720564).epsilon(1e-6));
    const double far = fisher({0, 1'000'000}, {1'000'000, 1'000'000}).value();
    CHECK(far >= 0);
    CHECK(far < 1e-300);
}

TEST_CASE("unpaired: rates without a trial or above 1 are refused") {
    const Proportion good{3, 9};
    for (const Proportion& bad : {Proportion{0, 0}, Proportion{4, 3}}) {
        for (const auto& [a, b] : {std::pair{good, bad}, std::pair{bad, good}}) {
            CHECK(newcombe(a, b, 0.95).error().code == ErrorCode::invalid_argument);
            CHECK(fisher(a, b).error().code == ErrorCode::invalid_argument);
        }
    }
    CHECK(newcombe(good, good, 95).error().code == ErrorCode::invalid_argument);
    CHECK(newcombe(good, good, k_nan).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("unpaired: Welch's test of Student's sleep data") {
    // R 4: t.test(extra ~ group) gives t = 1.8608, df = 17.776, p = 0.07939 and the interval
    // −0.2054832 to 3.3654832; scipy 1.10.1 and statsmodels 0.13.5 the further digits.
    const TTest test = t_test(welch(k_sleep_a, k_sleep_b).value(), 0.95).value();
    CHECK(test.difference == Approx(1.58));
    CHECK(test.t == Approx(1.8608134674868526));
    CHECK(test.degrees == Approx(17.776473516178495));
    CHECK(test.p == Approx(0.0793941401873582).epsilon(1e-9));
    CHECK(test.interval.low == Approx(-0.20548323071163632).epsilon(1e-9));
    CHECK(test.interval.high == Approx(3.365483230711636).epsilon(1e-9));
}

TEST_CASE("unpaired: Welch's test from summaries") {
    // scipy 1.10.1: ttest_ind_from_stats(15.3, 3.2, 12, 12.1, 5.9, 30, equal_var=False)
    const MeanEstimate estimate = welch({.count = 30, .mean = 12.1, .stddev = 5.9},
                                        {.count = 12, .mean = 15.3, .stddev = 3.2})
                                      .value();
    const TTest test = t_test(estimate, 0.95).value();
    CHECK(test.t == Approx(2.255050062924028));
    CHECK(test.p == Approx(0.030306025605886737).epsilon(1e-9));
    // One side may be constant: the degrees are then those of the other.
    const MeanEstimate one_sided =
        welch({.count = 9, .mean = 1, .stddev = 0}, {.count = 5, .mean = 2, .stddev = 3}).value();
    CHECK(one_sided.degrees == Approx(4));
    const MeanEstimate tiny = welch({.count = 4, .mean = 0, .stddev = 1e-200},
                                    {.count = 4, .mean = 1e-200, .stddev = 1e-200})
                                  .value();
    CHECK(tiny.degrees == Approx(6));
}

TEST_CASE("unpaired: Welch's test without spread or of bad numbers has no answer") {
    CHECK(welch(Values{1, 1}, Values{2, 2}).error().message ==
          "neither sample varies, and Welch's test measures by how much they do");
    for (const Values& bad : {Values{}, Values{1}, Values{1, k_nan}, Values{1, INFINITY}}) {
        CHECK(welch(k_sleep_a, bad).error().code == ErrorCode::invalid_argument);
        CHECK(welch(bad, k_sleep_a).error().code == ErrorCode::invalid_argument);
        CHECK(mann_whitney(k_sleep_a, bad).error().code == ErrorCode::invalid_argument);
        CHECK(mann_whitney(bad, k_sleep_a).error().code == ErrorCode::invalid_argument);
    }
    const SampleSummary good{.count = 9, .mean = 1, .stddev = 2};
    for (const SampleSummary& bad : {SampleSummary{.count = 1, .mean = 1, .stddev = 1},
                                     SampleSummary{.count = 9, .mean = 1, .stddev = -1},
                                     SampleSummary{.count = 9, .mean = k_nan, .stddev = 1},
                                     SampleSummary{.count = 9, .mean = 1, .stddev = INFINITY}}) {
        CHECK(welch(good, bad).error().code == ErrorCode::invalid_argument);
        CHECK(welch(bad, good).error().code == ErrorCode::invalid_argument);
    }
}

TEST_CASE("unpaired: Mann and Whitney's test of Hollander and Wolfe's permeability data") {
    // Nonparametric Statistical Methods, table 4.1; R 4: wilcox.test(x, y) gives W = 35 for x and
    // p = 0.2544 two-sided.
    const Values x = {0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
    const Values y = {1.15, 0.88, 0.90, 0.74, 1.21};
    const RankTest test = mann_whitney(y, x).value();
    CHECK(test.exact);
    CHECK(test.statistic == 35);
    CHECK(test.p == Approx(0.2544122544122544).epsilon(1e-12));
    const RankTest swapped = mann_whitney(x, y).value();
    CHECK(swapped.statistic == 15);
    CHECK(swapped.p == Approx(test.p).epsilon(1e-12));
}

/// How many of b's values are larger, ties counting half.
double u_by_definition(const Values& a, const Values& b) {
    double u = 0;
    for (const double x : a) {
        for (const double y : b) u += y > x ? 1 : y == x ? 0.5 : 0;
    }
    return u;
}

TEST_CASE("unpaired: Mann and Whitney's exact p-value is that of all ways to part the values") {
    constexpr unsigned k_count = 9;
    for (int of_b = 2; of_b <= 7; ++of_b) {
        std::vector<std::pair<double, Values>> splits;  // U and the two samples of each way
        for (unsigned way = 0; way < 1U << k_count; ++way) {
            if (std::popcount(way) != of_b) continue;
            Values a;
            Values b;
            for (unsigned i = 0; i < k_count; ++i) ((way >> i & 1U) != 0 ? b : a).push_back(i);
            a.insert(a.end(), b.begin(), b.end());
            const double u = u_by_definition(Values(a.begin(), a.end() - of_b), b);
            splits.emplace_back(u, std::move(a));
        }
        const double middle = of_b * (static_cast<int>(k_count) - of_b) / 2.0;
        for (std::size_t i = 0; i < splits.size(); i += 5) {
            const auto& [u, values] = splits[i];
            const auto cut = values.end() - of_b;
            const RankTest test =
                mann_whitney(Values(values.begin(), cut), Values(cut, values.end())).value();
            const auto hits = std::ranges::count_if(splits, [&, observed = u](const auto& split) {
                return std::abs(split.first - middle) >= std::abs(observed - middle);
            });
            REQUIRE(test.exact);
            REQUIRE(test.statistic == u);
            REQUIRE(test.p ==
                    Approx(static_cast<double>(hits) / static_cast<double>(splits.size())));
        }
    }
}

TEST_CASE("unpaired: Mann and Whitney's test with ties or many values is normal with corrections") {
    // scipy 1.10.1: mannwhitneyu(method="asymptotic"), (method="exact") for 30 and 12 values
    const Values a = {1, 2, 2, 3, 3, 3, 4, 4, 5, 5};
    const Values b = {2, 3, 4, 4, 5, 5, 5, 6, 6};
    const RankTest ties = mann_whitney(a, b).value();
    CHECK_FALSE(ties.exact);
    CHECK(ties.statistic == 67.5);
    CHECK(ties.statistic == u_by_definition(a, b));
    CHECK(ties.p == Approx(0.06682771027034302).epsilon(1e-9));
    Values counted(40);
    std::iota(counted.begin(), counted.end(), 0.0);
    Values moved(12);
    std::iota(moved.begin(), moved.end(), 7.25);
    const RankTest many = mann_whitney(moved, counted).value();
    CHECK_FALSE(many.exact);
    CHECK(many.statistic == 318);
    CHECK(many.p == Approx(0.09233784371990164).epsilon(1e-9));
    counted.resize(30);
    for (double& value : moved) value = 7.25 + 1.5 * (value - 7.25);
    const RankTest exact = mann_whitney(moved, counted).value();
    CHECK(exact.exact);
    CHECK(exact.p == Approx(0.7521346681572534).epsilon(1e-12));
}

TEST_CASE("unpaired: Mann and Whitney's test of values that are all equal has no answer") {
    CHECK(mann_whitney(Values{1, 1}, Values{1, 1, 1}).error().message ==
          "all values are equal, so none ranks higher");
    CHECK(mann_whitney(Values{1, 2}, Values{1, 2}).value().p == 1);
}

}  // namespace
}  // namespace assay
