#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"

// What an exporter of OpenTelemetry sends, decoded: the same from JSON and from protobuf. Texts are
// valid UTF-8. Attributes are objects; of a key that stands twice the later value counts, a value
// that is not there is left out, a map is its JSON as a text and bytes are base64.

namespace assay {

struct OtlpEvent {
    std::string name;
    Json attributes = Json::object();
};

struct OtlpSpan {
    std::string trace_id;  ///< lower-case hex, or whatever text the sender has for it
    std::string span_id;
    std::string parent_id;  ///< empty: a root
    std::string name;
    std::optional<Time> start;
    std::optional<Time> end;
    Json attributes = Json::object();
    std::vector<OtlpEvent> events;
    std::int64_t status_code = 0;  ///< 2 is an error
    std::string status_message;
};

/// The spans of one instrumentation library.
struct OtlpScope {
    std::string name;
    std::string version;
    Json attributes = Json::object();
    std::vector<OtlpSpan> spans;
};

/// The spans of one process.
struct OtlpResource {
    Json attributes = Json::object();
    std::vector<OtlpScope> scopes;
};

/// What the answer tells besides "done".
struct OtlpReport {
    std::size_t rejected = 0;  ///< spans that are not stored
    std::vector<std::string> notes;
    std::size_t more_notes = 0;  ///< that are not told

    void note(std::string text);
    void reject(std::string text);
    /// All of them as one text; empty when there is nothing to tell.
    [[nodiscard]] std::string message() const;
};

/// An ExportTraceServiceRequest.
struct OtlpRequest {
    std::vector<OtlpResource> resources;
    OtlpReport report;
};

// What both decoders decide alike.

/// Bytes as lower-case hex.
[[nodiscard]] std::string otlp_hex(std::string_view bytes);
/// An id as it is kept: hex in lower case, any other text as it is.
[[nodiscard]] std::string otlp_id(std::string text);
/// Nanoseconds since 1970; 0 says nothing.
/// @error invalid_argument, the end of a sentence, for times after the year 2262.
[[nodiscard]] Result<std::optional<Time>> otlp_time(std::uint64_t nanoseconds);
/// A number as a value: what JSON has no number for as a text.
[[nodiscard]] Json otlp_number(double value);
/// A value as an attribute: a map as a text.
[[nodiscard]] Json otlp_attribute(Json value);
/// The refusal of a whole request, "Invalid OTLP trace export: <why>".
[[nodiscard]] std::unexpected<Error> otlp_refusal(std::string_view why);

/// Counts what is decoded, so that no request makes much more of itself than it is.
class OtlpBudget {
  public:
    /// @error resource_exhausted when a request has more than k_otlp_values_max.
    [[nodiscard]] Result<void> take_value();
    /// Whether there is room for one more span.
    [[nodiscard]] bool take_span();

  private:
    std::size_t values_ = 0;
    std::size_t spans_ = 0;
};

/// Adds a decoded span to those of its scope.
/// @param fault  why it cannot be read, when it cannot: then it is rejected, and the report tells.
void add_otlp_span(OtlpScope& scope, OtlpSpan span, const std::optional<std::string>& fault,
                   OtlpBudget& budget, OtlpReport& report);

}  // namespace assay
