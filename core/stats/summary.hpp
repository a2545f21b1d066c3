#pragma once

#include <span>

#include "core/base/error.hpp"

namespace assay {

// Summaries of a sample. All of them refuse an empty sample and values that are not finite with
// invalid_argument, so that a NaN never becomes a result.

/// Arithmetic mean, summed with Neumaier's compensation, so that it does not depend on the order
/// of the values beyond the last digit.
/// Source: Neumaier, ZAMM 54 (1974) 39–51. Cost: O(n).
[[nodiscard]] Result<double> mean(std::span<const double> values);

/// Standard deviation of a sample, with n − 1 in the denominator; two passes with the correction
/// for the rounding of the mean.
/// @error invalid_argument also below two values, where it is not defined, and when the values lie
///        further apart than a double can say.
/// Source: Chan, Golub, LeVeque, The American Statistician 37 (1983) 242–247. Cost: O(n).
[[nodiscard]] Result<double> sample_stddev(std::span<const double> values);

/// Linear interpolation between the two nearest values: h = (n − 1) · percent / 100 counted from
/// the smallest. This is type 7 of Hyndman and Fan, the default of R, NumPy and Excel.
///
/// @param percent  0 gives the minimum, 100 the maximum.
/// @error invalid_argument also for a percent outside [0, 100].
/// Source: Hyndman, Fan, The American Statistician 50 (1996) 361–365. Cost: O(n), a copy.
[[nodiscard]] Result<double> percentile(std::span<const double> values, double percent);

/// The 50th percentile: the middle value, or the mean of the two in the middle.
[[nodiscard]] Result<double> median(std::span<const double> values);

[[nodiscard]] Result<double> minimum(std::span<const double> values);
[[nodiscard]] Result<double> maximum(std::span<const double> values);

}  // namespace assay
