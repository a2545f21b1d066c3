#pragma once

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "judges/providers/model_reply.hpp"
#include "judges/providers/wire_format.hpp"
#include "tests/support/stub_server.hpp"
#include "tests/unit/providers/chat_model.hpp"

namespace assay::test {

/// One question of a provider, what went over the socket, and what came of it.
struct Exchange {
    StubRequest request;
    Json body;  ///< of the request
    Result<ProviderReply> reply;

    [[nodiscard]] const ProviderReply& value() const {
        if (!reply) FAIL(reply.error().message);
        return *reply;
    }
    [[nodiscard]] const Error& error() const {
        if (reply) FAIL(to_text(reply->output));
        return reply.error();
    }
};

/// @param path  of the base URL.
inline Exchange exchange(std::string_view type, const std::string& path,
                         const ProviderRequest& request, StubReply answer,
                         ProviderSettings settings = {}) {
    const StubServer server(std::move(answer));
    auto reply = Model(server.url(path), std::move(settings), type).ask(request);
    const auto requests = server.requests();
    if (requests.empty()) return {{}, {}, std::move(reply)};
    return {requests.back(), Json::parse(requests.back().body), std::move(reply)};
}

inline constexpr const char* k_event_stream = "text/event-stream";

inline StubReply streamed(const std::string& events, const char* type = k_event_stream) {
    return {.body = events, .headers = {{"Content-Type", type}}};
}

/// What comes of a stream that arrives in these pieces, as if a transport had brought them.
inline Result<ProviderReply> read_pieces(const WireFormat& format,
                                         std::initializer_list<std::string_view> pieces,
                                         const ProviderRequest& request = question(),
                                         const char* type = k_event_stream) {
    const auto stream = format.stream(std::chrono::steady_clock::now());
    HttpResponse response{.status = 200, .headers = {{"content-type", type}}, .body = {}};
    Result<void> taken;
    for (const std::string_view piece : pieces) {
        response.body += piece;
        taken = stream->take(response);
        if (!taken) break;
    }
    Result<HttpResponse> sent = std::move(response);
    if (!taken) sent = std::unexpected(taken.error());
    ASSAY_TRY(const HttpResponse whole, stream->whole(std::move(sent)));
    return read_model_reply(
        whole, {.provider = "local", .key_remedy = "", .format = format, .request = request});
}

inline void check_same(const Result<ProviderReply>& reply, const Result<ProviderReply>& expected) {
    if (!reply) FAIL(reply.error().message);
    if (!expected) FAIL(expected.error().message);
    CHECK(reply->output == expected->output);
    CHECK(reply->model == expected->model);
    CHECK(reply->finish_reason == expected->finish_reason);
    CHECK(reply->refusal == expected->refusal);
    CHECK(reply->reasoning == expected->reasoning);
    CHECK(reply->usage == expected->usage);
    CHECK(reply->truncated == expected->truncated);
}

/// However a stream is cut in two, the reply is that of the answer that came whole.
inline void check_split_anywhere(const WireFormat& format, const std::string& events,
                                 const Json& whole, const ProviderRequest& request = question(),
                                 const char* type = k_event_stream) {
    const auto expected = format.read(whole, request);
    const std::string_view bytes = events;
    for (std::size_t at = 0; at <= bytes.size(); ++at) {
        INFO("split at byte " << at);
        check_same(read_pieces(format, {bytes.substr(0, at), bytes.substr(at)}, request, type),
                   expected);
    }
}

/// An answer that is an error, and what must come of it.
struct ErrorCase {
    int status;
    const char* body;
    ErrorCode code;
    bool retryable;
    const char* said;
};

inline void check_errors(std::string_view type, const std::string& path,
                         const std::vector<ErrorCase>& cases) {
    for (const ErrorCase& each : cases) {
        INFO(each.status << " " << each.body);
        const Error error =
            exchange(type, path, question(), {.status = each.status, .body = each.body}).error();
        CHECK(error.code == each.code);
        CHECK(error.retryable == each.retryable);
        CHECK_THAT(error.message, Catch::StartsWith("local") && Catch::Contains(each.said));
    }
}

/// Whatever a server repeats of the request, no message and no output tells the key.
inline void check_key_is_kept(std::string_view type, const std::string& path) {
    for (const int status : {200, 400, 401, 403, 404, 429, 500}) {
        INFO(status);
        const StubServer server([status](const StubRequest& request) {
            std::string echo;
            for (const auto& [name, value] : request.headers) echo += name + ": " + value + "; ";
            return StubReply{.status = status,
                             .body = to_text(Json({{"error", {{"message", echo}}}}))};
        });
        const auto reply = Model(server.url(path), {}, type).ask(question());
        CHECK_THAT(server.requests().at(0).target, !Catch::Contains(k_canary));
        REQUIRE(!reply);
        CHECK_THAT(reply.error().message,
                   !Catch::Contains(k_canary) && Catch::Contains("[redacted]"));
    }
}

}  // namespace assay::test
