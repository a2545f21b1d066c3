#pragma once

#include "server/ingest/otlp_span.hpp"
#include "server/tracing/ingest.hpp"

namespace assay {

/// What the spans of a request say of observations and traces.
///
/// A span is an observation. It says something of its trace when it is the root or carries keys of
/// traces. What a root says only by being one (the name, the input and output of its observation,
/// ...) counts less than such a key on any span, whenever that span began.
/// @param request  its report is told of fields that were cut.
/// @param now     of spans that say neither when they began nor when they ended.
[[nodiscard]] IngestBatch map_otlp(OtlpRequest& request, Time now);

}  // namespace assay
