#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "core/base/error.hpp"
#include "core/stats/interval.hpp"

namespace assay {

// What a gate can detect. A gate decides when its two-sided interval lies wholly on one side of its
// threshold; the power is the chance that it does, on the right side, when the truth is that far
// from the threshold. Every difference here is a distance, > 0, in the unit of the score.

/// On which side of the threshold the truth lies; for rates the two are not equally hard.
enum class Side : std::uint8_t { above, below };

/// The mean of independent items, decided by Student's t interval. Of pairs it is the mean of
/// their differences, and then the standard deviation is that of the differences.
struct OneMean {
    double stddev = 0;  ///< > 0
};

/// A rate against a threshold, decided by the interval of Wilson, or by that of Clopper and
/// Pearson where successes or failures are rare.
struct OneRate {
    double threshold = 0.5;  ///< in (0, 1)
    Side side = Side::above;
    /// With fewer successes or failures than this Clopper and Pearson's decides; 0: never.
    std::uint64_t rare_below = k_rare_outcomes;
};

/// The difference of two rates over the same items, decided by Tango's interval.
struct PairedRates {
    /// The share of the pairs that differ, in [0, 1]. Where the difference of the rates is larger,
    /// so is the share: at least as many pairs differ.
    double discordant = 0;
    /// The threshold of the difference, in (−1, 1): −0.02 where a drop of 0.02 is allowed. The
    /// truth lies above it; for one below it, swap the two runs and the sign.
    double margin = 0;
};

/// The difference of two means over different items, as many on each side, decided by Welch's
/// interval.
struct TwoMeans {
    double stddev_a = 0;  ///< ≥ 0, one of the two > 0
    double stddev_b = 0;
};

/// The difference of two rates over different items, as many on each side, decided by Newcombe's
/// interval against 0.
struct TwoRates {
    double rate_a = 0.5;      ///< in [0, 1]
    Side side = Side::above;  ///< where the rate of b lies
};

using PowerDesign = std::variant<OneMean, OneRate, PairedRates, TwoMeans, TwoRates>;

/// With what chance which interval has to decide.
struct PowerTarget {
    double confidence = 0.95;  ///< of the two-sided interval, in (0, 1)
    double power = 0.8;        ///< in (0, 1)
};

/// The chance that the interval finds a difference of that size. Of rates it is summed over all
/// that can be counted, and the normal limit is taken only where a count varies so much that it
/// makes no difference; of means the values are taken to be about normal.
///
/// @param items  pairs, or items on each side; 2 to 10^9.
/// @error invalid_argument when a number is outside what is said here, or when the truth would be:
///        a rate or a difference of rates outside its range.
/// Source: Cohen, Statistical Power Analysis for the Behavioral Sciences, 1988, chapter 2; Connett,
///         Smith, McHugh, Statistics in Medicine 6 (1987) 163–169 (pairs); Fleiss, Levin, Paik,
///         Statistical Methods for Rates and Proportions, 2003, chapter 4 (two rates); Abramowitz,
///         Stegun, Handbook of Mathematical Functions, 26.7.10 (the non-central t distribution:
///         from 4 items within a point where the power is 0.8, and closer with more).
[[nodiscard]] Result<double> detection_power(const PowerDesign& design, std::uint64_t items,
                                             double difference, double confidence);

/// The smallest difference that is found with the wanted power. Nothing when there is none: even
/// the largest difference the design allows is found less often.
/// @error as detection_power.
[[nodiscard]] Result<std::optional<double>> smallest_detectable(const PowerDesign& design,
                                                                std::uint64_t items,
                                                                const PowerTarget& target);

/// The smallest number of items (pairs, items on each side) from which on the difference is found
/// with the wanted power. Nothing when 10^9 are not enough.
/// @error as detection_power.
[[nodiscard]] Result<std::optional<std::uint64_t>> items_needed(const PowerDesign& design,
                                                                double difference,
                                                                const PowerTarget& target);

// Assumptions, for when there is no earlier run to take the figures from. A report that uses them
// says so.

/// The standard deviation of a score between 0 and 1 that needs the most items.
constexpr double k_assumed_stddev = 0.5;
/// How much two variants agree on which items are hard: different systems on GSM8K correlate by
/// 0.30 to 0.46 (docs/statistics.md), two prompts of one system mostly by more.
constexpr double k_assumed_correlation = 0.5;

/// Of the differences of pairs whose two sides have the same standard deviation.
/// @error invalid_argument unless stddev > 0 and −1 ≤ correlation < 1.
[[nodiscard]] Result<double> difference_stddev(double stddev, double correlation);

/// The share of pairs that differ when both sides are right at that rate.
/// @error invalid_argument unless 0 ≤ rate ≤ 1 and −1 ≤ correlation ≤ 1, or when two such rates
///        cannot be that correlated.
[[nodiscard]] Result<double> discordant_share(double rate, double correlation);

/// Why item means differ. The mean of an item over r repetitions has the variance
/// between + within / r, so that repetitions help against the second part only.
struct VarianceParts {
    double between = 0;  ///< of the items' true means, ≥ 0
    double within = 0;   ///< of the repetitions of one item, ≥ 0
};

/// The two parts from a run with repetitions (of pairs: everything of the differences).
///
/// @param item_means      of at least 2 items.
/// @param item_variances  of the repetitions of the same items, with repetitions − 1 in the
///                        denominator.
/// @param repetitions     of each item, at least 2.
/// @error invalid_argument otherwise, when lengths differ or a value is not finite.
/// Source: Searle, Casella, McCulloch, Variance Components, 1992, section 3.6 (the estimates of a
///         one-way analysis of variance, a negative one taken as 0).
[[nodiscard]] Result<VarianceParts> variance_parts(std::span<const double> item_means,
                                                   std::span<const double> item_variances,
                                                   std::uint64_t repetitions);

/// The standard deviation of the item means at that many repetitions: what OneMean asks for.
/// @error invalid_argument when a part is negative or both are 0, or without a repetition.
[[nodiscard]] Result<double> item_mean_stddev(const VarianceParts& parts,
                                              std::uint64_t repetitions);

/// How many repetitions of each of the items find a difference of their mean. Nothing when no
/// number does, because the items are too few.
/// @error as smallest_detectable and item_mean_stddev.
[[nodiscard]] Result<std::optional<std::uint64_t>> repetitions_needed(const VarianceParts& parts,
                                                                      std::uint64_t items,
                                                                      double difference,
                                                                      const PowerTarget& target);

}  // namespace assay
