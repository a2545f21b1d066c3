#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/error.hpp"
#include "core/stats/interval.hpp"

namespace assay {

/// A value and when it was given, in any unit of time.
struct TimedValue {
    std::int64_t at = 0;
    double value = 0;
};

/// The values of one stretch of time, [from, from + width).
struct TrendBucket {
    std::int64_t from = 0;
    std::uint64_t count = 0;
    double mean = 0;                   ///< 0 without a value, which `count` tells
    std::optional<Interval> interval;  ///< Student's, of the mean; nothing below two values or
                                       ///< when all are equal
};

struct TrendOptions {
    std::int64_t from = 0;
    std::int64_t width = 1;  ///< > 0
    std::uint64_t buckets = 1;
    double confidence = 0.95;
};

/// The mean in each of several equal stretches of time, empty ones included: a gap is no zero.
/// Values before the first and after the last are left out.
/// @error invalid_argument for a value that is not finite, a width below 1, no bucket or more than
///        100,000 of them, an end that no 64 bits hold, or a confidence outside (0, 1).
/// Cost: O(values + buckets).
[[nodiscard]] Result<std::vector<TrendBucket>> trend(std::span<const TimedValue> values,
                                                     const TrendOptions& options);

}  // namespace assay
