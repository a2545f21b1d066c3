#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace assay {

/// Words or characters as numbers.
using Tokens = std::vector<std::uint32_t>;

/// Words or n-grams of two texts.
struct SharedCounts {
    std::size_t common = 0;
    std::size_t in_output = 0;
    std::size_t in_reference = 0;
};

/// The n-grams of one order. Each counts as often as it stands in both texts.
struct NgramCounts {
    std::size_t in_output = 0;
    std::vector<std::size_t> in_reference;  ///< one for each reference
    std::vector<std::size_t> common;        ///< of the output and each reference
    /// Of the output and all references: each n-gram as often as in the reference that has it most
    /// often ("clipped" in Papineni et al. 2002).
    std::size_t common_with_any = 0;

    [[nodiscard]] SharedCounts shared_with(std::size_t reference) const {
        return {.common = common[reference],
                .in_output = in_output,
                .in_reference = in_reference[reference]};
    }
};

/// Counts for n = 1 … order_max. Exact: n-grams are numbered, not hashed to sums.
/// Cost: O(order_max · (|output| + Σ |reference|)) time, O(|output| + Σ |reference|) memory.
[[nodiscard]] std::vector<NgramCounts> count_ngrams(const Tokens& output,
                                                    std::span<const Tokens> references,
                                                    std::size_t order_max);

}  // namespace assay
