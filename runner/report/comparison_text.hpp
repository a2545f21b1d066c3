#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runner/report/comparison.hpp"

namespace assay {

/// "exact_match", "exact_match, lang = de".
[[nodiscard]] std::string label_of(const Comparison& comparison);
/// Items that changed for the better; nothing where items cannot be told apart or put in order.
[[nodiscard]] std::optional<std::uint64_t> better_items(const Comparison& comparison);
[[nodiscard]] std::optional<std::uint64_t> worse_items(const Comparison& comparison);
[[nodiscard]] std::optional<std::uint64_t> same_items(const Comparison& comparison);

/// "weighted against main".
[[nodiscard]] std::string sides_of(const Comparison& comparison);

/// Comparisons as a table for a terminal, in lines of at most `columns`: those of the same sides
/// under each other, as many columns as there is room for, the most telling first.
[[nodiscard]] std::vector<std::string> comparison_lines(std::span<const Comparison> comparisons,
                                                        std::size_t columns);

/// What must be said beside the numbers, a sentence each: what is missing and why, and which items
/// are not among the pairs. What holds of several comparisons is said once.
[[nodiscard]] std::vector<std::string> comparison_notes(std::span<const Comparison> comparisons);

/// "95 % interval", or "interval" when their confidence differs.
[[nodiscard]] std::string interval_header(std::span<const Comparison> comparisons);

}  // namespace assay
