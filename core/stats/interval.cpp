#include "core/stats/interval.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/stats/distributions.hpp"
#include "core/stats/sample.hpp"
#include "core/stats/summary.hpp"

namespace assay {
namespace {

Result<void> check(const Proportion& rate, double confidence) {
    ASSAY_CHECK(check_confidence(confidence));
    if (rate.trials == 0) {
        return failure(ErrorCode::invalid_argument, "a rate needs at least one trial");
    }
    if (rate.successes > rate.trials) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("{} successes of {} trials", rate.successes, rate.trials));
    }
    return {};
}

}  // namespace

Result<Interval> wilson(const Proportion& rate, double confidence) {
    ASSAY_CHECK(check(rate, confidence));
    const auto trials = static_cast<double>(rate.trials);
    const auto successes = static_cast<double>(rate.successes);
    const double failures = trials - successes;
    const double z = normal_quantile((1 - confidence) / 2);
    const double center = successes + z * z / 2;
    const double half_width = -z * std::sqrt(successes * failures / trials + z * z / 4);
    const double scale = trials + z * z;
    // Exact at the ends, where the rounding of the square root could leave [0, 1].
    const double low = successes == 0 ? 0 : (center - half_width) / scale;
    const double high = failures == 0 ? 1 : (center + half_width) / scale;
    return Interval{.low = std::max(0.0, low), .high = std::min(1.0, high)};
}

Result<Interval> clopper_pearson(const Proportion& rate, double confidence) {
    ASSAY_CHECK(check(rate, confidence));
    const auto successes = static_cast<double>(rate.successes);
    const double failures = static_cast<double>(rate.trials) - successes;
    const double tail = (1 - confidence) / 2;
    // Both ends come from the lower tail: 1 − tail would lose the digits of a small one.
    const double low = successes == 0 ? 0 : beta_quantile(tail, successes, failures + 1);
    const double high = failures == 0 ? 1 : 1 - beta_quantile(tail, failures, successes + 1);
    return Interval{.low = low, .high = high};
}

Result<MeanEstimate> estimate_mean(std::span<const double> values) {
    ASSAY_TRY(const double deviation, sample_stddev(values));
    ASSAY_TRY(const double center, mean(values));
    const auto count = static_cast<double>(values.size());
    return MeanEstimate{
        .mean = center, .standard_error = deviation / std::sqrt(count), .degrees = count - 1};
}

Result<Interval> student_t_interval(const MeanEstimate& estimate, double confidence) {
    ASSAY_CHECK(check_confidence(confidence));
    const bool usable = std::isfinite(estimate.mean) && std::isfinite(estimate.standard_error) &&
                        std::isfinite(estimate.degrees) && estimate.standard_error >= 0 &&
                        estimate.degrees > 0;
    if (!usable) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("no t interval has the mean {}, the standard error {} and {} "
                                   "degrees of freedom",
                                   estimate.mean, estimate.standard_error, estimate.degrees));
    }
    const double t = -student_t_quantile((1 - confidence) / 2, estimate.degrees);
    const Interval interval{.low = estimate.mean - t * estimate.standard_error,
                            .high = estimate.mean + t * estimate.standard_error};
    if (!std::isfinite(interval.low) || !std::isfinite(interval.high)) {
        return failure(ErrorCode::invalid_argument, "the interval is too wide for a double");
    }
    return interval;
}

Result<Interval> student_t_interval(std::span<const double> values, double confidence) {
    ASSAY_TRY(const MeanEstimate estimate, estimate_mean(values));
    return student_t_interval(estimate, confidence);
}

}  // namespace assay
