#pragma once

#include <span>
#include <vector>

#include "server/tracing/ingest.hpp"

// How what clients say becomes rows: traces here, observations in observation_writer.hpp. All of
// it needs a transaction.

namespace assay {

/// What everything that is stored together has in common.
struct IngestContext {
    Session& writer;
    const ProjectId& project;
    std::int64_t project_row = 0;
    Time now;
};

/// Stores what clients said of one trace. @param events  in the order they came; at least one.
[[nodiscard]] Result<void> put_trace_events(const IngestContext& context, const TraceId& id,
                                            std::vector<EntityEvent> events);

/// What an observation tells of a trace that has not spoken for itself.
struct TraceGlimpse {
    Time start;
    const std::string& environment;
};
/// Makes sure that the trace is listed, and gives its row.
[[nodiscard]] Result<TraceRow> ensure_trace(const IngestContext& context, const TraceId& id,
                                            const TraceGlimpse& glimpse);

}  // namespace assay
