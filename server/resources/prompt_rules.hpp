#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

// What may be stored as a prompt. The messages are for the sender.

namespace assay {

/// Folders are separated by "/"; "|" separates the parts of references.
/// @error invalid_argument
[[nodiscard]] Result<void> check_prompt_name(std::string_view name);
/// @error invalid_argument
[[nodiscard]] Result<void> check_prompt_label(std::string_view label);
/// The content of a prompt as it is stored: a text, or a list of messages {role, content} and
/// {type: "placeholder", name}.
/// @error invalid_argument with the place.
[[nodiscard]] Result<Json> normalise_prompt(std::string_view type, const Json& content);

}  // namespace assay
