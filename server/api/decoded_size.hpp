#pragma once

#include <cstddef>
#include <string_view>

#include "server/api/http_message.hpp"

namespace assay {

/// About how many bytes of memory the values of a JSON text take once it is parsed, its strings
/// apart: "[[],[],[]]" takes many times its size.
[[nodiscard]] std::size_t estimate_value_bytes(std::string_view json);
/// About how many bytes of memory a request's body takes once it is decoded, before it is.
[[nodiscard]] std::size_t estimate_decoded_bytes(const ApiRequest& request);

}  // namespace assay
