#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/stats/test_results.hpp"

namespace assay {

/// How often each label of run a became which label of run b over the same items.
struct TransitionTable {
    std::vector<std::string> labels;  ///< of both runs, sorted
    /// [label in a][label in b], as large as `labels` both ways.
    std::vector<std::vector<std::uint64_t>> counts;
};

/// @param labels_max  keeps free text from becoming a table of its square.
/// @error invalid_argument below two pairs, when the lengths differ, or when there are more than
///        `labels_max` different labels.
[[nodiscard]] Result<TransitionTable> transition_table(std::span<const std::string> a,
                                                       std::span<const std::string> b,
                                                       std::size_t labels_max = 50);

// Both are McNemar's test without correction when there are two labels. Neither has an answer when
// no item changed its label.

/// Stuart and Maxwell's test that the labels have the same shares in both runs. Labels that took
/// part in no change say nothing and are left out, and so is one label of every group whose items
/// changed only within it, because its share follows from the others.
/// @error invalid_argument when no item changed its label, or the table is not square.
/// Source: Stuart, Biometrika 42 (1955) 412–416; Maxwell, British Journal of Psychiatry 116 (1970)
/// 651–655. Cost: O(labels³).
[[nodiscard]] Result<ChiSquareTest> stuart_maxwell(const TransitionTable& table);

/// Bowker's test that each change between two labels is as frequent as the one back. The degrees of
/// freedom are the pairs of labels between which anything changed.
/// @error as stuart_maxwell.
/// Source: Bowker, Journal of the American Statistical Association 43 (1948) 572–574.
[[nodiscard]] Result<ChiSquareTest> bowker(const TransitionTable& table);

}  // namespace assay
