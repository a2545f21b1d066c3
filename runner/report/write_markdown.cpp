#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.hpp"
#include "runner/report/lookup.hpp"
#include "runner/report/numbers.hpp"
#include "runner/report/writers.hpp"

namespace assay {
namespace {

constexpr const char* k_no_value = "–";
constexpr std::size_t k_matrix_labels_shown = 25;

std::string in_one_line(std::string_view text) {
    std::string line = to_valid_utf8(text);
    std::ranges::replace_if(line, [](char c) { return c >= 0 && c < ' '; }, ' ');
    return line;
}

/// Foreign text as plain text: no HTML, no table cell, link, image or mention of its own.
std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : in_one_line(text)) {
        if (c == '&') {
            safe += "&amp;";
        } else if (c == '<') {
            safe += "&lt;";
        } else if (c == '>') {
            safe += "&gt;";
        } else {
            if (std::string_view("\\`*_{}[]()#!|~$@").find(c) != std::string_view::npos)
                safe += '\\';
            safe += c;
        }
    }
    return safe;
}

/// Foreign text as a code span, where nothing is interpreted: fenced by more backticks than it
/// holds in a row. A table also needs its bars escaped.
std::string code(std::string_view text, bool in_table = false) {
    const std::string line = in_one_line(text);
    std::size_t longest = 0;
    std::size_t current = 0;
    std::string content;
    for (const char c : line) {
        current = c == '`' ? current + 1 : 0;
        longest = std::max(longest, current);
        if (c == '|' && in_table) content += '\\';
        content += c;
    }
    const std::string fence(longest + 1, '`');
    const bool padded = content.empty() || content.front() == '`' || content.back() == '`';
    return padded ? fmt::format("{0} {1} {0}", fence, content) : fence + content + fence;
}

const char* symbol(ReportStatus status) {
    switch (status) {
        case ReportStatus::passed: return "✅";
        case ReportStatus::failed: return "❌";
        case ReportStatus::inconclusive:
        case ReportStatus::incomplete:
        case ReportStatus::interrupted: return "⚠️";
    }
    std::unreachable();
}

std::string status_line(const Report& report) {
    std::string line = fmt::format("### {} {}: {}\n\n", symbol(report.status),
                                   code(report.run.experiment), to_string(report.status));
    if (!report.run.reason.empty()) line += escaped(report.run.reason) + "\n\n";
    if (report.run.partial) line += "Partial run: it covers only a part of the dataset.\n\n";
    return line;
}

std::string score_cell(const Report& report, const VariantSummary& variant,
                       const std::string& name) {
    const ScoreSummary* score = find_score(variant, name);
    if (score == nullptr || score->count == 0) return k_no_value;
    if (score->data_type != ScoreDataType::categorical) {
        return score->mean ? format_number(*score->mean) : k_no_value;
    }
    const std::vector<std::string> categories = categories_of(report, name);
    const std::size_t shown = std::min(categories.size(), k_categories_shown);
    std::vector<std::string> shares;
    for (std::size_t i = 0; i < shown; ++i) {
        shares.push_back(fmt::format("{} {}", code(categories[i], true),
                                     format_number(share_of(*score, categories[i]).value_or(0))));
    }
    if (shown < categories.size()) {
        shares.push_back(fmt::format("and {} more", categories.size() - shown));
    }
    return fmt::format("{}", fmt::join(shares, "<br>"));
}

std::string latency_cell(const LatencySummary& latency) {
    if (!latency.p50) return k_no_value;
    return fmt::format("{} / {}", format_ms(*latency.p50), format_ms(latency.p95.value_or(0)));
}

std::string row(const std::vector<std::string>& cells) {
    return fmt::format("| {} |\n", fmt::join(cells, " | "));
}

std::string table(const Report& report) {
    if (report.variants.empty()) return {};
    std::vector<std::string> header = {"variant"};
    const std::vector<std::string> scores = score_names(report);
    for (const std::string& score : scores) header.push_back(code(score, true));
    for (const RunScore& score : report.variants.front().run_scores) {
        header.push_back(code(score.name, true));
    }
    header.insert(header.end(), {"units scored", "latency p50 / p95", "cost"});
    std::vector<std::string> rules(header.size(), "---:");
    rules.front() = ":---";
    std::string text = row(header) + row(rules);
    for (const VariantSummary& variant : report.variants) {
        std::vector<std::string> cells = {code(variant.name, true)};
        for (const std::string& score : scores) {
            cells.push_back(score_cell(report, variant, score));
        }
        for (const RunScore& score : variant.run_scores) {
            cells.push_back(score.value ? format_number(*score.value) : k_no_value);
        }
        cells.push_back(fmt::format("{} / {}", format_count(variant.units.scored),
                                    format_count(variant.units.planned)));
        cells.push_back(latency_cell(variant.latency));
        cells.push_back(format_cost(variant.cost));
        text += row(cells);
    }
    return text + "\n";
}

std::string run_notes(const Report& report) {
    std::string text;
    for (const std::string& note : run_score_notes(report)) {
        text += fmt::format("- {}\n", escaped(note));
    }
    return text.empty() ? text : text + "\n";
}

/// A confusion matrix as a table; its larger forms are left to the files.
std::string matrix_table(const std::string& title, const ConfusionMatrix& matrix) {
    if (matrix.labels.size() > k_matrix_labels_shown) {
        return fmt::format("{}: {} labels; the JSON report has the whole matrix.\n\n", title,
                           matrix.labels.size());
    }
    std::vector<std::string> header = {"expected \\ predicted"};
    for (const std::string& label : matrix.labels) header.push_back(code(label, true));
    std::vector<std::string> rules(header.size(), "---:");
    rules.front() = ":---";
    std::string text = title + "\n\n" + row(header) + row(rules);
    for (std::size_t expected = 0; expected < matrix.labels.size(); ++expected) {
        std::vector<std::string> cells = {code(matrix.labels[expected], true)};
        for (const std::uint64_t count : matrix.counts[expected]) {
            cells.push_back(format_count(count));
        }
        text += row(cells);
    }
    return text + "\n";
}

std::string matrices(const Report& report) {
    std::string text;
    for (const VariantSummary& variant : report.variants) {
        for (const RunMatrix& matrix : variant.matrices) {
            if (!matrix.matrix) continue;
            text += matrix_table(fmt::format("{} of {}", code(matrix.name), code(variant.name)),
                                 *matrix.matrix);
        }
    }
    return text;
}

std::string gates(const Report& report) {
    if (report.gates.empty()) return {};
    std::string text = "| gate | variant | verdict | why |\n| :--- | :--- | :--- | :--- |\n";
    for (const GateVerdict& verdict : report.gates) {
        const char* word = verdict.status == GateStatus::passed   ? "✅ pass"
                           : verdict.status == GateStatus::failed ? "❌ **fail**"
                                                                  : "⚠️ **cannot tell**";
        text += row({code(verdict.gate.text, true), code(verdict.variant, true), word,
                     escaped(verdict.reason)});
    }
    return text + "\n";
}

std::string errors(const Report& report) {
    if (report.errors.empty()) return {};
    std::string text = "Most common errors:\n\n";
    for (const std::string& error : report.errors) text += fmt::format("- {}\n", code(error));
    return text + "\n";
}

}  // namespace

std::string report_to_markdown(const Report& report) {
    return status_line(report) + table(report) + run_notes(report) + gates(report) +
           matrices(report) + errors(report) +
           fmt::format("Run {}. Look closer: {}\n", code(report.run.id.value()),
                       code("assay show " + report.run.id.value()));
}

}  // namespace assay
