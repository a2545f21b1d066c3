#include "tests/unit/providers/openai_family.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/support/stub_server.hpp"

namespace assay::test {

using std::chrono_literals::operator""ms;

namespace {

/// A server that speaks one of the APIs, and a provider that talks to it.
struct Session {
    Session(const OpenAiApi& api, StubReply reply) : server(std::move(reply)), model(make(api)) {}

    [[nodiscard]] Model make(const OpenAiApi& api) const {
        ProviderSettings settings = api.settings();
        settings.name = api.name;
        return Model(server.url(api.base), std::move(settings), api.kind);
    }
    ProviderReply ask(ProviderRequest request = question()) {
        auto reply = model.ask(std::move(request));
        if (!reply) FAIL(reply.error().message);
        return std::move(*reply);
    }
    [[nodiscard]] StubRequest seen() const { return server.requests().back(); }

    StubServer server;
    Model model;
};

/// What a server's answer of status 200 becomes.
ProviderReply reply_of(const OpenAiApi& api, const std::string& body,
                       ProviderRequest request = question()) {
    return Session(api, {.body = body}).ask(std::move(request));
}

std::string described(const OpenAiApi& api) { return api.kind + " " + to_text(api.own); }

std::string on_the_wire(const std::string& body) {
    return fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", body.size(), body);
}

ProviderRequest streaming_question() {
    ProviderRequest request = question();
    request.parameters = {{"stream", true}};
    return request;
}

}  // namespace

TEST_CASE("openai family: a question is posted to the API's address with its key") {
    for (const OpenAiApi& api : openai_apis()) {
        INFO(described(api));
        Session session(api, {.body = api.bodies.text});
        const ProviderReply reply = session.ask();
        CHECK(reply.output == "Paris");
        CHECK(reply.model == "small-1");
        CHECK(reply.refusal.empty());
        CHECK(!reply.truncated);
        CHECK(reply.usage == UsageDetails{{"input", 20}, {"output", 5}, {"total", 25}});
        const StubRequest seen = session.seen();
        CHECK(seen.method == "POST");
        CHECK(seen.target == api.target);
        CHECK(seen.headers.at(api.key_header) == api.key);
        CHECK(seen.headers.contains("authorization") == (api.key_header == "authorization"));
        CHECK(seen.headers.at("content-type") == "application/json");
        CHECK(seen.headers.at("accept") == "application/json");
    }
}

TEST_CASE("openai family: an image is sent as the API has it") {
    for (const OpenAiApi& api : openai_apis()) {
        INFO(described(api));
        Session session(api, {.body = api.bodies.text});
        (void)session.ask(image_question());
        CHECK(Json::parse(session.seen().body) == api.image_request);
        CHECK(session.seen().body == to_text(api.image_request));  // to the byte
    }
}

TEST_CASE("openai family: tools their calls and their results are sent and a call is read") {
    for (const OpenAiApi& api : openai_apis()) {
        INFO(described(api));
        Session session(api, {.body = api.bodies.tool_call});
        const ProviderReply reply = session.ask(tool_question());
        CHECK(session.seen().body == to_text(api.tool_request));
        CHECK(reply.output == Json::parse(R"({"content":null,"tool_calls":[
            {"id":"call_1","name":"find","arguments":{"city":"Paris"}}]})"));
    }
}

TEST_CASE("openai family: a schema is sent and the answer read as JSON") {
    for (const OpenAiApi& api : openai_apis()) {
        INFO(described(api));
        Session session(api, {.body = api.bodies.structured});
        CHECK(session.ask(structured_question()).output == Json({{"capital", "Paris"}}));
        CHECK(session.seen().body == to_text(api.structured_request));
        // Text that is no JSON stays what it is, for whoever checks it.
        CHECK(reply_of(api, api.bodies.text, structured_question()).output == "Paris");
    }
}

TEST_CASE("openai family: a refusal is told apart from an answer") {
    for (const OpenAiApi& api : openai_apis()) {
        INFO(described(api));
        const ProviderReply reply = reply_of(api, api.bodies.refusal, structured_question());
        CHECK(reply.refusal == "I cannot help with that.");
        CHECK(reply.output == "I cannot help with that.");
        CHECK(reply.finish_reason == "refusal");
        const ProviderReply filtered = reply_of(api, api.bodies.filtered);
        CHECK(filtered.output == "Par");
        CHECK(filtered.finish_reason == "content_filter");
        CHECK(filtered.refusal == "a content filter stopped the answer");
        CHECK(!filtered.truncated);
    }
}

TEST_CASE("openai family: an answer that is cut by its length says so") {
    for (const OpenAiApi& api : openai_apis()) {
        INFO(described(api));
        const ProviderReply reply = reply_of(api, api.bodies.length);
        CHECK(reply.output == "Par");
        CHECK(reply.truncated);
        CHECK(reply.refusal.empty());
    }
}

TEST_CASE("openai family: cached and reasoning tokens are counted apart and once") {
    for (const OpenAiApi& api : openai_apis()) {
        INFO(described(api));
        const ProviderReply reply = reply_of(api, api.bodies.usage);
        CHECK(reply.usage == UsageDetails{{"input", 20},
                                          {"input_cached_tokens", 80},
                                          {"output", 20},
                                          {"output_reasoning_tokens", 30},
                                          {"total", 150}});
        CHECK(!reply.cost);
    }
}

TEST_CASE("openai family: what a model shows of its thinking is kept apart") {
    for (const OpenAiApi& api : openai_apis()) {
        INFO(described(api));
        const ProviderReply reply = reply_of(api, api.bodies.thoughts);
        CHECK(reply.output == "4");
        CHECK(reply.reasoning == "2 and 2");
    }
}

TEST_CASE("openai family: what is left of the limits is told") {
    for (const OpenAiApi& api : openai_apis()) {
        INFO(described(api));
        const ProviderReply reply =
            Session(api, {.body = api.bodies.text,
                          .headers = {{"Content-Type", "application/json"},
                                      {"x-ratelimit-limit-requests", "60"},
                                      {"x-ratelimit-remaining-requests", "59"},
                                      {"x-ratelimit-remaining-tokens", "1490"},
                                      {"x-ratelimit-reset-tokens", "6ms"}}})
                .ask();
        CHECK(reply.rate_limits.requests_limit == 60);
        CHECK(reply.rate_limits.requests_left == 59);
        CHECK(reply.rate_limits.tokens_left == 1490);
        CHECK(reply.rate_limits.tokens_reset == 6ms);
    }
}

TEST_CASE("openai family: split at every byte a stream is the answer that comes whole") {
    for (const OpenAiApi& api : openai_apis()) {
        INFO(described(api));
        const std::string wire = on_the_wire(api.bodies.stream);
        const std::string head =
            "HTTP/1.1 200 Stub\r\nContent-Type: text/event-stream\r\n"
            "Transfer-Encoding: chunked\r\n\r\n";
        const StubServer server([&, at = std::size_t{0}](const StubRequest&) mutable {
            ++at;
            return StubReply{.raw = {{head}, {wire.substr(0, at)}, {wire.substr(at)}}};
        });
        Model model(server.url(api.base), api.settings(), api.kind);
        const ProviderReply whole = reply_of(api, api.bodies.text);
        for (std::size_t at = 1; at < wire.size(); ++at) {
            const auto reply = model.ask(streaming_question());
            if (!reply) FAIL(reply.error().message);
            const bool is_same = reply->output == whole.output && reply->model == whole.model &&
                                 reply->usage == whole.usage &&
                                 reply->finish_reason == whole.finish_reason &&
                                 reply->time_to_first_token.has_value();
            if (!is_same) FAIL("split after " << at << ": " << to_text(reply->output));
        }
        const StubRequest seen = server.requests().back();
        CHECK(Json::parse(seen.body)["stream"] == true);
        CHECK(seen.headers.at("accept") == "text/event-stream, application/json");
    }
}

TEST_CASE("openai family: a stream that is cut or breaks is no answer") {
    for (const OpenAiApi& api : openai_apis()) {
        INFO(described(api));
        const auto error_of = [&](const std::string& body) {
            Session session(api,
                            {.body = body, .headers = {{"Content-Type", "text/event-stream"}}});
            const auto reply = session.model.ask(streaming_question());
            REQUIRE(!reply);
            return reply.error();
        };
        const Error broken = error_of(api.bodies.broken_stream);
        CHECK(broken.code == ErrorCode::unavailable);
        CHECK(broken.retryable);
        CHECK(broken.message == api.name + ": the answer is an error: overloaded");
        const std::size_t half = api.bodies.stream.find("\n\n", api.bodies.stream.size() / 3);
        const Error cut = error_of(api.bodies.stream.substr(0, half));
        CHECK(cut.retryable);
        CHECK(cut.message == api.name + ": the stream ended before the answer was complete");
    }
}

TEST_CASE("openai family: every error body comes to the right error") {
    for (const OpenAiApi& api : openai_apis()) {
        for (const ApiError& expected : api.errors) {
            Session session(api, {.status = expected.status, .body = expected.body});
            const auto reply = session.model.ask(question());
            REQUIRE(!reply);
            const Error& error = reply.error();
            INFO(described(api) << " " << expected.body << " became " << error.message);
            CHECK(error.code == expected.code);
            CHECK(error.retryable == expected.retryable);
            CHECK_THAT(error.message,
                       Catch::Contains(expected.said) && Catch::StartsWith(api.name));
        }
    }
}

TEST_CASE("openai family: texts are embedded at the API's address") {
    for (const OpenAiApi& api : openai_apis()) {
        INFO(described(api));
        ProviderRequest request{.model = "embed"};
        request.texts = {"a"};
        Session session(api, {.body = R"({"object":"list","model":"embed-1",
            "data":[{"object":"embedding","index":0,"embedding":[0.5]}],
            "usage":{"prompt_tokens":1,"total_tokens":1}})"});
        CHECK(session.ask(request).output == Json::parse("[[0.5]]"));
        const bool has_deployment = api.target.contains("deployments");
        const Json model = has_deployment ? Json() : Json("embed");
        CHECK(Json::parse(session.seen().body).value("model", Json()) == model);
        CHECK(session.seen().target ==
              (has_deployment ? "/openai/deployments/embed/embeddings?api-version=2024-10-21"
               : api.kind == "azure-openai" ? "/openai/v1/embeddings"
                                            : "/v1/embeddings"));
    }
}

}  // namespace assay::test
