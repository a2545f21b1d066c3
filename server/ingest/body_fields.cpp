#include "server/ingest/body_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/hash.hpp"
#include "server/ingest/fields.hpp"

namespace assay {
namespace {

/// Such an id has the form of a trace's.
constexpr std::size_t k_derived_id_digits = 32;

}  // namespace

std::string EventFrame::derive_id() const { return sha256_hex(event_id, k_derived_id_digits); }

std::unexpected<FieldFault> wrong_field_type(std::string_view field, std::string_view expected,
                                             const Json& value) {
    return field_fault(field, fmt::format("must be {}, not {}", expected, type_phrase(value)));
}

const Json& field_of(const Json& body, std::string_view field) {
    static const Json k_null;
    const auto found = body.find(field);
    return found == body.end() ? k_null : *found;
}

Json take_field(Json& body, std::string_view field) {
    const auto found = body.find(field);
    return found == body.end() ? Json() : std::move(*found);
}

FieldResult<std::string> string_from(std::string_view field, const Json& value) {
    if (!value.is_string()) return wrong_field_type(field, "a string", value);
    return value.get_ref<const std::string&>();
}

FieldResult<std::string> word_from(std::string_view field, const Json& value,
                                   std::span<const std::string_view> words) {
    ASSAY_TRY(auto word, string_from(field, value));
    if (std::ranges::find(words, word) == words.end()) {
        return field_fault(field, fmt::format("must be one of {}", fmt::join(words, ", ")));
    }
    return word;
}

FieldResult<std::string> id_from(std::string_view field, const Json& value) {
    ASSAY_TRY(auto id, string_from(field, value));
    if (auto fault = find_id_fault(id)) return field_fault(field, std::move(*fault));
    return id;
}

FieldResult<Time> time_from(std::string_view field, const Json& value) {
    if (!value.is_string()) return wrong_field_type(field, "a string", value);
    const auto time = parse_rfc3339(value.get_ref<const std::string&>());
    if (time) return *time;
    return field_fault(field, "must be a time with its offset, like 2026-11-01T09:30:00.000Z");
}

FieldResult<bool> flag_from(std::string_view field, const Json& value) {
    if (!value.is_boolean()) return wrong_field_type(field, "true or false", value);
    return value.get<bool>();
}

FieldResult<std::optional<std::string>> read_string(const Json& body, std::string_view field) {
    const Json& value = field_of(body, field);
    if (value.is_null()) return std::nullopt;
    return string_from(field, value);
}

FieldResult<std::optional<std::string>> read_word(const Json& body, std::string_view field,
                                                  std::span<const std::string_view> words) {
    const Json& value = field_of(body, field);
    if (value.is_null()) return std::nullopt;
    return word_from(field, value, words);
}

FieldResult<std::optional<std::string>> read_id(const Json& body, std::string_view field) {
    const Json& value = field_of(body, field);
    if (value.is_null()) return std::nullopt;
    return id_from(field, value);
}

FieldResult<std::optional<std::string>> read_reference(const Json& body, std::string_view field) {
    const Json& value = field_of(body, field);
    if (value.is_null() || value == "") return std::nullopt;
    return id_from(field, value);
}

FieldResult<std::optional<Time>> read_time(const Json& body, std::string_view field) {
    const Json& value = field_of(body, field);
    if (value.is_null()) return std::nullopt;
    return time_from(field, value);
}

}  // namespace assay
