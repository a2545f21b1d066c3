#include "judges/providers/openai_chat.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <list>

#include "tests/support/stub_server.hpp"
#include "tests/unit/providers/chat_model.hpp"

namespace assay::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
namespace asio = boost::asio;

namespace {

constexpr auto k_patience = 20s;
constexpr const char* k_answer = R"({"choices":[{"message":{"content":"Paris"}}]})";

Json body_sent(const ProviderRequest& request, ProviderSettings settings = {}) {
    const StubServer server({.body = k_answer});
    REQUIRE(Model(server.url("/v1"), std::move(settings)).ask(request));
    return Json::parse(server.requests().at(0).body);
}

}  // namespace

TEST_CASE("openai: a question is posted and the answer read") {
    const StubServer server({.body = k_answer});
    Model model(server.url("/v1"));
    CHECK(model.ask(question()).value().output == "Paris");
    const StubRequest seen = server.requests().at(0);
    CHECK(seen.method == "POST");
    CHECK(seen.target == "/v1/chat/completions");
    CHECK(seen.headers.at("content-type") == "application/json");
    CHECK(seen.headers.at("authorization") == fmt::format("Bearer {}", k_canary));
    CHECK(Json::parse(seen.body) == Json::parse(R"({"model":"small","messages":[
        {"role":"system","content":"Short."},{"role":"user","content":"Capital of France?"}]})"));
}

TEST_CASE("openai: slashes at the end of base_url do no harm") {
    const StubServer server({.body = k_answer});
    REQUIRE(Model(server.url("/v1//")).ask(question()));
    CHECK(server.requests().at(0).target == "/v1/chat/completions");
}

TEST_CASE("openai: parameters and options are merged and the parameters win") {
    ProviderRequest request = question();
    request.parameters = {{"temperature", 0}, {"max_tokens", 16}, {"model", "never"}};
    ProviderSettings settings;
    settings.options = {{"temperature", 1}, {"top_p", 0.5}, {"messages", "never"}};
    const Json body = body_sent(request, settings);
    CHECK(body["temperature"] == 0);
    CHECK(body["max_tokens"] == 16);
    CHECK(body["top_p"] == 0.5);
    CHECK(body["model"] == "small");
    CHECK(body["messages"].is_array());
}

TEST_CASE("openai: tools and a response schema are sent and the output is read as JSON") {
    ProviderRequest request = question();
    request.tools = Json::parse(R"([{"type":"function","function":{"name":"find"}}])");
    request.response_schema = {{"type", "object"}};
    const StubServer server({.body = R"({"choices":[{"message":{"content":"{\"a\":1}"}}]})"});
    CHECK(Model(server.url()).ask(request).value().output == Json({{"a", 1}}));
    const Json body = Json::parse(server.requests().at(0).body);
    CHECK(body["tools"] == request.tools);
    CHECK(body["response_format"] == Json::parse(R"({"type":"json_schema","json_schema":
        {"name":"response","schema":{"type":"object"},"strict":true}})"));
}

TEST_CASE("openai: extra headers are sent and one of them may replace the key") {
    const StubServer server({.body = k_answer});
    ProviderSettings settings;
    settings.headers = {{"X-Team", Secret("qa")}, {"authorization", Secret("Basic abc")}};
    REQUIRE(Model(server.url(), settings).ask(question()));
    CHECK(server.requests().at(0).headers.at("x-team") == "qa");
    CHECK(server.requests().at(0).headers.at("authorization") == "Basic abc");
}

TEST_CASE("openai: stream is true or false and nothing else is sent") {
    const StubServer server({.body = k_answer});
    Model model(server.url());
    for (const Json& stream : {Json("true"), Json(1), Json(nullptr), Json::array()}) {
        ProviderRequest request = question();
        request.parameters = {{"stream", stream}};
        const auto refused = model.ask(request);
        REQUIRE(!refused);
        CHECK(refused.error().code == ErrorCode::invalid_argument);
    }
    CHECK(server.requests().empty());
}

TEST_CASE("openai: a stream is asked for with its usage unless the spec says otherwise") {
    const StubServer server({.body = k_answer});
    const auto sent = [&](Json parameters) {
        ProviderRequest request = question();
        request.parameters = std::move(parameters);
        REQUIRE(Model(server.url()).ask(request));
        return server.requests().back();
    };
    const StubRequest streamed = sent({{"stream", true}});
    CHECK(Json::parse(streamed.body)["stream"] == true);
    CHECK(Json::parse(streamed.body)["stream_options"] == Json({{"include_usage", true}}));
    CHECK_THAT(streamed.headers.at("accept"), Catch::StartsWith("text/event-stream"));

    const Json own = {{"include_usage", false}};
    CHECK(Json::parse(sent({{"stream", true}, {"stream_options", own}}).body)["stream_options"] ==
          own);
    const StubRequest whole = sent({{"stream", false}});
    CHECK(!Json::parse(whole.body).contains("stream_options"));
    CHECK(whole.headers.at("accept") == "application/json");
}

TEST_CASE("openai: a base URL that is none is refused with an example") {
    const auto transport = make_curl_transport();
    for (const char* url : {"", "127.0.0.1:8000", "ftp://h/v1"}) {
        ProviderSettings settings;
        settings.transport = transport->get();
        settings.name = "local";
        settings.base_url = url;
        const auto refused = find_provider("openai-compatible")->make(std::move(settings));
        REQUIRE(!refused);
        CHECK(refused.error().code == ErrorCode::invalid_argument);
        CHECK_THAT(refused.error().message,
                   Catch::Contains("\"local\"") && Catch::Contains("http://"));
    }
}

TEST_CASE("openai: faults of the network keep their meaning and name the provider") {
    const auto error_of = [](StubFault fault) {
        const StubServer server({.body = k_answer, .fault = fault});
        return Model(server.url()).ask(question(), 100ms).error();
    };
    CHECK(error_of(StubFault::stall).code == ErrorCode::deadline_exceeded);
    CHECK(error_of(StubFault::close).retryable);
    CHECK(error_of(StubFault::cut_mid_body).retryable);
    CHECK_THAT(error_of(StubFault::garbage).message, Catch::StartsWith("local: 127.0.0.1:"));
    const Error refused =
        Model(fmt::format("http://127.0.0.1:{}", unused_port())).ask(question()).error();
    CHECK_THAT(refused.message, Catch::StartsWith("local: connection refused by 127.0.0.1:"));
}

TEST_CASE("openai: many questions are asked at a time") {
    StubServer server({.body = k_answer});
    server.hold_until(100);
    Model model(server.url());
    std::list<std::optional<Result<ProviderReply>>> replies;
    for (int i = 0; i < 100; ++i) {
        asio::co_spawn(
            model.io,
            store_result(model.provider->call(question(), in(k_patience)), replies.emplace_back()),
            [](std::exception_ptr) {});
    }
    model.io.run();
    for (const auto& reply : replies) CHECK((reply && reply->value().output == "Paris"));
}

TEST_CASE("openai: no error tells a key even when the server repeats it") {
    ProviderSettings settings;
    settings.headers = {{"X-Key", Secret("canary-header-9")}};
    for (const int status : {400, 401, 404, 429, 500}) {
        const StubServer server([status](const StubRequest& request) {
            const std::string echo = request.headers.at("authorization") + " and " +
                                     request.headers.at("x-key") + " twice " +
                                     request.headers.at("authorization");
            return StubReply{.status = status,
                             .body = to_text(Json({{"error", {{"message", echo}}}}))};
        });
        const Error error = Model(server.url(), settings).ask(question()).error();
        CHECK_THAT(error.message, !Catch::Contains(k_canary) &&
                                      !Catch::Contains("canary-header-9") &&
                                      Catch::Contains("[redacted]"));
    }
}

}  // namespace assay::test
