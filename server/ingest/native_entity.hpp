#pragma once

#include <string>
#include <string_view>

#include "server/ingest/body_fields.hpp"
#include "server/ingest/fields.hpp"
#include "server/tracing/ingest.hpp"

// Bodies of native events as what they say of a trace or an observation: the contract, 3.2 and 3.3.

namespace assay {

struct ObservationEventType {
    std::string_view name;   ///< "SPAN"; "" = the body says it: the events of old
    bool has_model = false;  ///< what a model was asked counts too
    bool is_update = false;
};

/// @param body  an object; what is stored is taken out of it.
[[nodiscard]] FieldResult<TraceEvent> read_trace_body(Json& body, const EventFrame& frame,
                                                      CutFields& cut);
[[nodiscard]] FieldResult<ObservationEvent> read_observation_body(Json& body,
                                                                  const EventFrame& frame,
                                                                  const ObservationEventType& type,
                                                                  CutFields& cut);

}  // namespace assay
