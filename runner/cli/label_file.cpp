#include "runner/cli/label_file.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "core/base/files.hpp"
#include "core/base/hash.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/model/json_value.hpp"
#include "datasets/row_reader.hpp"

namespace assay {
namespace {

std::unexpected<Error> wrong(std::string message) {
    return failure(ErrorCode::invalid_argument, std::move(message));
}

bool is_empty(const Json& value) {
    return value.is_null() ||
           (value.is_string() && trim(value.get_ref<const std::string&>()).empty());
}

/// A member that says something; nothing when it is missing, null or, in a table, an empty cell.
std::optional<Json> part_of(const Json& row, const char* key) {
    const Json* const value = find_member(row, key);
    return value == nullptr || is_empty(*value) ? std::nullopt : std::optional(*value);
}

/// @error invalid_argument, as the end of "FILE:LINE: ...".
/// @param is_table  an empty cell says nothing; elsewhere an empty text is an output like others.
Result<LabelRow> read_row(const RowReader::Row& row, bool is_table) {
    if (!row.problem.empty()) return wrong(row.problem);
    if (find_member(row.value, "label") == nullptr) {
        return wrong("there is no `label`: a row has an `id` and a `label`");
    }
    LabelRow read{.line = row.line};
    read.label = part_of(row.value, "label").value_or(Json());
    const std::optional<Json> item_id = part_of(row.value, "item_id");
    read.item_id = as_text(item_id ? *item_id : part_of(row.value, "id").value_or(""));
    read.input = part_of(row.value, "input");
    const Json* const output = find_member(row.value, "output");
    const bool is_given = output != nullptr && !output->is_null();
    if (is_given && !(is_table && is_empty(*output))) read.output = *output;
    read.expected_output = part_of(row.value, "expected_output").value_or(Json());
    read.metadata = part_of(row.value, "metadata").value_or(Json());
    if (!read.item_id.empty() || (read.input && read.output)) return read;
    return wrong(
        "it is not known what was labelled: give the item's `id`, or `input` and `output`");
}

std::optional<bool> truth_of(const Json& label) {
    if (label.is_boolean()) return label.get<bool>();
    if (label.is_number()) {
        if (label == 1) return true;
        if (label == 0) return false;
        return std::nullopt;
    }
    constexpr std::array<std::string_view, 3> k_true = {"true", "yes", "1"};
    constexpr std::array<std::string_view, 3> k_false = {"false", "no", "0"};
    const std::string word = label.is_string() ? to_lower_ascii(trim(as_text(label))) : "";
    if (std::ranges::find(k_true, word) != k_true.end()) return true;
    if (std::ranges::find(k_false, word) != k_false.end()) return false;
    return std::nullopt;
}

std::optional<double> number_of(const Json& label) {
    if (label.is_number()) return label.get<double>();
    if (!label.is_string()) return std::nullopt;
    const std::string_view digits = trim(label.get_ref<const std::string&>());
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool whole = error == std::errc() && end == digits.data() + digits.size();
    return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

}  // namespace

Result<LabelFile> read_label_file(const std::string& name) {
    LabelFile file{.name = name, .sha256 = {}, .rows = {}};
    ASSAY_TRY(const std::string text, read_file(name, limits::k_baseline_bytes_max));
    file.sha256 = sha256_hex(text);
    ASSAY_TRY(const auto reader, open_rows(name));
    const bool is_table = name.ends_with(".csv") || name.ends_with(".tsv");
    while (true) {
        ASSAY_TRY(const auto row, reader->next());
        if (!row) break;
        auto read = read_row(*row, is_table);
        if (!read) {
            const std::uint64_t line = row->problem_line != 0 ? row->problem_line : row->line;
            return wrong(fmt::format("{}:{}: {}", name, line, read.error().message));
        }
        if (is_empty(read->label)) {
            ++file.unlabelled;
        } else {
            file.rows.push_back(std::move(*read));
        }
        if (file.rows.size() > limits::k_labels_max) {
            return wrong(fmt::format("{} has more than {} labels, the most that are compared", name,
                                     limits::k_labels_max));
        }
    }
    if (!file.rows.empty()) return file;
    return wrong(fmt::format("{} holds no labels", name));
}

Result<ScoreValue> label_value(const Json& label, ScoreDataType type) {
    switch (type) {
        case ScoreDataType::boolean:
            if (const auto truth = truth_of(label)) return ScoreValue(*truth);
            return wrong(fmt::format("{} is neither true nor false", to_text(label)));
        case ScoreDataType::numeric:
            if (const auto number = number_of(label)) return ScoreValue(*number);
            return wrong(fmt::format("{} is no number", to_text(label)));
        case ScoreDataType::categorical:
            if (!label.is_array() && !label.is_object()) return ScoreValue(as_text(label));
            return wrong(fmt::format("is {} where a category belongs", type_phrase(label)));
    }
    std::unreachable();
}

}  // namespace assay
