#pragma once

#include <string_view>

#include "server/ingest/otlp_span.hpp"

namespace assay {

/// Reads an ExportTraceServiceRequest in OTLP's JSON. Ids are hex, arrays of bytes or what Node
/// makes of its buffers; numbers of 64 bits are texts, numbers or {high, low}.
///
/// A span that says something unreadable is rejected alone.
/// @error invalid_argument, its message for the sender: no JSON; spans without ids; members that
///        are no lists where lists must be. resource_exhausted: too many attributes.
[[nodiscard]] Result<OtlpRequest> read_otlp_json(std::string_view body);

}  // namespace assay
