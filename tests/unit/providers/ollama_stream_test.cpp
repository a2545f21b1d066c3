#include "judges/providers/ollama_stream.hpp"

#include <catch2/catch.hpp>

#include "core/base/limits.hpp"
#include "judges/providers/ollama_format.hpp"
#include "tests/support/seed.hpp"
#include "tests/unit/providers/exchange.hpp"
#include "tests/unit/providers/mangle.hpp"

namespace assay::test {

namespace {

constexpr const char* k_type = "application/x-ndjson";

OllamaFormat format() { return OllamaFormat(ProviderSettings{}); }

std::string piece(const std::string& message) {
    return R"({"model":"m:1","message":)" + message + ",\"done\":false}\n";
}

const std::string k_last =
    R"({"model":"m:1","message":{"role":"assistant","content":""},"done":true,)"
    R"("done_reason":"stop","prompt_eval_count":20,"eval_count":5})"
    "\n";
const std::string k_stream =
    piece(R"({"role":"assistant","content":"","thinking":"France, "})") +
    piece(R"({"role":"assistant","content":"","thinking":"so."})") +
    piece(R"({"role":"assistant","content":"Par"})") + "\r\n" +
    piece(R"({"role":"assistant","content":"is 東京"})") +
    piece(R"({"role":"assistant","content":"","tool_calls":[{"function":{"name":"find",)"
          R"("arguments":{"city":"Paris"}}}]})") +
    piece(R"({"role":"assistant","content":"","tool_calls":[{"function":{"name":"now",)"
          R"("arguments":{}}}]})") +
    k_last;
const Json k_whole = Json::parse(R"({"model": "m:1", "message": {"role": "assistant",
    "content": "Paris 東京", "thinking": "France, so.", "tool_calls": [
        {"function": {"name": "find", "arguments": {"city": "Paris"}}},
        {"function": {"name": "now", "arguments": {}}}]},
    "done": true, "done_reason": "stop", "prompt_eval_count": 20, "eval_count": 5})");

Exchange ask(StubReply answer) {
    ProviderRequest request = question();
    request.parameters = {{"stream", true}};
    return exchange("ollama", "", request, std::move(answer));
}

Error error_of(const std::string& lines) { return ask(streamed(lines, k_type)).error(); }

}  // namespace

TEST_CASE("ollama stream: it is asked for and put together") {
    const Exchange said = ask(streamed(k_stream, k_type));
    CHECK(said.body["stream"] == true);
    CHECK_THAT(said.request.headers.at("accept"), Catch::StartsWith(k_type));
    CHECK(said.value().output == Json::parse(R"({"content": "Paris 東京", "tool_calls": [
        {"id": "call_0", "name": "find", "arguments": {"city": "Paris"}},
        {"id": "call_1", "name": "now", "arguments": {}}]})"));
    CHECK(said.value().reasoning == "France, so.");
    CHECK(said.value().usage == UsageDetails{{"input", 20}, {"output", 5}, {"total", 25}});
    CHECK(said.value().time_to_first_token);
}

TEST_CASE("ollama stream: however it is cut the reply is that of the whole answer") {
    check_split_anywhere(format(), k_stream, k_whole, question(), k_type);
    const std::string without_end = k_stream.substr(0, k_stream.size() - 1);
    check_split_anywhere(format(), without_end, k_whole, question(), k_type);
}

TEST_CASE("ollama stream: a byte in a packet is a reply too") {
    std::vector<StubPiece> pieces = {{"HTTP/1.1 200 OK\r\nContent-Type: " + std::string(k_type) +
                                      "\r\nContent-Length: " + std::to_string(k_stream.size()) +
                                      "\r\n\r\n"}};
    for (const char byte : k_stream) pieces.push_back({std::string(1, byte)});
    const Exchange said = ask({.fault = StubFault::hang_up, .raw = std::move(pieces)});
    check_same(said.reply, format().read(k_whole, question()));
}

TEST_CASE("ollama stream: an answer that is no stream is read as it is") {
    check_same(ask({.body = to_text(k_whole)}).reply, format().read(k_whole, question()));
}

TEST_CASE("ollama stream: a line that is an error or no JSON makes the answer useless") {
    const std::string begun = piece(R"({"content":"Par"})");
    const Error error = error_of(begun + R"({"error":"llama runner has stopped"})" + "\n" + k_last);
    CHECK(error.code == ErrorCode::unavailable);
    CHECK(error.retryable);
    CHECK_THAT(error.message, Catch::Contains("llama runner has stopped"));
    const Error broken = error_of(begun + "{\"message\":\n" + k_last);
    CHECK(broken.retryable);
    CHECK_THAT(broken.message, Catch::Contains("not valid JSON"));
    CHECK_THAT(error_of(R"({"error":"model 'x' not found, try pulling it first"})").message,
               Catch::Contains("`ollama pull x`"));
}

TEST_CASE("ollama stream: one that ends too early is no answer") {
    const std::string begun = piece(R"({"content":"Par"})");
    CHECK(error_of("").retryable);
    CHECK(error_of(begun).code == ErrorCode::unavailable);
    CHECK(error_of(begun).retryable);
    CHECK_THAT(error_of(begun).message, Catch::Contains("before the answer was complete"));
    CHECK_THAT(error_of(begun + k_last.substr(0, 30)).message, Catch::Contains("not valid JSON"));
}

TEST_CASE("ollama stream: what comes after the end takes nothing away") {
    const Exchange said = ask(streamed(k_stream + "garbage\n", k_type));
    check_same(said.reply, format().read(k_whole, question()));
}

TEST_CASE("ollama stream: a line is not kept beyond the limit") {
    const std::string most(limits::k_sse_event_bytes_max - 60, 'x');
    const Exchange said = ask(streamed(piece(R"({"content":")" + most + "\"}") + k_last, k_type));
    CHECK(said.value().output == most);
    const Error error = error_of(std::string(limits::k_sse_event_bytes_max + 1, 'x'));
    CHECK(error.code == ErrorCode::resource_exhausted);
    CHECK_THAT(error.message, Catch::Contains("1 MB"));
}

TEST_CASE("ollama stream: an answer that a limit cut short says so") {
    const Exchange said = ask(streamed(
        piece(R"({"content":"Par"})") + R"({"model":"m","done":true,"done_reason":"length"})",
        k_type));
    CHECK(said.value().output == "Par");
    CHECK(said.value().truncated);
}

TEST_CASE("ollama stream: whatever an answer holds ends in a reply or an error") {
    for (const std::uint64_t seed : seeds_of_test(1000)) {
        INFO("ASSAY_SEED=" << seed);
        std::mt19937_64 random(seed);
        const Json body = mangle(k_whole, random);
        const auto read = format().read(body, question());
        const auto streamed = read_pieces(format(), {to_text(body)}, question(), k_type);
        if (read && streamed) CHECK(streamed->output == read->output);
        if (!streamed) CHECK(streamed.error().code == ErrorCode::unavailable);
        (void)format().read_complaint(body);
    }
}

TEST_CASE("ollama stream: pieces of other forms are passed over") {
    const Exchange said = ask(streamed("[]\n7\n{\"message\":[]}\n" + piece(R"({"content":7})") +
                                           piece(R"({"content":"Paris"})") + k_last,
                                       k_type));
    CHECK(said.value().output == "Paris");
}

}  // namespace assay::test
