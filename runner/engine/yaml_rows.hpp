#pragma once

#include <string_view>

#include "datasets/row_reader.hpp"

namespace assay {

/// YAML rows are read as specs are, traps and all: a DocumentParser.
/// @error invalid_argument: every mistake, with its place.
[[nodiscard]] Result<ParsedDocument> parse_yaml_rows(std::string_view text, std::string_view name);

}  // namespace assay
