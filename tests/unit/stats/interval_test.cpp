#include "core/stats/interval.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

namespace assay {
namespace {

using Values = std::vector<double>;

constexpr double k_nan = std::numeric_limits<double>::quiet_NaN();
constexpr double k_infinity = std::numeric_limits<double>::infinity();

struct RateCase {
    std::uint64_t successes;
    std::uint64_t trials;
    double confidence;
    Interval wilson;
    Interval exact;
};

void check_intervals(const RateCase& one, double margin) {
    CAPTURE(one.successes, one.trials, one.confidence);
    const Proportion rate{.successes = one.successes, .trials = one.trials};
    const Interval score = wilson(rate, one.confidence).value();
    CHECK(score.low == Approx(one.wilson.low).margin(margin).epsilon(0));
    CHECK(score.high == Approx(one.wilson.high).margin(margin).epsilon(0));
    const Interval exact = clopper_pearson(rate, one.confidence).value();
    CHECK(exact.low == Approx(one.exact.low).margin(margin).epsilon(0));
    CHECK(exact.high == Approx(one.exact.high).margin(margin).epsilon(0));
}

TEST_CASE("interval: rates agree with the published table") {
    // Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, methods 3 and 5, to the four
    // digits printed.
    check_intervals({81, 263, 0.95, {0.2553, 0.3662}, {0.2527, 0.3676}}, 0.00005);
    check_intervals({15, 148, 0.95, {0.0624, 0.1605}, {0.0578, 0.1617}}, 0.00005);
    check_intervals({0, 20, 0.95, {0, 0.1611}, {0, 0.1684}}, 0.00005);
    check_intervals({1, 29, 0.95, {0.0061, 0.1718}, {0.0009, 0.1776}}, 0.00005);
}

TEST_CASE("interval: rates agree with SciPy") {
    // SciPy 1.10.1: binomtest(successes, trials).proportion_ci(confidence, "wilson" or "exact")
    const std::vector<RateCase> cases = {
        {0, 1, 0.9, {0, 0.730134051216}, {0, 0.95}},
        {1, 1, 0.99, {0.13097754328, 1}, {0.005, 1}},
        {7, 10, 0.9, {0.44169979587, 0.873123416097}, {0.393375783894, 0.912735566086}},
        {7, 10, 0.99, {0.320024679201, 0.920433683477}, {0.264886014713, 0.962992778904}},
        {1, 29, 0.99, {0.00406149419688, 0.238254253136}, {0.000172831332706, 0.229600306575}},
        {29, 29, 0.95, {0.8830302015, 1}, {0.88055513093, 1}},
        {500, 1000, 0.95, {0.469069600368, 0.530930399632}, {0.468549172972, 0.531450827028}},
        {99999, 100000, 0.95, {0.999943352903, 0.999998234752}, {0.99994428484, 0.999999746822}},
    };
    for (const RateCase& one : cases) check_intervals(one, 1e-12);
}

TEST_CASE("interval: a rate never leaves its range and mirrors when failures are counted") {
    for (const double confidence : {0.01, 0.5, 0.9, 0.95, 0.999, 1 - 1e-15}) {
        for (const std::uint64_t trials : {1U, 2U, 3U, 17U, 100U, 1000U, 1000000007U}) {
            for (std::uint64_t i = 0; i <= 10; ++i) {
                const Proportion rate{.successes = i * trials / 10, .trials = trials};
                const Proportion mirrored{.successes = trials - rate.successes, .trials = trials};
                CAPTURE(confidence, rate.successes, rate.trials);
                const double share =
                    static_cast<double>(rate.successes) / static_cast<double>(trials);
                for (const auto method : {&wilson, &clopper_pearson}) {
                    const Interval interval = method(rate, confidence).value();
                    CHECK(interval.low >= 0);
                    CHECK(interval.low <= share);
                    CHECK(share <= interval.high);
                    CHECK(interval.high <= 1);
                    CHECK((interval.low == 0) == (rate.successes == 0));
                    CHECK((interval.high == 1) == (rate.successes == trials));
                    const Interval other = method(mirrored, confidence).value();
                    CHECK(other.low == Approx(1 - interval.high).margin(1e-12));
                    CHECK(other.high == Approx(1 - interval.low).margin(1e-12));
                }
            }
        }
    }
}

TEST_CASE("interval: what is no rate or no confidence is refused") {
    for (const auto method : {&wilson, &clopper_pearson}) {
        const auto none = method({.successes = 0, .trials = 0}, 0.95);
        REQUIRE_FALSE(none.has_value());
        CHECK(none.error().code == ErrorCode::invalid_argument);
        CHECK(none.error().message == "a rate needs at least one trial");
        CHECK(method({.successes = 4, .trials = 3}, 0.95).error().message ==
              "4 successes of 3 trials");
        for (const double confidence : {0.0, 1.0, -0.5, 95.0, k_nan}) {
            CHECK_FALSE(method({.successes = 1, .trials = 3}, confidence).has_value());
        }
    }
}

/// Additional hours of sleep: Student, The probable error of a mean, 1908, section IX, the
/// differences of the two medicines.
const Values k_sleep = {1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4};

TEST_CASE("interval: a mean agrees with SciPy on the data of Student") {
    const MeanEstimate estimate = estimate_mean(k_sleep).value();
    CHECK(estimate.mean == Approx(1.58).epsilon(1e-15));
    CHECK(estimate.standard_error == Approx(0.3889587).epsilon(1e-6));  // R: t.test, 4.0621
    CHECK(estimate.mean / estimate.standard_error == Approx(4.0621).margin(0.00005));
    CHECK(estimate.degrees == 9);
    // SciPy 1.10.1: mean ± sem · √(9 (1 − x) / x), x = betaincinv(4.5, 0.5, 1 − confidence)
    const auto expect = [](double confidence, double low, double high) {
        const Interval interval = student_t_interval(k_sleep, confidence).value();
        CHECK(interval.low == Approx(low).epsilon(2e-12));
        CHECK(interval.high == Approx(high).epsilon(2e-12));
    };
    expect(0.9, 0.8669947329707, 2.293005267029);
    expect(0.95, 0.700114236723, 2.459885763277);
    expect(0.999, -0.2795776584457, 3.439577658446);
}

TEST_CASE("interval: values that are all equal give their mean alone") {
    const Interval interval = student_t_interval(Values(7, 0.25), 0.99).value();
    CHECK(interval.low == 0.25);
    CHECK(interval.high == 0.25);
}

TEST_CASE("interval: what has no t interval is refused and never becomes a number") {
    CHECK(student_t_interval(Values{}, 0.95).error().message == "2 values are needed, got 0");
    CHECK(student_t_interval(Values{1}, 0.95).error().message == "2 values are needed, got 1");
    CHECK_FALSE(student_t_interval(Values{1, k_nan}, 0.95).has_value());
    CHECK_FALSE(student_t_interval(Values{1, k_infinity}, 0.95).has_value());
    CHECK_FALSE(student_t_interval(Values{-1e308, 1e308}, 0.95).has_value());
    CHECK_FALSE(student_t_interval(Values{1, 2}, 1).has_value());
    const MeanEstimate good{.mean = 1, .standard_error = 2, .degrees = 3};
    CHECK(student_t_interval(good, 0.95).has_value());
    CHECK_FALSE(student_t_interval(good, 0).has_value());
    for (const double bad : {k_nan, k_infinity, -1.0}) {
        MeanEstimate estimate = good;
        estimate.standard_error = bad;
        CHECK_FALSE(student_t_interval(estimate, 0.95).has_value());
        estimate = good;
        estimate.degrees = bad;
        CHECK_FALSE(student_t_interval(estimate, 0.95).has_value());
    }
    CHECK_FALSE(student_t_interval({.mean = k_nan, .standard_error = 1, .degrees = 1}, 0.95));
    CHECK_FALSE(student_t_interval({.mean = 1, .standard_error = 1, .degrees = 0}, 0.95));
    CHECK(student_t_interval({.mean = 0, .standard_error = 1e307, .degrees = 1}, 0.999)
              .error()
              .message == "the interval is too wide for a double");
}

}  // namespace
}  // namespace assay
