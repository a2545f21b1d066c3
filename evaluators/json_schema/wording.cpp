#include "evaluators/json_schema/wording.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>
#include <vector>

#include "core/base/text.hpp"

namespace assay::json_schema {
namespace {

constexpr std::size_t k_shown_columns = 60;

constexpr std::array<std::pair<TypeSet, std::string_view>, 7> k_phrases = {{
    {k_string, "a string"},
    {k_number, "a number"},
    {k_integer, "an integer"},
    {k_boolean, "a boolean"},
    {k_array, "an array"},
    {k_object, "an object"},
    {k_null, "null"},
}};

}  // namespace

std::string shown_whole(const Json& value) { return fit_width(to_text(value), k_shown_columns); }

std::string shown(const Json& value) {
    if (value.is_structured()) return std::string(type_phrase(value));
    if (!value.is_string()) return shown_whole(value);
    // A character has at most four bytes and at least no column: enough to see that it is long.
    const std::string_view text = value.get_ref<const std::string&>();
    return shown_whole(Json(to_valid_utf8(text.substr(0, 8 * k_shown_columns))));
}

std::string counted(std::size_t count, std::string_view singular) {
    if (count == 1) return fmt::format("1 {}", singular);
    if (singular.ends_with('y')) {
        return fmt::format("{} {}ies", count, singular.substr(0, singular.size() - 1));
    }
    return fmt::format("{} {}s", count, singular);
}

std::string type_names(TypeSet types) {
    if ((types & k_number) != 0) types &= static_cast<TypeSet>(~k_integer);
    std::vector<std::string_view> names;
    for (const auto& [type, phrase] : k_phrases) {
        if ((types & type) != 0) names.push_back(phrase);
    }
    return fmt::format("{}", fmt::join(names, " or "));
}

}  // namespace assay::json_schema
