#pragma once

#include <cstddef>

#include "server/store/database.hpp"
#include "server/tracing/records.hpp"

// Removing for good, in parts that each fit into a transaction of their own. What is removed is
// overwritten, so that it is in no file once the log is copied; the indexes hold hashes of it only,
// and forget those.

namespace assay {

/// Removes all that is stored of a trace: observations, scores, index entries. A trace of a run is
/// no longer in the run's report either; one that clients linked to dataset items is mentioned by
/// these from then on. @return whether there was one.
[[nodiscard]] Result<bool> remove_trace(Session& writer, const ProjectId& project,
                                        const TraceId& id);

/// Removes of a project what is older than `before`: observations, scores, traces and sessions,
/// each by its own time. A trace that still has something younger is only mentioned from then on.
/// @param count  at most so many of each kind.
/// @return how many were removed; less than `count`: nothing is left.
[[nodiscard]] Result<std::size_t> remove_older(Session& writer, const ProjectId& project,
                                               Time before, std::size_t count);

/// Removes whatever a project has: a part of its traces, and once these are gone all the rest.
/// @return how many traces were removed; less than `count`: nothing is left.
[[nodiscard]] Result<std::size_t> remove_project_data(Session& writer, const ProjectId& project,
                                                      std::size_t count);

/// Overwrites the texts of symbols that nothing refers to any more: names of what was removed.
[[nodiscard]] Result<void> forget_unused_symbols(Session& writer);

}  // namespace assay
