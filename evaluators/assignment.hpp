#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace assay {

/// What each pairing of a row with a column is worth.
struct AssignmentWeights {
    std::size_t rows = 0;
    std::size_t columns = 0;           ///< not less than rows
    std::vector<std::int64_t> weight;  ///< of row r and column c at r × columns + c

    [[nodiscard]] std::int64_t at(std::size_t row, std::size_t column) const {
        return weight[row * columns + column];
    }
};

/// The column of each row so that no column is taken twice and the sum of the weights is the
/// greatest possible.
///
/// Source: Kuhn, "The Hungarian method for the assignment problem", Naval Research Logistics
/// Quarterly 2, 1955, with shortest augmenting paths as in Jonker & Volgenant, Computing 38, 1987.
/// Cost: O(rows² · columns) time.
[[nodiscard]] std::vector<std::size_t> best_assignment(const AssignmentWeights& weights);

}  // namespace assay
