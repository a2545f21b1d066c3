#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/base/json.hpp"

namespace assay {

/// How a spec names a prompt of the store: by its version or by a label, one of which is there.
struct StoredPromptName {
    std::string name;
    std::optional<std::int64_t> version = std::nullopt;
    std::string label = {};
};

struct StoredPrompt {
    std::int64_t version = 0;
    Json content;  ///< a text, or a list of messages; what it refers to is in it
};

/// Finds it. Errors say in a sentence why there is none.
using StoredPrompts = std::function<Result<StoredPrompt>(const StoredPromptName& name)>;

}  // namespace assay
