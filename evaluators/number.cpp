#include "evaluators/number.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/base/text.hpp"

namespace assay {
namespace {

constexpr std::size_t k_number_bytes_max = 4096;
constexpr std::size_t k_fraction_digits_max = 9;  // so that whole × denominator fits in 64 bits
constexpr std::size_t k_exponent_digits_max = 9;
constexpr std::size_t k_group_digits = 3;

bool is_digits(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_currency_sign(char32_t c) {
    return c == U'$' || (c >= 0xA3 && c <= 0xA5) || (c >= 0x20A0 && c <= 0x20CF);
}

bool is_space(char32_t c) {
    return c == 0xA0 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000;
}

/// The many signs of the same meaning as one each; "?" for what is in no number.
char plain(char32_t c) {
    if (is_currency_sign(c)) return '$';
    if (is_space(c)) return ' ';
    if (c == 0x2212 || c == 0x2013) return '-';
    if (c == 0x2019) return '\'';
    if (c == 0x2044) return '/';
    return c < 0x80 ? static_cast<char>(c) : '?';
}

std::string plain(std::string_view text) {
    std::string plain_text;
    for (const char32_t c : to_code_points(text)) plain_text.push_back(plain(c));
    return plain_text;
}

bool take_front(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

bool take_back(std::string_view& text, char c) {
    if (!text.ends_with(c)) return false;
    text.remove_suffix(1);
    return true;
}

/// What stands around the digits.
struct Frame {
    bool negative = false;
    bool percent = false;
    std::string_view core;
};

std::optional<Frame> take_frame(std::string_view text) {
    Frame frame;
    text = trim(text);
    take_back(text, '.');
    const auto take_sign = [&] {
        frame.negative = take_front(text, '-');
        return frame.negative || take_front(text, '+');
    };
    const bool has_sign = take_sign();
    bool has_currency = take_front(text, '$');
    if (has_currency) text = trim(text);
    if (has_currency && !has_sign) take_sign();
    if (take_back(text, '%')) {
        frame.percent = true;
    } else if (!has_currency) {
        has_currency = take_back(text, '$');
    }
    if (frame.percent && has_currency) return std::nullopt;
    if (frame.percent || has_currency) {
        while (take_back(text, ' ')) {
        }
    }
    frame.core = text;
    return frame;
}

/// Whether `text` is "1,234" and not "0,234" or "12,34": one comma as between thousands.
bool is_one_thousand_group(std::string_view text, std::size_t comma) {
    return comma >= 1 && comma <= k_group_digits && text.front() != '0' &&
           text.size() - comma - 1 == k_group_digits;
}

constexpr char k_none = '\0';

struct Separators {
    char group = k_none;
    char decimal = k_none;
};

/// Which sign parts thousands and which begins the decimals.
Separators separators_of(std::string_view text) {
    const std::size_t point = text.rfind('.');
    const std::size_t comma = text.rfind(',');
    const bool has_point = point != std::string_view::npos;
    const bool has_comma = comma != std::string_view::npos;
    for (const char group : {' ', '\''}) {
        if (text.find(group) != std::string_view::npos) {
            return {group, has_comma ? ',' : '.'};
        }
    }
    if (has_point && has_comma) {
        return point > comma ? Separators{',', '.'} : Separators{'.', ','};
    }
    if (!has_point && !has_comma) return {};
    const char sign = has_point ? '.' : ',';
    if (std::ranges::count(text, sign) > 1) return {sign, k_none};
    if (has_comma && is_one_thousand_group(text, comma)) return {',', k_none};
    return {k_none, sign};
}

/// The digits of an integer; nothing when its groups are not thousands.
std::optional<std::string> ungroup(std::string_view text, char group) {
    if (group == k_none || text.find(group) == std::string_view::npos) {
        return is_digits(text) ? std::optional(std::string(text)) : std::nullopt;
    }
    std::string digits;
    for (const std::string_view part : split(text, group)) {
        const bool first = digits.empty();
        const bool fits = first ? !part.empty() && part.size() <= k_group_digits && part[0] != '0'
                                : part.size() == k_group_digits;
        if (!fits || !is_digits(part)) return std::nullopt;
        digits += part;
    }
    return digits;
}

double to_double(const Number& number) {
    const std::string text = fmt::format("{}e{}", number.digits, number.exponent);
    double value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec == std::errc::result_out_of_range) {
        const auto length = static_cast<std::int64_t>(number.digits.size());
        value = number.exponent + length > 0 ? std::numeric_limits<double>::infinity() : 0;
    }
    return number.negative ? -value : value;
}

void normalize(Number& number) {
    number.digits.erase(0, std::min(number.digits.find_first_not_of('0'), number.digits.size()));
    const std::size_t last = number.digits.find_last_not_of('0');
    const std::size_t kept = last == std::string::npos ? 0 : last + 1;
    number.exponent += static_cast<std::int64_t>(number.digits.size() - kept);
    number.digits.resize(kept);
    if (number.digits.empty()) {
        number = {};
        return;
    }
    number.value = to_double(number);
}

/// The digits behind "e", with their sign.
std::optional<std::int64_t> parse_exponent(std::string_view text) {
    const bool negative = take_front(text, '-');
    if (!negative) take_front(text, '+');
    if (text.empty() || text.size() > k_exponent_digits_max || !is_digits(text)) {
        return std::nullopt;
    }
    std::int64_t exponent = 0;
    (void)std::from_chars(text.data(), text.data() + text.size(), exponent);  // digits only: fits
    return negative ? -exponent : exponent;
}

std::optional<Number> parse_decimal(const Frame& frame) {
    Number number{.negative = frame.negative, .exponent = frame.percent ? -2 : 0};
    std::string_view mantissa = frame.core;
    const std::size_t e = mantissa.find_first_of("eE");
    if (e != std::string_view::npos) {
        const auto exponent = parse_exponent(mantissa.substr(e + 1));
        if (!exponent) return std::nullopt;
        number.exponent += *exponent;
        mantissa = mantissa.substr(0, e);
    }
    const Separators separators = separators_of(mantissa);
    const std::size_t cut = separators.decimal == k_none
                                ? mantissa.size()
                                : std::min(mantissa.find(separators.decimal), mantissa.size());
    const auto whole = ungroup(mantissa.substr(0, cut), separators.group);
    const std::string_view decimals = mantissa.substr(std::min(cut + 1, mantissa.size()));
    if (!whole || !is_digits(decimals)) return std::nullopt;
    const bool has_decimal_sign = cut < mantissa.size();
    if (has_decimal_sign ? decimals.empty() : whole->empty()) return std::nullopt;
    if (separators.decimal == ',' && whole->empty()) return std::nullopt;
    number.digits = *whole + std::string(decimals);
    number.exponent -= static_cast<std::int64_t>(decimals.size());
    normalize(number);
    return number;
}

std::optional<std::int64_t> parse_fraction_part(std::string_view text) {
    if (text.empty() || text.size() > k_fraction_digits_max || !is_digits(text)) {
        return std::nullopt;
    }
    std::int64_t part = 0;
    (void)std::from_chars(text.data(), text.data() + text.size(), part);  // nine digits fit
    return part;
}

/// "3/4", or "1 1/2" with a proper fraction behind the whole.
std::optional<Number> parse_fraction(const Frame& frame, std::size_t slash) {
    std::string_view above = trim(frame.core.substr(0, slash));
    const std::size_t space = above.rfind(' ');
    const bool mixed = space != std::string_view::npos;
    const auto whole =
        mixed ? parse_fraction_part(trim(above.substr(0, space))) : std::optional<std::int64_t>(0);
    if (mixed) above = above.substr(space + 1);
    const auto numerator = parse_fraction_part(above);
    const auto denominator = parse_fraction_part(trim(frame.core.substr(slash + 1)));
    if (!whole || !numerator || !denominator || *denominator == 0) return std::nullopt;
    if (mixed && *numerator >= *denominator) return std::nullopt;
    const std::int64_t total = *whole * *denominator + *numerator;
    const double value = static_cast<double>(total) / static_cast<double>(*denominator);
    return Number{.is_fraction = true, .value = frame.negative ? -value : value};
}

}  // namespace

std::optional<Number> parse_number(std::string_view text) {
    if (text.size() > k_number_bytes_max) return std::nullopt;
    const std::string plain_text = plain(text);
    const auto frame = take_frame(plain_text);
    if (!frame) return std::nullopt;
    const std::size_t slash = frame->core.find('/');
    if (slash == std::string_view::npos) return parse_decimal(*frame);
    return frame->percent ? std::nullopt : parse_fraction(*frame, slash);
}

std::optional<Number> to_number(const Json& value) {
    if (value.is_string()) return parse_number(value.get_ref<const std::string&>());
    if (!value.is_number()) return std::nullopt;
    return parse_number(to_text(value));
}

bool operator==(const Number& a, const Number& b) {
    if (a.is_fraction || b.is_fraction) return a.value == b.value;
    return a.negative == b.negative && a.digits == b.digits && a.exponent == b.exponent;
}

bool is_within(double output, double expected, const Tolerance& tolerance) {
    // The difference of two doubles may be off by a rounding of each: 1.1 − 1.0 is a little more
    // than 0.1, and yet within a tolerance of 0.1.
    const double rounding =
        4 * std::numeric_limits<double>::epsilon() * std::max(std::abs(output), std::abs(expected));
    const double difference = std::abs(output - expected);
    const double allowed = std::max(tolerance.absolute, tolerance.relative * std::abs(expected));
    return allowed > 0 && std::isfinite(difference) && difference <= allowed + rounding;
}

}  // namespace assay
