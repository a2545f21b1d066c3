#pragma once

#include "server/tracing/trace_writer.hpp"

namespace assay {

/// Which observation clients speak of.
struct ObservationKey {
    ObservationId id;
    std::optional<TraceId> trace;  ///< see ObservationEvent
    bool is_id_unique = true;

    friend auto operator<=>(const ObservationKey&, const ObservationKey&) = default;
};

/// Stores what clients said of one observation: links its prompt, prices it, lists its trace.
/// @param events  in the order they came; at least one.
[[nodiscard]] Result<void> put_observation_events(const IngestContext& context, TraceWriter& traces,
                                                  const ObservationKey& key,
                                                  std::vector<EntityEvent> events);

}  // namespace assay
