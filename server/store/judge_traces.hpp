#pragma once

#include <span>
#include <string_view>

#include "server/store/trace_rows.hpp"

// The executions of judges: a trace each, beside the trace of the unit that they looked at. What a
// report needs of them stands in the unit's document; these traces hold the calls.

namespace assay {

/// Of the unit that was judged.
struct JudgedUnit {
    const TraceOwner& trace;
    std::int64_t environment = 0;  ///< symbol
    std::int64_t item_version = 0;
    Json metadata;  ///< what that of all its judges has in common: metadata_of_judges()
};

/// Made from that of the unit's trace, an object; each execution puts in what is its own.
[[nodiscard]] Json metadata_of_judges(Json of_unit, const TraceId& judged);

/// Stores an execution. Needs a transaction, in which the one before, if any, was removed.
/// @param score_ids  of the scores that it gave.
/// @return the row of its trace.
[[nodiscard]] Result<std::int64_t> put_judge_trace(Session& writer, JudgedUnit& unit,
                                                   std::string_view evaluator,
                                                   const JudgeRecord& judge,
                                                   std::span<const ScoreId> score_ids,
                                                   DocumentWriter& document);

/// Removes the executions of these evaluations. Needs a transaction.
[[nodiscard]] Result<void> remove_judge_traces(Session& writer, const TraceOwner& unit,
                                               std::span<const Evaluation> evaluations);

}  // namespace assay
