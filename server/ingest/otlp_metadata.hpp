#pragma once

#include "server/ingest/otlp_attributes.hpp"

// Metadata of traces and observations, as the attributes of one span hold it: objects.
// Source: the contract, sections 4.2 to 4.4.

namespace assay {

/// What a span says of its observation: langfuse.observation.metadata, ai.telemetry.metadata, ...;
/// beneath it what its process says.
[[nodiscard]] Json otlp_observation_metadata(const OtlpView& view);

/// What it says of its trace: langfuse.trace.metadata.
[[nodiscard]] Json otlp_trace_metadata(const Json& attributes);

/// Where a span comes from, and what is said nowhere else: `attributes` (not of Langfuse's SDKs),
/// `resourceAttributes` and `scope`.
[[nodiscard]] Json otlp_origin(const OtlpView& view);

}  // namespace assay
