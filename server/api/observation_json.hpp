#pragma once

#include <set>
#include <string>

#include "core/base/json.hpp"
#include "core/model/ids.hpp"
#include "server/tracing/records.hpp"

namespace assay {

/// An observation as GET /observations gives it, and a trace among its observations.
[[nodiscard]] OrderedJson observation_v1_json(const ProjectId& project,
                                              const ObservationRecord& observation);

/// What GET /v2/observations tells besides the core of an observation.
struct ObservationGroups {
    bool basic = false;
    bool time = false;
    bool io = false;
    bool metadata = false;
    bool model = false;
    bool usage = false;
    bool prompt = false;
    bool metrics = false;
    bool trace_context = false;

    /// Whether the observation's document has to be read for them.
    [[nodiscard]] bool need_document() const { return io || metadata || model || usage || prompt; }
    [[nodiscard]] bool need_trace() const { return basic || trace_context; }
};

/// @param trace  of the observation; not looked at unless the groups need it.
/// @param whole_metadata  the keys whose values are not cut.
[[nodiscard]] OrderedJson observation_v2_json(const ProjectId& project,
                                              const ObservationRecord& observation,
                                              const TraceRecord& trace,
                                              const ObservationGroups& groups,
                                              const std::set<std::string>& whole_metadata);

}  // namespace assay
