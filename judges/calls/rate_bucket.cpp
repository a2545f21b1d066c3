#include "judges/calls/rate_bucket.hpp"

#include <algorithm>
#include <cmath>

namespace assay {
namespace {

/// Longer than anybody waits, and far from the end of the clock.
constexpr std::chrono::hours k_time_max{24 * 365};

}  // namespace

RateBucket RateBucket::of_minute(double per_minute) {
    const double size = std::max(1.0, std::floor(per_minute / 60));
    return {(per_minute - (size - 1)) / 60, size};
}

MonotonicTime RateBucket::ready_at(double amount) const {
    return full_at_ - time_of(size_ - std::min(amount, size_));
}

void RateBucket::take(MonotonicTime now, double amount) {
    full_at_ = std::max(full_at_, now) + time_of(amount);
}

void RateBucket::give_back(double amount) { full_at_ -= time_of(amount); }

std::chrono::nanoseconds RateBucket::time_of(double amount) const {
    const std::chrono::duration<double> time(amount / per_second_);
    const std::chrono::duration<double> longest = k_time_max;
    // Rounded up, so that a minute is never too full.
    return std::chrono::ceil<std::chrono::nanoseconds>(std::clamp(time, -longest, longest));
}

}  // namespace assay
