#include "core/stats/summary.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "core/base/random.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

using Values = std::vector<double>;

/// The certified data sets of NIST StRD, univariate summary statistics: a value that occurs once,
/// then two that alternate.
Values nist_numeric_accuracy(double first, double low, double high, int pairs) {
    Values values = {first};
    for (int i = 0; i < pairs; ++i) values.insert(values.end(), {low, high});
    return values;
}

TEST_CASE("summary: mean and deviation agree with the certified NIST values") {
    // https://www.itl.nist.gov/div898/strd/univ/homepage.html, NumAcc1 to NumAcc4
    const Values first = {10000001, 10000003, 10000002};
    CHECK(mean(first).value() == 10000002);
    CHECK(sample_stddev(first).value() == 1);

    const Values second = nist_numeric_accuracy(1.2, 1.1, 1.3, 500);
    CHECK(mean(second).value() == Approx(1.2).epsilon(1e-15));
    CHECK(sample_stddev(second).value() == Approx(0.1).epsilon(1e-14));

    const Values third = nist_numeric_accuracy(1000000.2, 1000000.1, 1000000.3, 500);
    CHECK(mean(third).value() == Approx(1000000.2).epsilon(1e-15));
    CHECK(sample_stddev(third).value() == Approx(0.1).epsilon(1e-9));

    const Values fourth = nist_numeric_accuracy(10000000.2, 10000000.1, 10000000.3, 500);
    CHECK(mean(fourth).value() == Approx(10000000.2).epsilon(1e-15));
    CHECK(sample_stddev(fourth).value() == Approx(0.1).epsilon(1e-8));
}

TEST_CASE("summary: figures agree with exact rational arithmetic") {
    // Computed with Python's fractions and statistics.quantiles(method="inclusive").
    const Values values = {82.9, -3.25, 17, 17, 1e-3, 250.75, 44, 9.5, -120, 6};
    CHECK(mean(values).value() == Approx(30.3901).epsilon(1e-15));
    CHECK(sample_stddev(values).value() == Approx(92.83390378095231).epsilon(1e-14));
    CHECK(median(values).value() == 13.25);
    CHECK(minimum(values).value() == -120);
    CHECK(maximum(values).value() == 250.75);
    CHECK(percentile(values, 5).value() == Approx(-67.4625).epsilon(1e-15));
    CHECK(percentile(values, 25).value() == Approx(1.50075).epsilon(1e-15));
    CHECK(percentile(values, 95).value() == Approx(175.2175).epsilon(1e-15));
}

TEST_CASE("summary: percentile is type 7 of Hyndman and Fan") {
    // R: quantile(1:9, c(0, .1, .25, .5, .9, 1)) gives 1.0 1.8 3.0 5.0 8.2 9.0
    const Values nine = {9, 1, 8, 2, 7, 3, 6, 4, 5};
    CHECK(percentile(nine, 0).value() == 1);
    CHECK(percentile(nine, 10).value() == Approx(1.8));
    CHECK(percentile(nine, 25).value() == 3);
    CHECK(percentile(nine, 50).value() == 5);
    CHECK(percentile(nine, 90).value() == Approx(8.2));
    CHECK(percentile(nine, 100).value() == 9);
    const Values one = {42};
    CHECK(percentile(one, 0).value() == 42);
    CHECK(percentile(one, 99).value() == 42);
}

TEST_CASE("summary: a percentile that falls on a value is that value without rounding") {
    Values values;
    for (int i = 0; i <= 20; ++i) values.push_back(i / 7.0);
    CHECK(percentile(values, 95).value() == 19 / 7.0);
    CHECK(percentile(values, 5).value() == 1 / 7.0);
}

TEST_CASE("summary: the mean keeps what a plain sum would lose") {
    CHECK(mean(Values{1, 1e100, 1, -1e100}).value() == 0.5);
    const Values tenths(1'000'000, 0.1);
    CHECK(mean(tenths).value() == 0.1);
}

TEST_CASE("summary: values near the largest double do not overflow") {
    const double huge = std::numeric_limits<double>::max();
    CHECK(mean(Values{huge, huge, huge, huge}).value() == huge);
    CHECK(median(Values{-huge, huge}).value() == 0);
    CHECK(sample_stddev(Values{1e200, 3e200}).value() == Approx(std::sqrt(2.0) * 1e200));
    CHECK(sample_stddev(Values{1e-200, 3e-200}).value() == Approx(std::sqrt(2.0) * 1e-200));
    CHECK_FALSE(sample_stddev(Values{-huge, huge, huge}).has_value());
}

TEST_CASE("summary: equal values have no deviation") {
    CHECK(sample_stddev(Values{0.1, 0.1, 0.1}).value() == 0);
}

TEST_CASE("summary: an empty sample is an error") {
    for (const auto& result : {mean({}), median({}), percentile({}, 50), minimum({}), maximum({}),
                               sample_stddev({}), sample_stddev(Values{1})}) {
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error().code == ErrorCode::invalid_argument);
    }
    CHECK(mean({}).error().message == "1 value is needed, got 0");
    CHECK(sample_stddev(Values{1}).error().message == "2 values are needed, got 1");
}

TEST_CASE("summary: a value that is not finite is an error wherever it stands") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double infinity = std::numeric_limits<double>::infinity();
    for (const double bad : {nan, infinity, -infinity}) {
        for (std::size_t at = 0; at < 3; ++at) {
            Values values = {1, 2, 3};
            values[at] = bad;
            CHECK_FALSE(mean(values).has_value());
            CHECK_FALSE(sample_stddev(values).has_value());
            CHECK_FALSE(median(values).has_value());
            CHECK_FALSE(minimum(values).has_value());
            CHECK_FALSE(maximum(values).has_value());
        }
    }
}

TEST_CASE("summary: a percentile outside 0 to 100 is an error") {
    const Values values = {1, 2};
    for (const double percent : {-0.001, 100.001, std::numeric_limits<double>::quiet_NaN()}) {
        CHECK_FALSE(percentile(values, percent).has_value());
    }
}

TEST_CASE("summary: order does not matter and bounds hold for random samples") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng random(seed);
    for (int round = 0; round < 300; ++round) {
        Values values(1 + random.next_below(60));
        for (double& value : values) value = std::ldexp(random.next_unit() - 0.5, 40);
        Values sorted = values;
        std::ranges::sort(sorted);
        CHECK(mean(values).value() == Approx(mean(sorted).value()).epsilon(1e-15));
        double previous = sorted.front();
        for (double percent = 0; percent <= 100; percent += 2.5) {
            const double current = percentile(values, percent).value();
            CHECK(current == percentile(sorted, percent).value());
            CHECK(current >= previous);
            previous = current;
        }
        CHECK(previous == sorted.back());
    }
}

}  // namespace
}  // namespace assay
