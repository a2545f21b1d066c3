#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/error.hpp"
#include "core/stats/test_results.hpp"

namespace assay {

// Comparisons of two runs, a and b, over the same items. A difference is b minus a, so that more
// than zero says b is better (of a score where more is better). Pairs are independent of each
// other, unless clusters say which of them belong together.

/// b[i] − a[i]. Two values that differ by no more than the rounding of a double are equal, so that
/// a mean of the same repetitions in another order is not a change.
/// @error invalid_argument below two pairs, when the lengths differ, or when a value or a
///        difference is not finite.
[[nodiscard]] Result<std::vector<double>> differences(std::span<const double> a,
                                                      std::span<const double> b);

/// The pairs of a score that is right (1) or wrong (0).
struct PairCounts {
    std::uint64_t b_better = 0;  ///< right in b alone
    std::uint64_t a_better = 0;  ///< right in a alone
    std::uint64_t pairs = 0;     ///< all, those where both agree included
};

/// @error invalid_argument as differences, or when a value is neither 0 nor 1.
[[nodiscard]] Result<PairCounts> count_pairs(std::span<const double> a, std::span<const double> b);

/// McNemar's exact test: the two-sided binomial p-value of the pairs that differ, twice the smaller
/// tail and at most 1. It is 1 when no pair differs: nothing speaks against equality.
/// @error invalid_argument below two pairs, or when more pairs differ than there are.
/// Source: McNemar, Psychometrika 12 (1947) 153–157; exact as in Fagerland, Lydersen, Laake, BMC
/// Medical Research Methodology 13 (2013) 91.
[[nodiscard]] Result<double> mcnemar(const PairCounts& counts);

/// Tango's score interval for the rate of b minus the rate of a, within [−1, 1]. It needs no
/// correction for few pairs or for a cell of 0.
/// @error invalid_argument as mcnemar, or unless 0 < confidence < 1.
/// Source: Tango, Statistics in Medicine 17 (1998) 891–908.
[[nodiscard]] Result<Interval> tango(const PairCounts& counts, double confidence);

/// Odds that a pair which differs speaks for b; nothing when one of the two counts is 0.
/// Source: Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, 2003, section 13.1.
[[nodiscard]] std::optional<double> discordant_odds_ratio(const PairCounts& counts);

/// Cohen's h, 2·asin √(rate of b) − 2·asin √(rate of a): 0.2 is small, 0.5 medium, 0.8 large.
/// @error invalid_argument unless both rates are in [0, 1].
/// Source: Cohen, Statistical Power Analysis for the Behavioral Sciences, 1988, section 6.2.
[[nodiscard]] Result<double> cohens_h(double rate_a, double rate_b);

/// Student's t-test of a difference that was estimated with its standard error: of pairs, of pairs
/// in clusters (estimate_clustered_mean) or of two samples (welch).
/// @error invalid_argument unless 0 < confidence < 1, as student_t_interval, or when the standard
///        error is no more than rounding: the test measures by it, and there is no p-value.
/// Source: Student, Biometrika 6 (1908) 1–25.
[[nodiscard]] Result<TTest> t_test(const MeanEstimate& difference, double confidence);

/// The same of differences of independent pairs.
/// @error also below two pairs, or when a value is not finite.
[[nodiscard]] Result<TTest> paired_t(std::span<const double> differences, double confidence);

/// Cohen's d_z: mean of the differences over their standard deviation.
/// @error invalid_argument as paired_t.
/// Source: Cohen 1988, section 2.3.5; Lakens, Frontiers in Psychology 4 (2013) 863.
[[nodiscard]] Result<double> cohens_dz(std::span<const double> differences);

}  // namespace assay
