#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/json.hpp"

namespace assay {

/// A number as it was written: exact when it is a decimal, so that 0.30 equals 0.3 and twenty
/// digits differ in the last.
struct Number {
    bool is_fraction = false;   ///< 2/3: only `value` counts
    bool negative = false;      ///< never for zero
    std::string digits;         ///< without zeros at either end; "" is zero
    std::int64_t exponent = 0;  ///< ± digits × 10^exponent
    double value = 0;           ///< the nearest double; infinite beyond its range
};

/// Reads a text that is a number and nothing else; words around it make it none.
///
/// - Sign: + - and the Unicode minus and en dash, before or behind a currency sign.
/// - Thousands: groups of three digits parted by commas, points, apostrophes or (no-break, thin)
///   spaces.
/// - Decimals: behind a point or a comma. Where a text can be read in two ways the point is the
///   decimal sign and the comma parts thousands: 1.234 is a little over one, 1,234 more than a
///   thousand. Where only one reading is possible that one is taken: 1.234,5 and 1 234,5 and 0,5.
/// - 1.5e3; 50% (0.5); 3/4 and 1 1/2 with up to nine digits each; a currency sign before or
///   behind; one full stop at the end.
[[nodiscard]] std::optional<Number> parse_number(std::string_view text);
/// A JSON number, or a text as above.
[[nodiscard]] std::optional<Number> to_number(const Json& value);

/// Decimals are equal digit by digit; a fraction equals the nearest double.
[[nodiscard]] bool operator==(const Number& a, const Number& b);

struct Tolerance {
    double absolute = 0;
    double relative = 0;  ///< of the expected value
};

/// Whether two doubles differ by no more than either tolerance allows, and a tolerance is set.
[[nodiscard]] bool is_within(double output, double expected, const Tolerance& tolerance);

}  // namespace assay
