#include "core/stats/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/stats/sample.hpp"

namespace assay {
namespace {

/// Neumaier's compensated sum.
class Sum {
  public:
    void add(double value) {
        const double next = sum_ + value;
        const bool sum_is_larger = std::abs(sum_) >= std::abs(value);
        lost_ += sum_is_larger ? (sum_ - next) + value : (value - next) + sum_;
        sum_ = next;
    }
    [[nodiscard]] double value() const { return sum_ + lost_; }

  private:
    double sum_ = 0;
    double lost_ = 0;
};

double mean_of_valid(std::span<const double> values) {
    const auto count = static_cast<double>(values.size());
    Sum sum;
    for (const double value : values) sum.add(value);
    if (std::isfinite(sum.value())) return sum.value() / count;
    // The sum is beyond the largest double, the mean never is.
    Sum shares;
    for (const double value : values) shares.add(value / count);
    return shares.value();
}

}  // namespace

Result<double> mean(std::span<const double> values) {
    ASSAY_CHECK(check_sample(values, 1));
    return mean_of_valid(values);
}

Result<double> sample_stddev(std::span<const double> values) {
    ASSAY_CHECK(check_sample(values, 2));
    const double center = mean_of_valid(values);
    double scale = 0;  // keeps the squares of very large and very small deviations in range
    for (const double value : values) scale = std::max(scale, std::abs(value - center));
    if (scale == 0) return 0.0;
    if (!std::isfinite(scale)) {
        return failure(ErrorCode::invalid_argument, "the values are too far apart for a double");
    }
    Sum squares;
    Sum deviations;
    for (const double value : values) {
        const double deviation = (value - center) / scale;
        squares.add(deviation * deviation);
        deviations.add(deviation);
    }
    const auto count = static_cast<double>(values.size());
    const double correction = deviations.value() * deviations.value() / count;
    return scale * std::sqrt(std::max(0.0, squares.value() - correction) / (count - 1));
}

Result<double> percentile(std::span<const double> values, double percent) {
    ASSAY_CHECK(check_sample(values, 1));
    if (!(percent >= 0 && percent <= 100)) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("a percentile is between 0 and 100, not {}", percent));
    }
    std::vector<double> partly_sorted(values.begin(), values.end());
    // Multiplied before it is divided: 20 · 95 / 100 is exactly 19, 20 · 0.95 may not be.
    const double h = static_cast<double>(values.size() - 1) * percent / 100;
    const auto below = static_cast<std::ptrdiff_t>(std::floor(h));
    const auto lower = partly_sorted.begin() + below;
    std::ranges::nth_element(partly_sorted, lower);
    if (lower + 1 == partly_sorted.end()) return *lower;
    const double upper = *std::min_element(lower + 1, partly_sorted.end());
    return std::lerp(*lower, upper, h - static_cast<double>(below));
}

Result<double> median(std::span<const double> values) { return percentile(values, 50); }

Result<double> minimum(std::span<const double> values) {
    ASSAY_CHECK(check_sample(values, 1));
    return std::ranges::min(values);
}

Result<double> maximum(std::span<const double> values) {
    ASSAY_CHECK(check_sample(values, 1));
    return std::ranges::max(values);
}

}  // namespace assay
