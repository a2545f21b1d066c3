#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace assay {

/// Whether `part` stands in `text`, in linear time on any input.
[[nodiscard]] bool is_in(std::string_view part, std::string_view text);

/// The array that a text holds as JSON; nothing for another value. Only what begins like one is
/// parsed.
[[nodiscard]] std::optional<Json> array_in(const Json& value);

/// How a value is read as a list whose elements are compared as texts.
struct ListReading {
    std::string separator;  ///< between the elements of a text that is no JSON array
    bool ignore_case = false;
};
/// From the parameters `separator` and `ignore_case`.
/// @error invalid_argument for a separator that is empty or long.
[[nodiscard]] Result<ListReading> list_reading(const Json& parameters);

/// The distinct elements, sorted, of an array, of a text that holds a JSON array, or of a text cut
/// at the separator. An element is compared by its text without white space at both ends, so that
/// 3, 3.0 and "3" are the same; in a cut text what is empty is no element. A number or true and
/// false are a list of one.
/// @error invalid_argument when the value is an object or null; resource_exhausted when it has more
///        than limits::k_list_elements_max elements.
using TextSet = std::vector<std::string>;
[[nodiscard]] Result<TextSet> read_list(const Json& value, const ListReading& reading);

/// The elements of one set that another has not. They point into `set`.
[[nodiscard]] std::vector<std::string_view> difference(const TextSet& set, const TextSet& other);

/// `"a", "b", "c" and 4 more`: the first few texts, for a comment.
[[nodiscard]] std::string list_excerpt(const std::vector<std::string_view>& texts);

}  // namespace assay
