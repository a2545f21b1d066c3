#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/resources/prompt_store.hpp"

// Prompts in prompts: "@@@langfusePrompt:name=NAME|version=3@@@" or "...|label=LABEL@@@" in a text
// stands for another text prompt. What a label means is looked up when the prompt is read.

namespace assay {

/// A reference in a text.
struct PromptReference {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string name;
    PromptSelector selector;  ///< a version or a label
};
/// In order; what only looks like a reference is none.
[[nodiscard]] std::vector<PromptReference> find_prompt_references(std::string_view text);
/// Those in the content of a prompt.
[[nodiscard]] std::vector<PromptReference> references_of(const Json& content);

struct ResolvedPrompt {
    Json content;
    /// {root: {name, version, id}, dependencies: {ID: [{name, version, id}]}}; null when it refers
    /// to nothing.
    OrderedJson graph;
};
/// @error invalid_argument when a reference leads to nothing, to a chat prompt, back to where it
///        came from, too deep, or to too much.
[[nodiscard]] Result<ResolvedPrompt> resolve_prompt(Session& session, std::int64_t project,
                                                    const PromptRecord& prompt);

/// Prompts that refer to a name, "NAME v3", for messages.
/// @param versions  of the name that are meant, by their numbers and labels.
struct Referred {
    std::string_view name;
    std::vector<std::int64_t> versions;
    std::vector<std::string> labels;
};
/// Of all prompts but those versions themselves.
[[nodiscard]] Result<std::vector<std::string>> prompts_that_refer_to(Session& session,
                                                                     std::int64_t project,
                                                                     const Referred& referred);

}  // namespace assay
