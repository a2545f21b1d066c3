#include "core/stats/paired.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numbers>

namespace assay {
namespace {

using Values = std::vector<double>;

constexpr double k_nan = std::numeric_limits<double>::quiet_NaN();
constexpr double k_largest = std::numeric_limits<double>::max();

// Hours of sleep won by two drugs: Student, Biometrika 6 (1908), page 20.
const Values k_sleep_a = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
const Values k_sleep_b = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};

TEST_CASE("paired: a difference is b minus a and rounding is none") {
    CHECK(differences(Values{1, 0.25, 3}, Values{0, 0.75, 3}).value() == Values{-1, 0.5, 0});
    CHECK(differences(Values{0.1 + 0.2, 1e300}, Values{0.3, 1e300}).value() == Values{0, 0});
    CHECK(differences(Values{1, 0}, Values{1 + 1e-12, 1e-300}).value()[1] == 1e-300);
    CHECK(differences(Values{1, 0}, Values{1 + 1e-12, 0}).value()[0] > 0);
}

TEST_CASE("paired: what are not two samples of the same items is refused") {
    for (const Values& b : {Values{1}, Values{1, 2, 3}, Values{1, k_nan}, Values{1, INFINITY}}) {
        CHECK(differences(Values{1, 2}, b).error().code == ErrorCode::invalid_argument);
        CHECK(count_pairs(Values{1, 0}, b).error().code == ErrorCode::invalid_argument);
    }
    CHECK(differences(Values{1}, Values{1}).error().message == "2 values are needed, got 1");
    CHECK(differences(Values{}, Values{}).error().message == "2 values are needed, got 0");
    CHECK(differences(Values{-k_largest, 1}, Values{k_largest, 1}).error().code ==
          ErrorCode::invalid_argument);
}

TEST_CASE("paired: pairs are counted and a score between right and wrong is refused") {
    const PairCounts counts =
        count_pairs(Values{1, 1, 0, 0, 1, 0}, Values{1, 0, 1, 0, 0, 0}).value();
    CHECK(counts.b_better == 1);
    CHECK(counts.a_better == 2);
    CHECK(counts.pairs == 6);
    CHECK(count_pairs(Values{1, 0.5}, Values{1, 0}).error().message ==
          "right is 1 and wrong is 0, not 0.5");
    CHECK(count_pairs(Values{1, 0}, Values{1, -1}).error().message ==
          "right is 1 and wrong is 0, not -1");
}

/// The smaller tail from a row of Pascal's triangle, twice.
double mcnemar_by_pascal(std::uint64_t fewer, std::uint64_t differing) {
    long double term = std::pow(0.5L, static_cast<long double>(differing));
    long double tail = 0;
    for (std::uint64_t k = 0; k <= fewer; ++k) {
        tail += term;
        term *= static_cast<long double>(differing - k) / static_cast<long double>(k + 1);
    }
    return static_cast<double>(std::min(1.0L, 2 * tail));
}

TEST_CASE("paired: McNemar's exact test of published tables") {
    // Fagerland, Lydersen, Laake, Statistical Analysis of Contingency Tables, 2017, chapter 8:
    // Bentur et al. 2009 and Cavo et al. 2012.
    CHECK(mcnemar({.b_better = 1, .a_better = 7, .pairs = 21}).value() == 0.0703125);
    CHECK(mcnemar({.b_better = 6, .a_better = 16, .pairs = 161}).value() ==
          Approx(0.052479).margin(5e-7));
}

TEST_CASE("paired: McNemar's exact test is the binomial one of the pairs that differ") {
    for (std::uint64_t differing = 0; differing <= 60; ++differing) {
        for (std::uint64_t better = 0; better <= differing; ++better) {
            const std::uint64_t worse = differing - better;
            const double p = mcnemar({.b_better = better, .a_better = worse, .pairs = 100}).value();
            const double expected = mcnemar_by_pascal(std::min(better, worse), differing);
            REQUIRE(p == Approx(expected).epsilon(1e-12));
            REQUIRE(p == mcnemar({.b_better = worse, .a_better = better, .pairs = 60}).value());
        }
    }
    CHECK(mcnemar({.b_better = 0, .a_better = 0, .pairs = 2}).value() == 1);
    // scipy 1.10.1: binomtest(50500, 101500).pvalue
    CHECK(mcnemar({.b_better = 50'500, .a_better = 51'000, .pairs = 1'000'000}).value() ==
          Approx(0.11728422861656702).epsilon(1e-9));
}

TEST_CASE("paired: counts that no two runs can have are refused") {
    for (const PairCounts& counts :
         {PairCounts{.b_better = 1, .a_better = 0, .pairs = 1}, PairCounts{},
          PairCounts{.b_better = 3, .a_better = 2, .pairs = 4},
          PairCounts{.b_better = UINT64_MAX, .a_better = 2, .pairs = 4},
          PairCounts{.b_better = 2, .a_better = UINT64_MAX, .pairs = 4}}) {
        CHECK(mcnemar(counts).error().code == ErrorCode::invalid_argument);
        CHECK(tango(counts, 0.95).error().code == ErrorCode::invalid_argument);
    }
    CHECK(mcnemar({.b_better = 3, .a_better = 2, .pairs = 4}).error().message ==
          "3 + 2 pairs differ, and there are 4");
    for (const double confidence : {0.0, 1.0, -0.5, 95.0, k_nan}) {
        const auto interval = tango({.b_better = 3, .a_better = 2, .pairs = 9}, confidence);
        CHECK(interval.error().code == ErrorCode::invalid_argument);
    }
}

void check_tango(const PairCounts& counts, double confidence, Interval expected, double margin) {
    INFO(counts.b_better << ' ' << counts.a_better << ' ' << counts.pairs << ' ' << confidence);
    const Interval interval = tango(counts, confidence).value();
    CHECK(interval.low == Approx(expected.low).margin(margin));
    CHECK(interval.high == Approx(expected.high).margin(margin));
}

TEST_CASE("paired: Tango's interval of a published table") {
    // Fagerland, Lydersen, Laake 2017, chapter 8, and their R package contingencytables: Cavo et
    // al. 2012.
    check_tango({.b_better = 6, .a_better = 16, .pairs = 161}, 0.95, {-0.1240, -0.0054}, 5e-5);
}

TEST_CASE("paired: Tango's interval is the inverted score test") {
    // The likelihood maximised under each difference and the score equation solved by general
    // methods: scipy 1.10.1, minimize_scalar and brentq.
    check_tango({.b_better = 1, .a_better = 7, .pairs = 21}, 0.95,
                {-0.5172322772714676, -0.0260030308541473}, 1e-7);
    check_tango({.b_better = 1, .a_better = 7, .pairs = 21}, 0.99,
                {-0.5824406783437919, 0.0758073993935615}, 1e-7);
    check_tango({.b_better = 40, .a_better = 20, .pairs = 160}, 0.95,
                {0.0308645326338303, 0.2180642438457121}, 1e-7);
    check_tango({.b_better = 12, .a_better = 9, .pairs = 50}, 0.95,
                {-0.1224852136876330, 0.2389613754315629}, 1e-7);
    check_tango({.b_better = 0, .a_better = 5, .pairs = 20}, 0.95,
                {-0.4687008776187441, -0.0485935502374994}, 1e-7);
    check_tango({.b_better = 1, .a_better = 0, .pairs = 44}, 0.99,
                {-0.1112848445965292, 0.1678565679579783}, 1e-7);
    check_tango({.b_better = 320, .a_better = 91, .pairs = 1319}, 0.95,
                {0.1450482441404047, 0.2023988814911548}, 1e-7);
}

TEST_CASE("paired: Tango's interval leaves out 0 exactly when the score test rejects equality") {
    // At a difference of 0 the score statistic is McNemar's, (b − c) / √(b + c).
    constexpr double k_z = 1.959963984540054;
    for (std::uint64_t pairs = 2; pairs <= 40; ++pairs) {
        for (std::uint64_t b = 0; b <= pairs; ++b) {
            for (std::uint64_t c = 0; b + c <= pairs; ++c) {
                const PairCounts counts{.b_better = b, .a_better = c, .pairs = pairs};
                const Interval interval = tango(counts, 0.95).value();
                const double excess = static_cast<double>(b) - static_cast<double>(c);
                const double bound = k_z * std::sqrt(static_cast<double>(b + c));
                const double estimate = excess / static_cast<double>(pairs);
                INFO(b << ' ' << c << ' ' << pairs);
                REQUIRE((interval.low > 0) == (excess > bound));
                REQUIRE((interval.high < 0) == (-excess > bound));
                REQUIRE(-1 <= interval.low);
                REQUIRE(interval.low <= estimate);
                REQUIRE(estimate <= interval.high);
                REQUIRE(interval.high <= 1);
                const Interval swapped =
                    tango({.b_better = c, .a_better = b, .pairs = pairs}, 0.95).value();
                REQUIRE(swapped.low == -interval.high);
                REQUIRE(swapped.high == -interval.low);
            }
        }
    }
}

TEST_CASE("paired: Tango's interval of extreme tables has its closed form") {
    // Without a pair that differs it is ± z² / (n + z²); when all differ it ends at 1 and begins at
    // (n − z²) / (n + z²).
    constexpr double k_z2 = 3.841458820694124;
    for (const std::uint64_t pairs : {2U, 30U, 100'000U}) {
        const auto n = static_cast<double>(pairs);
        const double reach = k_z2 / (n + k_z2);
        check_tango({.pairs = pairs}, 0.95, {-reach, reach}, 1e-14);
        const Interval all = tango({.b_better = pairs, .pairs = pairs}, 0.95).value();
        CHECK(all.high == 1);
        CHECK(all.low == Approx((n - k_z2) / (n + k_z2)).epsilon(1e-12));
    }
    const PairCounts some{.b_better = 5, .a_better = 3, .pairs = 20};
    CHECK(tango(some, 1 - 1e-16).value().low < tango(some, 0.999).value().low);
    const Interval narrow = tango(some, 1e-12).value();
    CHECK(narrow.low == Approx(0.1).epsilon(1e-9));
    CHECK(narrow.high == Approx(0.1).epsilon(1e-9));
}

TEST_CASE("paired: the odds ratio has no value without pairs on both sides") {
    // Ezra et al. 2010 in Fagerland, Lydersen, Laake 2017, chapter 8
    CHECK(discordant_odds_ratio({.b_better = 25, .a_better = 2, .pairs = 102}) == 12.5);
    CHECK(discordant_odds_ratio({.b_better = 2, .a_better = 0, .pairs = 9}) == std::nullopt);
    CHECK(discordant_odds_ratio({.b_better = 0, .a_better = 2, .pairs = 9}) == std::nullopt);
}

TEST_CASE("paired: Cohen's h is a difference of arcsines") {
    // Cohen 1988, table 6.2.2: φ = 2·asin √P is 0.451 at 0.05, 1.047 at 0.25 and 1.571 at 0.50.
    CHECK(cohens_h(0.05, 0.25).value() == Approx(1.047 - 0.451).margin(1e-3));
    CHECK(cohens_h(0.5, 0.25).value() == Approx(1.047 - 1.571).margin(1e-3));
    CHECK(cohens_h(0, 1).value() == Approx(std::numbers::pi));
    CHECK(cohens_h(0.3, 0.3).value() == 0);
    for (const double rate : {-0.1, 1.1, k_nan}) {
        CHECK(cohens_h(rate, 0.5).error().code == ErrorCode::invalid_argument);
        CHECK(cohens_h(0.5, rate).error().code == ErrorCode::invalid_argument);
    }
}

TEST_CASE("paired: the t-test of Student's sleep data") {
    // R 4: t.test(extra ~ group, paired = TRUE) gives t = 4.0621, df = 9, p = 0.002833 and the
    // interval 0.7001142 to 2.4598858; scipy 1.10.1 the further digits.
    const Values won = differences(k_sleep_a, k_sleep_b).value();
    const TTest test = paired_t(won, 0.95).value();
    CHECK(test.difference == Approx(1.58));
    CHECK(test.t == Approx(4.062127683382037));
    CHECK(test.degrees == 9);
    CHECK(test.p == Approx(0.00283289019738427).epsilon(1e-9));
    CHECK(test.interval.low == Approx(0.7001142367452713).epsilon(1e-9));
    CHECK(test.interval.high == Approx(2.4598857632547286).epsilon(1e-9));
    CHECK(cohens_dz(won).value() == Approx(1.2845575625910546));
}

TEST_CASE("paired: a t-test takes an estimate whose standard error comes from elsewhere") {
    // With two degrees of freedom P(|T| > t) has the closed form 1 − t / √(2 + t²).
    const TTest test = t_test({.mean = -6, .standard_error = 2, .degrees = 2}, 0.95).value();
    CHECK(test.t == -3);
    CHECK(test.p == Approx(1 - 3 / std::sqrt(11.0)));
    CHECK(test.interval.low == Approx(-6 - 2 * 4.302652729911275));
    CHECK(t_test({.mean = 0, .standard_error = 2, .degrees = 2}, 0.95).value().p == 1);
}

TEST_CASE("paired: a t-test of differences that do not vary has no answer") {
    for (const Values& same : {Values{1, 1, 1}, Values{0, 0}, Values{0.3 - 0.2, 0.2 - 0.1}}) {
        CHECK(paired_t(same, 0.95).error().code == ErrorCode::invalid_argument);
        CHECK(cohens_dz(same).error().code == ErrorCode::invalid_argument);
    }
    CHECK(paired_t(Values{1, 1, 1}, 0.95).error().message ==
          "the values do not vary around 1, and a t-test measures by how much they do");
    CHECK(paired_t(Values{1}, 0.95).error().message == "2 values are needed, got 1");
    CHECK(paired_t(Values{1, k_nan}, 0.95).error().code == ErrorCode::invalid_argument);
    CHECK(paired_t(Values{-k_largest, k_largest}, 0.95).error().code ==
          ErrorCode::invalid_argument);
    CHECK(paired_t(Values{1, 2}, 1).error().code == ErrorCode::invalid_argument);
    CHECK(t_test({.mean = 1, .standard_error = k_nan, .degrees = 2}, 0.95).error().code ==
          ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace assay
