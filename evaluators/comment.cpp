#include "evaluators/comment.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace {

constexpr std::size_t k_excerpt_characters_max = 40;
constexpr std::size_t k_code_point_bytes_max = 4;

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

/// Bytes that both begin with, up to the beginning of a character.
std::size_t common_prefix(std::string_view a, std::string_view b) {
    auto same = static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
    const auto inside = [&same](std::string_view text) {
        return same > 0 && same < text.size() && is_continuation(text[same]);
    };
    while (inside(a) || inside(b)) --same;
    return same;
}

}  // namespace

std::string quoted_excerpt(std::string_view text) {
    // Only the beginning is looked at: the text may be a whole book.
    const auto points =
        to_code_points(text.substr(0, (k_excerpt_characters_max + 1) * k_code_point_bytes_max));
    std::string excerpt;
    for (std::size_t i = 0; i < std::min(points.size(), k_excerpt_characters_max); ++i) {
        append_utf8(excerpt, points[i]);
    }
    if (points.size() > k_excerpt_characters_max) excerpt += "…";
    return to_text(Json(std::move(excerpt)));
}

std::string difference_comment(std::string_view output, std::string_view expected) {
    const auto is_short = [](std::string_view text) {
        return text.size() <= k_excerpt_characters_max;
    };
    if (is_short(output) && is_short(expected)) {
        return fmt::format("expected {}, got {}", quoted_excerpt(expected), quoted_excerpt(output));
    }
    const std::size_t same = common_prefix(output, expected);
    return fmt::format("differs from character {} on: expected {}, got {}",
                       count_code_points(output.substr(0, same)) + 1,
                       quoted_excerpt(expected.substr(same)), quoted_excerpt(output.substr(same)));
}

}  // namespace assay
