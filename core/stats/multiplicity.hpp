#pragma once

#include <span>
#include <vector>

#include "core/base/error.hpp"

namespace assay {

// Adjusted p-values: a hypothesis is rejected at a level when its adjusted p-value is at or under
// it. The answer has the order of the input; an empty input gives an empty answer.

/// Holm's step-down method: the chance of any false rejection among them stays under the level,
/// whatever the dependence between the tests. max over j ≤ i of (m − j + 1) · p_(j), at most 1.
/// @error invalid_argument when a p-value is not in [0, 1].
/// Source: Holm, Scandinavian Journal of Statistics 6 (1979) 65–70. Cost: O(m log m).
[[nodiscard]] Result<std::vector<double>> holm(std::span<const double> p_values);

/// Benjamini and Hochberg's step-up method: the expected share of false ones among the rejected
/// stays under the level for independent or positively dependent tests.
/// min over j ≥ i of m / j · p_(j), at most 1.
/// @error invalid_argument when a p-value is not in [0, 1].
/// Source: Benjamini, Hochberg, JRSS B 57 (1995) 289–300. Cost: O(m log m).
[[nodiscard]] Result<std::vector<double>> benjamini_hochberg(std::span<const double> p_values);

}  // namespace assay
