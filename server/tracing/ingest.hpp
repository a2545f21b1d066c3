#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model/ids.hpp"
#include "server/store/database.hpp"
#include "server/tracing/entity_event.hpp"
#include "server/tracing/records.hpp"

// What clients send, decoded and checked: the one form in which every protocol hands it to the
// store.

namespace assay {

struct TraceEvent {
    TraceId trace;
    EntityEvent event;
};

struct ObservationEvent {
    ObservationId id;
    /// Nothing: that of the stored observation of this id; else a trace of its own, whose id is the
    /// observation's.
    std::optional<TraceId> trace;
    /// Whether an observation of this id in another trace is meant too: it stays where it was
    /// first. OpenTelemetry's ids say something in their trace only.
    bool is_id_unique = true;
    EntityEvent event;
};

/// What a message says of a score; with others of the same id it is merged.
struct ScoreWrite {
    ScoreRecord score;  ///< `timestamp` is the event's; created and updated are set by the store
};

struct IngestBatch {
    std::vector<TraceEvent> traces;
    std::vector<ObservationEvent> observations;
    std::vector<ScoreWrite> scores;
};

/// A score of the batch that could not be stored.
struct RefusedScore {
    std::size_t index = 0;  ///< in IngestBatch::scores
    std::string why;
};
struct IngestOutcome {
    std::vector<RefusedScore> refused;  ///< all else is stored
};

/// Stores a batch in the caller's transaction: merges it with what is there, links prompts, prices
/// usage, makes sessions, keeps the indexes. Doing it twice changes nothing.
/// @error of the store only: nothing is stored then.
[[nodiscard]] Result<IngestOutcome> ingest(Session& writer, const ProjectId& project,
                                           IngestBatch batch, Time now);

/// The row of a trace that something names, made as a mere mention when there is none: it is not
/// listed until something of the trace itself comes. Needs a transaction.
[[nodiscard]] Result<TraceRow> mention_trace(Session& writer, const ProjectId& project,
                                             const TraceId& id, Time now);
/// The row of a session, made when it is new. Needs a transaction.
[[nodiscard]] Result<SessionRow> ensure_session(Session& writer, std::int64_t project,
                                                const SessionId& id, const std::string& environment,
                                                Time now);
/// @return whether there was one. Needs a transaction.
[[nodiscard]] Result<bool> remove_score(Session& writer, std::int64_t project, const ScoreId& id);

}  // namespace assay
