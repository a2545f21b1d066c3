#include "configs/image_part.hpp"

#include <fmt/format.h>

#include "core/base/base64.hpp"
#include "core/base/hash.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace {

/// "" when it is none of those that models take.
std::string_view media_type_of(std::string_view bytes) {
    using namespace std::string_view_literals;
    if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) return "image/png";
    if (bytes.starts_with("\xff\xd8\xff"sv)) return "image/jpeg";
    if (bytes.starts_with("GIF87a"sv) || bytes.starts_with("GIF89a"sv)) return "image/gif";
    const bool is_riff = bytes.starts_with("RIFF"sv) && bytes.size() >= 12;
    if (is_riff && bytes.substr(8, 4) == "WEBP"sv) return "image/webp";
    return "";
}

}  // namespace

Result<Json> image_of_bytes(std::string_view bytes) {
    const std::string_view type = media_type_of(bytes);
    if (type.empty()) {
        return failure(ErrorCode::invalid_argument, "is no PNG, JPEG, GIF or WebP image");
    }
    return Json{{"type", "image"}, {"media_type", type}, {"data", to_base64(bytes)}};
}

Result<Json> image_of_media(std::string_view text) {
    text = trim(text);
    if (text.starts_with("data:")) {
        constexpr std::string_view k_encoding = ";base64,";
        const std::size_t comma = text.find(k_encoding);
        if (comma == std::string_view::npos) {
            return failure(ErrorCode::invalid_argument,
                           "is a data URI without \";base64,\", which no image is");
        }
        text.remove_prefix(comma + k_encoding.size());
    }
    const auto bytes = from_base64(text);
    if (!bytes) {
        return failure(ErrorCode::invalid_argument,
                       "is neither a data URI nor base64; give an address as `url` and the name "
                       "of a file as `file`");
    }
    return image_of_bytes(*bytes);
}

Json without_bytes(const Json& part) {
    const bool holds_bytes = part.is_object() && part.value("type", Json()) == "image" &&
                             part.contains("data") && part["data"].is_string();
    if (!holds_bytes) return part;
    const auto bytes = from_base64(part["data"].get_ref<const std::string&>());
    Json shown = part;
    shown.erase("data");
    if (bytes) {
        shown["bytes"] = bytes->size();
        shown["sha256"] = sha256_hex(*bytes);
    }
    return shown;
}

}  // namespace assay
