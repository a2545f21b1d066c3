#pragma once

#include <cstdint>
#include <span>

#include "core/base/error.hpp"

namespace assay {

/// A confidence interval, both ends in the unit of what is estimated; low ≤ high.
struct Interval {
    double low = 0;
    double high = 0;
};

/// Successes among independent trials, each counted once.
struct Proportion {
    std::uint64_t successes = 0;  ///< at most `trials`
    std::uint64_t trials = 0;
};

/// A mean with what its t interval and its t test need.
struct MeanEstimate {
    double mean = 0;
    double standard_error = 0;
    double degrees = 0;  ///< of freedom, > 0; need not be whole
};

// Every interval is two-sided with the same error on both sides, at a confidence in (0, 1); another
// confidence is the error invalid_argument, and so is a result that no double can hold.

/// The score interval of a rate. Close to its confidence on average over the rates, at times under
/// it. Inside [0, 1]; it begins at exactly 0 without a success and ends at exactly 1 without a
/// failure.
/// @error invalid_argument without a trial, or with more successes than trials.
/// Source: Wilson, JASA 22 (1927) 209–212; Brown, Cai, DasGupta, Statistical Science 16 (2001)
///         101–133.
[[nodiscard]] Result<Interval> wilson(const Proportion& rate, double confidence);

/// Below so many successes or failures the coverage of wilson is uneven, and an automatic choice
/// takes clopper_pearson instead.
inline constexpr std::uint64_t k_rare_outcomes = 10;

/// The exact interval of a rate, from the tails of the binomial distribution: it holds the true
/// rate with at least its confidence, often with more. Ends and errors as wilson.
/// Source: Clopper, Pearson, Biometrika 26 (1934) 404–413.
[[nodiscard]] Result<Interval> clopper_pearson(const Proportion& rate, double confidence);

/// Mean of independent values with s / √n and n − 1 degrees of freedom.
/// @error invalid_argument below two values, for values that are not finite, or too far apart for
///        a double.
/// Source: Student, Biometrika 6 (1908) 1–25. Cost: O(n).
[[nodiscard]] Result<MeanEstimate> estimate_mean(std::span<const double> values);

/// mean ± t · standard error. A standard error of 0 gives [mean, mean]: equal values say nothing
/// about how far the mean of more of them could lie.
/// @error invalid_argument unless all of the estimate is finite, with standard_error ≥ 0 and
///        degrees > 0.
[[nodiscard]] Result<Interval> student_t_interval(const MeanEstimate& estimate, double confidence);

/// The same of a sample; errors as estimate_mean.
[[nodiscard]] Result<Interval> student_t_interval(std::span<const double> values,
                                                  double confidence);

}  // namespace assay
