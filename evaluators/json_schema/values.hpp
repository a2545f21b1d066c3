#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "core/base/json.hpp"

namespace assay::json_schema {

/// A set of JSON Schema's types; every integer is a number too.
using TypeSet = std::uint8_t;
inline constexpr TypeSet k_null = 1;
inline constexpr TypeSet k_boolean = 2;
inline constexpr TypeSet k_integer = 4;
inline constexpr TypeSet k_number = 8;
inline constexpr TypeSet k_string = 16;
inline constexpr TypeSet k_array = 32;
inline constexpr TypeSet k_object = 64;
inline constexpr TypeSet k_any_type = 127;

/// The types a value has: 1.0 is an integer and a number.
[[nodiscard]] TypeSet types_of(const Json& value);

/// Exact, also between 64-bit integers and doubles. Both are numbers.
[[nodiscard]] std::partial_ordering compare_numbers(const Json& a, const Json& b);

/// Whether `number` / `divisor` is whole, both taken as the decimal fractions they are written as:
/// 0.0075 is a multiple of 0.0001 although the doubles' quotient is not whole. `divisor` > 0.
[[nodiscard]] bool is_multiple_of(const Json& number, const Json& divisor);

/// A text that two values share exactly when JSON Schema calls them equal: numbers compare by
/// value (1 and 1.0), true is not 1. Nothing when the value is nested deeper than
/// limits::k_json_schema_depth_max.
[[nodiscard]] std::optional<std::string> canonical_text(const Json& value);

}  // namespace assay::json_schema
