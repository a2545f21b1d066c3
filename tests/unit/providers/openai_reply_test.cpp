#include "judges/providers/openai_reply.hpp"

#include <catch2/catch.hpp>

namespace assay::test {

namespace {

const ChatReplyContext k_context{.provider = "openai", .key_variable = "OPENAI_API_KEY"};

HttpResponse response(int status, std::string body, std::string type = "application/json") {
    return {
        .status = status, .headers = {{"content-type", std::move(type)}}, .body = std::move(body)};
}

/// A reply with this message (JSON) as its only choice.
HttpResponse with_message(const std::string& message, const std::string& more = "") {
    return response(
        200, R"({"model":"gpt-4.1-mini-2025","choices":[{"finish_reason":"stop","message":)" +
                 message + "}]" + more + "}");
}

ProviderReply read(const HttpResponse& from, const ChatReplyContext& context = k_context) {
    auto reply = read_chat_reply(from, context);
    if (!reply) FAIL(reply.error().message);
    return std::move(*reply);
}

Error error_of(const HttpResponse& from) {
    auto reply = read_chat_reply(from, k_context);
    REQUIRE(!reply);
    return reply.error();
}

UsageDetails usage_of(const std::string& usage) {
    return read(with_message(R"({"content":"x"})", R"(,"usage":)" + usage)).usage;
}

}  // namespace

TEST_CASE("openai reply: text with its model and reason") {
    const ProviderReply reply = read(with_message(R"({"role":"assistant","content":"Paris"})"));
    CHECK(reply.output == "Paris");
    CHECK(reply.model == "gpt-4.1-mini-2025");
    CHECK(reply.finish_reason == "stop");
    CHECK(!reply.truncated);
    CHECK(reply.usage.empty());
    CHECK(!reply.cost);
}

TEST_CASE("openai reply: content of every form") {
    CHECK(read(with_message(R"({"content":""})")).output == "");
    CHECK(read(with_message(R"({"content":null})")).output == "");
    CHECK(
        read(with_message(R"({"content":[{"type":"text","text":"Pa"},{"text":"ris"}]})")).output ==
        "Paris");
    const ProviderReply cut = read(
        response(200, R"({"choices":[{"finish_reason":"length","message":{"content":"Par"}}]})"));
    CHECK(cut.truncated);
    CHECK(cut.output == "Par");
}

TEST_CASE("openai reply: tool calls are the output") {
    const Json expected = Json::parse(R"({"content":null,"tool_calls":[
        {"id":"a","name":"find","arguments":{"x":1}},
        {"id":"b","name":"go","arguments":"{broken"}]})");
    CHECK(read(with_message(R"({"content":null,"tool_calls":[
        {"id":"a","type":"function","function":{"name":"find","arguments":"{\"x\":1}"}},
        {"id":"b","type":"function","function":{"name":"go","arguments":"{broken"}}]})"))
              .output == expected);
    CHECK(read(with_message(
                   R"({"content":"I look","tool_calls":[{"id":"a","function":{"name":"f"}}]})"))
              .output["content"] == "I look");
    CHECK(read(with_message(R"({"content":"plain","tool_calls":[]})")).output == "plain");
}

TEST_CASE("openai reply: a refusal is an answer with that reason") {
    const ProviderReply reply = read(with_message(R"({"content":null,"refusal":"I cannot"})"));
    CHECK(reply.output == "I cannot");
    CHECK(reply.finish_reason == "refusal");
    CHECK(read(with_message(R"({"content":"yes","refusal":null})")).finish_reason == "stop");
}

TEST_CASE("openai reply: structured output is JSON where it can be read and text where not") {
    ChatReplyContext context = k_context;
    context.output_is_json = true;
    const HttpResponse good = with_message(R"({"content":"{\"team\":\"sales\"}"})");
    CHECK(read(good, context).output == Json({{"team", "sales"}}));
    CHECK(read(good).output == R"({"team":"sales"})");
    CHECK(read(with_message(R"({"content":"{\"team\":"})"), context).output == R"({"team":)");
}

TEST_CASE("openai reply: no token is counted twice") {
    CHECK(usage_of(R"({"prompt_tokens":10,"completion_tokens":5,"total_tokens":15})") ==
          UsageDetails{{"input", 10}, {"output", 5}, {"total", 15}});
    CHECK(usage_of(R"({"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
                       "prompt_tokens_details":{"cached_tokens":80},
                       "completion_tokens_details":{"reasoning_tokens":30}})") ==
          UsageDetails{{"input", 20},
                       {"input_cached_tokens", 80},
                       {"output", 20},
                       {"output_reasoning_tokens", 30},
                       {"total", 150}});
    // Reasoning beside the completion, as some servers report it.
    CHECK(usage_of(R"({"prompt_tokens":10,"completion_tokens":9,"total_tokens":219,
                       "completion_tokens_details":{"reasoning_tokens":200}})") ==
          UsageDetails{
              {"input", 10}, {"output", 9}, {"output_reasoning_tokens", 200}, {"total", 219}});
    CHECK(usage_of(R"({"prompt_tokens":10,"completion_tokens":300,"total_tokens":510,
                       "completion_tokens_details":{"reasoning_tokens":200}})")["output"] == 300);
    // What makes no sense does not become a negative count.
    CHECK(usage_of(R"({"prompt_tokens":10,"prompt_tokens_details":{"cached_tokens":99}})") ==
          UsageDetails{{"input", 0}, {"input_cached_tokens", 10}, {"output", 0}, {"total", 10}});
    CHECK(usage_of(R"({"prompt_tokens":"many","completion_tokens":-4})")["output"] == 0);
    CHECK(usage_of("null").empty());
}

TEST_CASE("openai reply: the cost is that of all tokens and unknown without a price") {
    const HttpResponse from = with_message(
        R"({"content":"x"})", R"(,"usage":{"prompt_tokens":1000,"completion_tokens":500,
            "prompt_tokens_details":{"cached_tokens":400},
            "completion_tokens_details":{"reasoning_tokens":200}})");
    ChatReplyContext context = k_context;
    CHECK(read(from, context).cost == std::nullopt);
    context.price_input_usd = 0.40;
    CHECK(read(from, context).cost == std::nullopt);
    context.price_output_usd = 1.60;
    CHECK(read(from, context).cost == 1'200'000);  // 1000 · 0.40 + 500 · 1.60 = 1200 millionths
    CHECK(read(with_message(R"({"content":"x"})"), context).cost == std::nullopt);
    context.price_input_usd = 0;
    context.price_output_usd = 0;
    CHECK(read(with_message(R"({"content":"x"})"), context).cost == 0);
}

TEST_CASE("openai reply: every status has its code and says whether to try again") {
    struct Case {
        int status;
        ErrorCode code;
        bool retryable;
    };
    const std::string body = R"({"error":{"message":"so it is","code":"x"}})";
    for (const auto& [status, code, retryable] :
         std::vector<Case>{{301, ErrorCode::invalid_argument, false},
                           {400, ErrorCode::invalid_argument, false},
                           {401, ErrorCode::unauthenticated, false},
                           {402, ErrorCode::resource_exhausted, false},
                           {403, ErrorCode::unauthenticated, false},
                           {404, ErrorCode::invalid_argument, false},
                           {408, ErrorCode::unavailable, true},
                           {409, ErrorCode::unavailable, true},
                           {413, ErrorCode::invalid_argument, false},
                           {422, ErrorCode::invalid_argument, false},
                           {429, ErrorCode::resource_exhausted, true},
                           {500, ErrorCode::unavailable, true},
                           {502, ErrorCode::unavailable, true},
                           {503, ErrorCode::unavailable, true},
                           {504, ErrorCode::unavailable, true},
                           {501, ErrorCode::unavailable, false},
                           {524, ErrorCode::unavailable, true},
                           {525, ErrorCode::unavailable, false},
                           {529, ErrorCode::resource_exhausted, true}}) {
        const Error error = error_of(response(status, body));
        INFO(status << ": " << error.message);
        CHECK(error.code == code);
        CHECK(error.retryable == retryable);
        CHECK_THAT(error.message, Catch::StartsWith("openai ") && Catch::EndsWith(": so it is") &&
                                      Catch::Contains(std::to_string(status)));
    }
}

TEST_CASE("openai reply: some errors carry a remedy of their own") {
    CHECK_THAT(error_of(response(401, "{}")).message, Catch::Contains("set OPENAI_API_KEY"));
    const auto keyless = read_chat_reply(response(401, "{}"), {.provider = "local"});
    CHECK_THAT(keyless.error().message, Catch::Contains("`api_key` under `providers:`"));

    for (const char* quota :
         {R"({"error":{"message":"m","code":"insufficient_quota"}})",
          R"({"error":{"message":"m","code":429,"type":"insufficient_quota"}})",
          R"({"error":{"message":"m","code":"billing_hard_limit_reached"}})"}) {
        HttpResponse spent = response(429, quota);
        spent.headers["retry-after"] = "20";
        const Error error = error_of(spent);
        CHECK_FALSE(error.retryable);
        CHECK_FALSE(error.retry_after);
        CHECK_THAT(error.message, Catch::Contains("quota is spent"));
    }
    const Error long_prompt =
        error_of(response(400, R"({"error":{"message":"m","code":"context_length_exceeded"}})"));
    CHECK_THAT(long_prompt.message, Catch::Contains("too long for the model"));
}

TEST_CASE("openai reply: what the server asks to wait is kept and told") {
    HttpResponse limited = response(429, "{}");
    CHECK_FALSE(error_of(limited).retry_after);
    limited.headers["retry-after"] = "20";
    CHECK_THAT(error_of(limited).message,
               Catch::StartsWith("openai limits the rate of requests and asks to wait 20 s (429)"));
    CHECK(error_of(limited).retry_after == std::chrono::seconds(20));
    limited.status = 529;
    limited.headers["retry-after-ms"] = "1500";
    CHECK_THAT(error_of(limited).message,
               Catch::StartsWith("openai is overloaded and asks to wait 1.5 s (529)"));
    limited.status = 503;
    CHECK(error_of(limited).retry_after == std::chrono::milliseconds(1500));
    limited.status = 400;
    CHECK_FALSE(error_of(limited).retry_after);
}

TEST_CASE("openai reply: what is left of the limits is told") {
    HttpResponse answer = response(200, R"({"choices":[{"message":{"content":"hi"}}]})");
    CHECK_FALSE(read_chat_reply(answer, {.provider = "openai"})->rate_limits.requests_left);
    answer.headers["x-ratelimit-remaining-requests"] = "7";
    answer.headers["x-ratelimit-reset-requests"] = "6m0s";
    const auto reply = read_chat_reply(answer, {.provider = "openai"});
    REQUIRE(reply);
    CHECK(reply->output == "hi");
    CHECK(reply->rate_limits.requests_left == 7);
    CHECK(reply->rate_limits.requests_reset == std::chrono::minutes(6));
}

TEST_CASE("openai reply: an error in any form is quoted shortly and safely") {
    const auto said = [](const std::string& body, const std::string& type = "application/json") {
        return error_of(response(400, body, type)).message;
    };
    CHECK_THAT(said(R"({"error":"plain"})"), Catch::EndsWith(": plain"));
    CHECK_THAT(said(R"({"message":"top"})"), Catch::EndsWith(": top"));
    CHECK_THAT(said(R"({"detail":"fast"})"), Catch::EndsWith(": fast"));
    CHECK_THAT(said("just text\n", "text/plain"), Catch::EndsWith(": just text"));
    CHECK_THAT(said(""), Catch::EndsWith("(400)"));
    CHECK_THAT(said("<html>error</html>", "text/html"), Catch::EndsWith("(400)"));
    CHECK_THAT(said("{\"error\":\"a\\u001b[2Jb\\nc\"}"), Catch::EndsWith("a\\x1b[2Jb⏎c"));
    CHECK(said(R"({"error":")" + std::string(100'000, 'x') + R"("})").size() < 400);
    CHECK_THAT(said("bad \xFF byte", "text/plain"), Catch::Contains("bad \xEF\xBF\xBD byte"));
}

TEST_CASE("openai reply: HTML means a wrong address and not a broken model") {
    for (const HttpResponse& page :
         {response(200, "<!doctype html>", "text/html; charset=utf-8"),
          response(200, "  <html>", ""), response(404, "<html>", "text/html")}) {
        const Error error = error_of(page);
        CHECK(error.code == ErrorCode::invalid_argument);
        CHECK(!error.retryable);
        CHECK_THAT(error.message, Catch::Contains("HTML") && Catch::Contains("is base_url right?"));
    }
    CHECK(error_of(response(502, "<html>bad gateway</html>", "text/html")).retryable);
}

TEST_CASE("openai reply: a broken answer is worth another attempt") {
    for (const char* body :
         {"", "{", "not json", "{\"choices\":[{\"message\":{\"content\":\"\xFF\"}}]}",
          R"({"choices":[]})", R"({"choices":[{}]})", R"({"choices":[7]})",
          R"({"choices":[{"message":null}]})", R"({"error":{"message":"upstream"}})"}) {
        INFO(body);
        const Error error = error_of(response(200, body));
        CHECK(error.code == ErrorCode::unavailable);
        CHECK(error.retryable);
    }
}

TEST_CASE("openai reply: JSON of another kind means a wrong address") {
    for (const char* body : {"{}", "[]", "7", "null", R"({"choices":"x"})"}) {
        const Error error = error_of(response(200, body));
        CHECK(error.code == ErrorCode::invalid_argument);
        CHECK_THAT(error.message, Catch::Contains("is base_url right?"));
    }
}

}  // namespace assay::test
