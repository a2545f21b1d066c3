#pragma once

#include <filesystem>
#include <string>

#include "core/base/json.hpp"

namespace assay {

/// What the manifest says of where a run was made: "git" (commit, branch, whether tracked files
/// have changes that are not committed) of the repository that `folder` is in, and "ci" (provider,
/// URL of the job, pull request). null each where there is none or where it cannot be told.
[[nodiscard]] Json describe_surroundings(const std::filesystem::path& folder);

/// Whoever CI says has caused the job, else the user of the machine; "unknown" when nobody is told.
[[nodiscard]] std::string who_acts();

}  // namespace assay
