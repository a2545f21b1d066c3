#include "core/stats/correlation.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

namespace assay {
namespace {

using Values = std::vector<double>;
using Statistic = std::function<Result<double>(std::span<const double>, std::span<const double>)>;

TEST_CASE("correlation: Pearson's of the four data sets of Anscombe") {
    // Anscombe, The American Statistician 27 (1973) 17–21; the digits are scipy 1.10.1's.
    const Values x{10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5};
    const Values x4{8, 8, 8, 8, 8, 8, 8, 19, 8, 8, 8};
    const Values y1{8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68};
    const Values y2{9.14, 8.14, 8.74, 8.77, 9.26, 8.10, 6.13, 3.10, 9.13, 7.26, 4.74};
    const Values y3{7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73};
    const Values y4{6.58, 5.76, 7.71, 8.84, 8.47, 7.04, 5.25, 12.50, 5.56, 7.91, 6.89};
    CHECK(pearson(x, y1).value() == Approx(0.81642).margin(5e-6));
    CHECK(pearson(x, y2).value() == Approx(0.81624).margin(5e-6));
    CHECK(pearson(x, y3).value() == Approx(0.81629).margin(5e-6));
    CHECK(pearson(x4, y4).value() == Approx(0.81652).margin(5e-6));
}

TEST_CASE("correlation: the figures of scipy for values with ties") {
    // scipy 1.10.1: pearsonr, spearmanr; numpy for the errors.
    const Values a{3.1, 4.7, -0.2, 8.8, 2.2, 2.2, 5.0, 7.7, 1.5, 0.0};
    const Values b{2.9, 5.5, 1.1, 7.9, 2.2, 3.4, 5.0, 9.1, 1.0, 1.0};
    CHECK(pearson(a, b).value() == Approx(0.9622257082463409).epsilon(1e-13));
    CHECK(spearman(a, b).value() == Approx(0.9146341463414634).epsilon(1e-13));
    CHECK(mean_absolute_error(a, b).value() == Approx(0.73).epsilon(1e-13));
    CHECK(root_mean_square_error(a, b).value() == Approx(0.8848728722251574).epsilon(1e-13));
    // scikit-learn's example of mean_absolute_error and mean_squared_error: 0.5 and 0.375
    const Values truth{3, -0.5, 2, 7};
    const Values predicted{2.5, 0.0, 2, 8};
    CHECK(mean_absolute_error(truth, predicted).value() == Approx(0.5));
    CHECK(root_mean_square_error(truth, predicted).value() == Approx(std::sqrt(0.375)));
}

TEST_CASE(
    "correlation: a straight line is exactly 1 and any rising curve has the rank correlation 1") {
    const Values x{1, 2, 3, 4, 5, 7};
    const Values line{0.3, 0.5, 0.7, 0.9, 1.1, 1.5};
    const Values curve{0, 1, 10, 100, 1e6, 1e300};
    const Values falling{5, 4, 3, 2, 1, -9};
    CHECK(pearson(x, line).value() == Approx(1).epsilon(1e-14));
    CHECK(pearson(x, line).value() <= 1);
    CHECK(spearman(x, curve).value() == Approx(1).epsilon(1e-14));
    CHECK(spearman(x, falling).value() == Approx(-1).epsilon(1e-14));
    CHECK(root_mean_square_error(x, x).value() == 0);
    CHECK(mean_absolute_error(x, x).value() == 0);
}

TEST_CASE("correlation: values at both ends of the range of a double do not overflow") {
    const Values huge{-1e308, 0, 5e307};
    const Values tiny{-1e-308, 0, 5e-309};
    CHECK(pearson(huge, tiny).value() == Approx(1).epsilon(1e-12));
    CHECK(root_mean_square_error(Values{1e200, 0}, Values{0, 0}).value() ==
          Approx(1e200 / std::sqrt(2.0)).epsilon(1e-14));
    CHECK(mean_absolute_error(Values{-1e308, 1}, Values{1e308, 1}).error().message ==
          "the values are too far apart for a double");
    CHECK_FALSE(pearson(Values{-1.7e308, 1.7e308, 1.7e308}, Values{0, 1, 2}).has_value());
}

TEST_CASE("correlation: what has no answer is an error") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (const Statistic& statistic :
         std::vector<Statistic>{pearson, spearman, mean_absolute_error, root_mean_square_error}) {
        CHECK(statistic(Values{1}, Values{2}).error().message == "2 values are needed, got 1");
        CHECK(statistic(Values{1, 2}, Values{2}).error().code == ErrorCode::invalid_argument);
        CHECK_FALSE(statistic(Values{1, nan}, Values{2, 3}).has_value());
        CHECK_FALSE(statistic(Values{1, 2}, Values{nan, 3}).has_value());
    }
    const Values thirds{0.1 + 0.2, 0.3, 0.3};  // equal but for rounding
    for (const Statistic& statistic : std::vector<Statistic>{pearson, spearman}) {
        CHECK(statistic(Values{5, 5, 5}, Values{1, 2, 3}).error().message ==
              "one of the two never varies, so there is no correlation");
        CHECK_FALSE(statistic(Values{1, 2, 3}, thirds).has_value());
    }
}

}  // namespace
}  // namespace assay
