#include "judges/providers/bedrock_stream.hpp"

#include <catch2/catch.hpp>

#include "judges/providers/bedrock_format.hpp"
#include "tests/support/seed.hpp"
#include "tests/unit/providers/aws_messages.hpp"
#include "tests/unit/providers/exchange.hpp"
#include "tests/unit/providers/mangle.hpp"

namespace assay::test {

namespace {

constexpr const char* k_type = "application/vnd.amazon.eventstream";

ConverseFormat format() { return ConverseFormat(ProviderSettings{}); }

std::string delta(int block, const std::string& piece) {
    return aws_event("contentBlockDelta", R"({"contentBlockIndex":)" + std::to_string(block) +
                                              R"(,"delta":)" + piece + R"(,"p":"abcd"})");
}

std::string tool_start(int block, const std::string& id, const std::string& name) {
    return aws_event("contentBlockStart", R"({"contentBlockIndex":)" + std::to_string(block) +
                                              R"(,"start":{"toolUse":{"toolUseId":")" + id +
                                              R"(","name":")" + name + "\"}}}");
}

std::string stop(const std::string& reason) {
    return aws_event("messageStop", R"({"stopReason":")" + reason + "\"}");
}

const std::string k_begin = aws_event("messageStart", R"({"role":"assistant"})");
const std::string k_usage = R"({"inputTokens":20,"outputTokens":5,"totalTokens":125,)"
                            R"("cacheReadInputTokens":100})";
const std::string k_metadata =
    aws_event("metadata", R"({"metrics":{"latencyMs":9},"usage":)" + k_usage + "}");

const std::string k_stream =
    k_begin + delta(0, R"({"reasoningContent":{"text":"France, "}})") +
    delta(0, R"({"reasoningContent":{"text":"so."}})") +
    delta(0, R"({"reasoningContent":{"signature":"c2ln"}})") +
    aws_event("contentBlockStop", R"({"contentBlockIndex":0})") + delta(1, R"({"text":"Par"})") +
    delta(1, R"({"text":"is \u6771"})") +
    aws_event("contentBlockStop", R"({"contentBlockIndex":1})") + tool_start(2, "t1", "find") +
    delta(2, R"({"toolUse":{"input":"{\"city\": \"Par"}})") +
    delta(2, R"({"toolUse":{"input":"is\"}"}})") + tool_start(3, "t2", "now") +
    delta(3, R"({"toolUse":{"input":""}})") + stop("tool_use") + k_metadata;

const Json k_whole = Json::parse(R"({"output": {"message": {"role": "assistant", "content": [
    {"reasoningContent": {"reasoningText": {"text": "France, so."}}}, {"text": "Paris \u6771"},
    {"toolUse": {"toolUseId": "t1", "name": "find", "input": {"city": "Paris"}}},
    {"toolUse": {"toolUseId": "t2", "name": "now", "input": {}}}]}},
    "stopReason": "tool_use", "usage": )" +
                                 k_usage + "}");

ProviderRequest streamed_question() {
    ProviderRequest request = question();
    request.parameters = {{"stream", true}};
    return request;
}

Exchange ask(StubReply answer) {
    ProviderSettings settings;
    settings.own = {{"region", "us-east-1"}};
    return exchange("bedrock", "", streamed_question(), std::move(answer), std::move(settings));
}

Error error_of(const std::string& bytes) { return ask(streamed(bytes, k_type)).error(); }

}  // namespace

TEST_CASE("bedrock stream: it is asked for at an address of its own") {
    const Exchange said = ask(streamed(k_stream, k_type));
    CHECK(said.request.target == "/model/small/converse-stream");
    CHECK_THAT(said.request.headers.at("accept"), Catch::StartsWith(k_type));
    CHECK(!said.body.contains("stream"));
    CHECK(said.value().output == Json::parse(R"({"content": "Paris \u6771", "tool_calls": [
        {"id": "t1", "name": "find", "arguments": {"city": "Paris"}},
        {"id": "t2", "name": "now", "arguments": {}}]})"));
    CHECK(said.value().reasoning == "France, so.");
    CHECK(said.value().usage ==
          UsageDetails{{"input", 20}, {"input_cached_tokens", 100}, {"output", 5}, {"total", 125}});
    CHECK(said.value().time_to_first_token);
}

TEST_CASE("bedrock stream: however it is cut the reply is that of the whole answer") {
    check_split_anywhere(format(), k_stream, k_whole, question(), k_type);
}

TEST_CASE("bedrock stream: a byte in a packet is a reply too") {
    std::vector<StubPiece> pieces = {{"HTTP/1.1 200 OK\r\nContent-Type: " + std::string(k_type) +
                                      "\r\nContent-Length: " + std::to_string(k_stream.size()) +
                                      "\r\n\r\n"}};
    for (const char byte : k_stream) pieces.push_back({std::string(1, byte)});
    const Exchange said = ask({.fault = StubFault::hang_up, .raw = std::move(pieces)});
    check_same(said.reply, format().read(k_whole, question()));
}

TEST_CASE("bedrock stream: an answer that is no stream is read as it is") {
    const Exchange said = ask({.body = to_text(k_whole)});
    check_same(said.reply, format().read(k_whole, question()));
    CHECK(!said.value().time_to_first_token);
}

TEST_CASE("bedrock stream: an exception has the status that it has without a stream") {
    struct Case {
        const char* type;
        ErrorCode code;
        bool retryable;
    };
    using enum ErrorCode;
    const std::vector<Case> cases = {{"throttlingException", resource_exhausted, true},
                                     {"validationException", invalid_argument, false},
                                     {"internalServerException", unavailable, true},
                                     {"serviceUnavailableException", unavailable, true},
                                     {"modelStreamErrorException", unavailable, true},
                                     {"modelTimeoutException", unavailable, true},
                                     {"unheardOfException", unavailable, true}};
    for (const Case& test : cases) {
        for (const std::string& before : {std::string(), k_begin + delta(0, R"({"text":"Par"})")}) {
            INFO(test.type);
            const Error error =
                error_of(before + aws_exception(test.type, R"({"message":"It went wrong."})"));
            INFO(error.message);
            CHECK(error.code == test.code);
            CHECK(error.retryable == test.retryable);
            CHECK_THAT(error.message,
                       Catch::StartsWith("local") && Catch::Contains("It went wrong."));
        }
    }
}

TEST_CASE("bedrock stream: an error without a form of its own is told in its words") {
    const Error error = error_of(k_begin + aws_message({{":message-type", "error"},
                                                        {":error-code", "InternalFailure"},
                                                        {":error-message", "It broke."}},
                                                       ""));
    CHECK(error.code == ErrorCode::unavailable);
    CHECK(error.retryable);
    CHECK_THAT(error.message, Catch::Contains("InternalFailure: It broke."));
}

TEST_CASE("bedrock stream: one that ends too early or is damaged is no answer") {
    const std::string begun = k_begin + delta(0, R"({"text":"Par"})");
    for (const std::string& bytes : {begun, begun + k_metadata.substr(0, 20)}) {
        CHECK(error_of(bytes).code == ErrorCode::unavailable);
        CHECK(error_of(bytes).retryable);
        CHECK_THAT(error_of(bytes).message, Catch::Contains("before the answer was complete"));
    }
    CHECK(error_of("").retryable);
    std::string damaged = k_stream;
    damaged[k_begin.size() + 60] ^= 1;
    CHECK(error_of(damaged).retryable);
    CHECK_THAT(error_of(damaged).message, Catch::Contains("damaged"));
    CHECK_THAT(error_of(begun + aws_event("contentBlockDelta", "{\"delta\":")).message,
               Catch::Contains("not valid JSON"));
}

TEST_CASE("bedrock stream: what comes after the end takes nothing away") {
    const Exchange said = ask(streamed(k_stream + "garbage", k_type));
    check_same(said.reply, format().read(k_whole, question()));
    const Exchange cut =
        ask({.fault = StubFault::hang_up,
             .raw = {{"HTTP/1.1 200 OK\r\nContent-Type: " + std::string(k_type) +
                      "\r\nContent-Length: " + std::to_string(k_stream.size() + 100) + "\r\n\r\n" +
                      k_stream + "more"}}});
    check_same(cut.reply, format().read(k_whole, question()));
}

TEST_CASE("bedrock stream: an answer without its counts is an answer") {
    const Exchange said =
        ask(streamed(k_begin + delta(0, R"({"text":"Par"})") + stop("max_tokens"), k_type));
    CHECK(said.value().output == "Par");
    CHECK(said.value().truncated);
    CHECK(said.value().usage.empty());
}

TEST_CASE("bedrock stream: a call that a limit cut short keeps what there is of it") {
    const Exchange said = ask(streamed(k_begin + tool_start(0, "t", "find") +
                                           delta(0, R"({"toolUse":{"input":"{\"ci"}})") +
                                           stop("max_tokens") + k_metadata,
                                       k_type));
    CHECK(said.value().output["tool_calls"][0]["arguments"] == "{\"ci");
    CHECK(said.value().truncated);
}

TEST_CASE("bedrock stream: whatever an event holds ends in a reply or an error") {
    for (const std::uint64_t seed : seeds_of_test(500)) {
        INFO("ASSAY_SEED=" << seed);
        std::mt19937_64 random(seed);
        const auto mangled = [&random](const char* json) {
            return to_text(mangle(Json::parse(json), random));
        };
        const std::string bytes =
            aws_event("contentBlockStart", mangled(R"({"contentBlockIndex": 0,
                "start": {"toolUse": {"toolUseId": "t", "name": "find"}}})")) +
            aws_event("contentBlockDelta", mangled(R"({"contentBlockIndex": 0,
                "delta": {"toolUse": {"input": "{}"}, "text": "a",
                          "reasoningContent": {"text": "b"}}})")) +
            aws_event("messageStop", mangled(R"({"stopReason": "end_turn"})")) +
            aws_event("metadata", mangled(R"({"usage": {"inputTokens": 1},
                "trace": {"promptRouter": {"invokedModelId": "m"}}})"));
        const auto reply = read_pieces(format(), {bytes}, question(), k_type);
        if (!reply) CHECK(reply.error().code == ErrorCode::unavailable);
    }
}

TEST_CASE("bedrock stream: events of other kinds and forms are passed over") {
    const std::string odd = aws_event("news", "[1]") + aws_event("contentBlockDelta", "[]") +
                            aws_event("contentBlockStart", R"({"start":{"image":{}}})") +
                            aws_event("contentBlockDelta", R"({"delta":{"text":7}})") +
                            aws_event("metadata", "[]");
    const Exchange said = ask(streamed(
        k_begin + odd + delta(0, R"({"text":"Paris"})") + stop("end_turn") + k_metadata, k_type));
    CHECK(said.value().output == "Paris");
}

}  // namespace assay::test
