#pragma once

#include <string>
#include <string_view>

#include "core/base/json.hpp"

namespace assay {

/// What an unquoted YAML word means. `trap` is "", or why the word is refused: it means one thing
/// to one reader of YAML and another to the next.
struct PlainScalar {
    Json value;
    std::string trap;
};

/// The core types of YAML 1.2: null, true and false, integers (also 0x and 0o), floating-point
/// numbers; everything else is text. Refused: yes, no, on, off and numbers with a leading zero
/// (YAML 1.1 takes them for booleans and octal numbers), infinities and NaN, and numbers that do
/// not fit. `word` is not empty.
[[nodiscard]] PlainScalar resolve_plain_scalar(std::string_view word);

}  // namespace assay
