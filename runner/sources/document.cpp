#include "runner/sources/document.hpp"

#include <fmt/format.h>

namespace assay {

std::optional<std::string> text_of(const OrderedJson& object, const char* name) {
    const OrderedJson& value = member_of(object, name);
    return value.is_string() ? std::optional(value.get<std::string>()) : std::nullopt;
}

std::optional<double> number_of(const OrderedJson& object, const char* name) {
    const OrderedJson& value = member_of(object, name);
    return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

std::optional<std::int64_t> integer_of(const OrderedJson& object, const char* name) {
    const OrderedJson& value = member_of(object, name);
    return value.is_number_integer() ? std::optional(value.get<std::int64_t>()) : std::nullopt;
}

std::optional<Time> time_of(const OrderedJson& object, const char* name) {
    const auto text = text_of(object, name);
    const auto time = text ? parse_rfc3339(*text) : Result<Time>();
    return text && time ? std::optional(*time) : std::nullopt;
}

std::vector<std::string> texts_of(const OrderedJson& object, const char* name) {
    std::vector<std::string> texts;
    for (const OrderedJson& value : list_of(object, name)) {
        if (value.is_string()) texts.push_back(value.get<std::string>());
    }
    return texts;
}

const std::vector<OrderedJson>& list_of(const OrderedJson& object, const char* name) {
    static const std::vector<OrderedJson> k_empty;
    const OrderedJson& value = member_of(object, name);
    return value.is_array() ? value.get_ref<const OrderedJson::array_t&>() : k_empty;
}

Result<std::string> needed_text(const OrderedJson& object, const char* name, std::string_view what,
                                const ApiClient& client) {
    auto text = text_of(object, name);
    if (text) return std::move(*text);
    return failure(
        ErrorCode::unavailable,
        fmt::format("{} tells of {} without \"{}\": it is no Langfuse-compatible server, "
                    "or not one of this version",
                    client.place(), what, name));
}

}  // namespace assay
