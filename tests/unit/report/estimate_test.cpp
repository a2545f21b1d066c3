#include "runner/report/estimate.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "core/base/random.hpp"

namespace assay {
namespace {

Sample rate(std::size_t ones, std::size_t items) {
    Sample sample{.values = std::vector<double>(items), .clusters = {}, .is_share = true};
    std::fill_n(sample.values.begin(), ones, 1.0);
    return sample;
}

/// Skewed and bounded by nothing, the same for a seed everywhere.
Sample skewed(std::size_t items, std::uint64_t seed) {
    Sample sample;
    Rng rng(seed);
    for (std::size_t i = 0; i < items; ++i) {
        const double uniform = static_cast<double>(rng.next() >> 11U) * 0x1p-53;
        sample.values.push_back(-std::log1p(-uniform));
    }
    return sample;
}

std::string method_of(const Sample& sample, IntervalMethod method = IntervalMethod::automatic) {
    const auto estimate = mean_estimate(sample, {.method = method});
    return estimate ? estimate->method : estimate.error().message;
}

TEST_CASE("estimate: the method follows from the data and their number") {
    CHECK(method_of(rate(50, 100)) == "Wilson");
    CHECK(method_of(rate(9, 100)) == "Clopper-Pearson");
    CHECK(method_of(rate(91, 100)) == "Clopper-Pearson");
    CHECK(method_of(rate(10, 20)) == "Wilson");
    CHECK(method_of(skewed(49, 1)) == "Student's t");
    CHECK(method_of(skewed(50, 1)) == "BCa bootstrap");
    CHECK(method_of(skewed(10'001, 1)) == "Student's t");
    Sample halves = rate(50, 100);
    halves.values.front() = 0.5;  // of two repetitions one was right: no rate any more
    CHECK(method_of(halves) == "BCa bootstrap");
    Sample clustered = rate(50, 100);
    for (std::uint32_t i = 0; i < 100; ++i) clustered.clusters.push_back(i / 4);
    CHECK(method_of(clustered) == "cluster-robust t");
    for (std::uint32_t i = 0; i < 100; ++i) clustered.clusters[i] = i;  // each alone
    CHECK(method_of(clustered) == "Wilson");
}

TEST_CASE("estimate: another method is taken where it fits and refused where it does not") {
    CHECK(method_of(rate(50, 100), IntervalMethod::clopper_pearson) == "Clopper-Pearson");
    CHECK(method_of(rate(50, 100), IntervalMethod::bca) == "BCa bootstrap");
    CHECK(method_of(rate(50, 100), IntervalMethod::student_t) == "Student's t");
    CHECK(method_of(skewed(100, 1), IntervalMethod::wilson) ==
          "the method wilson is for rates: one answer an item, right or wrong");
    Sample clustered = rate(50, 100);
    for (std::uint32_t i = 0; i < 100; ++i) clustered.clusters.push_back(i / 4);
    CHECK(method_of(clustered, IntervalMethod::wilson) ==
          "the method wilson is for rates: one answer an item, right or wrong, and no clusters");
    CHECK(method_of(clustered, IntervalMethod::bca) == "BCa bootstrap of clusters");
}

TEST_CASE("estimate: what says nothing about others has no interval") {
    CHECK(method_of({}) == "an interval needs 2 items at least, and there is none");
    CHECK(method_of({.values = {0.5}}) == "an interval needs 2 items at least, and there is 1");
    CHECK(method_of({.values = {0.5, 0.5, 0.5}}) ==
          "all 3 items have the same value, so nothing says how far others would lie from it");
    CHECK(method_of(rate(100, 100)) == "Clopper-Pearson");  // a rate says something all the same
    Sample clustered = rate(5, 10);
    clustered.clusters.assign(10, 3);
    CHECK(method_of(clustered).find("cluster") != std::string::npos);
}

TEST_CASE("estimate: the p-value is where the interval begins to hold the value") {
    for (const Sample& sample : {rate(60, 100), rate(3, 100), skewed(30, 5), skewed(200, 5)}) {
        const auto estimate = mean_estimate(sample, {});
        REQUIRE(estimate);
        for (const double confidence : {0.5, 0.9, 0.95, 0.99}) {
            const auto interval = estimate->interval(confidence);
            REQUIRE(interval);
            CHECK(interval->confidence == confidence);
            const double p = estimate->p_value(interval->low).value();
            CHECK(p == Approx(1 - confidence).epsilon(0.02));
        }
        CHECK(estimate->p_value(estimate->value).value() > 0.9);
        CHECK(estimate->p_value(1e6).value() < 0.001);
    }
}

TEST_CASE("estimate: an interval of shares does not leave what shares can be") {
    Sample clustered = rate(97, 100);
    for (std::uint32_t i = 0; i < 100; ++i) clustered.clusters.push_back(i / 20);
    const auto interval = mean_estimate(clustered, {}).value().interval(0.99).value();
    CHECK(interval.high == 1);
    CHECK(interval.low < 0.97);
}

TEST_CASE("estimate: several samples give what each gives alone") {
    std::vector<Sample> samples = {skewed(120, 1), rate(60, 120), skewed(120, 2), skewed(80, 3),
                                   Sample()};
    const auto together = mean_estimates(samples, {.seed = 9});
    REQUIRE(together.size() == samples.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const auto alone = mean_estimate(samples[i], {.seed = 9});
        REQUIRE(alone.has_value() == together[i].has_value());
        if (!alone) continue;
        const auto a = alone->interval(0.95).value();
        const auto b = together[i]->interval(0.95).value();
        CHECK(a.low == b.low);
        CHECK(a.high == b.high);
    }
    const auto other = mean_estimate(samples[0], {.seed = 10}).value().interval(0.95).value();
    CHECK(other.low != together[0]->interval(0.95).value().low);
}

TEST_CASE("estimate: a relative difference is the ratio of means with the interval of Fieller") {
    // scipy 1.10.1: mean(b) - k mean(a) divided by its standard error is a t statistic with 9
    // degrees of freedom; the ends are the roots in k of |t| = 2.262157, minus 1.
    PairedSample pairs{.a = {10, 12, 9, 11, 10, 13, 8, 12, 11, 10},
                       .b = {9, 11, 9, 10, 8, 12, 8, 11, 9, 10}};
    const auto estimate = relative_estimate(pairs, {});
    REQUIRE(estimate);
    CHECK(estimate->value == Approx(97.0 / 106 - 1));
    const auto interval = estimate->interval(0.95).value();
    CHECK(interval.low == Approx(-0.1301664).margin(1e-6));
    CHECK(interval.high == Approx(-0.0367120).margin(1e-6));
    pairs.a.assign(10, 0);
    CHECK_FALSE(relative_estimate(pairs, {}));
    pairs.a = {1, -1, 2, -2, 3, -3, 1, -1, 1, 0};  // a mean that may well be 0
    const auto vague = relative_estimate(pairs, {});
    REQUIRE(vague);
    CHECK_FALSE(vague->interval(0.95));
}

}  // namespace
}  // namespace assay
