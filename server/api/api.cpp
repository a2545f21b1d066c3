#include "server/api/api.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

namespace assay {

namespace asio = boost::asio;

namespace {

constexpr const char* k_no_route = "(none)";

/// What a path can be asked, for Allow and for browsers.
std::string allowed_methods(const RouteTable::Match& match) {
    std::vector<std::string_view> methods = match.methods;
    if (std::ranges::find(methods, "GET") != methods.end()) methods.emplace_back("HEAD");
    methods.emplace_back("OPTIONS");
    return fmt::format("{}", fmt::join(methods, ", "));
}

ApiResponse answer_unrouted(const RouteTable::Match& match, const ApiRequest& request) {
    if (match.methods.empty() && request.path != "*") {
        return error_response(ErrorShape::named, 404, "Not found");
    }
    const bool is_question = request.method == "OPTIONS";
    ApiResponse response = is_question
                               ? json_response(200, {{"message", "OK"}})
                               : error_response(ErrorShape::message, 405, "Method not allowed");
    response.headers.emplace_back("Allow", allowed_methods(match));
    return response;
}

/// Lets pages of any origin read the answer: keys are sent by the page itself, never by a browser
/// on its own.
void add_cors(const ApiRequest& request, const RouteTable::Match& match, ApiResponse& response) {
    const auto origin = request.header("origin");
    if (!origin) return;
    response.headers.emplace_back("Access-Control-Allow-Origin", *origin);
    response.headers.emplace_back("Access-Control-Allow-Credentials", "true");
    response.headers.emplace_back("Vary", "Origin");
    if (request.method != "OPTIONS") return;
    response.headers.emplace_back("Access-Control-Allow-Methods", allowed_methods(match));
    const auto wanted = request.header("access-control-request-headers");
    response.headers.emplace_back("Access-Control-Allow-Headers",
                                  wanted.value_or("Authorization, Content-Type"));
    response.headers.emplace_back("Access-Control-Max-Age", "600");
}

void add_safety(ApiResponse& response) {
    response.headers.emplace_back("Cache-Control", "no-store");
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
}

}  // namespace

Api::Api(Parts parts, std::span<const Route> table)
    : parts_(std::move(parts)),
      table_(table),
      authenticator_({.access = parts_.access,
                      .secrets = parts_.secrets,
                      .clock = parts_.clock,
                      .log = parts_.log,
                      .admin_key = parts_.admin_key}),
      context_{.access = parts_.access, .secrets = parts_.secrets, .clock = parts_.clock} {}

std::size_t Api::body_bytes_max(const ApiRequest& request) const {
    const RouteTable::Match match = table_.find(request.method, request.segments);
    return match.route != nullptr ? match.route->body_bytes_max : limits::k_http_body_bytes_default;
}

asio::awaitable<ApiResponse> Api::answer(ApiRequest request) {
    const MonotonicTime began = parts_.clock.monotonic();
    const RouteTable::Match match = table_.find(request.method, request.segments);
    ApiResponse response;
    if (match.route == nullptr) {
        response = answer_unrouted(match, request);
    } else if (match.route->thread == RouteThread::server) {
        response = perform(match, request);
    } else {
        auto task = perform_later(match, request);
        response =
            co_await asio::co_spawn(parts_.store_thread, std::move(task), asio::use_awaitable);
    }
    add_cors(request, match, response);
    add_safety(response);
    const bool is_routed = match.route != nullptr;
    context_.metrics.count(is_routed ? match.route->method : k_no_route,
                           is_routed ? match.route->pattern : k_no_route, response.status,
                           parts_.clock.monotonic() - began);
    co_return response;
}

ApiResponse Api::refuse(int status, std::string_view why) {
    context_.metrics.count(k_no_route, k_no_route, status, {});
    ApiResponse response = error_response(ErrorShape::named, status, why);
    if (status == 429 || status == 503) response.headers.emplace_back("Retry-After", "1");
    add_safety(response);
    return response;
}

/// Awaited at once: the arguments outlive it.
asio::awaitable<ApiResponse> Api::perform_later(const RouteTable::Match& match,
                                                const ApiRequest& request) {
    co_return perform(match, request);
}

ApiResponse Api::perform(const RouteTable::Match& match, const ApiRequest& request) {
    Result<ApiResponse> response = failure(ErrorCode::internal, "a handler gave no answer");
    try {
        response = handle(match, request);
    } catch (const std::exception& error) {
        response = failure(ErrorCode::internal, error.what());
    }
    if (response) return std::move(*response);
    ApiResponse told = error_response(match.route->errors, response.error());
    if (told.status >= 500) {
        parts_.log.warning("request failed", {{"route", match.route->pattern},
                                              {"status", told.status},
                                              {"error", response.error().message}});
    }
    return told;
}

Result<ApiResponse> Api::handle(const RouteTable::Match& match, const ApiRequest& request) {
    const Route& route = *match.route;
    Caller caller;
    if (route.auth != RouteAuth::none) {
        ASSAY_TRY(auto checked, authenticator_.check(request, route.auth));
        if (const auto* const refused = std::get_if<AuthFailure>(&checked)) {
            // Where most errors have a name, that of who was refused has none.
            const bool is_named = route.errors == ErrorShape::named;
            return error_response(is_named ? ErrorShape::message : route.errors, refused->status,
                                  refused->message);
        }
        caller = std::move(std::get<Caller>(checked));
    }
    return route.handler(context_, {.request = request,
                                    .parameters = match.parameters,
                                    .caller = caller,
                                    .errors = route.errors});
}

}  // namespace assay
