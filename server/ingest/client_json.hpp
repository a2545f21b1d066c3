#pragma once

#include <string_view>

#include "core/base/json.hpp"

namespace assay {

/// parse_json() for what clients send in batches: one value that we do not take must not cost all
/// the others. A text with such values is mended first:
/// - bytes that are not UTF-8, and halves of surrogate pairs, become U+FFFD;
/// - a number that does not fit in 64 bits becomes a string of its digits;
/// - a value nested deeper than parse_json() goes becomes a string of its JSON.
/// @error invalid_argument for what is no JSON all the same.
[[nodiscard]] Result<Json> parse_client_json(std::string_view text);

}  // namespace assay
