#pragma once

#include <string>
#include <vector>

#include "configs/spec.hpp"
#include "core/base/error.hpp"
#include "core/model/template.hpp"
#include "judges/provider.hpp"

namespace assay {

// What a task with a prompt sends.

/// The messages of a prompt. @param scope  of one item, with the steps before if there are any.
/// @error invalid_argument naming the variable or placeholder that the scope does not have, or what
///        is wrong with an image; not_found, permission_denied, resource_exhausted for its file.
[[nodiscard]] Result<std::vector<ChatMessage>> render_prompt(const PromptSpec& prompt,
                                                             const TemplateScope& scope);
/// Hash of the files that rows name and the prompt sends; "" when there are none.
[[nodiscard]] std::string fingerprint_of_files(const PromptSpec& prompt,
                                               const TemplateScope& scope);
/// Tools as ProviderRequest::tools has them: OpenAI's {"type": "function", "function"} and
/// {"name", "input_schema"} become {"name", "description", "parameters"}.
[[nodiscard]] Json normalized_tools(const Json& tools);
/// For people: images without their bytes.
[[nodiscard]] Json describe_messages(const std::vector<ChatMessage>& messages);

}  // namespace assay
