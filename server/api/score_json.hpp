#pragma once

#include "core/base/json.hpp"
#include "core/model/ids.hpp"
#include "server/tracing/records.hpp"

namespace assay {

/// A score as GET /scores gives it, and a trace among its scores. What a data type does not have is
/// left out: a NUMERIC has no stringValue, a TEXT no value.
[[nodiscard]] OrderedJson score_v1_json(const ProjectId& project, const ScoreRecord& score);

/// The trace of a score, as GET /v2/scores tells of it. @param trace  null: it is not known (yet).
[[nodiscard]] OrderedJson score_trace_json(const TraceRecord* trace);

/// What GET /v3/scores tells besides the core of a score.
struct ScoreGroups {
    bool details = false;
    bool subject = false;
    bool annotation = false;
};
/// A score with one `value` of its data type: a number, true or false, or a text.
[[nodiscard]] OrderedJson score_v3_json(const ProjectId& project, const ScoreRecord& score,
                                        const ScoreGroups& groups);

}  // namespace assay
