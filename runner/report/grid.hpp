#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// One line of a grid: a label and a cell for each column.
struct GridLine {
    std::string label;
    std::vector<std::string> cells;
    bool opens_group = false;  ///< an empty line stands before it
    /// What stands behind the cells, such as the interval of a mean; or nothing. One a cell.
    std::vector<std::string> tails = {};
};

/// A table of short texts that are safe to print.
struct Grid {
    std::vector<std::string> headers;  ///< of the columns
    std::vector<GridLine> lines;
};

/// The grid as lines of text, none wider than `columns`. Columns stay columns when all of them fit;
/// else the grid is turned, so that they become lines, and cut into as many parts as it needs.
/// Names too long for their place lose their middle.
[[nodiscard]] std::vector<std::string> lay_out(const Grid& grid, std::size_t columns);

/// The text with its middle replaced by "…" when it is wider than `columns`: names often differ at
/// their end.
[[nodiscard]] std::string shorten(std::string_view text, std::size_t columns);

/// Lines of at most `columns`, broken at spaces where there are any.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t columns);

/// Followed by spaces up to `columns`.
[[nodiscard]] std::string pad_right(std::string_view text, std::size_t columns);
[[nodiscard]] std::string pad_left(std::string_view text, std::size_t columns);

}  // namespace assay
