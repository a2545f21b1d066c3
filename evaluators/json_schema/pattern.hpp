#pragma once

#include <string_view>

#include "core/model/regex.hpp"

namespace assay::json_schema {

/// Compiles a regular expression of ECMA-262 (what JSON Schema's `pattern` is written in) for RE2:
/// what RE2 spells otherwise is translated, e.g. `\u00e9`, `\cJ`, `\p{Letter}`, `[^]`, and `\s` and
/// `.` mean what they mean in ECMA-262.
/// @error invalid_argument for what RE2 cannot express (look-around, back-references) and for an
///        escape that ECMA-262 does not have.
[[nodiscard]] Result<Regex> compile_pattern(std::string_view pattern);

}  // namespace assay::json_schema
