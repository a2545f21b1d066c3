#include "core/stats/sample.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <vector>

namespace assay {
namespace {

using Values = std::vector<double>;

TEST_CASE("sample: too few values and values that are not finite are refused on either side") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(check_sample({}, 0).has_value());
    CHECK(check_sample(Values{1, 2}, 2).has_value());
    CHECK(check_sample(Values{1}, 2).error().message == "2 values are needed, got 1");
    CHECK(check_sample(Values{nan}, 1).error().message == "a value is not a finite number");
    CHECK(check_pairs(Values{1, 2}, Values{3, 4}, 2).has_value());
    CHECK(check_pairs(Values{1, 2}, Values{3}, 1).error().message ==
          "a pair has two values, got 2 and 1 values");
    CHECK_FALSE(check_pairs(Values{nan}, Values{1}, 1).has_value());
    CHECK_FALSE(check_pairs(Values{1}, Values{nan}, 1).has_value());
}

TEST_CASE("sample: a confidence lies strictly between 0 and 1") {
    CHECK(check_confidence(0.95).has_value());
    for (const double bad : {0.0, 1.0, -0.1, 95.0, std::numeric_limits<double>::quiet_NaN()}) {
        CHECK_FALSE(check_confidence(bad).has_value());
    }
}

}  // namespace
}  // namespace assay
