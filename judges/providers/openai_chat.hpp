#pragma once

#include "judges/provider.hpp"

namespace assay {

/// A provider that speaks OpenAI's Chat Completions (POST {base_url}/chat/completions; streamed
/// with the parameter `stream: true`): OpenAI itself and the many servers that follow it.
///
/// @param key_variable  the environment variable that messages name when a key is refused, "" =
/// none.
/// @error invalid_argument when the base URL is missing or no http(s) URL.
[[nodiscard]] Result<std::unique_ptr<Provider>> make_openai_chat(ProviderSettings settings,
                                                                 std::string_view key_variable);

}  // namespace assay
