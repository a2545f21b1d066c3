#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace assay {

/// Whether `part` stands in `text`, in linear time on any input.
[[nodiscard]] bool is_in(std::string_view part, std::string_view text);

/// Texts to look for: the elements of a list, which may also be written as the text of a JSON
/// array (the cell of a CSV file, a rendered template), or one text. Other values are looked for
/// as compact JSON.
/// @error invalid_argument when the list or one of the texts is empty: every output contains an
///        empty text.
[[nodiscard]] Result<std::vector<std::string>> read_texts(const Json& expected);

/// Those of `parts` that stand in `text`, and those that do not, as they are written in `parts`.
struct FoundTexts {
    std::vector<std::string_view> found;
    std::vector<std::string_view> missing;
};
/// @error resource_exhausted when the texts to look for times the size of the output exceed
///        limits::k_text_search_bytes_max.
[[nodiscard]] Result<FoundTexts> find_texts(const std::vector<std::string>& parts,
                                            const Json& output, bool ignore_case);

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
