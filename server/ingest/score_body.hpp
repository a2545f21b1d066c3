#pragma once

#include <optional>
#include <string>

#include "server/ingest/body_fields.hpp"
#include "server/ingest/fields.hpp"
#include "server/resources/score_configs.hpp"
#include "server/tracing/records.hpp"

// The body of a score, the same in POST /scores and in a score-create event: the contract,
// section 6.

namespace assay {

/// A score as far as its body alone tells: what its value means can depend on its config.
struct ScoreDraft {
    ScoreRecord score;                     ///< without data_type, value and string_value
    std::optional<std::string> data_type;  ///< as the sender says
    Json value;                            ///< a number or a string
};

/// @param body  an object; what is stored is taken out of it.
[[nodiscard]] FieldResult<ScoreDraft> read_score_body(Json& body, const EventFrame& frame,
                                                      CutFields& cut);

/// The score that it is, when its value is one of its type and of its config.
/// @param config  that of draft.score.config_id; null when the score names none.
[[nodiscard]] FieldResult<ScoreRecord> finish_score(ScoreDraft draft, const ScoreConfig* config);

}  // namespace assay
