#include "core/stats/trend.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "core/stats/sample.hpp"

namespace assay {
namespace {

constexpr std::uint64_t k_buckets_max = 100'000;

Result<void> check(const TrendOptions& options) {
    if (options.width < 1) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("a bucket is at least 1 wide, not {}", options.width));
    }
    if (options.buckets < 1 || options.buckets > k_buckets_max) {
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("a trend has 1 to {} buckets, not {}", k_buckets_max, options.buckets));
    }
    const auto count = static_cast<std::int64_t>(options.buckets);
    std::int64_t length = 0;
    std::int64_t end = 0;
    const bool overflows = __builtin_mul_overflow(count, options.width, &length) ||
                           __builtin_add_overflow(options.from, length, &end);
    if (overflows) {
        return failure(ErrorCode::invalid_argument, "the last bucket ends after the end of time");
    }
    return check_confidence(options.confidence);
}

}  // namespace

Result<std::vector<TrendBucket>> trend(std::span<const TimedValue> values,
                                       const TrendOptions& options) {
    ASSAY_CHECK(check(options));
    std::vector<std::vector<double>> of_bucket(options.buckets);
    const std::int64_t end =
        options.from + options.width * static_cast<std::int64_t>(options.buckets);
    for (const auto& [at, value] : values) {
        if (!std::isfinite(value)) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("a value of a trend is not finite: {}", value));
        }
        if (at < options.from || at >= end) continue;
        // The distance fits: both lie between `from` and `end`, which are a length apart.
        const auto distance =
            static_cast<std::uint64_t>(at) - static_cast<std::uint64_t>(options.from);
        of_bucket[distance / static_cast<std::uint64_t>(options.width)].push_back(value);
    }
    std::vector<TrendBucket> buckets(options.buckets);
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        TrendBucket& bucket = buckets[i];
        bucket.from = options.from + options.width * static_cast<std::int64_t>(i);
        bucket.count = of_bucket[i].size();
        if (bucket.count == 1) bucket.mean = of_bucket[i].front();
        if (bucket.count < 2) continue;
        ASSAY_TRY(const MeanEstimate estimate, estimate_mean(of_bucket[i]));
        bucket.mean = estimate.mean;
        if (estimate.standard_error == 0) continue;
        ASSAY_TRY(bucket.interval, student_t_interval(estimate, options.confidence));
    }
    return buckets;
}

}  // namespace assay
