#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "server/ingest/otlp_span.hpp"

namespace assay {

/// Reads an ExportTraceServiceRequest in protobuf. Bytes of a text that are not UTF-8 become
/// U+FFFD: one of them is no reason to lose a request.
///
/// A span that says something unreadable is rejected alone.
/// @error as read_otlp_json().
[[nodiscard]] Result<OtlpRequest> read_otlp_protobuf(std::string_view body);

/// An ExportTraceServiceResponse: empty when all is well, else its partial success.
[[nodiscard]] std::string write_otlp_response(std::size_t rejected_spans, std::string_view message);

}  // namespace assay
