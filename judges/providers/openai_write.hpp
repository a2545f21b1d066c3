#pragma once

#include "judges/providers/openai_formats.hpp"

namespace assay {

// What the requests of OpenAI's two APIs have in common.

/// Whether a tool is in our form, and not in one of the API's own, which has a type.
[[nodiscard]] bool is_own_tool(const Json& tool);
/// What a tool answered, as text.
[[nodiscard]] std::string tool_result_text(const Json& part);

/// A call with the model where the address wants it.
[[nodiscard]] WireFormat::Call openai_call(const OpenAiAddress& address, std::string_view operation,
                                           const std::string& model, Json body);
/// A request with `texts`.
[[nodiscard]] WireFormat::Call write_openai_embeddings(const OpenAiAddress& address,
                                                       const Json& options,
                                                       const ProviderRequest& request);

}  // namespace assay
