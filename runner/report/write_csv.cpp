#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/text.hpp"
#include "runner/report/lookup.hpp"
#include "runner/report/write_formats.hpp"
#include "runner/report/writers.hpp"

namespace assay {
namespace {

constexpr std::array<std::string_view, 7> k_columns_before = {
    "item_id", "variant", "repetition", "status", "input", "expected_output", "output"};
constexpr std::array<std::string_view, 4> k_columns_after = {"error", "latency_ms", "cost_usd",
                                                             "trace_id"};
/// What spreadsheets take for the start of a formula, the full-width forms included (OWASP, CSV
/// injection).
constexpr std::array<std::string_view, 11> k_formula_starts = {"=",  "+",  "-",  "@",  "\t", "\r",
                                                               "\n", "＝", "＋", "－", "＠"};

std::string header(const std::vector<std::string>& scores) {
    std::string line;
    for (const std::string_view column : k_columns_before) line += fmt::format("{},", column);
    for (const std::string& score : scores) {
        const bool taken = std::ranges::find(k_columns_before, score) != k_columns_before.end() ||
                           std::ranges::find(k_columns_after, score) != k_columns_after.end();
        const std::string column = taken ? "score." + score : score;
        line += fmt::format("{},{},", csv_cell(column), csv_cell(column + ".comment"));
    }
    line += fmt::format("{}\r\n", fmt::join(k_columns_after, ","));
    return line;
}

std::string value_cell(const Json& value) {
    return value.is_null() ? std::string() : csv_cell(as_text(value));
}

/// Numbers and true/false as they are: they cannot be formulas, and -1 must stay a number.
std::string score_cell(const ScoreValue& value) {
    if (const std::string* text = std::get_if<std::string>(&value)) return csv_cell(*text);
    return to_text(to_json(value));
}

/// Why the task or an evaluator broke: "tone: the reply is no JSON".
std::string error_of(const UnitResult& unit) {
    std::string error = unit.error;
    for (const Evaluation& evaluation : unit.evaluations) {
        if (evaluation.status != EvaluationStatus::error) continue;
        if (!error.empty()) error += "; ";
        error += fmt::format("{}: {}", evaluation.evaluator, evaluation.message);
    }
    return error;
}

std::string row(const UnitResult& unit, const std::vector<std::string>& scores) {
    std::string line =
        fmt::format("{},{},{},{},{},{},{},", csv_cell(unit.item.id.value()), csv_cell(unit.variant),
                    unit.repetition, to_string(unit.status), value_cell(unit.item.input),
                    value_cell(unit.item.expected_output), value_cell(unit.output));
    for (const std::string& name : scores) {
        const Score* score = find_score(unit, name);
        line += score == nullptr
                    ? std::string(",,")
                    : fmt::format("{},{},", score_cell(score->value), csv_cell(score->comment));
    }
    const auto latency = measured_latency_ms(unit);
    line += fmt::format(
        "{},{},{},{}\r\n", csv_cell(error_of(unit)), latency ? fmt::format("{:.3f}", *latency) : "",
        unit.cost ? fmt::format("{}", to_usd(*unit.cost)) : "", csv_cell(unit.trace_id.value()));
    return line;
}

}  // namespace

std::string csv_cell(std::string_view text) {
    const bool formula = std::ranges::any_of(
        k_formula_starts, [text](std::string_view start) { return text.starts_with(start); });
    // The apostrophe is how a spreadsheet is told that text follows.
    std::string cell = (formula ? "'" : "") + to_valid_utf8(text);
    std::ranges::replace(cell, '\0', ' ');  // many readers end at a zero byte
    if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
    std::string quoted = "\"";
    for (const char c : cell) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + '"';
}

Result<void> write_units_csv(AtomicFileWriter& file, const Report& report,
                             const UnitStream& units) {
    const std::vector<std::string> scores = score_names(report);
    ASSAY_CHECK(file.write(header(scores)));
    return units([&](const UnitResult& unit) { return file.write(row(unit, scores)); });
}

}  // namespace assay
