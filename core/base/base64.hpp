#pragma once

#include <string>
#include <string_view>

namespace assay {

/// Base64 of RFC 4648 section 4: the alphabet with "+" and "/", padded with "=".
[[nodiscard]] std::string to_base64(std::string_view bytes);

}  // namespace assay
