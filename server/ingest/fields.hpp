#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"

// What all protocols do with the single values that clients send, before they become events. The
// texts of every Json here are valid UTF-8, as parse_json() leaves them: whoever decodes anything
// else repairs them with to_valid_utf8().

namespace assay {

/// The fields of a message that were longer than what is kept of them, by name: the answer tells.
using CutFields = std::vector<std::string>;

/// Null, "", false and 0: the contract takes them as nothing said where a value can be any JSON.
[[nodiscard]] bool says_nothing(const Json& value);

/// The environment that is meant: in lower case, without the reserved prefix, at most 40
/// characters; "default" when what is left is no environment's name.
[[nodiscard]] std::string normal_environment(std::string_view text);

/// Why a text cannot be the id of an entity, as the end of a sentence ("must have 1 to 800
/// characters"); nothing when it can.
[[nodiscard]] std::optional<std::string> find_id_fault(std::string_view id);

/// Cuts a text that is longer than `bytes_max` at a character's boundary, and ends it with a
/// marker that tells how long it was; with the marker it has at most `bytes_max` bytes.
/// @return whether it was cut.
bool cut_text(std::string& text, std::size_t bytes_max);

/// The same for characters: with the marker it has at most `characters_max`.
bool cut_characters(std::string& text, std::size_t characters_max);

/// A name, a version, a status message: valid UTF-8 without NUL, at most k_short_text_bytes_max.
[[nodiscard]] std::string short_text(std::string text, std::string_view field, CutFields& cut);

/// An input or an output as it is stored: a text as it is, anything else as compact JSON, at most
/// k_field_bytes_max; nothing when the value says nothing.
[[nodiscard]] std::optional<std::string> stored_text(Json value, std::string_view field,
                                                     CutFields& cut);

/// Metadata as it is stored: an object; anything else as {"metadata": value}; empty when the value
/// says nothing. Of more than k_field_bytes_max, as JSON, the members that go beyond it are cut:
/// the first of them to a text, the rest are left out.
[[nodiscard]] Json stored_metadata(Json value, std::string_view field, CutFields& cut);

}  // namespace assay
