#pragma once

#include <cstddef>
#include <vector>

namespace assay {

// Bins of a histogram: n of them have n + 1 edges, and each but the last ends before its upper
// edge.

/// As wide as each other.
[[nodiscard]] std::vector<double> equal_edges(double low, double high, std::size_t bins);
/// Each as many times as far as the one before, for values that differ by orders of magnitude.
/// @param low  above 0.
[[nodiscard]] std::vector<double> ratio_edges(double low, double high, std::size_t bins);

/// @param value  between the first and the last edge.
[[nodiscard]] std::size_t bin_of(const std::vector<double>& edges, double value);

}  // namespace assay
