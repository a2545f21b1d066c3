#include "runner/report/grid.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "core/base/text.hpp"

namespace assay {
namespace {

constexpr std::size_t k_gap = 2;  ///< spaces between columns

std::size_t widest_label(const Grid& grid) {
    std::size_t width = 0;
    for (const GridLine& line : grid.lines) width = std::max(width, display_width(line.label));
    return width;
}

std::string tail_of(const GridLine& line, std::size_t column) {
    return line.tails.empty() ? std::string() : line.tails[column];
}

struct ColumnWidth {
    std::size_t cell = 0;
    std::size_t tail = 0;  ///< with the space before it
    std::size_t total = 0;
};

/// Wide enough for its cells with their tails, and for its header cut to `header_max`.
ColumnWidth column_width(const Grid& grid, std::size_t column, std::size_t header_max) {
    ColumnWidth width;
    for (const GridLine& line : grid.lines) {
        width.cell = std::max(width.cell, display_width(line.cells[column]));
        const std::string tail = tail_of(line, column);
        if (!tail.empty()) width.tail = std::max(width.tail, 1 + display_width(tail));
    }
    width.total = std::max(width.cell + width.tail,
                           std::min(display_width(grid.headers[column]), header_max));
    return width;
}

/// Above the numbers where it fits there, else from the column's first character on.
std::string header_text(const std::string& header, const ColumnWidth& width) {
    const std::string text = shorten(header, width.total);
    if (width.tail == 0 || display_width(text) > width.total - width.tail) {
        return width.tail == 0 ? pad_left(text, width.total) : pad_right(text, width.total);
    }
    return pad_left(text, width.total - width.tail) + std::string(width.tail, ' ');
}

std::string cell_text(const GridLine& line, std::size_t column, const ColumnWidth& width) {
    std::string text = pad_left(line.cells[column], width.total - width.tail);
    const std::string tail = tail_of(line, column);
    return tail.empty() ? text + std::string(width.tail, ' ')
                        : text + pad_right(" " + tail, width.tail);
}

std::string without_trailing_spaces(std::string text) {
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

bool headers_stay_distinct(const Grid& grid, std::size_t header_max) {
    std::set<std::string> seen;
    return std::ranges::all_of(grid.headers, [&](const std::string& header) {
        return seen.insert(shorten(header, header_max)).second;
    });
}

struct Widths {
    std::size_t label = 0;
    std::vector<ColumnWidth> columns;

    [[nodiscard]] std::size_t total() const {
        std::size_t sum = label;
        for (const ColumnWidth& width : columns) sum += k_gap + width.total;
        return sum;
    }
};

Widths widths_of(const Grid& grid, std::size_t label_max, std::size_t header_max) {
    Widths widths{.label = std::min(widest_label(grid), label_max), .columns = {}};
    for (std::size_t i = 0; i < grid.headers.size(); ++i) {
        widths.columns.push_back(column_width(grid, i, header_max));
    }
    return widths;
}

struct ColumnRange {
    std::size_t begin = 0;
    std::size_t end = 0;
};

void print_part(const Grid& grid, const Widths& widths, ColumnRange part,
                std::vector<std::string>& lines) {
    const std::string gap(k_gap, ' ');
    std::string header = pad_right("", widths.label);
    for (std::size_t i = part.begin; i < part.end; ++i) {
        header += gap + header_text(grid.headers[i], widths.columns[i]);
    }
    std::string rule;
    for (std::size_t i = 0; i < display_width(header); ++i) rule += "─";
    lines.push_back(without_trailing_spaces(std::move(header)));
    lines.push_back(std::move(rule));
    for (const GridLine& line : grid.lines) {
        if (line.opens_group && &line != &grid.lines.front()) lines.emplace_back();
        std::string text = pad_right(shorten(line.label, widths.label), widths.label);
        for (std::size_t i = part.begin; i < part.end; ++i) {
            text += gap + cell_text(line, i, widths.columns[i]);
        }
        lines.push_back(without_trailing_spaces(std::move(text)));
    }
}

Grid turned(const Grid& grid) {
    Grid other;
    for (const GridLine& line : grid.lines) other.headers.push_back(line.label);
    for (std::size_t i = 0; i < grid.headers.size(); ++i) {
        GridLine& line = other.lines.emplace_back();
        line.label = grid.headers[i];
        for (const GridLine& from : grid.lines) {
            line.cells.push_back(from.cells[i]);
            line.tails.push_back(tail_of(from, i));
        }
    }
    return other;
}

/// Prints the columns in as many parts as the width needs, a new one at each of `breaks`.
std::vector<std::string> lay_out_in_parts(const Grid& grid, const Widths& widths,
                                          std::size_t columns,
                                          const std::vector<std::size_t>& breaks) {
    std::vector<std::string> lines;
    ColumnRange part;
    while (part.begin < grid.headers.size()) {
        std::size_t width = widths.label;
        for (part.end = part.begin; part.end < grid.headers.size(); ++part.end) {
            width += k_gap + widths.columns[part.end].total;
            const bool breaks_here = std::ranges::find(breaks, part.end) != breaks.end();
            if (part.end > part.begin && (width > columns || breaks_here)) break;
        }
        if (!lines.empty()) lines.emplace_back();
        print_part(grid, widths, part, lines);
        part.begin = part.end;
    }
    return lines;
}

}  // namespace

std::vector<std::string> lay_out(const Grid& grid, std::size_t columns) {
    struct Attempt {
        std::size_t label_max;
        std::size_t header_max;
    };
    const Attempt attempts[] = {
        {columns / 2, 40}, {columns / 3, 40}, {columns / 2, 16}, {columns / 3, 16}};
    std::vector<std::string> lines;
    for (const auto& [label_max, header_max] : attempts) {
        const Widths widths = widths_of(grid, label_max, header_max);
        if (widths.total() > columns || !headers_stay_distinct(grid, header_max)) continue;
        print_part(grid, widths, {.begin = 0, .end = grid.headers.size()}, lines);
        return lines;
    }
    const Grid other = turned(grid);
    std::vector<std::size_t> breaks;
    for (std::size_t i = 0; i < grid.lines.size(); ++i) {
        if (grid.lines[i].opens_group) breaks.push_back(i);
    }
    const std::size_t label_max = columns * 2 / 5;
    const std::size_t header_max = std::min<std::size_t>(20, columns - label_max - k_gap);
    lines = lay_out_in_parts(other, widths_of(other, label_max, header_max), columns, breaks);
    for (std::string& line : lines) line = fit_width(line, columns);  // for absurdly few columns
    return lines;
}

std::string shorten(std::string_view text, std::size_t columns) {
    if (display_width(text) <= columns) return std::string(text);
    if (columns < 5) return fit_width(text, columns);
    const std::size_t tail_columns = (columns - 1) / 2;
    const std::vector<char32_t> points = to_code_points(text);
    std::string tail;
    for (std::size_t i = points.size(); i-- > 0;) {
        std::string longer;
        append_utf8(longer, points[i]);
        longer += tail;
        if (display_width(longer) > tail_columns) break;
        tail = std::move(longer);
    }
    return fit_width(text, columns - display_width(tail)) + tail;
}

std::vector<std::string> wrap(std::string_view text, std::size_t columns) {
    std::vector<std::string> lines;
    std::string line;
    for (const std::string_view word : split(text, ' ')) {
        const bool fits = display_width(line) + 1 + display_width(word) <= columns;
        if (!line.empty() && !fits) lines.push_back(std::exchange(line, {}));
        if (!line.empty()) line += ' ';
        line += word;
        // A word wider than the line is cut: what was left out is in the files.
        if (display_width(line) > columns) line = fit_width(line, columns);
    }
    if (!line.empty()) lines.push_back(std::move(line));
    return lines;
}

std::string pad_right(std::string_view text, std::size_t columns) {
    const std::size_t width = display_width(text);
    return std::string(text) + std::string(columns > width ? columns - width : 0, ' ');
}

std::string pad_left(std::string_view text, std::size_t columns) {
    const std::size_t width = display_width(text);
    return std::string(columns > width ? columns - width : 0, ' ') + std::string(text);
}

}  // namespace assay
