#pragma once

#include <map>
#include <string>
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

/// What an observation tells of a trace that has not spoken for itself.
struct TraceGlimpse {
    Time start;
    const std::string& environment;
};

/// Writes the traces of one batch, and remembers them for what else the batch has of each.
class TraceWriter {
  public:
    /// @param context  outlives this.
    explicit TraceWriter(const IngestContext& context) : context_(context) {}

    /// Stores what clients said of one trace. @param events  in the order they came; at least one.
    [[nodiscard]] Result<void> put_events(const TraceId& id, std::vector<EntityEvent> events);
    /// Stores the trace of an observation whose trace nobody named so far: it says what that says.
    [[nodiscard]] Result<void> make_up(const TraceId& id, EntityEvent event);
    /// Unlists a trace that was made up and has nothing in it any more.
    [[nodiscard]] Result<void> withdraw(const TraceId& id);
    /// Makes sure that the trace is listed, and gives its row.
    [[nodiscard]] Result<TraceRow> ensure(const TraceId& id, const TraceGlimpse& glimpse);

  private:
    struct Standing {
        std::int64_t row = 0;  ///< 0: there is none
        bool is_listed = false;
        bool has_spoken = false;  ///< its time is what clients or a run said
        Time begins;
    };
    enum class Origin : std::uint8_t { client, made_up };
    [[nodiscard]] Result<void> put(const TraceId& id, std::vector<EntityEvent> events,
                                   Origin origin);
    /// Valid as long as this.
    [[nodiscard]] Result<Standing*> find(const TraceId& id);

    const IngestContext& context_;
    std::map<TraceId, Standing> known_;
};

/// Takes a trace off the lists: only what else names it is left. Its state is gone already.
[[nodiscard]] Result<void> leave_mention(const IngestContext& context, std::int64_t trace);

}  // namespace assay
