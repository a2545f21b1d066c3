#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace assay {

/// The nearest folder above, or the folder itself, that holds a Git repository.
[[nodiscard]] std::optional<std::filesystem::path> repository_root(std::filesystem::path folder);

/// A file as the repository names it, which is how CI systems do: relative to its root, with "/".
/// Outside of a repository the path as it was given; so is a command-line option.
[[nodiscard]] std::string path_in_repository(const std::string& file);

}  // namespace assay
