#pragma once

#include <span>

#include "core/base/error.hpp"
#include "core/stats/test_results.hpp"

namespace assay {

/// Wilcoxon's signed-rank test that differences of pairs lie symmetrically around 0. Zeros are
/// dropped before ranking, as Wilcoxon did; equal magnitudes share the mean of their ranks. Exact
/// up to 50 differences of distinct magnitude, else the normal limit with the corrections for ties
/// and for continuity. The statistic is the sum of the ranks of positive differences.
/// @error invalid_argument below two differences, when one is not finite, or when all are 0.
/// Source: Wilcoxon, Biometrics Bulletin 1 (1945) 80–83; Hollander, Wolfe, Chicken, Nonparametric
/// Statistical Methods, 2014, section 3.1. Cost: O(n log n).
[[nodiscard]] Result<RankTest> signed_rank(std::span<const double> differences);

}  // namespace assay
