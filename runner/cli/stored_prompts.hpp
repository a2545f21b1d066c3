#pragma once

#include <string>

#include "configs/stored_prompt.hpp"

namespace assay {

/// Reads the prompts of the store in a folder, which is opened when the first one is wanted.
/// Errors of what it gives: not_found with the nearest name, those of Database::open(), and
/// invalid_argument when what the prompt refers to cannot be found.
[[nodiscard]] StoredPrompts stored_prompts(std::string folder);

}  // namespace assay
