#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "datasets/row_reader.hpp"

namespace assay {

/// Where a piece of text begins in its file; line and column count from 1.
struct TextStart {
    std::uint64_t line = 1;
    std::uint64_t column = 1;
};

/// One row from its JSON text: an object, or what is wrong with it. The value of a text that is no
/// JSON at all is `discarded`.
[[nodiscard]] RowReader::Row parse_row(std::string_view text, const TextStart& start);

/// A row that has a problem and no value.
[[nodiscard]] RowReader::Row problem_row(std::uint64_t line, std::string problem);
[[nodiscard]] RowReader::Row too_large_row(std::uint64_t line);

/// What keeps a text from being read at all: bytes that are not UTF-8, a NUL byte; "" = nothing.
[[nodiscard]] std::string encoding_problem(std::string_view text);

/// "" for an object, else what was found in its place.
[[nodiscard]] std::string row_type_problem(const Json& value);

}  // namespace assay
