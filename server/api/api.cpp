#include "server/api/api.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/task.hpp"
#include "server/api/async_write.hpp"
#include "server/api/decoded_size.hpp"
#include "server/api/on_executor.hpp"

namespace assay {

namespace asio = boost::asio;

namespace {

constexpr const char* k_no_route = "(none)";
constexpr const char* k_too_busy = "The server has too much to write at once; send it again later";

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

ApiResponse refuse_size(const Route& route) {
    return error_response(route.errors, 413,
                          "The body holds more values than can be taken at once: send them in "
                          "several requests");
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
      context_{.access = parts_.access,
               .secrets = parts_.secrets,
               .clock = parts_.clock,
               .base_path = parts_.base_path} {}

std::size_t Api::body_bytes_max(const ApiRequest& request) const {
    const RouteTable::Match match = table_.find(request.method, request.segments);
    return match.route != nullptr ? match.route->body_bytes_max : limits::k_http_body_bytes_default;
}

asio::awaitable<ApiResponse> Api::answer(ApiRequest request) {
    const MonotonicTime began = parts_.clock.monotonic();
    const Match match = table_.find(request.method, request.segments);
    const bool is_routed = match.route != nullptr;
    ApiResponse response;
    if (is_routed) {
        response = tell(match, request, co_await perform(match, request));
    } else {
        response = answer_unrouted(match, request);
    }
    add_cors(request, match, response);
    add_safety(response);
    const auto took = parts_.clock.monotonic() - began;
    context_.metrics.count(is_routed ? match.route->method : k_no_route,
                           is_routed ? match.route->pattern : k_no_route, response.status, took);
    if (parts_.logs_requests) {
        // Not the query: it holds what people search for.
        parts_.log.info("request", {{"method", request.method},
                                    {"path", request.path},
                                    {"status", response.status},
                                    {"ms", std::chrono::duration<double, std::milli>(took).count()},
                                    {"peer", request.peer}});
    }
    co_return response;
}

ApiResponse Api::refuse(int status, std::string_view why) {
    context_.metrics.count(k_no_route, k_no_route, status, {});
    ApiResponse response = error_response(ErrorShape::named, status, why);
    if (status == 429 || status == 503) response.headers.emplace_back("Retry-After", "1");
    add_safety(response);
    return response;
}

/// On the server's thread again when it is done.
asio::awaitable<Result<ApiResponse>> Api::perform(const Match& match, const ApiRequest& request) {
    Caller caller;
    const RouteCall call{.request = request,
                         .parameters = match.parameters,
                         .caller = caller,
                         .errors = match.route->errors};
    if (const auto* const handler = std::get_if<ServerHandler>(&match.route->handler)) {
        co_return guarded([&] { return handler->answer(context_, call); });
    }
    const asio::any_io_executor home = co_await asio::this_coro::executor;
    auto step = co_await act(*match.route, call, caller);
    if (step && std::holds_alternative<Prepared>(*step)) {
        co_return co_await write(std::move(std::get<Prepared>(*step)), request.body.size());
    }
    co_await go_to(home);
    if (!step) co_return std::unexpected(std::move(step.error()));
    co_return std::move(std::get<ApiResponse>(*step));
}

/// Goes from thread to thread, without coming back in between: first to where callers are known,
/// then to where a handler's kind says.
asio::awaitable<Result<Api::Step>> Api::act(const Route& route, const RouteCall& call,
                                            Caller& caller) {
    co_await go_to(parts_.access_thread);
    ASSAY_CO_TRY(Admission admission, guarded([&] { return admit(route, call.request); }));
    if (auto* const refusal = std::get_if<ApiResponse>(&admission)) {
        co_return std::move(*refusal);
    }
    caller = std::move(std::get<Caller>(admission));
    if (const auto* const handler = std::get_if<AccessHandler>(&route.handler)) {
        co_return guarded([&] { return handler->answer(context_, call); });
    }
    co_await go_to(parts_.workers);
    if (const auto* const handler = std::get_if<ReadHandler>(&route.handler)) {
        co_return guarded([&] {
            return parts_.readers.read(
                [&](Session& reader) { return handler->answer(context_, call, reader); });
        });
    }
    const std::size_t bytes = estimate_decoded_bytes(call.request);
    if (bytes > limits::k_decoded_bytes_max) co_return refuse_size(route);
    auto memory = decoding_.try_take(bytes);
    if (!memory) {
        auto waited = co_await decoding_.wait_for(bytes, limits::k_decoding_wait_max);
        if (!waited) co_return failure(ErrorCode::unavailable, k_too_busy);
        memory.emplace(std::move(*waited));
        co_await go_to(parts_.workers);
    }
    const auto& handler = std::get<WriteHandler>(route.handler);
    ASSAY_CO_TRY(WriteJob job, guarded([&] { return handler.prepare(context_, call); }));
    co_return Prepared{.job = std::move(job), .memory = std::move(*memory)};
}

Result<Api::Admission> Api::admit(const Route& route, const ApiRequest& request) {
    ASSAY_TRY(auto checked, authenticator_.check(request, route.auth));
    if (const auto* const refused = std::get_if<AuthFailure>(&checked)) {
        // Where most errors have a name, that of who was refused has none.
        const bool is_coded = route.errors == ErrorShape::coded;
        return error_response(is_coded ? ErrorShape::coded : ErrorShape::message, refused->status,
                              refused->message);
    }
    return std::move(std::get<Caller>(checked));
}

/// The answer waits for the disk.
asio::awaitable<Result<ApiResponse>> Api::write(Prepared prepared, std::size_t bytes) {
    Result<ApiResponse> answer = failure(ErrorCode::internal, "a job gave no answer");
    const auto run = [&](Session& writer) -> Result<void> {
        answer = prepared.job(writer);
        if (!answer) return std::unexpected(answer.error());
        return {};
    };
    const Result<void> written = co_await async_write(parts_.writes, run, bytes);
    if (!written) co_return std::unexpected(written.error());
    co_return answer;
}

ApiResponse Api::tell(const Match& match, const ApiRequest& request, Result<ApiResponse> response) {
    if (response) return std::move(*response);
    ApiResponse told = error_response(match.route->errors, response.error());
    if (told.status >= 500) {
        parts_.log.warning("request failed", {{"route", match.route->pattern},
                                              {"status", told.status},
                                              {"peer", request.peer},
                                              {"error", response.error().message}});
    }
    return told;
}

}  // namespace assay
