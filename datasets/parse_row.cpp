#include "datasets/parse_row.hpp"

#include <fmt/format.h>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"

namespace assay {

RowReader::Row problem_row(std::uint64_t line, std::string problem) {
    RowReader::Row row;
    row.line = line;
    row.problem = std::move(problem);
    return row;
}

RowReader::Row too_large_row(std::uint64_t line) {
    return problem_row(line, fmt::format("the row is larger than {} MB; keep large content in "
                                         "files of its own and let the row name them",
                                         limits::k_dataset_row_bytes_max >> 20U));
}

std::string encoding_problem(std::string_view text) {
    const std::size_t invalid = find_invalid_utf8(text);
    if (invalid != std::string_view::npos) {
        return fmt::format("byte {} of the line is not valid UTF-8; save the file as UTF-8",
                           invalid + 1);
    }
    const std::size_t nul = text.find('\0');
    if (nul == std::string_view::npos) return {};
    return fmt::format("byte {} of the line is a NUL byte; save the file as UTF-8 text", nul + 1);
}

std::string row_type_problem(const Json& value) {
    if (value.is_object()) return {};
    return fmt::format("a row must be an object such as {{\"input\": ...}}, but this is {}",
                       type_phrase(value));
}

RowReader::Row parse_row(std::string_view text, const TextStart& start) {
    RowReader::Row row;
    row.line = start.line;
    auto parsed = parse_json_part(text);
    if (parsed) {
        row.value = std::move(*parsed);
        row.problem = row_type_problem(row.value);
        return row;
    }
    row.value = Json(Json::value_t::discarded);
    // Only a text that is no JSON is searched for the deeper reason: the parser checks UTF-8 too.
    row.problem = encoding_problem(text);
    if (!row.problem.empty()) return row;
    const JsonError& error = parsed.error();
    row.problem = "this is not JSON: " + error.message;
    if (error.line == 0) return row;
    row.problem_line = start.line + error.line - 1;
    row.problem_column = error.line == 1 ? start.column + error.column - 1 : error.column;
    return row;
}

}  // namespace assay
