#pragma once

#include <string_view>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace assay {

// Images as content parts of messages, in the form of judges/provider.hpp:
// {"type": "image", "media_type", "data": base64} or {"type": "image", "url"}.

/// An image from the content of its file. What it is tells the content, not the name.
/// @error invalid_argument: no PNG, JPEG, GIF or WebP; the message is the end of a sentence.
[[nodiscard]] Result<Json> image_of_bytes(std::string_view bytes);
/// An image from a data URI or bare base64, as rows hold it.
/// @error invalid_argument, the same.
[[nodiscard]] Result<Json> image_of_media(std::string_view text);
/// The part without its bytes, for people: {"type", "media_type", "bytes", "sha256"}; others as
/// they are.
[[nodiscard]] Json without_bytes(const Json& part);

}  // namespace assay
