#pragma once

#include <filesystem>

#include "core/base/json.hpp"

namespace assay {

/// What the manifest says of where a run was made: "git" (commit, branch, whether tracked files
/// have changes that are not committed) of the repository that `folder` is in, and "ci" (provider,
/// URL of the job, pull request). null each where there is none or where it cannot be told.
[[nodiscard]] Json describe_surroundings(const std::filesystem::path& folder);

}  // namespace assay
