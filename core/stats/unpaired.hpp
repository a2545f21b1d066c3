#pragma once

#include <cstdint>
#include <span>

#include "core/base/error.hpp"
#include "core/stats/interval.hpp"
#include "core/stats/test_results.hpp"

namespace assay {

// Comparisons of two runs, a and b, over different items. A difference is b minus a.

/// Newcombe's hybrid score interval (his method 10) for the rate of b minus the rate of a, from the
/// Wilson intervals of both.
/// @error invalid_argument without a trial on a side, with more successes than trials, or unless
///        0 < confidence < 1.
/// Source: Newcombe, Statistics in Medicine 17 (1998) 873–890.
[[nodiscard]] Result<Interval> newcombe(const Proportion& a, const Proportion& b,
                                        double confidence);

/// Fisher's exact test of equal rates: the chance of all tables with the same margins that are at
/// most as likely as this one.
/// @error invalid_argument as newcombe.
/// Source: Fisher, JRSS 98 (1935) 39–82; which tables count as in R's fisher.test.
/// Cost: O(√trials); a p-value under about 1e-300 is 0.
[[nodiscard]] Result<double> fisher(const Proportion& a, const Proportion& b);

struct SampleSummary {
    std::uint64_t count = 0;
    double mean = 0;
    double stddev = 0;  ///< with count − 1 in the denominator
};

/// The difference of the means of two samples that may differ in spread, with Welch's degrees of
/// freedom: what t_test and student_t_interval need.
/// @error invalid_argument below two values on a side, when a number is not finite, when a standard
///        deviation is negative, or when both are 0, which leaves no degrees of freedom.
/// Source: Welch, Biometrika 34 (1947) 28–35.
[[nodiscard]] Result<MeanEstimate> welch(const SampleSummary& a, const SampleSummary& b);
[[nodiscard]] Result<MeanEstimate> welch(std::span<const double> a, std::span<const double> b);

/// Mann and Whitney's test that values of a and of b are equally often the larger. The statistic
/// is U of b: the pairs (one of a, one of b) where b is larger, ties counting half. Exact up to 50
/// values in total that are all distinct, else the normal limit with the corrections for ties and
/// for continuity.
/// @error invalid_argument below two values on a side, when one is not finite, or when all values
///        are equal.
/// Source: Mann, Whitney, Annals of Mathematical Statistics 18 (1947) 50–60. Cost: O(n log n).
[[nodiscard]] Result<RankTest> mann_whitney(std::span<const double> a, std::span<const double> b);

}  // namespace assay
