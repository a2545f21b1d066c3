#include <array>
#include <charconv>
#include <utility>

#include "core/base/text.hpp"
#include "server/api/answer_job.hpp"
#include "server/api/limits.hpp"
#include "server/api/route.hpp"
#include "server/ingest/otlp_json.hpp"
#include "server/ingest/otlp_mapping.hpp"
#include "server/ingest/otlp_protobuf.hpp"

// OpenTelemetry's protocol (OTLP) over HTTP.

namespace assay {
namespace {

constexpr std::string_view k_json = "application/json";
constexpr std::string_view k_protobuf = "application/x-protobuf";
constexpr double k_ingestion_version_max = 4;

/// Whether a request is of a version that is known; one that does not say is.
bool has_known_version(const ApiRequest& request) {
    const auto header = request.header("x-langfuse-ingestion-version");
    const std::string_view text = header ? trim(*header) : "";
    if (text.empty()) return true;
    double version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    const bool is_number = error == std::errc() && end == text.data() + text.size();
    return is_number && version <= k_ingestion_version_max;
}

/// The answer to a request whose spans are stored, but for those that the report rejects; in the
/// encoding of the request.
ApiResponse accept(const OtlpReport& report, bool is_protobuf) {
    const std::string message = report.message();
    if (is_protobuf) {
        return {.status = 200,
                .content_type = std::string(k_protobuf),
                .body = write_otlp_response(report.rejected, message),
                .headers = {}};
    }
    OrderedJson body = OrderedJson::object();
    if (report.rejected > 0 || !message.empty()) {
        OrderedJson& partial = body["partialSuccess"];
        partial["rejectedSpans"] = report.rejected;
        partial["errorMessage"] = message;
    }
    return json_response(200, body);
}

Result<WriteJob> post_traces(const ApiContext& context, const RouteCall& call) {
    const std::string type = to_lower_ascii(call.request.header("content-type").value_or(""));
    const bool is_protobuf = type.find(k_protobuf) != std::string::npos;
    if (!is_protobuf && type.find(k_json) == std::string::npos) {
        return answer_job(error_response(call.errors, 400, "Invalid content type"));
    }
    if (!has_known_version(call.request)) {
        return answer_job(
            error_response(call.errors, 400, "Invalid x-langfuse-ingestion-version: at most 4"));
    }
    auto request =
        is_protobuf ? read_otlp_protobuf(call.request.body) : read_otlp_json(call.request.body);
    if (!request) {
        const bool is_too_much = request.error().code == ErrorCode::resource_exhausted;
        return answer_job(
            error_response(call.errors, is_too_much ? 413 : 400, request.error().message));
    }
    const Time now = context.clock.now();
    IngestBatch batch = map_otlp(*request, now);
    return [batch = std::move(batch), answer = accept(request->report, is_protobuf),
            project = call.project(), now](Session& writer) mutable -> Result<ApiResponse> {
        ASSAY_CHECK(ingest(writer, project, std::move(batch), now));
        return std::move(answer);
    };
}

/// Metrics are not kept; exporters that send them anyway need not fail.
Result<ApiResponse> post_metrics(ApiContext& /*context*/, const RouteCall& /*call*/) {
    return json_response(200, {{"message", "OK"}});
}

constexpr std::array k_routes = {
    Route{.method = "POST",
          .pattern = "/api/public/otel/v1/traces",
          .auth = RouteAuth::project,
          .handler = WriteHandler{&post_traces},
          .summary = "Send spans in OpenTelemetry's protocol, as JSON or protobuf",
          .errors = ErrorShape::error,
          .body_bytes_max = limits::k_otlp_body_bytes_max},
    Route{.method = "POST",
          .pattern = "/api/public/otel/v1/metrics",
          .auth = RouteAuth::project,
          .handler = AccessHandler{&post_metrics},
          .summary = "Send metrics in OpenTelemetry's protocol, which are not kept",
          .errors = ErrorShape::error,
          .body_bytes_max = limits::k_otlp_body_bytes_max},
};

}  // namespace

std::span<const Route> otlp_routes() { return k_routes; }

}  // namespace assay
