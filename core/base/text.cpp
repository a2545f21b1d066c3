#include "core/base/text.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace assay {
namespace {

constexpr char32_t k_replacement = 0xFFFD;

struct Decoded {
    char32_t code_point = k_replacement;
    std::size_t length = 0;  ///< 0: the byte is not valid here
};

Decoded decode(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const unsigned first = byte(at);
    if (first < 0x80U) return {first, 1};
    const std::size_t length = first >= 0xF0U ? 4 : first >= 0xE0U ? 3 : 2;
    if (first < 0xC2U || first > 0xF4U || at + length > text.size()) return {};
    char32_t value = first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xC0U) != 0x80U) return {};
        value = (value << 6U) | (byte(at + i) & 0x3FU);
    }
    static constexpr std::array<char32_t, 5> k_least = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < k_least[length] || value > 0x10FFFF || surrogate) return {};
    return {value, length};
}

bool is_combining(char32_t c) {
    return (c >= 0x300 && c <= 0x36F) || (c >= 0x1AB0 && c <= 0x1AFF) ||
           (c >= 0x20D0 && c <= 0x20FF) || (c >= 0xFE00 && c <= 0xFE0F) || c == 0x200B ||
           c == 0x200C || c == 0x200D || (c >= 0xFE20 && c <= 0xFE2F);
}

bool is_wide(char32_t c) {
    return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
           (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0xFE30 && c <= 0xFE4F) || (c >= 0xFF00 && c <= 0xFF60) ||
           (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) ||
           (c >= 0x20000 && c <= 0x3FFFD);
}

std::size_t width_of(char32_t c) { return is_combining(c) ? 0 : is_wide(c) ? 2 : 1; }

/// Rows C and S of Unicode's CaseFolding.txt for letters that living languages use.
char32_t fold(char32_t c) {
    const auto in = [c](char32_t low, char32_t high) { return c >= low && c <= high; };
    const bool odd = (c & 1U) != 0;
    if (in(U'A', U'Z')) return c + 32;
    if (c < 0xC0 || c == 0xD7 || c == 0x130 || c == 0x3A2) return c;
    if (in(0xC0, 0xDE)) return c + 32;                        // Latin-1
    if (in(0x100, 0x137) || in(0x14A, 0x177)) return c | 1U;  // Extended-A
    if (in(0x139, 0x148) || in(0x179, 0x17E)) return odd ? c + 1 : c;
    if (c == 0x178) return 0xFF;
    if (c == 0x17F) return U's';  // long s
    if (in(0x1A0, 0x1A5) || in(0x1DE, 0x1EF) || in(0x1F8, 0x21F) || in(0x222, 0x233)) {
        return c | 1U;  // Extended-B
    }
    if (c == 0x1AF || in(0x1CD, 0x1DC)) return odd ? c + 1 : c;
    if (c == 0x386) return 0x3AC;  // Greek
    if (in(0x388, 0x38A)) return c + 37;
    if (c == 0x38C) return 0x3CC;
    if (in(0x38E, 0x38F)) return c + 63;
    if (in(0x391, 0x3AB)) return c + 32;
    if (c == 0x3C2) return 0x3C3;         // final sigma
    if (in(0x400, 0x40F)) return c + 80;  // Cyrillic
    if (in(0x410, 0x42F)) return c + 32;
    if (in(0x460, 0x481) || in(0x48A, 0x4BF) || in(0x4D0, 0x52F)) return c | 1U;
    if (c == 0x4C0) return 0x4CF;
    if (in(0x4C1, 0x4CE)) return odd ? c + 1 : c;
    if (c == 0x1E9E) return 0xDF;                                 // sharp s
    if (in(0x1E00, 0x1E95) || in(0x1EA0, 0x1EFF)) return c | 1U;  // Additional
    return c;
}

/// Past bytes that are ASCII, eight at a time.
std::size_t skip_ascii(std::string_view text, std::size_t at) {
    constexpr std::uint64_t k_high_bits = 0x8080808080808080U;
    std::uint64_t bytes = 0;
    for (; at + sizeof(bytes) <= text.size(); at += sizeof(bytes)) {
        std::memcpy(&bytes, text.data() + at, sizeof(bytes));
        if ((bytes & k_high_bits) != 0) break;
    }
    return at;
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

}  // namespace

std::size_t find_invalid_utf8(std::string_view text) {
    for (std::size_t at = skip_ascii(text, 0); at < text.size(); at = skip_ascii(text, at)) {
        const std::size_t length = decode(text, at).length;
        if (length == 0) return at;
        at += length;
    }
    return std::string_view::npos;
}

std::string to_valid_utf8(std::string_view text) {
    if (find_invalid_utf8(text) == std::string_view::npos) return std::string(text);
    std::string valid;
    for (const char32_t c : to_code_points(text)) append_utf8(valid, c);
    return valid;
}

std::vector<char32_t> to_code_points(std::string_view text) {
    std::vector<char32_t> points;
    points.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const Decoded decoded = decode(text, at);
        points.push_back(decoded.code_point);
        at += decoded.length == 0 ? 1 : decoded.length;
    }
    return points;
}

std::size_t count_code_points(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); ++count) {
        const std::size_t length = decode(text, at).length;
        at += length == 0 ? 1 : length;
    }
    return count;
}

void append_utf8(std::string& text, char32_t code_point) {
    const auto put = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
    if (code_point < 0x80) {
        put(code_point);
    } else if (code_point < 0x800) {
        put(0xC0U | (code_point >> 6U));
        put(0x80U | (code_point & 0x3FU));
    } else if (code_point < 0x10000) {
        put(0xE0U | (code_point >> 12U));
        put(0x80U | ((code_point >> 6U) & 0x3FU));
        put(0x80U | (code_point & 0x3FU));
    } else {
        put(0xF0U | (code_point >> 18U));
        put(0x80U | ((code_point >> 12U) & 0x3FU));
        put(0x80U | ((code_point >> 6U) & 0x3FU));
        put(0x80U | (code_point & 0x3FU));
    }
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

std::string to_lower_ascii(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return lower;
}

std::string fold_case(std::string_view text) {
    std::string folded;
    folded.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const Decoded decoded = decode(text, at);
        if (decoded.length == 0) {
            folded.push_back(text[at++]);
            continue;
        }
        append_utf8(folded, fold(decoded.code_point));
        at += decoded.length;
    }
    return folded;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view k_digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                (c >= '0' && c <= '9') ||
                                std::string_view("-._~").find(c) != std::string_view::npos;
        if (unreserved) {
            encoded += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded += '%';
        encoded += k_digits[byte >> 4U];
        encoded += k_digits[byte & 15U];
    }
    return encoded;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    for (const char32_t c : to_code_points(text)) width += width_of(c);
    return width;
}

std::string fit_width(std::string_view text, std::size_t columns) {
    if (display_width(text) <= columns) return std::string(text);
    if (columns == 0) return {};
    std::string fitted;
    std::size_t width = 0;
    for (const char32_t c : to_code_points(text)) {
        if (width + width_of(c) > columns - 1) break;
        width += width_of(c);
        append_utf8(fitted, c);
    }
    return fitted + "…";
}

std::string terminal_safe(std::string_view text) {
    std::string safe;
    safe.reserve(text.size());
    for (const char32_t c : to_code_points(text)) {
        const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0);
        const bool invisible = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
                               c == 0x200E || c == 0x200F;
        if (c == U'\n') {
            safe += "⏎";
        } else if (c == U'\t') {
            safe += ' ';
        } else if (control) {
            safe += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
        } else if (invisible) {
            safe += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            append_utf8(safe, c);
        }
    }
    return safe;
}

}  // namespace assay
