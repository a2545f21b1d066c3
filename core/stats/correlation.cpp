#include "core/stats/correlation.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/stats/ranks.hpp"
#include "core/stats/sample.hpp"
#include "core/stats/summary.hpp"

namespace assay {
namespace {

/// Values that lie no further from their mean, relatively, differ by rounding alone.
constexpr double k_rounding = 1e-13;

std::unexpected<Error> too_far_apart() {
    return failure(ErrorCode::invalid_argument, "the values are too far apart for a double");
}

/// Deviations from the mean, the largest of them 1.
Result<std::vector<double>> scaled_deviations(std::span<const double> values) {
    ASSAY_TRY(const double center, mean(values));
    std::vector<double> deviations(values.begin(), values.end());
    double scale = 0;
    for (double& deviation : deviations) {
        deviation -= center;
        scale = std::max(scale, std::abs(deviation));
    }
    if (!std::isfinite(scale)) return too_far_apart();
    if (scale <= k_rounding * std::abs(center)) {
        return failure(ErrorCode::invalid_argument,
                       "one of the two never varies, so there is no correlation");
    }
    for (double& deviation : deviations) deviation /= scale;
    return deviations;
}

/// |a[i] − b[i]|
Result<std::vector<double>> distances(std::span<const double> a, std::span<const double> b) {
    ASSAY_CHECK(check_pairs(a, b, 2));
    std::vector<double> distances(a.size());
    std::ranges::transform(a, b, distances.begin(),
                           [](double x, double y) { return std::abs(x - y); });
    if (!std::isfinite(std::ranges::max(distances))) return too_far_apart();
    return distances;
}

}  // namespace

Result<double> pearson(std::span<const double> a, std::span<const double> b) {
    ASSAY_CHECK(check_pairs(a, b, 2));
    ASSAY_TRY(const std::vector<double> of_a, scaled_deviations(a));
    ASSAY_TRY(const std::vector<double> of_b, scaled_deviations(b));
    double products = 0;
    double squares_a = 0;
    double squares_b = 0;
    for (std::size_t i = 0; i < of_a.size(); ++i) {
        products += of_a[i] * of_b[i];
        squares_a += of_a[i] * of_a[i];
        squares_b += of_b[i] * of_b[i];
    }
    return std::clamp(products / std::sqrt(squares_a * squares_b), -1.0, 1.0);
}

Result<double> spearman(std::span<const double> a, std::span<const double> b) {
    ASSAY_CHECK(check_pairs(a, b, 2));
    return pearson(rank(a).of_value, rank(b).of_value);
}

Result<double> mean_absolute_error(std::span<const double> a, std::span<const double> b) {
    ASSAY_TRY(const std::vector<double> errors, distances(a, b));
    return mean(errors);
}

Result<double> root_mean_square_error(std::span<const double> a, std::span<const double> b) {
    ASSAY_TRY(std::vector<double> errors, distances(a, b));
    const double scale = std::ranges::max(errors);  // keeps the squares in the range of a double
    if (scale == 0) return 0.0;
    for (double& error : errors) error = error / scale * (error / scale);
    ASSAY_TRY(const double mean_square, mean(errors));
    return scale * std::sqrt(mean_square);
}

}  // namespace assay
