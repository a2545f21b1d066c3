#include "evaluators/assignment.hpp"

#include <algorithm>
#include <limits>

#include "core/base/error.hpp"

namespace assay {
namespace {

/// The method minimises costs, which are the negative weights. Row and column 0 are not real: an
/// augmenting path begins at column 0.
class Assigning {
  public:
    explicit Assigning(const AssignmentWeights& weights)
        : weights_(weights),
          row_price_(weights.rows + 1),
          column_price_(weights.columns + 1),
          row_of_(weights.columns + 1),
          previous_(weights.columns + 1) {}

    std::vector<std::size_t> columns() {
        for (std::size_t row = 1; row <= weights_.rows; ++row) add(row);
        std::vector<std::size_t> columns(weights_.rows);
        for (std::size_t column = 1; column <= weights_.columns; ++column) {
            if (row_of_[column] > 0) columns[row_of_[column] - 1] = column - 1;
        }
        return columns;
    }

  private:
    /// Gives `row` a column along the cheapest path that moves the rows before it.
    void add(std::size_t row) {
        row_of_[0] = row;
        least_.assign(weights_.columns + 1, std::numeric_limits<std::int64_t>::max());
        visited_.assign(weights_.columns + 1, false);
        std::size_t column = 0;
        while (row_of_[column] != 0) column = next_column(column);
        while (column != 0) {
            row_of_[column] = row_of_[previous_[column]];
            column = previous_[column];
        }
    }

    std::size_t next_column(std::size_t column) {
        visited_[column] = true;
        const std::size_t row = row_of_[column];
        std::size_t nearest = 0;
        for (std::size_t next = 1; next <= weights_.columns; ++next) {
            if (visited_[next]) continue;
            const std::int64_t cost =
                -weights_.at(row - 1, next - 1) - row_price_[row] - column_price_[next];
            if (cost < least_[next]) {
                least_[next] = cost;
                previous_[next] = column;
            }
            if (nearest == 0 || least_[next] < least_[nearest]) nearest = next;
        }
        const std::int64_t delta = least_[nearest];
        for (std::size_t other = 0; other <= weights_.columns; ++other) {
            if (visited_[other]) {
                row_price_[row_of_[other]] += delta;
                column_price_[other] -= delta;
            } else if (other > 0) {
                least_[other] -= delta;
            }
        }
        return nearest;
    }

    const AssignmentWeights& weights_;
    std::vector<std::int64_t> row_price_;
    std::vector<std::int64_t> column_price_;
    std::vector<std::size_t> row_of_;    ///< of each column; 0: it is free
    std::vector<std::size_t> previous_;  ///< the column before it on the path
    std::vector<std::int64_t> least_;    ///< the cost of the cheapest path to it
    std::vector<bool> visited_;
};

}  // namespace

std::vector<std::size_t> best_assignment(const AssignmentWeights& weights) {
    ASSAY_ASSERT(weights.rows <= weights.columns, "every row can have a column");
    return Assigning(weights).columns();
}

}  // namespace assay
