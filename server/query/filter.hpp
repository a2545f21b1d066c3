#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"

// The filters of the API: a list of elements {type, column, operator, value, key?}, all of which
// must hold. What the columns are is the affair of a View.

namespace assay {

enum class FilterType : std::uint8_t {
    datetime,
    string,
    string_options,
    category_options,
    array_options,
    number,
    string_object,
    number_object,
    boolean_object,
    boolean,
    null,
    position_in_trace,
};

enum class FilterOperator : std::uint8_t {
    equal,
    unequal,
    less,
    less_or_equal,
    greater,
    greater_or_equal,
    contains,
    does_not_contain,
    starts_with,
    ends_with,
    matches,  ///< every word of the value occurs, whatever its case
    any_of,
    none_of,
    all_of,
    is_null,
    is_not_null,
};

using FilterValue =
    std::variant<std::monostate, std::string, double, bool, Time, std::vector<std::string>>;

struct FilterElement {
    FilterType type = FilterType::string;
    std::string column;  ///< as it was written: any spelling that the view knows
    FilterOperator op = FilterOperator::equal;
    std::string key{};  ///< of the types with "object", of categories and of positions
    FilterValue value{};
};

/// Reads a filter: the JSON text of an array.
/// @error invalid_argument, its message for the sender and with the index of the element, for
///        anything that is no such element, more than limits::k_filter_elements_max of them or
///        values beyond their limits.
[[nodiscard]] Result<std::vector<FilterElement>> parse_filter(std::string_view text);
/// The same of what was parsed already.
[[nodiscard]] Result<std::vector<FilterElement>> read_filter(const Json& elements);

/// "stringOptions", "none of": as they are written.
[[nodiscard]] std::string_view to_string(FilterType type);
[[nodiscard]] std::string_view to_string(FilterOperator op);

// Elements for the simple parameters of a request.
[[nodiscard]] FilterElement text_is(std::string column, std::string text);
[[nodiscard]] FilterElement any_of(std::string column, std::vector<std::string> texts);
[[nodiscard]] FilterElement all_of(std::string column, std::vector<std::string> texts);
[[nodiscard]] FilterElement not_before(std::string column, Time time);
[[nodiscard]] FilterElement before(std::string column, Time time);
[[nodiscard]] FilterElement is_true(std::string column, bool value);
[[nodiscard]] FilterElement compare(std::string column, FilterOperator op, double number);
[[nodiscard]] FilterElement is_null(std::string column);
[[nodiscard]] FilterElement is_not_null(std::string column);

}  // namespace assay
