#include "runner/cli/repository.hpp"

namespace assay {

namespace fs = std::filesystem;

std::optional<fs::path> repository_root(fs::path folder) {
    std::error_code error;
    folder = fs::absolute(folder, error).lexically_normal();
    while (!error && !fs::exists(folder / ".git", error)) {
        if (!folder.has_relative_path()) return std::nullopt;
        folder = folder.parent_path();
    }
    return error ? std::nullopt : std::optional(folder);
}

std::string path_in_repository(const std::string& file) {
    std::error_code error;
    const fs::path absolute = fs::absolute(file, error).lexically_normal();
    if (file.empty() || file.starts_with("--") || error) return file;
    const auto root = repository_root(absolute.parent_path());
    return root ? absolute.lexically_relative(*root).generic_string() : file;
}

}  // namespace assay
