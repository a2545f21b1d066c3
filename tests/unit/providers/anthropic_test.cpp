#include "judges/providers/anthropic_format.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/providers/exchange.hpp"

namespace assay::test {

namespace {

constexpr const char* k_answer = R"({"id": "msg_01", "type": "message", "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [{"type": "text", "text": "Paris"}], "stop_reason": "end_turn",
    "stop_sequence": null, "usage": {"input_tokens": 21, "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0, "output_tokens": 4, "service_tier": "standard"}})";

Exchange ask(const ProviderRequest& request, const std::string& answer = k_answer,
             ProviderSettings settings = {}) {
    return exchange("anthropic", "", request, {.body = answer}, std::move(settings));
}

AnthropicFormat format() { return AnthropicFormat(ProviderSettings{}); }

/// The question with a schema that the API's own mode takes.
ProviderRequest structured_question() {
    ProviderRequest request = question();
    request.response_schema = Json::parse(R"({"type": "object", "additionalProperties": false,
        "properties": {"city": {"type": "string"}, "size": {"enum": ["small", "large"]}},
        "required": ["city"]})");
    return request;
}

/// The same with one that it refuses: a number with a range.
ProviderRequest ranged_question() {
    ProviderRequest request = question();
    request.response_schema = Json::parse(R"({"type": "object", "additionalProperties": false,
        "properties": {"score": {"type": "number", "minimum": 0, "maximum": 1}},
        "required": ["score"]})");
    return request;
}

constexpr const char* k_scored = R"({"type": "message", "model": "claude", "content": [
    {"type": "text", "text": "Here it is."},
    {"type": "tool_use", "id": "toolu_1", "name": "response", "input": {"score": 0.5}}],
    "stop_reason": "tool_use", "usage": {"input_tokens": 1, "output_tokens": 1}})";

}  // namespace

TEST_CASE("anthropic: a question is posted and the answer read") {
    const Exchange said = ask(question());
    CHECK(said.request.method == "POST");
    CHECK(said.request.target == "/v1/messages");
    CHECK(said.request.headers.at("x-api-key") == k_canary);
    CHECK(said.request.headers.at("anthropic-version") == "2023-06-01");
    CHECK(said.request.headers.at("content-type") == "application/json");
    CHECK(said.request.headers.at("accept") == "application/json");
    CHECK(!said.request.headers.contains("authorization"));
    CHECK(!said.request.headers.contains("anthropic-beta"));
    CHECK(said.body == Json::parse(R"({"model": "small", "max_tokens": 4096,
        "system": [{"type": "text", "text": "Short."}],
        "messages": [{"role": "user",
                      "content": [{"type": "text", "text": "Capital of France?"}]}]})"));
    CHECK(said.value().output == "Paris");
    CHECK(said.value().model == "claude-sonnet-4-5-20250929");
    CHECK(said.value().finish_reason == "end_turn");
    CHECK(said.value().refusal.empty());
    CHECK(!said.value().truncated);
    CHECK(said.value().usage == UsageDetails{{"input", 21}, {"output", 4}, {"total", 25}});
}

TEST_CASE("anthropic: the address may end in its version or in slashes") {
    for (const char* const path : {"", "/", "/v1", "/v1/"}) {
        CHECK(exchange("anthropic", path, question(), {.body = k_answer}).request.target ==
              "/v1/messages");
    }
    CHECK(exchange("anthropic", "/proxy", question(), {.body = k_answer}).request.target ==
          "/proxy/v1/messages");
}

TEST_CASE("anthropic: instructions go to their place and neighbours of one role are one turn") {
    ProviderRequest request{.model = "small",
                            .messages = {{"system", "Short."},
                                         {"user", "Hello"},
                                         {"user", "Who are you?"},
                                         {"developer", "In French."},
                                         {"assistant", "Moi."},
                                         {"assistant", "Encore moi."},
                                         {"user", "Bien."}}};
    const Json body = ask(request).body;
    CHECK(body["system"] == Json::parse(R"([{"type": "text", "text": "Short."},
                                            {"type": "text", "text": "In French."}])"));
    CHECK(body["messages"] == Json::parse(R"([
        {"role": "user", "content": [{"type": "text", "text": "Hello"},
                                     {"type": "text", "text": "Who are you?"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Moi."},
                                          {"type": "text", "text": "Encore moi."}]},
        {"role": "user", "content": [{"type": "text", "text": "Bien."}]}])"));
}

TEST_CASE("anthropic: parameters are written in the words of the API and a seed is left out") {
    ProviderRequest request = question();
    request.parameters = {{"temperature", 0}, {"max_tokens", 16}, {"stop", "END"},
                          {"seed", 7},        {"top_k", 5},       {"model", "never"}};
    ProviderSettings settings;
    settings.options = {{"temperature", 1}, {"metadata", {{"user_id", "u1"}}}};
    Json body = ask(request, k_answer, settings).body;
    body.erase("messages");
    body.erase("system");
    CHECK(body == Json::parse(R"({"model": "small", "max_tokens": 16, "temperature": 0,
        "stop_sequences": ["END"], "top_k": 5, "metadata": {"user_id": "u1"}})"));
    request.parameters = {{"stop", {"a", "b"}}};
    CHECK(ask(request).body["stop_sequences"] == Json({"a", "b"}));
}

TEST_CASE("anthropic: tools are declared and a call of one is read") {
    ProviderRequest request = question();
    request.tools = Json::parse(R"([
        {"name": "find", "description": "Finds.", "parameters":
            {"type": "object", "properties": {"place": {"type": "string"}}}},
        {"name": "now"},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 2}])");
    const Exchange said = ask(request, R"({"model": "claude", "content": [
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "toolu_1", "name": "find", "input": {"place": "Paris"}},
        {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}}],
        "stop_reason": "tool_use", "usage": {"input_tokens": 9, "output_tokens": 8}})");
    CHECK(said.body["tools"] == Json::parse(R"([
        {"name": "find", "description": "Finds.", "input_schema":
            {"type": "object", "properties": {"place": {"type": "string"}}}},
        {"name": "now", "input_schema": {"type": "object"}},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 2}])"));
    CHECK(!said.body.contains("tool_choice"));
    CHECK(said.value().output == Json::parse(R"({"content": "I look.", "tool_calls": [
        {"id": "toolu_1", "name": "find", "arguments": {"place": "Paris"}},
        {"id": "toolu_2", "name": "now", "arguments": {}}]})"));
    CHECK(said.value().finish_reason == "tool_use");
}

TEST_CASE("anthropic: calls and their results become blocks and results of one step are one turn") {
    ProviderRequest request{.model = "small", .messages = {{"user", "Where?"}}};
    request.messages.push_back({"assistant", Json::parse(R"([
        {"type": "text", "text": "I look."},
        {"type": "tool_call", "id": "t1", "name": "find", "arguments": {"place": "Paris"}},
        {"type": "tool_call", "id": "t2", "name": "now"}])")});
    request.messages.push_back(
        {"tool", Json::parse(R"([{"type": "tool_result", "id": "t1", "content": "48.86 N"}])")});
    request.messages.push_back({"tool", Json::parse(R"([
        {"type": "tool_result", "id": "t2", "content": "no clock", "is_error": true}])")});
    CHECK(ask(request).body["messages"] == Json::parse(R"([
        {"role": "user", "content": [{"type": "text", "text": "Where?"}]},
        {"role": "assistant", "content": [
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "t1", "name": "find", "input": {"place": "Paris"}},
            {"type": "tool_use", "id": "t2", "name": "now", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": "48.86 N"},
            {"type": "tool_result", "tool_use_id": "t2", "content": "no clock",
             "is_error": true}]}])"));
}

TEST_CASE("anthropic: images are sent as they are or by their address and other blocks unchanged") {
    ProviderRequest request{.model = "small"};
    request.messages.push_back({"user", Json::parse(R"([
        {"type": "image", "media_type": "image/png", "data": "iVBORw0K"},
        {"type": "image", "url": "https://example.com/cat.png",
         "cache_control": {"type": "ephemeral"}},
        {"type": "image", "source": {"type": "file", "file_id": "f1"}},
        {"type": "document", "source": {"type": "text", "data": "x"}},
        {"type": "text", "text": "What is it?", "cache_control": {"type": "ephemeral"}}])")});
    CHECK(ask(request).body["messages"][0]["content"] == Json::parse(R"([
        {"type": "image",
         "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0K"}},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/cat.png"},
         "cache_control": {"type": "ephemeral"}},
        {"type": "image", "source": {"type": "file", "file_id": "f1"}},
        {"type": "document", "source": {"type": "text", "data": "x"}},
        {"type": "text", "text": "What is it?", "cache_control": {"type": "ephemeral"}}])"));
}

TEST_CASE("anthropic: a refusal is told with its reason and what was said before it is kept") {
    const Exchange explained = ask(question(), R"({"model": "claude", "content": [],
        "stop_reason": "refusal", "stop_details": {"type": "refusal", "category": "cyber",
        "explanation": "This could do harm."}, "usage": {"input_tokens": 9, "output_tokens": 1}})");
    CHECK(explained.value().refusal == "This could do harm.");
    CHECK(explained.value().output == "");
    CHECK(explained.value().finish_reason == "refusal");
    const Exchange in_words = ask(question(), R"({"model": "claude", "content":
        [{"type": "text", "text": "I cannot do that."}], "stop_reason": "refusal"})");
    CHECK(in_words.value().refusal == "I cannot do that.");
    CHECK(in_words.value().output == "I cannot do that.");
    const Exchange silent =
        ask(question(), R"({"model": "claude", "content": [], "stop_reason": "refusal"})");
    CHECK(!silent.value().refusal.empty());
}

TEST_CASE("anthropic: an answer that is not all of it is told to be cut") {
    for (const auto& [reason, is_cut] :
         {std::pair{"max_tokens", true}, std::pair{"model_context_window_exceeded", true},
          std::pair{"pause_turn", true}, std::pair{"end_turn", false},
          std::pair{"stop_sequence", false}, std::pair{"tool_use", false}}) {
        INFO(reason);
        const Exchange said =
            ask(question(), to_text(Json({{"content", {{{"type", "text"}, {"text", "Par"}}}},
                                          {"stop_reason", reason}})));
        CHECK(said.value().output == "Par");
        CHECK(said.value().truncated == is_cut);
        CHECK(said.value().finish_reason == reason);
    }
}

TEST_CASE("anthropic: tokens read from the cache and written to it are counted once") {
    const auto usage_of = [](const char* usage) {
        return ask(question(), fmt::format(R"({{"content": [], "usage": {}}})", usage))
            .value()
            .usage;
    };
    CHECK(usage_of(R"({"input_tokens": 10, "cache_read_input_tokens": 300,
                       "cache_creation_input_tokens": 200, "output_tokens": 5})") ==
          UsageDetails{{"input", 10},
                       {"input_cached_tokens", 300},
                       {"input_cache_creation", 200},
                       {"output", 5},
                       {"total", 515}});
    CHECK(usage_of(R"({"input_tokens": 10, "cache_creation_input_tokens": 200, "output_tokens": 5,
                       "cache_creation": {"ephemeral_5m_input_tokens": 150,
                                          "ephemeral_1h_input_tokens": 50}})") ==
          UsageDetails{{"input", 10},
                       {"input_cache_creation_5m", 150},
                       {"input_cache_creation_1h", 50},
                       {"output", 5},
                       {"total", 215}});
    CHECK(ask(question(), R"({"content": []})").value().usage.empty());
}

TEST_CASE("anthropic: what the model thought is apart from what it answered") {
    const Exchange said = ask(question(), R"({"content": [
        {"type": "thinking", "thinking": "France, so ", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "ZW5j"},
        {"type": "thinking", "thinking": "Paris.", "signature": "c2ln"},
        {"type": "text", "text": "Par"}, {"type": "text", "text": "is"}],
        "stop_reason": "end_turn"})");
    CHECK(said.value().output == "Paris");
    CHECK(said.value().reasoning == "France, so Paris.");
}

TEST_CASE("anthropic: a schema that the API takes is sent in its own mode") {
    const Exchange said = ask(structured_question(), R"({"content": [
        {"type": "text", "text": "{\"city\": \"Paris\"}"}], "stop_reason": "end_turn"})");
    CHECK(said.body["output_config"] ==
          Json({{"format",
                 {{"type", "json_schema"}, {"schema", structured_question().response_schema}}}}));
    CHECK(!said.body.contains("tools"));
    CHECK(said.value().output == Json({{"city", "Paris"}}));

    const Exchange broken = ask(structured_question(), R"({"content": [
        {"type": "text", "text": "{\"city\": \"Pa"}], "stop_reason": "max_tokens"})");
    CHECK(broken.value().output == "{\"city\": \"Pa");
    CHECK(broken.value().truncated);
}

TEST_CASE("anthropic: any other schema is that of a tool whose input is the output") {
    const Exchange said = ask(ranged_question(), k_scored);
    CHECK(!said.body.contains("output_config"));
    REQUIRE(said.body["tools"].size() == 1);
    CHECK(said.body["tools"][0]["name"] == "response");
    CHECK(said.body["tools"][0]["input_schema"] == ranged_question().response_schema);
    CHECK(said.body["tool_choice"] == Json({{"type", "tool"}, {"name", "response"}}));
    CHECK(said.value().output == Json({{"score", 0.5}}));

    ProviderRequest with_tools = ranged_question();
    with_tools.tools = Json::parse(R"([{"name": "find"}])");
    const Exchange called = ask(with_tools, R"({"content": [{"type": "tool_use", "id": "t1",
        "name": "find", "input": {}}], "stop_reason": "tool_use"})");
    CHECK(called.body["tools"].size() == 2);
    CHECK(called.body["tool_choice"] == Json({{"type", "any"}}));
    CHECK(called.value().output["tool_calls"][0]["name"] == "find");

    ProviderRequest thinking = ranged_question();
    thinking.parameters = {{"thinking", {{"type", "enabled"}, {"budget_tokens", 1024}}}};
    CHECK(ask(thinking, k_scored).body["tool_choice"] == Json({{"type", "auto"}}));
}

TEST_CASE("anthropic: which schemas the API takes is decided keyword by keyword") {
    const auto is_native = [](const char* schema) {
        ProviderRequest request = question();
        request.response_schema = Json::parse(schema);
        return format().write(request).value().body.contains("output_config");
    };
    CHECK(is_native(R"({"type": "array", "items": {"type": "integer"}})"));
    CHECK(is_native(R"({"anyOf": [{"type": "string"}, {"type": "null"}]})"));
    CHECK(!is_native(R"({"type": "object", "properties": {"a": {"type": "string"}}})"));
    CHECK(!is_native(R"({"properties": {"a": {"type": "string"}}})"));
    CHECK(!is_native(R"({"type": "object", "additionalProperties": {"type": "string"}})"));
    CHECK(!is_native(R"({"type": "array", "items": {"type": "object"}})"));
    CHECK(!is_native(R"({"anyOf": [{"type": "string", "pattern": "^a"}]})"));
    CHECK(!is_native(R"({"type": ["string", "null"]})"));
    CHECK(!is_native(R"({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}})"));
    CHECK(!is_native("true"));
}

TEST_CASE("anthropic: the setting structured_output decides whatever the schema") {
    ProviderSettings settings;
    settings.own = {{"structured_output", "tool"}};
    const std::string answer = R"({"content": [{"type": "tool_use", "id": "t1", "name": "response",
        "input": {"city": "Paris"}}], "stop_reason": "tool_use"})";
    const Exchange by_tool = ask(structured_question(), answer, settings);
    CHECK(by_tool.body["tool_choice"]["name"] == "response");
    CHECK(by_tool.value().output == Json({{"city", "Paris"}}));
    settings.own = {{"structured_output", "native"}};
    CHECK(ask(ranged_question(), k_answer, settings).body.contains("output_config"));
}

TEST_CASE("anthropic: version and beta features are settings and a header of the user's wins") {
    ProviderSettings settings;
    settings.own = {{"version", "2024-01-01"}, {"beta", {"context-1m", "files"}}};
    const Exchange said = ask(question(), k_answer, settings);
    CHECK(said.request.headers.at("anthropic-version") == "2024-01-01");
    CHECK(said.request.headers.at("anthropic-beta") == "context-1m,files");
    settings.headers = {{"Authorization", Secret("Bearer abc")},
                        {"Anthropic-Beta", Secret("mine")}};
    const Exchange own = ask(question(), k_answer, settings);
    CHECK(own.request.headers.at("authorization") == "Bearer abc");
    CHECK(own.request.headers.at("anthropic-beta") == "mine");
    CHECK(!own.request.headers.contains("x-api-key"));
}

TEST_CASE("anthropic: each error body has its meaning") {
    using enum ErrorCode;
    check_errors(
        "anthropic", "",
        {{400,
          R"({"type": "error", "error": {"type": "invalid_request_error",
              "message": "messages: at least one message is required"}})",
          invalid_argument, false, "refuses the request (400): messages: at least one"},
         {400,
          R"({"type": "error", "error": {"type": "invalid_request_error",
              "message": "prompt is too long: 210000 tokens > 200000 maximum"}})",
          invalid_argument, false, "prompt is too long"},
         {400,
          R"({"type": "error", "error": {"type": "invalid_request_error",
              "message": "Your credit balance is too low to access the API."}})",
          resource_exhausted, false, "quota is spent"},
         {401,
          R"({"type": "error", "error": {"type": "authentication_error",
              "message": "invalid x-api-key"}})",
          unauthenticated, false, "set ANTHROPIC_API_KEY"},
         {402, R"({"type": "error", "error": {"type": "billing_error", "message": "pay"}})",
          resource_exhausted, false, "quota is spent"},
         {403, R"({"type": "error", "error": {"type": "permission_error", "message": "no"}})",
          unauthenticated, false, "does not accept the key"},
         {404,
          R"({"type": "error", "error": {"type": "not_found_error", "message": "model: small"}})",
          invalid_argument, false, "knows no such model or address (404): model: small"},
         {413, R"({"type": "error", "error": {"type": "request_too_large", "message": "big"}})",
          invalid_argument, false, "prompt is too long"},
         {429,
          R"({"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}})",
          resource_exhausted, true, "limits the rate of requests (429): slow down"},
         {500, R"({"type": "error", "error": {"type": "api_error", "message": "oops"}})",
          unavailable, true, "cannot answer now (500): oops"},
         {504, R"({"type": "error", "error": {"type": "timeout_error", "message": "late"}})",
          unavailable, true, "cannot answer now (504): late"},
         {529, R"({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}})",
          resource_exhausted, true, "is overloaded (529): busy"},
         {200, R"({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}})",
          resource_exhausted, true, "is overloaded"},
         {200, R"({"type": "error", "error": {"type": "api_error", "message": "oops"}})",
          unavailable, true, "is an error: oops"},
         {200, R"({"content": [{"type": "te)", unavailable, true, "is not valid JSON"},
         {200, R"({"answer": "Paris"})", invalid_argument, false, "is base_url right?"},
         {502, "<html>Bad gateway</html>", unavailable, true, "cannot answer now (502)"}});
}

TEST_CASE("anthropic: rate-limit headers are read and a wait is honoured") {
    StubReply limited{.status = 429, .body = R"({"error": {"message": "slow down"}})"};
    limited.headers["Retry-After"] = "7";
    CHECK(exchange("anthropic", "", question(), limited).error().retry_after ==
          std::chrono::seconds(7));
    StubReply answer{.body = k_answer};
    answer.headers["anthropic-ratelimit-requests-limit"] = "50";
    answer.headers["anthropic-ratelimit-requests-remaining"] = "49";
    answer.headers["anthropic-ratelimit-input-tokens-remaining"] = "900";
    answer.headers["anthropic-ratelimit-output-tokens-remaining"] = "400";
    const RateLimitNews news = exchange("anthropic", "", question(), answer).value().rate_limits;
    CHECK(news.requests_limit == 50);
    CHECK(news.requests_left == 49);
    CHECK(news.tokens_left == 400);
}

TEST_CASE("anthropic: no message and no output tells the key") {
    check_key_is_kept("anthropic", "");
    const std::string echo =
        fmt::format(R"({{"content": [{{"type": "text", "text": "Your key is {}."}}]}})", k_canary);
    const Exchange said = ask(question(), echo);
    CHECK(said.value().output == "Your key is [redacted].");
    CHECK_THAT(said.value().log, Catch::Contains("repeated a key"));
}

TEST_CASE("anthropic: texts are refused since the API embeds none") {
    const Exchange said = ask({.model = "small", .texts = {"a"}});
    CHECK(said.error().code == ErrorCode::invalid_argument);
    CHECK_THAT(said.error().message, Catch::Contains("no embeddings"));
    CHECK(said.request.method.empty());
}

}  // namespace assay::test
