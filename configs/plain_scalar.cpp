#include "configs/plain_scalar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>

#include "core/base/text.hpp"

namespace assay {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "no" also stands for "No" and "NO", but not for "nO": that is how YAML 1.1 has it.
bool is_word_of(std::string_view word, std::span<const std::string_view> words) {
    const std::string lower = to_lower_ascii(word);
    if (std::ranges::find(words, lower) == words.end()) return false;
    const std::string_view rest = word.substr(1);
    const bool lower_rest = rest == std::string_view(lower).substr(1);
    const bool upper = std::ranges::none_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
    return lower_rest || upper;
}

PlainScalar text_with_trap(std::string_view word, std::string trap) {
    return {.value = std::string(word), .trap = std::move(trap)};
}

PlainScalar too_large(std::string_view word) {
    return text_with_trap(word, fmt::format("the number {} does not fit in 64 bits; put it in "
                                            "quotes when it is text",
                                            word.substr(0, 40)));
}

template <class Integer>
std::optional<Integer> parse_integer(std::string_view digits, int base) {
    Integer value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

PlainScalar resolve_integer(std::string_view word, std::string_view digits, int base) {
    if (word.front() == '-') {
        if (const auto value = parse_integer<std::int64_t>(word, base)) return {*value, {}};
        return too_large(word);
    }
    if (const auto value = parse_integer<std::int64_t>(digits, base)) return {*value, {}};
    if (const auto value = parse_integer<std::uint64_t>(digits, base)) return {*value, {}};
    return too_large(word);
}

PlainScalar resolve_decimal(std::string_view word, std::string_view digits) {
    if (digits.size() > 1 && digits.front() == '0') {
        return text_with_trap(word, fmt::format("{} could be text, or an octal number; put it in "
                                                "quotes, or write it without the leading zero",
                                                word.substr(0, 40)));
    }
    return resolve_integer(word, digits, 10);
}

/// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_float(std::string_view word) {
    std::size_t at = 0;
    const auto count_digits = [&] {
        const std::size_t begin = at;
        while (at < word.size() && is_digit(word[at])) ++at;
        return at - begin;
    };
    if (word[at] == '-' || word[at] == '+') ++at;
    const std::size_t before = count_digits();
    std::size_t after = 0;
    if (at < word.size() && word[at] == '.') {
        ++at;
        after = count_digits();
    }
    if (before + after == 0) return false;
    if (at < word.size() && (word[at] == 'e' || word[at] == 'E')) {
        ++at;
        if (at < word.size() && (word[at] == '-' || word[at] == '+')) ++at;
        if (count_digits() == 0) return false;
    }
    return at == word.size();
}

PlainScalar resolve_float(std::string_view word) {
    const std::string_view number = word.front() == '+' ? word.substr(1) : word;
    double value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error == std::errc() && std::isfinite(value)) return {.value = value, .trap = {}};
    return text_with_trap(word, fmt::format("the number {} is out of range; put it in quotes when "
                                            "it is text",
                                            word.substr(0, 40)));
}

std::optional<PlainScalar> resolve_number(std::string_view word) {
    const bool has_sign = word.front() == '-' || word.front() == '+';
    const std::string_view digits = has_sign ? word.substr(1) : word;
    if (digits.empty()) return std::nullopt;
    if (std::ranges::all_of(digits, is_digit)) return resolve_decimal(word, digits);
    const bool hexadecimal = word.starts_with("0x");
    if (hexadecimal || word.starts_with("0o")) {
        const std::string_view allowed = hexadecimal ? "0123456789abcdefABCDEF" : "01234567";
        const std::string_view rest = word.substr(2);
        if (rest.empty() || rest.find_first_not_of(allowed) != std::string_view::npos) {
            return std::nullopt;
        }
        return resolve_integer(word, rest, hexadecimal ? 16 : 8);
    }
    if (is_float(word)) return resolve_float(word);
    return std::nullopt;
}

}  // namespace

PlainScalar resolve_plain_scalar(std::string_view word) {
    static constexpr std::array<std::string_view, 1> k_null = {"null"};
    static constexpr std::array<std::string_view, 1> k_true = {"true"};
    static constexpr std::array<std::string_view, 1> k_false = {"false"};
    static constexpr std::array<std::string_view, 4> k_doubtful = {"yes", "no", "on", "off"};
    static constexpr std::array<std::string_view, 4> k_not_finite = {".inf", "+.inf", "-.inf",
                                                                     ".nan"};
    if (word == "~" || is_word_of(word, k_null)) return {};
    if (is_word_of(word, k_true)) return {.value = true, .trap = {}};
    if (is_word_of(word, k_false)) return {.value = false, .trap = {}};
    if (is_word_of(word, k_doubtful)) {
        return text_with_trap(word, fmt::format("{} could be text, or true or false; put it in "
                                                "quotes, or write true or false",
                                                word));
    }
    if (std::ranges::find(k_not_finite, to_lower_ascii(word)) != k_not_finite.end()) {
        return text_with_trap(word, fmt::format("{} is not a finite number; put it in quotes when "
                                                "it is text",
                                                word));
    }
    if (auto number = resolve_number(word)) return std::move(*number);
    return {.value = std::string(word), .trap = {}};
}

}  // namespace assay
