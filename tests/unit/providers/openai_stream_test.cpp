#include "judges/providers/openai_stream.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "core/base/limits.hpp"
#include "tests/support/stub_server.hpp"
#include "tests/unit/providers/canned_model.hpp"

namespace assay::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

namespace {

const std::map<std::string, std::string> k_events = {{"content-type", "text/event-stream"}};

std::string event(const std::string& data) { return "data: " + data + "\n\n"; }

/// One event that holds a piece of the first choice.
std::string piece(const std::string& delta, const std::string& finish_reason = "null") {
    constexpr const char* k_choice = R"({{"index":0,"delta":{},"finish_reason":{}}})";
    return event(R"({"model":"small-1","usage":null,"choices":[)" +
                 fmt::format(k_choice, delta, finish_reason) + "]}");
}

const std::string k_begin = piece(R"({"role":"assistant","content":"","refusal":null})");
const std::string k_stop = piece("{}", R"("stop")");
const std::string k_usage = event(R"({"model":"small-1","choices":[],)"
                                  R"("usage":{"prompt_tokens":20,"completion_tokens":5,)"
                                  R"("total_tokens":25}})");
const std::string k_done = "data: [DONE]\n\n";

/// "Paris, naïve, 東京" in pieces that leave no character whole in a packet.
const std::string k_stream = ": hello\n\n" + k_begin + piece(R"({"content":"Paris, na"})") +
                             piece(R"({"content":"ïve, "})") + piece(R"({"content":"東京"})") +
                             k_stop + k_usage + k_done;
const std::string k_whole = R"({"model":"small-1","choices":[{"message":{"role":"assistant",
    "content":"Paris, naïve, 東京"},"finish_reason":"stop"}],
    "usage":{"prompt_tokens":20,"completion_tokens":5,"total_tokens":25}})";

/// What comes of these bytes in these pieces, as if a network had brought them.
Result<ProviderReply> read(const std::vector<std::string>& pieces, bool is_cut = false) {
    ProviderSettings settings;
    settings.name = "local";
    return CannedModel("openai-compatible",
                       {{.response = {.status = 200, .headers = k_events, .body = {}},
                         .pieces = pieces,
                         .breaks = is_cut}},
                       std::move(settings))
        .ask();
}

ProviderReply reply_to(const std::string& bytes) {
    auto reply = read({bytes});
    if (!reply) FAIL(reply.error().message);
    return std::move(*reply);
}

Error error_of(const std::string& bytes) {
    const auto reply = read({bytes});
    if (reply) FAIL(to_text(reply->output));
    return reply.error();
}

void check_same(const ProviderReply& streamed, const std::string& whole) {
    const auto expected = read_as("openai-compatible", response(200, whole));
    REQUIRE(expected);
    CHECK(streamed.output == expected->output);
    CHECK(streamed.model == expected->model);
    CHECK(streamed.finish_reason == expected->finish_reason);
    CHECK(streamed.usage == expected->usage);
    CHECK(streamed.cost == expected->cost);
    CHECK(streamed.reasoning == expected->reasoning);
    CHECK(streamed.refusal == expected->refusal);
    CHECK(streamed.truncated == expected->truncated);
}

StubReply streamed(std::vector<StubPiece> pieces, StubFault fault = StubFault::none) {
    pieces.insert(pieces.begin(), {"HTTP/1.1 200 Stub\r\nContent-Type: text/event-stream\r\n"
                                   "Transfer-Encoding: chunked\r\n\r\n"});
    return {.fault = fault, .raw = std::move(pieces)};
}

std::string chunk(std::string_view text) {
    return fmt::format("{:x}\r\n{}\r\n", text.size(), text);
}

const std::string k_end = "0\r\n\r\n";

ProviderRequest streaming_question() {
    ProviderRequest request = question();
    request.parameters = {{"stream", true}};
    return request;
}

}  // namespace

TEST_CASE("openai stream: the reply is the one that the server gives whole") {
    check_same(reply_to(k_stream), k_whole);
    CHECK(reply_to(k_stream).output == "Paris, naïve, 東京");
}

TEST_CASE("openai stream: split at any byte and in pieces of any size the reply is the same") {
    for (std::size_t at = 0; at <= k_stream.size(); ++at) {
        const auto reply = read({k_stream.substr(0, at), k_stream.substr(at)});
        REQUIRE(reply);
        check_same(*reply, k_whole);
    }
    for (std::size_t size = 1; size <= k_stream.size(); ++size) {
        std::vector<std::string> pieces;
        for (std::size_t at = 0; at < k_stream.size(); at += size) {
            pieces.push_back(k_stream.substr(at, size));
        }
        const auto reply = read(pieces);
        REQUIRE(reply);
        check_same(*reply, k_whole);
    }
}

TEST_CASE("openai stream: split at any byte on the wire the reply is the same") {
    const std::string wire = chunk(k_stream) + k_end;
    const StubServer server([&wire, at = std::size_t{0}](const StubRequest&) mutable {
        ++at;
        return streamed({{wire.substr(0, at)}, {wire.substr(at), 1ms}});
    });
    Model model(server.url());
    for (std::size_t at = 1; at < wire.size(); ++at) {
        const auto reply = model.ask(streaming_question());
        if (!reply) FAIL(reply.error().message);
        CHECK(reply->output == "Paris, naïve, 東京");
        CHECK(reply->usage.at("total") == 25);
        CHECK(reply->time_to_first_token.has_value());
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("openai stream: cut at any byte it is an error to try again or all that matters") {
    const std::size_t finished = k_stream.find(k_stop) + k_stop.size() - 2;  // without newlines
    for (std::size_t at = 0; at <= k_stream.size(); ++at) {
        INFO("cut after " << at);
        const auto broken = read({k_stream.substr(0, at)}, true);
        CHECK(broken.has_value() == (at == k_stream.size()));
        const auto ended = read({k_stream.substr(0, at)});
        if (!ended) {
            CHECK(ended.error().code == ErrorCode::unavailable);
            CHECK(ended.error().retryable);
        } else {
            CHECK(at >= finished);
            CHECK(ended->output == "Paris, naïve, 東京");
        }
    }
    CHECK(error_of(k_begin + piece(R"({"content":"Par"})")).message ==
          "local: the stream ended before the answer was complete");
}

TEST_CASE("openai stream: what follows the end changes nothing") {
    const std::string late = k_stream + piece(R"({"content":"late"})") + "data: garbage\n\n";
    check_same(reply_to(late), k_whole);
}

TEST_CASE("openai stream: a stream that ends without a last blank line or without DONE is whole") {
    check_same(reply_to(k_stream.substr(0, k_stream.size() - 2)), k_whole);
    check_same(reply_to(k_stream.substr(0, k_stream.find(k_done))), k_whole);
    CHECK(reply_to(piece(R"({"content":"Paris"})") + k_done).output == "Paris");
}

TEST_CASE("openai stream: usage that is not told is unknown") {
    const ProviderReply reply =
        reply_to(k_begin + piece(R"({"content":"Paris"})") + k_stop + k_done);
    CHECK(reply.output == "Paris");
    CHECK(reply.usage.empty());
    CHECK(!reply.cost);
}

TEST_CASE("openai stream: of usage that is told again and again the last counts") {
    const auto counted = [](int tokens, const char* choices) {
        return event(
            fmt::format(R"({{"choices":{},"usage":{{"prompt_tokens":3,"completion_tokens":{}}}}})",
                        choices, tokens));
    };
    const ProviderReply reply =
        reply_to(counted(1, R"([{"delta":{"content":"a"}}])") +
                 counted(2, R"([{"delta":{"content":"b"},"finish_reason":"stop"}])") + k_done);
    CHECK(reply.output == "ab");
    CHECK(reply.usage.at("output") == 2);
}

TEST_CASE("openai stream: tool calls are joined by their index") {
    const std::string calls =
        k_begin +
        piece(
            R"({"tool_calls":[{"index":0,"id":"c1","function":{"name":"find","arguments":""}}]})") +
        piece(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]})") +
        piece(R"({"tool_calls":[{"index":1,"id":"c2","function":{"name":"read","arguments":"{"}},)"
              R"({"index":0,"function":{"arguments":"\"Paris\"}"}}]})") +
        piece(R"({"tool_calls":[{"index":1,"function":{"arguments":"}"}}]})") +
        piece("{}", R"("tool_calls")") + k_done;
    check_same(reply_to(calls), R"({"model":"small-1","choices":[{"finish_reason":"tool_calls",
        "message":{"role":"assistant","content":null,"tool_calls":[
            {"id":"c1","type":"function",
             "function":{"name":"find","arguments":"{\"city\":\"Paris\"}"}},
            {"id":"c2","type":"function","function":{"name":"read","arguments":"{}"}}]}}]})");
}

TEST_CASE(
    "openai stream: tool calls with the same index or with none are kept apart by their ids") {
    for (const char* index : {"", R"("index":0,)"}) {
        const auto call = [&](const char* id, const char* name) {
            const std::string function = fmt::format(R"({{"name":"{}","arguments":"{{}}"}})", name);
            return piece(fmt::format(R"({{"tool_calls":[{{{}"id":"{}","function":{}}}]}})", index,
                                     id, function));
        };
        const Json output = reply_to(call("a", "find") + call("b", "read") + k_done).output;
        REQUIRE(output["tool_calls"].size() == 2);
        CHECK(output["tool_calls"][0] ==
              Json({{"id", "a"}, {"name", "find"}, {"arguments", Json::object()}}));
        CHECK(output["tool_calls"][1]["name"] == "read");
    }
}

TEST_CASE("openai stream: a refusal and a cut by length mean what they mean in a whole reply") {
    const ProviderReply refused = reply_to(k_begin + piece(R"({"refusal":"I can"})") +
                                           piece(R"({"refusal":"not."})") + k_stop + k_done);
    CHECK(refused.output == "I cannot.");
    CHECK(refused.refusal == "I cannot.");
    CHECK(refused.finish_reason == "refusal");
    const ProviderReply cut =
        reply_to(piece(R"({"content":"Par"})") + piece("{}", R"("length")") + k_done);
    CHECK(cut.output == "Par");
    CHECK(cut.truncated);
}

TEST_CASE("openai stream: what a model shows of its thinking comes before the first token") {
    for (const char* name : {"reasoning_content", "reasoning"}) {
        const auto thought = [&](const char* text) {
            return piece(fmt::format(R"({{"{}":"{}"}})", name, text));
        };
        const ProviderReply reply = reply_to(k_begin + thought("2 and ") + thought("2") +
                                             piece(R"({"content":"4"})") + k_stop + k_done);
        CHECK(reply.output == "4");
        CHECK(reply.reasoning == "2 and 2");
        CHECK(!reply_to(k_begin + thought("2") + k_stop + k_done).time_to_first_token);
    }
}

TEST_CASE("openai stream: content in parts is joined and other choices are passed over") {
    CHECK(reply_to(
              piece(R"({"content":[{"type":"text","text":"Pa"},{"type":"text","text":"ris"}]})") +
              event(R"({"choices":[{"index":1,"delta":{"content":"London"}}]})") + k_stop)
              .output == "Paris");
    CHECK(reply_to(k_begin + k_stop + k_done).output == "");
}

TEST_CASE("openai stream: an error within it is the answer's error") {
    for (const std::string& bad :
         {event(R"({"error":{"message":"overloaded","code":529}})"),
          event(R"({"error":"overloaded"})"), "event: error\n" + event("overloaded"),
          "event: error\n" + event(R"({"message":"overloaded"})")}) {
        const Error error =
            error_of(k_begin + piece(R"({"content":"Par"})") + bad + k_stop + k_done);
        INFO(error.message);
        CHECK(error.code == ErrorCode::unavailable);
        CHECK(error.retryable);
        CHECK_THAT(error.message, Catch::StartsWith("local: the answer is an error: ") &&
                                      Catch::Contains("overloaded"));
    }
}

TEST_CASE("openai stream: broken events are errors to try again and never a part of an answer") {
    for (const std::string& bad : {event("{\"choices\":"), event("nonsense"),
                                   event("{\"choices\":[{\"delta\":{\"content\":\"\xC3\"}}]}")}) {
        const Error error = error_of(k_begin + bad + k_stop + k_done);
        CHECK(error.retryable);
        CHECK_THAT(error.message, Catch::StartsWith("local: the answer is not valid JSON"));
    }
    CHECK_THAT(error_of(event("{}") + k_done).message, Catch::Contains("has no choices"));
    for (const char* odd :
         {"5", "[]", "{\"choices\":7}", "{\"choices\":[7]}", "{\"choices\":[{\"delta\":[]}]}",
          R"({"choices":[{"delta":{"content":7,"tool_calls":[3,{"index":"x","function":9}]}}]})"}) {
        CHECK(read({event(odd) + k_stop + k_done}).has_value());  // read on; nothing breaks
    }
}

TEST_CASE("openai stream: an event beyond the limit ends the request") {
    const Error error = error_of(event(std::string(limits::k_sse_event_bytes_max + 1, 'x')));
    CHECK(error.code == ErrorCode::resource_exhausted);
    CHECK(!error.retryable);
}

TEST_CASE("openai stream: the time to the first token is that of the first content") {
    const auto now = [] { return std::chrono::steady_clock::now(); };
    for (const char* first :
         {R"({"content":"Pa"})", R"({"refusal":"I"})",
          R"({"tool_calls":[{"index":0,"id":"c","function":{"name":"find"}}]})"}) {
        const auto sent = now();
        ChatStream stream(sent);
        HttpResponse response{.status = 200, .headers = k_events, .body = k_begin};
        REQUIRE(stream.take(response));
        CHECK(!stream.time_to_first_token());
        const auto before = now();
        response.body = piece(first);
        REQUIRE(stream.take(response));
        const auto time = stream.time_to_first_token();
        REQUIRE(time);
        CHECK(*time >= before - sent);
        CHECK(*time <= now() - sent);
        response.body = piece(first) + k_done;
        REQUIRE(stream.take(response));
        CHECK(stream.time_to_first_token() == time);
    }
    CHECK(!reply_to(k_begin + k_stop + k_done).time_to_first_token);
}

TEST_CASE("openai stream: the time to the first token counts from sending the request") {
    const StubServer server(streamed(
        {{chunk(k_begin)}, {chunk(piece(R"({"content":"Paris"})") + k_stop), 60ms}, {k_end}}));
    const auto began = std::chrono::steady_clock::now();
    const auto reply = Model(server.url()).ask(streaming_question());
    REQUIRE(reply);
    REQUIRE(reply->time_to_first_token);
    CHECK(*reply->time_to_first_token >= 60ms);
    CHECK(*reply->time_to_first_token <= std::chrono::steady_clock::now() - began);
}

TEST_CASE("openai stream: how a server answers decides and not how it was asked") {
    const StubServer whole({.body = k_whole});
    const auto plain = Model(whole.url()).ask(streaming_question());
    REQUIRE(plain);
    CHECK(plain->output == "Paris, naïve, 東京");
    CHECK(!plain->time_to_first_token);

    const StubServer events({.body = k_stream, .headers = {{"Content-Type", "text/event-stream"}}});
    const auto unasked = Model(events.url()).ask(question());
    REQUIRE(unasked);
    CHECK(unasked->output == "Paris, naïve, 東京");
    CHECK(unasked->time_to_first_token);

    const StubServer refusing({.status = 429,
                               .body = event(R"({"error":{"message":"slow down"}})"),
                               .headers = {{"Content-Type", "text/event-stream"}}});
    const auto refused = Model(refusing.url()).ask(streaming_question());
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::resource_exhausted);
}

TEST_CASE("openai stream: what breaks after the end takes nothing away and before it everything") {
    const std::string first_half = chunk(k_begin + piece(R"({"content":"Par"})"));
    const StubServer late(streamed({{chunk(k_stream)}}, StubFault::hang_up));
    CHECK(Model(late.url()).ask(streaming_question()).value().output == "Paris, naïve, 東京");
    const StubServer cut(streamed({{first_half}}, StubFault::hang_up));
    const auto broken = Model(cut.url()).ask(streaming_question());
    REQUIRE(!broken);
    CHECK(broken.error().retryable);
    const StubServer ended(streamed({{first_half + k_end}}));
    const auto truncated = Model(ended.url()).ask(streaming_question());
    REQUIRE(!truncated);
    CHECK(truncated.error().retryable);
    CHECK(truncated.error().message == "local: the stream ended before the answer was complete");
}

TEST_CASE("openai stream: an error in the stream ends the request and tells no key") {
    // The server never ends the stream: that the call returns shows that it was not waited for.
    StubServer server([](const StubRequest& request) {
        const std::string said = "bad key " + request.headers.at("authorization");
        return streamed(
            {{chunk(k_begin)}, {chunk(event(to_text(Json({{"error", {{"message", said}}}}))))}});
    });
    const auto broken = Model(server.url()).ask(streaming_question());
    REQUIRE(!broken);
    CHECK_THAT(broken.error().message,
               Catch::Contains("bad key Bearer [redacted]") && !Catch::Contains(k_canary));
    CHECK(server.wait_for_ended(1));
}

}  // namespace assay::test
