#include <array>

#include "server/api/route.hpp"

// What operators and clients ask before anything else.

namespace assay {
namespace {

/// Of the API, not of this program: by it `langfuse-cli` chooses what it asks for.
constexpr const char* k_api_version = "4.35.0";

Result<ApiResponse> get_health(ApiContext& context, const RouteCall& call) {
    if (call.request.query_value("failIfDatabaseUnavailable") == "true") {
        const auto read = context.access.organizations();
        if (!read) {
            return json_response(
                503, {{"status", "Database not available"}, {"version", k_api_version}});
        }
    }
    return json_response(200, {{"status", "OK"}, {"version", k_api_version}});
}

Result<ApiResponse> get_ready(ApiContext& context, const RouteCall& /*call*/) {
    if (context.is_draining) {
        return json_response(500, {{"status", "Shutting down"}, {"version", k_api_version}});
    }
    return json_response(200, {{"status", "OK"}, {"version", k_api_version}});
}

Result<ApiResponse> get_metrics(ApiContext& context, const RouteCall& /*call*/) {
    const std::size_t connections = context.connections ? context.connections() : 0;
    return ApiResponse{.status = 200,
                       .content_type = "text/plain; version=0.0.4; charset=utf-8",
                       .body = context.metrics.to_text(connections),
                       .headers = {}};
}

Result<ApiResponse> get_open_api(ApiContext& /*context*/, const RouteCall& /*call*/) {
    return json_response(200, describe_routes(routes()));
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
