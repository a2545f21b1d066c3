#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <list>

#include "tests/support/stub_server.hpp"
#include "tests/unit/providers/canned_model.hpp"

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

TEST_CASE("openai: tools are written as functions and a native one as it is") {
    ProviderRequest request = question();
    request.tools = Json::parse(R"([
        {"name":"find","description":"Finds.","parameters":{"type":"object"},"strict":true},
        {"type":"custom","name":"shell"}, {"type":"web_search"}])");
    const Json body = body_sent(request);
    CHECK(body["tools"] == Json::parse(R"([{"type":"function","function":
        {"name":"find","description":"Finds.","parameters":{"type":"object"},"strict":true}},
        {"type":"custom","name":"shell"}, {"type":"web_search"}])"));
}

TEST_CASE("openai: content parts are written as the API has them") {
    ProviderRequest request;
    request.model = "small";
    const Json native = {{"type", "input_audio"}, {"input_audio", {{"data", "AAAA"}}}};
    request.messages = {
        {"developer", "Short."},
        {"user",
         Json::array({{{"type", "text"}, {"text", "What is it?"}},
                      {{"type", "image"}, {"media_type", "image/png"}, {"data", "iVBORw0="}},
                      {{"type", "image"}, {"url", "https://pictures.example/a.png"}},
                      native})},
    };
    CHECK(body_sent(request)["messages"] == Json::parse(R"([
        {"role":"developer","content":"Short."},
        {"role":"user","content":[
            {"type":"text","text":"What is it?"},
            {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0="}},
            {"type":"image_url","image_url":{"url":"https://pictures.example/a.png"}},
            {"type":"input_audio","input_audio":{"data":"AAAA"}}]}])"));
}

TEST_CASE("openai: a conversation with tools is written as the API has it") {
    ProviderRequest request;
    request.model = "small";
    const auto call = [](const char* id, Json arguments) {
        return Json({{"type", "tool_call"},
                     {"id", id},
                     {"name", "find"},
                     {"arguments", std::move(arguments)}});
    };
    const auto result = [](const char* id, Json content) {
        return Json({{"type", "tool_result"}, {"id", id}, {"content", std::move(content)}});
    };
    request.messages = {
        {"user", "Where?"},
        {"assistant",
         Json::array({{{"type", "text"}, {"text", "I look."}}, call("a", {{"city", "Paris"}})})},
        {"tool", Json::array({result("a", "48N")})},
        {"assistant", Json::array({call("b", "{broken"), call("c", Json::object())})},
        {"user", Json::array({result("b", {{"north", 48}}),
                              result("c", "none"),
                              {{"type", "text"}, {"text", "So?"}}})},
        {"assistant", Json::array()},
    };
    CHECK(body_sent(request)["messages"] == Json::parse(R"([
        {"role":"user","content":"Where?"},
        {"role":"assistant","content":[{"type":"text","text":"I look."}],"tool_calls":[
            {"id":"a","type":"function",
             "function":{"name":"find","arguments":"{\"city\":\"Paris\"}"}}]},
        {"role":"tool","tool_call_id":"a","content":"48N"},
        {"role":"assistant","content":null,"tool_calls":[
            {"id":"b","type":"function","function":{"name":"find","arguments":"{broken"}},
            {"id":"c","type":"function","function":{"name":"find","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"b","content":"{\"north\":48}"},
        {"role":"tool","tool_call_id":"c","content":"none"},
        {"role":"user","content":[{"type":"text","text":"So?"}]},
        {"role":"assistant","content":[]}])"));
}

TEST_CASE("openai: the bytes of a request are these") {
    ProviderRequest request = question();
    request.parameters = {{"temperature", 0},
                          {"top_p", 0.5},
                          {"max_tokens", 16},
                          {"stop", {"\n"}},
                          {"seed", 7},
                          {"stream", true},
                          {"logit_bias", {{"50256", -100}}}};
    const StubServer server({.body = k_answer});
    REQUIRE(Model(server.url("/v1")).ask(request));
    CHECK(server.requests().at(0).body ==
          R"({"logit_bias":{"50256":-100},"max_tokens":16,"messages":[)"
          R"({"content":"Short.","role":"system"},)"
          R"({"content":"Capital of France?","role":"user"}],"model":"small","seed":7,)"
          R"("stop":["\n"],"stream":true,"stream_options":{"include_usage":true},)"
          R"("temperature":0,"top_p":0.5})");
}

TEST_CASE("openai: texts are embedded in their order") {
    const StubServer server({.body = R"({"object":"list","model":"embed-1","data":[
        {"object":"embedding","index":1,"embedding":[0.5,-1]},
        {"object":"embedding","index":0,"embedding":[1,0.25]}],
        "usage":{"prompt_tokens":8,"total_tokens":8}})"});
    ProviderRequest request;
    request.model = "embed";
    request.texts = {"Paris", "東京"};
    request.parameters = {{"dimensions", 2}, {"stream", true}};
    const auto reply = Model(server.url("/v1")).ask(request);
    REQUIRE(reply);
    CHECK(reply->output == Json::parse("[[1,0.25],[0.5,-1]]"));
    CHECK(reply->model == "embed-1");
    CHECK(reply->usage == UsageDetails{{"input", 8}, {"total", 8}});
    const StubRequest seen = server.requests().at(0);
    CHECK(seen.target == "/v1/embeddings");
    CHECK(Json::parse(seen.body) ==
          Json::parse(R"({"model":"embed","input":["Paris","東京"],"dimensions":2})"));
}

TEST_CASE("openai: embeddings that are not those of the texts are an error") {
    ProviderRequest request;
    request.model = "embed";
    request.texts = {"a", "b"};
    for (const char* data :
         {R"([{"index":0,"embedding":[1]}])",
          R"([{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}])",
          R"([{"index":0,"embedding":[1]},{"index":2,"embedding":[1]}])",
          R"([{"index":0,"embedding":[1]},{"index":1,"embedding":[]}])",
          R"([{"index":0,"embedding":[1]},{"index":1,"embedding":"AACAPw=="}])",
          R"([{"index":0,"embedding":[1]},{"index":1,"embedding":["1"]}])", R"([1,2])"}) {
        INFO(data);
        const auto broken =
            read_as("openai", response(200, fmt::format(R"({{"data":{}}})", data)), request);
        REQUIRE(!broken);
        CHECK(broken.error().code == ErrorCode::unavailable);
        CHECK(broken.error().retryable);
    }
    const auto chat = read_as("openai", response(200, k_answer), request);
    CHECK(chat.error().code == ErrorCode::invalid_argument);
    CHECK_THAT(chat.error().message,
               Catch::Contains(": the answer has no \"data\": is base_url right?"));
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
