#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/store/database.hpp"
#include "server/store/trace_store.hpp"

// Scores and their history, as rows. What evaluators of a run gave has the source "EVAL" and no
// created_at; all others belong to people and programs, and nothing here reads or touches them.

namespace assay {

/// What a score belongs to.
struct ScoreSubject {
    std::string_view kind;  ///< "trace" or "dataset_run"
    std::int64_t project = 0;
    std::int64_t row = 0;  ///< of the kind's table
};

/// A score with its final id.
struct IdentifiedScore {
    ScoreId id;
    std::string_view evaluator;  ///< that gave it; "" = a run evaluator
    const Score* score = nullptr;
    std::optional<std::int64_t> execution_trace;  ///< of the judge that gave it
};

/// What all scores of one writing have in common.
struct ScoreFacts {
    std::string_view environment;
    Time timestamp;
    bool is_first = false;  ///< the subject had no scores before
};

/// Replaces what evaluators gave the subject. Needs a transaction.
[[nodiscard]] Result<void> put_scores(Session& writer, const ScoreSubject& subject,
                                      const ScoreFacts& facts,
                                      std::span<const IdentifiedScore> scores);

/// Scores of one subject that are replaced.
struct ReplacedScores {
    std::span<const IdentifiedScore> before;
    std::span<const IdentifiedScore> after;
    const Replacement& replacement;
};

/// Puts the scores that evaluators gave and that are changed or left out into the history. To be
/// called before the new ones are put; needs a transaction.
[[nodiscard]] Result<void> keep_past_scores(Session& writer, std::int64_t project,
                                            const ReplacedScores& scores);

/// All scores that evaluators of a run gave the subject, in the order they were stored.
[[nodiscard]] Result<std::vector<StoredScore>> read_scores(Session& session,
                                                           const ScoreSubject& subject);
/// The history of the subject's scores, oldest first.
[[nodiscard]] Result<std::vector<PastScore>> read_past_scores(Session& session,
                                                              const ScoreSubject& subject);

}  // namespace assay
