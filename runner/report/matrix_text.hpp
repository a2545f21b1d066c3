#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/stats/classification.hpp"

namespace assay {

/// A confusion matrix as lines that are safe to print, none wider than `columns`: a row for each
/// expected label, a column for each predicted one. Empty when it does not fit.
/// @param corner  what rows and columns are.
[[nodiscard]] std::vector<std::string> matrix_lines(
    const ConfusionMatrix& matrix, std::size_t columns,
    std::string_view corner = "expected \\ predicted");

}  // namespace assay
