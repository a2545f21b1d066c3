#include "judges/providers/anthropic_stream.hpp"

#include <catch2/catch.hpp>

#include "judges/providers/anthropic_format.hpp"
#include "tests/unit/providers/exchange.hpp"

namespace assay::test {

namespace {

AnthropicFormat format() { return AnthropicFormat(ProviderSettings{}); }

std::string event(const std::string& type, const std::string& members = "") {
    return fmt::format("event: {0}\ndata: {{\"type\": \"{0}\"{1}{2}}}\n\n", type,
                       members.empty() ? "" : ", ", members);
}

std::string delta(int index, const std::string& what) {
    return event("content_block_delta", fmt::format(R"("index": {}, "delta": {})", index, what));
}

std::string block(int index, const std::string& what) {
    return event("content_block_start",
                 fmt::format(R"("index": {}, "content_block": {})", index, what));
}

std::string end_of(int index) {
    return event("content_block_stop", fmt::format(R"("index": {})", index));
}

std::string stop(const std::string& reason) {
    constexpr const char* k_members = R"("delta": {{"stop_reason": "{}", "stop_sequence": null}}, )"
                                      R"("usage": {{"output_tokens": 15}})";
    return event("message_delta", fmt::format(k_members, reason)) + event("message_stop");
}

const std::string k_start =
    event("message_start",
          R"("message": {"id": "msg_1", "type": "message", "role": "assistant", "content": [], )"
          R"("model": "claude-1", "stop_reason": null, "stop_sequence": null, )"
          R"("usage": {"input_tokens": 25, "cache_read_input_tokens": 7, "output_tokens": 1}})");

const std::string k_text = k_start + block(0, R"({"type": "thinking", "thinking": ""})") +
                           delta(0, R"({"type": "thinking_delta", "thinking": "Hm, "})") +
                           delta(0, R"({"type": "thinking_delta", "thinking": "où?"})") +
                           delta(0, R"({"type": "signature_delta", "signature": "c2ln"})") +
                           end_of(0) + event("ping") + block(1, R"({"type": "text", "text": ""})") +
                           delta(1, R"({"type": "text_delta", "text": "Paris, na"})") +
                           event("of_the_future", R"("text": "never")") +
                           delta(1, R"({"type": "text_delta", "text": "ïve, 東京"})") + end_of(1) +
                           stop("end_turn");

const Json k_text_whole = Json::parse(R"({"model": "claude-1", "content": [
    {"type": "thinking", "thinking": "Hm, où?", "signature": "c2ln"},
    {"type": "text", "text": "Paris, naïve, 東京"}], "stop_reason": "end_turn",
    "usage": {"input_tokens": 25, "cache_read_input_tokens": 7, "output_tokens": 15}})");

const std::string k_call =
    k_start + block(0, R"({"type": "tool_use", "id": "t1", "name": "find", "input": {}})") +
    delta(0, R"({"type": "input_json_delta", "partial_json": ""})") +
    delta(0, R"({"type": "input_json_delta", "partial_json": "{\"place\": \"Pa"})") +
    delta(0, R"({"type": "input_json_delta", "partial_json": "ris\"}"})") + end_of(0) +
    block(1, R"({"type": "tool_use", "id": "t2", "name": "now", "input": {}})") + end_of(1) +
    stop("tool_use");

const Json k_call_whole = Json::parse(R"({"model": "claude-1", "content": [
    {"type": "tool_use", "id": "t1", "name": "find", "input": {"place": "Paris"}},
    {"type": "tool_use", "id": "t2", "name": "now", "input": {}}], "stop_reason": "tool_use",
    "usage": {"input_tokens": 25, "cache_read_input_tokens": 7, "output_tokens": 15}})");

}  // namespace

TEST_CASE("anthropic stream: split at any byte the reply is the one that comes whole") {
    check_split_anywhere(format(), k_text, k_text_whole);
    check_split_anywhere(format(), k_call, k_call_whole);
}

TEST_CASE("anthropic stream: it is asked for and read over a socket byte by byte") {
    std::vector<StubPiece> pieces = {
        {"HTTP/1.1 200 Stub\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
         "Connection: close\r\n\r\n"}};
    for (const char byte : k_text) pieces.push_back({std::string(1, byte)});
    ProviderRequest request = question();
    request.parameters = {{"stream", true}};
    const Exchange said =
        exchange("anthropic", "", request, {.fault = StubFault::hang_up, .raw = std::move(pieces)});
    CHECK(said.body["stream"] == true);
    CHECK_THAT(said.request.headers.at("accept"), Catch::StartsWith("text/event-stream"));
    check_same(said.reply, format().read(k_text_whole, question()));
    CHECK(said.value().time_to_first_token.has_value());
}

TEST_CASE("anthropic stream: a call that a limit cut short keeps its arguments as text") {
    const auto reply = read_pieces(
        format(),
        {k_start + block(0, R"({"type": "tool_use", "id": "t1", "name": "find", "input": {}})") +
         delta(0, R"({"type": "input_json_delta", "partial_json": "{\"place\": \"Pa"})") +
         end_of(0) + stop("max_tokens")});
    CHECK(reply.value().truncated);
    CHECK(reply.value().output["tool_calls"][0]["arguments"] == "{\"place\": \"Pa");
}

TEST_CASE("anthropic stream: an error within it is the error of the answer") {
    const auto overloaded =
        read_pieces(format(), {k_start + event("error", R"("error": {"type": "overloaded_error",)"
                                                        R"( "message": "Overloaded"})")});
    REQUIRE(!overloaded);
    CHECK(overloaded.error().code == ErrorCode::resource_exhausted);
    CHECK(overloaded.error().retryable);
    CHECK_THAT(overloaded.error().message, Catch::Contains("is overloaded"));
    const auto broken = read_pieces(
        format(),
        {k_start + event("error", R"("error": {"type": "api_error", "message": "oops"})")});
    REQUIRE(!broken);
    CHECK(broken.error().code == ErrorCode::unavailable);
    CHECK(broken.error().retryable);
    CHECK_THAT(broken.error().message, Catch::Contains("oops"));
}

TEST_CASE("anthropic stream: one that ends too early is no answer") {
    const std::string_view whole = k_text;
    const std::size_t stop_at = whole.find("event: message_delta");
    for (const std::size_t bytes : {std::size_t{1}, k_start.size(), stop_at}) {
        INFO(bytes);
        const auto reply = read_pieces(format(), {whole.substr(0, bytes)});
        REQUIRE(!reply);
        CHECK(reply.error().code == ErrorCode::unavailable);
        CHECK(reply.error().retryable);
    }
    const std::size_t last = whole.find("event: message_stop");
    CHECK(read_pieces(format(), {whole.substr(0, last)}));
    const std::string not_stopped =
        k_start + event("message_delta", R"("delta": {"stop_reason": null})");
    CHECK(!read_pieces(format(), {not_stopped}));
}

TEST_CASE("anthropic stream: news that say nothing take nothing back") {
    const auto reply = read_pieces(
        format(),
        {k_start +
         event("message_delta", R"("delta": {"stop_reason": "max_tokens"}, )"
                                R"("usage": {"output_tokens": 9})") +
         event("message_delta", R"("delta": {"stop_reason": null}, )"
                                R"("usage": {"output_tokens": 12, "input_tokens": null})") +
         event("message_stop")});
    CHECK(reply.value().finish_reason == "max_tokens");
    CHECK(reply.value().usage ==
          UsageDetails{{"input", 25}, {"input_cached_tokens", 7}, {"output", 12}, {"total", 44}});
}

TEST_CASE("anthropic stream: events that are malformed do no harm") {
    for (const char* const odd :
         {R"("index": -1, "delta": {"text": "x"})", R"("index": 99999999999, "delta": {})",
          R"("delta": 7)", R"("index": "0")", R"("index": 0, "delta": {"text": 7})"}) {
        INFO(odd);
        const auto reply = read_pieces(format(), {k_start + event("content_block_delta", odd) +
                                                  event("content_block_start", odd) +
                                                  event("message_delta", odd) + stop("end_turn")});
        REQUIRE(reply);
        CHECK(reply->finish_reason == "end_turn");
    }
    const auto no_json = read_pieces(format(), {k_start + "data: {\"type\": \n\n"});
    REQUIRE(!no_json);
    CHECK(no_json.error().code == ErrorCode::unavailable);
}

TEST_CASE("anthropic stream: an answer that comes whole though a stream was asked for is read") {
    ProviderRequest request = question();
    request.parameters = {{"stream", true}};
    const Exchange said = exchange("anthropic", "", request,
                                   {.body = R"({"content": [{"type": "text", "text": "Paris"}]})"});
    CHECK(said.value().output == "Paris");
    CHECK(!said.value().time_to_first_token);
}

}  // namespace assay::test
