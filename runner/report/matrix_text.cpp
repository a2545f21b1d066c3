#include "runner/report/matrix_text.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "runner/report/grid.hpp"
#include "runner/report/numbers.hpp"

namespace assay {
namespace {

constexpr std::size_t k_label_columns_max = 16;
constexpr std::size_t k_lines_max = 24;
constexpr const char* k_gap = "  ";

}  // namespace

std::vector<std::string> matrix_lines(const ConfusionMatrix& matrix, std::size_t columns,
                                      std::string_view corner) {
    if (matrix.labels.size() > k_lines_max) return {};
    std::vector<std::string> labels;
    std::size_t label_columns = display_width(corner);
    for (const std::string& label : matrix.labels) {
        // An empty label must be seen to be one.
        const std::string shown = label.empty() ? "\"\"" : terminal_safe(label);
        labels.push_back(shorten(shown, k_label_columns_max));
        label_columns = std::max(label_columns, display_width(labels.back()));
    }
    std::vector<std::string> lines = {pad_right(corner, label_columns)};
    for (const std::string& label : labels) lines.push_back(pad_right(label, label_columns));
    for (std::size_t predicted = 0; predicted < labels.size(); ++predicted) {
        std::vector<std::string> cells = {labels[predicted]};
        for (const auto& row : matrix.counts) cells.push_back(format_count(row[predicted]));
        std::size_t width = 0;
        for (const std::string& cell : cells) width = std::max(width, display_width(cell));
        for (std::size_t i = 0; i < cells.size(); ++i) {
            lines[i] += k_gap + pad_left(cells[i], width);
        }
    }
    if (display_width(lines.front()) > columns) return {};
    return lines;
}

}  // namespace assay
