#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "server/store/database.hpp"
#include "server/tracing/records.hpp"

// Scores of every subject, whoever gave them. Those that evaluators of a run gave stand in the same
// table (server/store/score_rows.hpp); the time of such a score is also when it was made.

namespace assay {

/// As it stands in the store: "trace", "session" or "dataset_run".
[[nodiscard]] std::string_view to_string(ScoreSubjectKind kind);

/// In the order of `ids`; one that is not there (any more) is left out.
/// @error data_loss when a score is damaged.
[[nodiscard]] Result<std::vector<ScoreRecord>> read_score_records(Session& session,
                                                                  std::int64_t project,
                                                                  std::span<const ScoreId> ids);

/// All of a subject, oldest first.
[[nodiscard]] Result<std::vector<ScoreId>> score_ids_of(Session& session, std::int64_t project,
                                                        ScoreSubjectKind kind,
                                                        std::int64_t subject);

/// Stores what a message says of a score, and makes its trace or its session if they are new. With
/// others of the same id it is merged in the order in which they were sent, see score_events.hpp.
/// Needs a transaction.
/// @error not_found when the dataset run that it belongs to is not there; nothing is stored then.
[[nodiscard]] Result<void> put_score(Session& writer, const ProjectId& project,
                                     const ScoreRecord& score, Time now);

/// Removes the scores of a subject that is being removed, with their history. Needs a transaction.
[[nodiscard]] Result<void> remove_scores_of(Session& writer, std::int64_t project,
                                            ScoreSubjectKind kind, std::int64_t subject);

}  // namespace assay
