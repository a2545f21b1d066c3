#pragma once

#include <optional>
#include <string_view>

#include "core/base/json.hpp"

namespace assay {

/// The quick half of parse_json(): reads what almost every text is made of, in half the
/// time. Nothing for a text with a mistake and for what is rare (\u escapes, integers of more than
/// 18 digits, numbers near the ends of a double, duplicate keys): that is for the thorough half,
/// which also knows what is wrong.
[[nodiscard]] std::optional<Json> read_plain_json(std::string_view text, std::size_t depth_max);

}  // namespace assay
