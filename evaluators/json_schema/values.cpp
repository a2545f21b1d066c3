#include "evaluators/json_schema/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/base/limits.hpp"

namespace assay::json_schema {
namespace {

// The doubles just outside the 64-bit integers, both exact.
constexpr double k_two_to_63 = 9223372036854775808.0;
constexpr double k_two_to_64 = 18446744073709551616.0;

bool is_whole(double value) { return std::trunc(value) == value; }

std::partial_ordering compare_integers(const Json& a, const Json& b) {
    const bool a_large = a.is_number_unsigned();
    const bool b_large = b.is_number_unsigned();
    if (a_large && b_large) return a.get<std::uint64_t>() <=> b.get<std::uint64_t>();
    if (!a_large && !b_large) return a.get<std::int64_t>() <=> b.get<std::int64_t>();
    if (b_large) return 0 <=> compare_integers(b, a);
    const auto signed_b = b.get<std::int64_t>();
    if (signed_b < 0) return std::partial_ordering::greater;
    return a.get<std::uint64_t>() <=> static_cast<std::uint64_t>(signed_b);
}

/// The integer that a whole double is; the double is in the range of 64-bit integers.
Json as_integer(double value) {
    if (value < 0) return static_cast<std::int64_t>(value);
    return static_cast<std::uint64_t>(value);
}

bool fits_integer(double value) { return value >= -k_two_to_63 && value < k_two_to_64; }

std::partial_ordering compare_to_double(const Json& integer, double value) {
    if (std::isnan(value)) return std::partial_ordering::unordered;
    if (value < -k_two_to_63) return std::partial_ordering::greater;
    if (value >= k_two_to_64) return std::partial_ordering::less;
    const double whole = std::floor(value);
    const std::partial_ordering order = compare_integers(integer, as_integer(whole));
    if (order != std::partial_ordering::equivalent || whole == value) return order;
    return std::partial_ordering::less;
}

/// |number| = digits * 10^exponent.
struct Decimal {
    std::uint64_t digits = 0;
    int exponent = 0;
};

/// The shortest decimal that reads back as the number: what the user wrote.
Decimal decimal_of(const Json& number) {
    if (number.is_number_unsigned()) return {number.get<std::uint64_t>(), 0};
    if (number.is_number_integer()) {
        const auto value = number.get<std::int64_t>();
        const auto bits = static_cast<std::uint64_t>(value);
        return {value < 0 ? std::uint64_t{0} - bits : bits, 0};
    }
    std::array<char, 40> text{};
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(),
                                            number.get<double>(), std::chars_format::scientific);
    Decimal decimal;
    bool after_point = false;
    for (const char* at = text.data(); at != end; ++at) {
        if (*at == 'e') {
            int exponent = 0;
            const char* const digits = at[1] == '+' ? at + 2 : at + 1;
            std::from_chars(digits, end, exponent);
            decimal.exponent += exponent;
            break;
        }
        if (*at == '.') after_point = true;
        if (*at < '0' || *at > '9') continue;
        decimal.digits = decimal.digits * 10 + static_cast<std::uint64_t>(*at - '0');
        if (after_point) --decimal.exponent;
    }
    return decimal;
}

__extension__ using Wide = unsigned __int128;

template <class Number>
void append_digits(std::string& text, Number number) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    text.append(digits.data(), end);
}

void append_number(std::string& text, const Json& number) {
    if (number.is_number_unsigned()) {
        append_digits(text, number.get<std::uint64_t>());
    } else if (number.is_number_integer()) {
        append_digits(text, number.get<std::int64_t>());
    } else {
        const auto value = number.get<double>();
        if (is_whole(value) && fits_integer(value)) return append_number(text, as_integer(value));
        append_digits(text, value);
    }
    text += ',';
}

void append_string(std::string& text, std::string_view value) {
    text += 's';
    append_digits(text, value.size());
    text += ':';
    text += value;
}

bool append_canonical(std::string& text, const Json& value, std::size_t depth) {
    if (depth > limits::k_json_schema_depth_max) return false;
    const auto append_inner = [&](const Json& inner) {
        return append_canonical(text, inner, depth + 1);
    };
    switch (value.type()) {
        case Json::value_t::boolean: text += value.get<bool>() ? 't' : 'f'; return true;
        case Json::value_t::string: append_string(text, value.get_ref<const std::string&>()); break;
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned:
        case Json::value_t::number_float: append_number(text, value); break;
        case Json::value_t::array:
            text += '[';
            if (!std::ranges::all_of(value, append_inner)) return false;
            text += ']';
            break;
        case Json::value_t::object:
            text += '{';
            for (const auto& [name, inner] : value.get_ref<const Json::object_t&>()) {
                append_string(text, name);
                if (!append_inner(inner)) return false;
            }
            text += '}';
            break;
        default: text += 'z'; break;
    }
    return true;
}

}  // namespace

TypeSet types_of(const Json& value) {
    switch (value.type()) {
        case Json::value_t::null: return k_null;
        case Json::value_t::boolean: return k_boolean;
        case Json::value_t::string: return k_string;
        case Json::value_t::array: return k_array;
        case Json::value_t::object: return k_object;
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned: return k_integer | k_number;
        case Json::value_t::number_float:
            return is_whole(value.get<double>()) ? k_integer | k_number : k_number;
        default: return 0;
    }
}

std::partial_ordering compare_numbers(const Json& a, const Json& b) {
    if (a.is_number_float() && b.is_number_float()) return a.get<double>() <=> b.get<double>();
    if (b.is_number_float()) return compare_to_double(a, b.get<double>());
    if (a.is_number_float()) return 0 <=> compare_to_double(b, a.get<double>());
    return compare_integers(a, b);
}

bool is_multiple_of(const Json& number, const Json& divisor) {
    const Decimal n = decimal_of(number);
    const Decimal d = decimal_of(divisor);
    if (n.exponent >= d.exponent) {
        Wide rest = n.digits % d.digits;
        for (int i = n.exponent - d.exponent; i > 0 && rest != 0; --i) rest = rest * 10 % d.digits;
        return rest == 0;
    }
    Wide scaled = d.digits;
    for (int i = d.exponent - n.exponent; i > 0 && scaled <= n.digits; --i) scaled *= 10;
    return n.digits == 0 || (scaled <= n.digits && n.digits % scaled == 0);
}

std::optional<std::string> canonical_text(const Json& value) {
    std::string text;
    if (!append_canonical(text, value, 0)) return std::nullopt;
    return text;
}

}  // namespace assay::json_schema
