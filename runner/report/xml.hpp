#pragma once

#include <string>
#include <string_view>

namespace assay {

/// Text that is safe between tags. What XML 1.0 cannot hold (control characters, bytes that are not
/// UTF-8) becomes U+FFFD.
[[nodiscard]] std::string xml_text(std::string_view text);
/// ` name="value"`, with the value escaped in the same way, line breaks included.
[[nodiscard]] std::string xml_attribute(std::string_view name, std::string_view value);

}  // namespace assay
