#pragma once

#include <compare>
#include <string>
#include <vector>

#include "core/base/json.hpp"

namespace assay {

/// The order of two numbers by their mathematical value; the library's own comparison reads
/// 18446744073709551615 as -1 and rounds large integers to doubles. Both must be numbers.
[[nodiscard]] std::partial_ordering compare_numbers(const Json& a, const Json& b);

/// The same text for numbers that compare_numbers() calls equal, and for no others: 3 for 3.0.
[[nodiscard]] std::string canonical_number(const Json& number);

/// Equality of JSON values with numbers compared as compare_numbers does: 1 equals 1.0.
[[nodiscard]] bool json_equal(const Json& a, const Json& b);

/// One step into a value: the member of an object, or the element of an array when `name` is a
/// number without leading zeros. nullptr when there is none.
[[nodiscard]] const Json* find_member(const Json& value, const std::string& name);

/// Follows `path` from its element number `first` on; nullptr when it leads nowhere.
[[nodiscard]] const Json* find_path(const Json& value, const std::vector<std::string>& path,
                                    std::size_t first = 0);

}  // namespace assay
