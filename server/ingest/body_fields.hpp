#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"

// Reading the members of a body one by one. A member that is missing and one that is null are the
// same: nothing was said.

namespace assay {

/// A member of a body that cannot be taken.
struct FieldFault {
    std::string field;    ///< "" = the body itself
    std::string message;  ///< the end of a sentence: "must be a string, not a number"

    [[nodiscard]] std::string sentence() const {
        return (field.empty() ? "body" : "body." + field) + " " + message;
    }
};
template <class T>
using FieldResult = std::expected<T, FieldFault>;

[[nodiscard]] inline std::unexpected<FieldFault> field_fault(std::string_view field,
                                                             std::string message) {
    return std::unexpected(FieldFault{std::string(field), std::move(message)});
}
/// "must be a string, not a number".
[[nodiscard]] std::unexpected<FieldFault> wrong_field_type(std::string_view field,
                                                           std::string_view expected,
                                                           const Json& value);

/// What is known of an entity apart from its body.
struct EventFrame {
    Time at;
    std::string event_id;
    /// The id of an entity whose body has none: the same one whenever the event is sent.
    [[nodiscard]] std::string derive_id() const;
};

/// The member, or null when there is none.
[[nodiscard]] const Json& field_of(const Json& body, std::string_view field);
/// The same, taken out of the body.
[[nodiscard]] Json take_field(Json& body, std::string_view field);

// The value of a member, which is not null.

[[nodiscard]] FieldResult<std::string> string_from(std::string_view field, const Json& value);
/// One of the words.
[[nodiscard]] FieldResult<std::string> word_from(std::string_view field, const Json& value,
                                                 std::span<const std::string_view> words);
/// A string that can be the id of an entity.
[[nodiscard]] FieldResult<std::string> id_from(std::string_view field, const Json& value);
/// ISO 8601 with an offset.
[[nodiscard]] FieldResult<Time> time_from(std::string_view field, const Json& value);
[[nodiscard]] FieldResult<bool> flag_from(std::string_view field, const Json& value);

// The same, of a body: nothing when nothing was said.

[[nodiscard]] FieldResult<std::optional<std::string>> read_string(const Json& body,
                                                                  std::string_view field);
[[nodiscard]] FieldResult<std::optional<std::string>> read_word(
    const Json& body, std::string_view field, std::span<const std::string_view> words);
[[nodiscard]] FieldResult<std::optional<std::string>> read_id(const Json& body,
                                                              std::string_view field);
/// An id of something else, for which "" says nothing.
[[nodiscard]] FieldResult<std::optional<std::string>> read_reference(const Json& body,
                                                                     std::string_view field);
[[nodiscard]] FieldResult<std::optional<Time>> read_time(const Json& body, std::string_view field);

}  // namespace assay
