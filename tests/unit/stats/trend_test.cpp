#include "core/stats/trend.hpp"

#include <catch2/catch.hpp>
#include <limits>

namespace assay {
namespace {

TEST_CASE("trend: every stretch has its mean and an empty one has none", "[stats]") {
    const std::vector<TimedValue> values = {{.at = 9, .value = 50},  // before the first
                                            {.at = 10, .value = 1}, {.at = 19, .value = 3},
                                            {.at = 30, .value = 5}, {.at = 40, .value = 2},
                                            {.at = 41, .value = 2}, {.at = 50, .value = 60}};
    const auto buckets = trend(values, {.from = 10, .width = 10, .buckets = 4}).value();
    REQUIRE(buckets.size() == 4);
    CHECK(buckets[0].from == 10);
    CHECK(buckets[0].count == 2);
    CHECK(buckets[0].mean == 2);
    REQUIRE(buckets[0].interval);  // 2 ± t(1) · 1 = 2 ± 12.7062
    CHECK(buckets[0].interval->low == Approx(2 - 12.7062047));
    CHECK(buckets[0].interval->high == Approx(2 + 12.7062047));
    CHECK(buckets[1].count == 0);
    CHECK_FALSE(buckets[1].interval);
    CHECK(buckets[2].count == 1);
    CHECK(buckets[2].mean == 5);
    CHECK_FALSE(buckets[2].interval);
    CHECK(buckets[3].mean == 2);
    CHECK_FALSE(buckets[3].interval);  // both are 2: how far others lie is not known
}

TEST_CASE("trend: times before the beginning of time are counted right", "[stats]") {
    const std::int64_t least = std::numeric_limits<std::int64_t>::min();
    const std::vector<TimedValue> values = {{.at = least, .value = 1}, {.at = -3, .value = 3}};
    const std::int64_t half = std::numeric_limits<std::int64_t>::max() / 2;
    const auto buckets = trend(values, {.from = least, .width = half, .buckets = 2});
    REQUIRE(buckets);
    CHECK(buckets->at(0).count == 1);
    CHECK(buckets->at(1).count == 1);
}

TEST_CASE("trend: bad input is an error and never a number", "[stats]") {
    const std::vector<TimedValue> one = {{.at = 0, .value = 1}};
    const std::vector<TimedValue> bad = {
        {.at = 0, .value = std::numeric_limits<double>::quiet_NaN()}};
    CHECK_FALSE(trend(bad, {}));
    CHECK_FALSE(trend(one, {.width = 0}));
    CHECK_FALSE(trend(one, {.width = -5}));
    CHECK_FALSE(trend(one, {.buckets = 0}));
    CHECK_FALSE(trend(one, {.buckets = 1'000'000}));
    CHECK_FALSE(trend(one, {.confidence = 1}));
    CHECK_FALSE(trend(one, {.from = std::numeric_limits<std::int64_t>::max(), .width = 2}));
    CHECK(trend({}, {}).value().front().count == 0);
}

}  // namespace
}  // namespace assay
