#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "core/base/json.hpp"

namespace assay {

// How the formats read what a server wrote: a member of another type than expected is none.

/// A member of an object that is not null, else nullptr.
[[nodiscard]] inline const Json* member(const Json& object, const char* name) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

/// A member's text, "" when it is none.
[[nodiscard]] inline const std::string& text_member(const Json& object, const char* name) {
    static const std::string k_empty;
    const Json* const value = member(object, name);
    return value != nullptr && value->is_string() ? value->get_ref<const std::string&>() : k_empty;
}

/// A member that is a list, else an empty one.
[[nodiscard]] inline const Json& list_member(const Json& object, const char* name) {
    static const Json k_empty = Json::array();
    const Json* const value = member(object, name);
    return value != nullptr && value->is_array() ? *value : k_empty;
}

/// A member that is a whole number from 0 to 10^12, more than anybody counts here, else 0.
[[nodiscard]] inline std::int64_t count_member(const Json& object, const char* name) {
    constexpr std::int64_t k_count_max = 1'000'000'000'000;
    const Json* const value = member(object, name);
    const bool is_count = value != nullptr && value->is_number_integer() && *value >= 0 &&
                          *value <= k_count_max;  // lest a sum overflow
    return is_count ? value->get<std::int64_t>() : 0;
}

/// The JSON that a text is, else the text: the arguments of a tool call, which a model may get
/// wrong. With a key twice it stays text: whoever reads it shall see what was said.
[[nodiscard]] inline Json json_or_text(std::string text) {
    auto parsed = parse_json(text, {.allow_duplicate_keys = false});
    return parsed ? std::move(*parsed) : Json(std::move(text));
}

/// Takes a part out of a count of tokens, and no more than is left of it: so none is counted twice.
[[nodiscard]] inline std::int64_t take_tokens(std::int64_t& from, std::int64_t part) {
    part = std::clamp<std::int64_t>(part, 0, from);
    from -= part;
    return part;
}

}  // namespace assay
