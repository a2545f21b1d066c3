#include "runner/report/comparison_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "core/base/text.hpp"
#include "runner/report/estimate_text.hpp"
#include "runner/report/grid.hpp"
#include "runner/report/numbers.hpp"

namespace assay {
namespace {

constexpr const char* k_no_value = "–";
constexpr std::size_t k_gap = 2;
constexpr std::size_t k_label_min = 16;  ///< columns go before labels are cut below this
constexpr std::size_t k_header_max = 14;
constexpr std::size_t k_comparisons_shown = 24;

template <class Format, class Value>
std::string cell(const std::optional<Value>& value, const Format& format) {
    return value ? format(*value) : std::string(k_no_value);
}

struct TextColumn {
    std::string header;
    std::function<std::string(const Comparison&)> cell;
    int rank = 0;  ///< the highest goes first when there is no room
    std::size_t width = 0;
};

bool has_pairs(const Comparison& comparison) { return comparison.paired && comparison.pairs > 0; }

/// Of categories one can only say whether they are the same.
bool are_ordered(const Comparison& comparison) {
    return has_pairs(comparison) && comparison.data_type != ScoreDataType::categorical;
}

std::string number(double value) { return format_number(value); }

/// The side's name when all comparisons share it.
std::string header_of(std::span<const Comparison> comparisons, std::string Comparison::* side,
                      const char* otherwise) {
    const std::string& name = comparisons.front().*side;
    const bool shared = std::ranges::all_of(
        comparisons, [&](const Comparison& comparison) { return comparison.*side == name; });
    return shared ? shorten(terminal_safe(name), k_header_max) : otherwise;
}

std::vector<TextColumn> columns_of(std::span<const Comparison> comparisons) {
    return {
        {header_of(comparisons, &Comparison::a, "before"),
         [](const Comparison& c) { return cell(c.mean_a, number); }, 5},
        {header_of(comparisons, &Comparison::b, "now"),
         [](const Comparison& c) { return cell(c.mean_b, number); }, 5},
        {"difference", [](const Comparison& c) { return cell(c.difference, format_difference); }},
        {interval_header(comparisons),
         [](const Comparison& c) { return cell(c.interval, format_interval); }, 1},
        {"p", [](const Comparison& c) { return cell(c.p_value, format_p_value); }, 2},
        {"better", [](const Comparison& c) { return cell(better_items(c), format_count); }, 3},
        {"worse", [](const Comparison& c) { return cell(worse_items(c), format_count); }, 3},
        {"same", [](const Comparison& c) { return cell(same_items(c), format_count); }, 4},
        {"test", [](const Comparison& c) { return c.test.empty() ? k_no_value : c.test; }, 6},
    };
}

std::size_t total_width(const std::vector<TextColumn>& columns) {
    std::size_t total = 0;
    for (const TextColumn& column : columns) total += k_gap + column.width;
    return total;
}

/// Those that fit beside a label, without the columns of highest rank while they do not.
std::vector<TextColumn> columns_that_fit(std::span<const Comparison> comparisons,
                                         std::size_t width) {
    std::vector<TextColumn> columns = columns_of(comparisons);
    for (TextColumn& column : columns) {
        column.width = display_width(column.header);
        for (const Comparison& comparison : comparisons) {
            column.width = std::max(column.width, display_width(column.cell(comparison)));
        }
    }
    while (columns.size() > 1 && total_width(columns) > width) {
        const int last = std::ranges::max_element(columns, {}, &TextColumn::rank)->rank;
        if (last == 0) break;
        std::erase_if(columns, [last](const TextColumn& column) { return column.rank == last; });
    }
    return columns;
}

std::size_t label_width(std::span<const Comparison> comparisons) {
    std::size_t width = 0;
    for (const Comparison& comparison : comparisons) {
        width = std::max(width, k_gap + display_width(terminal_safe(label_of(comparison))));
    }
    return width;
}

std::string not_compared(const Comparison& comparison) {
    if (comparison.unpaired == 0) return {};
    std::string text = fmt::format(
        "{} {} not compared: without a partner, or without a value on one side",
        format_some(comparison.unpaired, "item"), comparison.unpaired == 1 ? "is" : "are");
    if (comparison.newly_failed > 0) {
        text += fmt::format("; {} newly failed", format_count(comparison.newly_failed));
    }
    return text;
}

}  // namespace

std::string label_of(const Comparison& comparison) {
    const std::string& path = comparison.slice.path;
    if (path.empty()) return comparison.score;
    const std::size_t dot = path.rfind('.');
    return fmt::format("{}, {} = {}", comparison.score,
                       dot == std::string::npos ? path : path.substr(dot + 1),
                       comparison.slice.value);
}

std::string sides_of(const Comparison& comparison) {
    return fmt::format("{} against {}", comparison.b, comparison.a);
}

std::optional<std::uint64_t> better_items(const Comparison& comparison) {
    return are_ordered(comparison) ? std::optional(comparison.improved) : std::nullopt;
}

std::optional<std::uint64_t> worse_items(const Comparison& comparison) {
    return are_ordered(comparison) ? std::optional(comparison.regressed) : std::nullopt;
}

std::optional<std::uint64_t> same_items(const Comparison& comparison) {
    return has_pairs(comparison) ? std::optional(comparison.unchanged) : std::nullopt;
}

std::string interval_header(std::span<const Comparison> comparisons) {
    std::optional<double> confidence;
    for (const Comparison& comparison : comparisons) {
        if (!comparison.interval) continue;
        if (confidence && *confidence != comparison.interval->confidence) return "interval";
        confidence = comparison.interval->confidence;
    }
    return confidence ? format_percent(*confidence) + " interval" : "interval";
}

std::vector<std::string> comparison_lines(std::span<const Comparison> comparisons,
                                          std::size_t columns) {
    if (comparisons.empty()) return {};
    const std::size_t wanted = std::min(label_width(comparisons), columns / 2);
    const std::size_t reserved = std::max(wanted, std::min(k_label_min, columns / 3));
    const std::vector<TextColumn> shown =
        columns_that_fit(comparisons, columns - std::min(reserved, columns));
    const std::size_t rest = total_width(shown);
    const std::size_t label = rest < columns ? std::min(wanted, columns - rest) : wanted;

    std::vector<std::string> lines;
    const auto add = [&](std::string text) { lines.push_back(fit_width(text, columns)); };
    std::string header(label, ' ');
    for (const TextColumn& column : shown) {
        header += std::string(k_gap, ' ') + pad_left(column.header, column.width);
    }
    std::string rule;
    for (std::size_t i = 0; i < std::min(display_width(header), columns); ++i) rule += "─";
    add(std::move(header));
    lines.push_back(std::move(rule));
    std::string sides;
    for (const Comparison& comparison :
         comparisons.first(std::min(comparisons.size(), k_comparisons_shown))) {
        if (sides != sides_of(comparison)) {
            sides = sides_of(comparison);
            add(terminal_safe(sides));
        }
        const std::string name = "  " + terminal_safe(label_of(comparison));
        std::string text = pad_right(shorten(name, label), label);
        for (const TextColumn& column : shown) {
            text += std::string(k_gap, ' ') + pad_left(column.cell(comparison), column.width);
        }
        add(std::move(text));
    }
    if (comparisons.size() > k_comparisons_shown) {
        add(fmt::format("and {} more, which --out report.md has",
                        comparisons.size() - k_comparisons_shown));
    }
    return lines;
}

std::vector<std::string> comparison_notes(std::span<const Comparison> comparisons) {
    struct Note {
        std::string text;
        std::vector<std::string> labels;
    };
    std::vector<Note> notes;
    const auto add = [&](const Comparison& comparison, std::string text) {
        if (text.empty()) return;
        const bool one_pair = std::ranges::all_of(comparisons, [&](const Comparison& other) {
            return sides_of(other) == sides_of(comparison);
        });
        std::string label = label_of(comparison);
        if (!one_pair) label += fmt::format(" ({})", sides_of(comparison));
        const auto known = std::ranges::find(notes, text, &Note::text);
        if (known == notes.end()) {
            notes.push_back({std::move(text), {std::move(label)}});
        } else {
            known->labels.push_back(std::move(label));
        }
    };
    for (const Comparison& comparison : comparisons) {
        add(comparison, comparison.note);
        if (!comparison.paired) {
            add(comparison,
                fmt::format("not paired, since {} has no values of single items", comparison.a));
        }
        add(comparison, not_compared(comparison));
    }
    std::vector<std::string> sentences;
    for (const Note& note : notes) {
        const bool of_all = note.labels.size() == comparisons.size();
        sentences.push_back(
            of_all ? note.text : fmt::format("{}: {}", fmt::join(note.labels, ", "), note.text));
    }
    return sentences;
}

}  // namespace assay
