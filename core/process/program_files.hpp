#pragma once

#include <filesystem>
#include <vector>

#include "core/base/error.hpp"

namespace assay {

/// Where a program is, and what it needs of the disk to run besides /usr.
struct ProgramFiles {
    std::filesystem::path program;              ///< absolute
    std::vector<std::filesystem::path> needed;  ///< folders and files, none below /usr
};

/// Follows a program from PATH (or from `folder` when the name has a slash) through symbolic links
/// and first lines (`#!`) to every installation it is a part of: the folder above its bin, as with
/// virtual environments, pyenv and nvm.
/// @error not_found when there is no such program.
[[nodiscard]] Result<ProgramFiles> find_program_files(const std::string& name,
                                                      const std::filesystem::path& folder);

}  // namespace assay
