#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "server/resources/prompt_store.hpp"

// Prompts as files of a folder, in the forms that specs read: NAME.txt or NAME.md holds a text,
// NAME.json or NAME.yaml a list of messages. Folders are a part of the name.

namespace assay {

struct PromptFile {
    std::filesystem::path path;
    std::string name;
    std::string type;  ///< "text" or "chat"
    Json content;
};

/// Those of a folder and the folders in it, by name.
/// @error not_found when there is no such folder; invalid_argument for a file that holds no prompt
///        or two files of one name; file errors.
[[nodiscard]] Result<std::vector<PromptFile>> read_prompt_files(
    const std::filesystem::path& folder);

/// The file of a prompt in a folder: its name decides where, so one that would leave the folder
/// has none. @error invalid_argument.
[[nodiscard]] Result<std::filesystem::path> prompt_path(const std::filesystem::path& folder,
                                                        const PromptRecord& prompt);
/// What stands in it.
[[nodiscard]] std::string prompt_file_text(const Json& content);

/// The lines of two texts, each with "  ", "- " (only in the first) or "+ " (only in the second)
/// before it: a longest common subsequence is what they share.
[[nodiscard]] std::string compare_lines(std::string_view before, std::string_view after);

}  // namespace assay
