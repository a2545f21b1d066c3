#include <array>
#include <chrono>

#include "server/api/open_api.hpp"
#include "server/api/route.hpp"

// What operators and clients ask before anything else.

namespace assay {
namespace {

/// Of the API, not of this program: by it `langfuse-cli` chooses what it asks for.
constexpr const char* k_api_version = "4.35.0";

constexpr std::chrono::minutes k_recent{3};

ApiResponse answer(int status, const char* text) {
    return json_response(status, {{"status", text}, {"version", k_api_version}});
}

Result<ApiResponse> get_health(ApiContext& context, const RouteCall& call) {
    if (call.request.query_value("failIfDatabaseUnavailable") == "true") {
        const auto read = context.access.organizations();
        if (!read) return answer(503, "Database not available");
    }
    if (call.request.query_value("failIfNoRecentEvents") == "true") {
        const auto has_events = context.access.has_events_since(context.clock.now() - k_recent);
        if (!has_events) return answer(503, "Database not available");
        if (!*has_events) return answer(503, "No traces or observations in the last 3 minutes");
    }
    return answer(200, "OK");
}

Result<ApiResponse> get_ready(ApiContext& context, const RouteCall& /*call*/) {
    return context.is_draining ? answer(500, "Shutting down") : answer(200, "OK");
}

Result<ApiResponse> get_metrics(ApiContext& context, const RouteCall& /*call*/) {
    const std::size_t connections = context.connections ? context.connections() : 0;
    return ApiResponse{.status = 200,
                       .content_type = "text/plain; version=0.0.4; charset=utf-8",
                       .body = context.metrics.to_text(connections),
                       .headers = {}};
}

Result<ApiResponse> get_open_api(ApiContext& context, const RouteCall& /*call*/) {
    return json_response(200, describe_routes(routes(), context.base_path));
}

constexpr std::array k_routes = {
    Route{"GET", "/api/public/health", RouteAuth::none, AccessHandler{&get_health},
          "Whether the server lives, and the version of the API it serves"},
    Route{"GET", "/api/public/ready", RouteAuth::none, ServerHandler{&get_ready},
          "Whether the server takes requests; 500 while it ends"},
    Route{"GET", "/api/public/openapi.json", RouteAuth::none, ServerHandler{&get_open_api},
          "This document"},
    Route{"GET", "/metrics", RouteAuth::none, ServerHandler{&get_metrics},
          "Counters for Prometheus"},
};

}  // namespace

std::span<const Route> service_routes() { return k_routes; }

}  // namespace assay
