#include "core/base/base64.hpp"

#include <array>
#include <cstdint>

namespace assay {
namespace {

constexpr std::string_view k_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// By byte: its digit, or -1.
constexpr std::array<std::int8_t, 256> k_digits = [] {
    std::array<std::int8_t, 256> digits{};
    digits.fill(-1);
    for (std::size_t i = 0; i < k_alphabet.size(); ++i) {
        digits[static_cast<unsigned char>(k_alphabet[i])] = static_cast<std::int8_t>(i);
    }
    return digits;
}();

}  // namespace

std::string to_base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::string_view group = bytes.substr(at, 3);
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            bits = bits << 8U | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
        }
        for (std::size_t i = 0; i < 4; ++i) {
            const std::uint32_t digit = bits >> (18U - 6U * i) & 63U;
            text.push_back(i <= group.size() ? k_alphabet[digit] : '=');
        }
    }
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool is_padding = at + padding >= text.size();
        const std::int8_t digit = is_padding ? 0 : k_digits[static_cast<unsigned char>(text[at])];
        if (digit < 0) return std::nullopt;
        bits = bits << 6U | static_cast<std::uint32_t>(digit);
        if (at % 4 != 3) continue;
        bytes.push_back(static_cast<char>(bits >> 16U & 255U));
        bytes.push_back(static_cast<char>(bits >> 8U & 255U));
        bytes.push_back(static_cast<char>(bits & 255U));
        bits = 0;
    }
    bytes.resize(bytes.size() - padding);
    return bytes;
}

}  // namespace assay
