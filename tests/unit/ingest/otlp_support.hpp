#pragma once

#include <string>

#include "core/base/json.hpp"
#include "server/ingest/otlp_span.hpp"
#include "server/tracing/ingest.hpp"

// Requests of OpenTelemetry for tests. They are written in OTLP's JSON; to_protobuf() makes the
// same request in protobuf of it.

namespace assay::test {

inline constexpr const char* k_trace_id = "0af7651916cd43dd8448eb211c80319c";
inline constexpr const char* k_span_id = "b7ad6b7169203331";
inline constexpr const char* k_parent_id = "00f067aa0ba902b7";
/// 2026-11-01T09:30:00.0123456Z and 1.5 s later, in nanoseconds.
inline constexpr std::int64_t k_start = 1'793'525'400'012'345'600;
inline constexpr std::int64_t k_end = k_start + 1'500'000'000;

/// A value as an AnyValue.
[[nodiscard]] Json any_value(const Json& value);
/// An object as a list of attributes.
[[nodiscard]] Json attributes(const Json& object);
/// A span without a parent, of k_trace_id and k_span_id, from k_start to k_end.
[[nodiscard]] Json make_span(const Json& attributes_of_span, const Json& members = Json::object());
/// A request with spans of one scope and one process.
struct RequestParts {
    std::string scope = "test";
    std::string version = "";
    Json resource = Json::object();
};
[[nodiscard]] Json make_request(const Json& spans, const RequestParts& parts = {});

/// An OTLP request in JSON as protobuf; of ids and times it takes the usual forms only.
[[nodiscard]] std::string to_protobuf(const Json& request);

/// Everything a batch says.
[[nodiscard]] Json describe(const IngestBatch& batch);

/// Maps a request, after checking that its protobuf gives the same.
[[nodiscard]] IngestBatch map_both(const Json& request);

/// What one span says of its observation: its fields, with `input` and `output` beside them.
[[nodiscard]] Json observe(const Json& attributes_of_span, const RequestParts& parts = {},
                           const Json& members = Json::object());

}  // namespace assay::test
