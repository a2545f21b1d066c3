#pragma once

#include <string>

#include "core/model/ids.hpp"
#include "server/store/database.hpp"

namespace assay {

/// The project of a store that is meant: the one of that id; without one the project of runs, or
/// else the only one that there is. Of a store without projects it is that of runs, too.
/// @error not_found with the nearest id, or all of them when there are several.
[[nodiscard]] Result<ProjectId> choose_project(Session& session, const std::string& wanted);

/// "the project "default" of .assay".
[[nodiscard]] std::string describe_place(const ProjectId& project, const std::string& folder);

}  // namespace assay
