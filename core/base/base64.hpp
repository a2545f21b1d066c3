#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace assay {

/// Base64 of RFC 4648 section 4: the alphabet with "+" and "/", padded with "=".
[[nodiscard]] std::string to_base64(std::string_view bytes);
/// The bytes; nothing when the text is no such base64, its padding included.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace assay
