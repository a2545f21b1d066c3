#pragma once

#include <span>
#include <vector>

namespace assay {

struct Ranks {
    std::vector<double> of_value;  ///< in the order of the values; 1 is the smallest
    bool has_ties = false;
};

/// Ranks of finite values; equal ones share the mean of their ranks. Values within 1e-12 of each
/// other, relatively, are equal: 0.3 − 0.2 and 0.2 − 0.1 are the same difference.
/// Cost: O(n log n).
[[nodiscard]] Ranks rank(std::span<const double> values);

}  // namespace assay
