#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Bodies as exporters of OpenTelemetry send them.

namespace assay::test {

/// An ExportTraceServiceRequest in protobuf with a generation that is the root of its trace.
struct ProtobufSpan {
    std::string_view trace_id;  ///< 16 bytes
    std::string_view name;
};
[[nodiscard]] std::string to_protobuf(const ProtobufSpan& span);

/// The same body in chunks of `chunk_bytes`, as Transfer-Encoding: chunked has it.
[[nodiscard]] std::string in_chunks(std::string_view body, std::size_t chunk_bytes);

}  // namespace assay::test
