#include "judges/providers/bedrock_format.hpp"

#include <catch2/catch.hpp>

#include "core/base/hash.hpp"
#include "tests/support/seed.hpp"
#include "tests/unit/providers/exchange.hpp"
#include "tests/unit/providers/mangle.hpp"

namespace assay::test {

namespace {

constexpr const char* k_answer = R"({"metrics": {"latencyMs": 412},
    "output": {"message": {"role": "assistant", "content": [{"text": "Paris"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 21, "outputTokens": 4, "totalTokens": 25}})";
constexpr const char* k_key_id = "AKIDCANARY0000000001";
constexpr const char* k_secret_key = "canary-secret/key+0000000000000000000001";
constexpr const char* k_token = "canary-session-token-0001";

ProviderSettings signed_settings(const std::string& token = "") {
    ProviderSettings settings;
    settings.own = {{"region", "eu-central-1"},
                    {"access_key_id", k_key_id},
                    {"secret_access_key", k_secret_key}};
    if (!token.empty()) settings.own["session_token"] = token;
    return settings;
}

ProviderSettings bearer_settings(Json options = nullptr) {
    ProviderSettings settings;
    settings.own = {{"region", "eu-central-1"}};
    settings.options = std::move(options);
    return settings;
}

Exchange ask(const ProviderRequest& request, const std::string& answer = k_answer,
             ProviderSettings settings = bearer_settings()) {
    return exchange("bedrock", "", request, {.body = answer}, std::move(settings));
}

Json body_sent(const ProviderRequest& request) { return ask(request).body; }

std::string refused(const ProviderRequest& request) {
    const Exchange asked = ask(request);
    CHECK(asked.request.target.empty());
    CHECK(asked.error().code == ErrorCode::invalid_argument);
    CHECK(!asked.error().retryable);
    return asked.error().message;
}

Exchange answered(const std::string& content, const std::string& stop_reason,
                  const std::string& usage = "null", const ProviderRequest& request = question()) {
    return ask(request, R"({"output": {"message": {"role": "assistant", "content": )" + content +
                            R"(}}, "stopReason": ")" + stop_reason + R"(", "usage": )" + usage +
                            "}");
}

ProviderRequest with_parameters(Json parameters) {
    ProviderRequest request = question();
    request.parameters = std::move(parameters);
    return request;
}

ProviderRequest with_schema(const char* schema) {
    ProviderRequest request = question();
    request.response_schema = Json::parse(schema);
    return request;
}

Json content_of(Json content) {
    const ProviderRequest request{.model = "m", .messages = {{"user", std::move(content)}}};
    return body_sent(request)["messages"][0]["content"];
}

/// HMAC by its definition in RFC 2104.
std::string hmac(std::string key, const std::string& message) {
    key.resize(64);
    std::string inner = key;
    std::string outer = key;
    for (char& byte : inner) byte = static_cast<char>(byte ^ 0x36);
    for (char& byte : outer) byte = static_cast<char>(byte ^ 0x5C);
    const auto digest = [](const std::string& bytes) {
        const Sha256Digest hash = sha256(bytes);
        return std::string(hash.begin(), hash.end());
    };
    return digest(outer + digest(inner + message));
}

/// What AWS computes from what came over the wire.
std::string expected_authorization(const StubRequest& request, const std::string& signed_headers) {
    std::string path;
    for (const char c : request.target) path += c == '%' ? std::string("%25") : std::string(1, c);
    std::string lines;
    for (std::size_t begin = 0; begin <= signed_headers.size();) {
        const std::size_t end = std::min(signed_headers.find(';', begin), signed_headers.size());
        const std::string name = signed_headers.substr(begin, end - begin);
        lines += name + ":" + request.headers.at(name) + "\n";
        begin = end + 1;
    }
    const std::string canonical =
        "POST\n" + path + "\n\n" + lines + "\n" + signed_headers + "\n" + sha256_hex(request.body);
    const std::string time = request.headers.at("x-amz-date");
    const std::string date = time.substr(0, 8);
    const std::string scope = date + "/eu-central-1/bedrock/aws4_request";
    std::string key = std::string("AWS4") + k_secret_key;
    for (const std::string& part :
         {date, std::string("eu-central-1"), std::string("bedrock"), std::string("aws4_request")}) {
        key = hmac(key, part);
    }
    const std::string signature =
        hmac(key, "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + sha256_hex(canonical));
    return std::string("AWS4-HMAC-SHA256 Credential=") + k_key_id + "/" + scope +
           ", SignedHeaders=" + signed_headers + ", Signature=" + to_hex(signature);
}

}  // namespace

TEST_CASE("bedrock: a question is posted and the answer read") {
    const Exchange said = ask(question());
    CHECK(said.request.method == "POST");
    CHECK(said.request.target == "/model/small/converse");
    CHECK(said.request.headers.at("content-type") == "application/json");
    CHECK(said.request.headers.at("accept") == "application/json");
    CHECK(said.request.headers.at("authorization") == std::string("Bearer ") + k_canary);
    CHECK(!said.request.headers.contains("x-amz-date"));
    CHECK(said.body == Json::parse(R"({"system": [{"text": "Short."}], "messages": [
        {"role": "user", "content": [{"text": "Capital of France?"}]}]})"));
    CHECK(said.value().output == "Paris");
    CHECK(said.value().model == "small");
    CHECK(said.value().finish_reason == "end_turn");
    CHECK(said.value().refusal.empty());
    CHECK(!said.value().truncated);
    CHECK(said.value().usage == UsageDetails{{"input", 21}, {"output", 4}, {"total", 25}});
}

TEST_CASE("bedrock: what goes over the wire is signed as AWS computes it") {
    for (const std::string model :
         {"anthropic.claude-sonnet-4-5-20250929-v1:0",
          "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0"}) {
        ProviderRequest request = question();
        request.model = model;
        const Exchange said = ask(request, k_answer, signed_settings());
        REQUIRE(said.reply);
        CHECK(said.request.headers.at("x-amz-content-sha256") == sha256_hex(said.request.body));
        CHECK(!said.request.headers.contains("x-amz-security-token"));
        CHECK(said.request.headers.at("authorization") ==
              expected_authorization(said.request,
                                     "content-type;host;x-amz-content-sha256;x-amz-date"));
    }
    const Exchange said = ask(question(), k_answer, signed_settings(k_token));
    CHECK(said.request.headers.at("x-amz-security-token") == k_token);
    CHECK(said.request.headers.at("authorization") ==
          expected_authorization(
              said.request,
              "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token"));
}

TEST_CASE("bedrock: a request is signed with the time it is sent at") {
    const Time before = SystemClock().now() - std::chrono::seconds(1);
    const Exchange said = ask(question(), k_answer, signed_settings());
    const std::string date = said.request.headers.at("x-amz-date");
    const std::string time = date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 5) +
                             ":" + date.substr(11, 2) + ":" + date.substr(13);
    INFO(time);
    CHECK(parse_rfc3339(time).value() >= before);
    CHECK(parse_rfc3339(time).value() <= SystemClock().now());
}

TEST_CASE("bedrock: a model with colons and slashes is one part of the path") {
    ProviderRequest request = question();
    request.model = "arn:aws:bedrock:us-east-1::foundation-model/mistral.large-2402-v1:0";
    CHECK(ask(request).request.target ==
          "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A%3Afoundation-model%2F"
          "mistral.large-2402-v1%3A0/converse");
}

TEST_CASE("bedrock: instructions go to their place and neighbours of one role are one turn") {
    const ProviderRequest request{
        .model = "m",
        .messages = {{"system", "Short."},
                     {"user", "Hello"},
                     {"user", "Who are you?"},
                     {"developer", Json::parse(R"([{"type": "text", "text": "In French."},
                                                   {"cachePoint": {"type": "default"}}])")},
                     {"assistant", "Moi."},
                     {"user", "Bien."}}};
    CHECK(body_sent(request) == Json::parse(R"({
        "system": [{"text": "Short."}, {"text": "In French."}, {"cachePoint": {"type": "default"}}],
        "messages": [{"role": "user", "content": [{"text": "Hello"}, {"text": "Who are you?"}]},
                     {"role": "assistant", "content": [{"text": "Moi."}]},
                     {"role": "user", "content": [{"text": "Bien."}]}]})"));
}

TEST_CASE("bedrock: calls of tools and what came of them are sent") {
    const ProviderRequest request{
        .model = "m",
        .messages = {{"user", "Weather in Rome and Oslo?"},
                     {"assistant", Json::parse(R"([{"type": "text", "text": ""},
                         {"type": "tool_call", "id": "t1", "name": "weather",
                          "arguments": {"city": "Rome"}},
                         {"type": "tool_call", "id": "t2", "name": "now"}])")},
                     {"tool", Json::parse(R"([{"type": "tool_result", "id": "t1",
                                               "content": "21 C"}])")},
                     {"tool", Json::parse(R"([{"type": "tool_result", "id": "t2",
                                               "content": {"hour": 9}}])")}}};
    CHECK(body_sent(request)["messages"] == Json::parse(R"([
        {"role": "user", "content": [{"text": "Weather in Rome and Oslo?"}]},
        {"role": "assistant", "content": [
            {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Rome"}}},
            {"toolUse": {"toolUseId": "t2", "name": "now", "input": {}}}]},
        {"role": "user", "content": [
            {"toolResult": {"toolUseId": "t1", "content": [{"text": "21 C"}]}},
            {"toolResult": {"toolUseId": "t2", "content": [{"text": "{\"hour\":9}"}]}}]}])"));
}

TEST_CASE("bedrock: a message of a tool says which call it answers") {
    const ProviderRequest request{.model = "m", .messages = {{"tool", "21 C"}}};
    CHECK_THAT(refused(request), Catch::Contains("tool_result"));
    const ProviderRequest other{.model = "m", .messages = {{"robot", "beep"}}};
    CHECK_THAT(refused(other), Catch::Contains("\"robot\"") && Catch::Contains("assistant"));
}

TEST_CASE("bedrock: images are sent as bytes or as what lies in S3") {
    CHECK(content_of(Json::parse(R"([{"type": "text", "text": "What is it?"},
        {"type": "image", "media_type": "image/png", "data": "iVBORw0KGgo="},
        {"type": "image", "media_type": "image/JPG", "data": "/9j/"},
        {"type": "image", "url": "s3://bucket/pictures/cat.webp"}])")) == Json::parse(R"([
        {"text": "What is it?"},
        {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}},
        {"image": {"format": "jpeg", "source": {"bytes": "/9j/"}}},
        {"image": {"format": "webp",
                   "source": {"s3Location": {"uri": "s3://bucket/pictures/cat.webp"}}}}])"));
    ProviderRequest request{.model = "m", .messages = {{"user", Json::array()}}};
    request.messages[0].content =
        Json::parse(R"([{"type": "image", "url": "https://example.org/cat.png"}])");
    CHECK_THAT(refused(request), Catch::Contains("`file`"));
    request.messages[0].content =
        Json::parse(R"([{"type": "image", "media_type": "image/tiff", "data": "SUkq"}])");
    CHECK_THAT(refused(request), Catch::Contains("\"tiff\""));
}

TEST_CASE("bedrock: parts of its own are passed through") {
    const char* const parts = R"([{"document": {"name": "a", "format": "pdf",
        "source": {"bytes": "JVBERi0="}}}, {"cachePoint": {"type": "default"}}])";
    CHECK(content_of(Json::parse(parts)) == Json::parse(parts));
}

TEST_CASE("bedrock: each parameter goes where Converse has it and others to the model") {
    Json body = body_sent(with_parameters(Json::parse(R"({"temperature": 0, "top_p": 0.5,
        "max_tokens": 16, "stop": "END", "seed": 7, "top_k": 40,
        "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
        "performanceConfig": {"latency": "optimized"},
        "additionalModelRequestFields": {"thinking": {"type": "enabled"}}})")));
    body.erase("messages");
    body.erase("system");
    CHECK(body == Json::parse(R"({
        "inferenceConfig": {"temperature": 0, "topP": 0.5, "maxTokens": 16,
                            "stopSequences": ["END"]},
        "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
        "performanceConfig": {"latency": "optimized"},
        "additionalModelRequestFields": {"seed": 7, "top_k": 40,
                                         "thinking": {"type": "enabled"}}})"));
    CHECK(body_sent(with_parameters({{"stop", {"A", "B"}}}))["inferenceConfig"] ==
          Json({{"stopSequences", {"A", "B"}}}));
    CHECK_THAT(refused(with_parameters({{"inferenceConfig", 5}})),
               Catch::Contains("`inferenceConfig`"));
    CHECK_THAT(refused(with_parameters({{"stream", "yes"}})), Catch::Contains("`stream`"));
}

TEST_CASE("bedrock: options of the connection are below the parameters") {
    const Exchange said = ask(with_parameters({{"temperature", 0}}), k_answer,
                              bearer_settings({{"temperature", 1}, {"max_tokens", 5}}));
    CHECK(said.body["inferenceConfig"] == Json({{"temperature", 0}, {"maxTokens", 5}}));
}

TEST_CASE("bedrock: tools are sent and their calls read") {
    ProviderRequest request = question();
    request.tools = Json::parse(R"([
        {"name": "weather", "description": "Tells it.", "parameters": {"type": "object",
         "properties": {"city": {"type": "string"}}}},
        {"name": "now"}, {"cachePoint": {"type": "default"}}])");
    const Exchange said = ask(request, R"({"output": {"message": {"role": "assistant", "content": [
        {"text": "Let me see."},
        {"toolUse": {"toolUseId": "tooluse_1", "name": "weather", "input": {"city": "Rome"}}},
        {"toolUse": {"toolUseId": "tooluse_2", "name": "now", "input": {}}}]}},
        "stopReason": "tool_use", "usage": {"inputTokens": 1, "outputTokens": 2}})");
    CHECK(said.body["toolConfig"] == Json::parse(R"({"tools": [
        {"toolSpec": {"name": "weather", "description": "Tells it.", "inputSchema": {"json":
            {"type": "object", "properties": {"city": {"type": "string"}}}}}},
        {"toolSpec": {"name": "now", "inputSchema": {"json": {"type": "object"}}}},
        {"cachePoint": {"type": "default"}}]})"));
    CHECK(said.value().output == Json::parse(R"({"content": "Let me see.", "tool_calls": [
        {"id": "tooluse_1", "name": "weather", "arguments": {"city": "Rome"}},
        {"id": "tooluse_2", "name": "now", "arguments": {}}]})"));
    CHECK(said.value().finish_reason == "tool_use");
    CHECK(said.value().usage == UsageDetails{{"input", 1}, {"output", 2}, {"total", 3}});
}

TEST_CASE("bedrock: structure is asked for by a tool that must be called") {
    const ProviderRequest request = with_schema(R"({"type": "object", "required": ["city"],
        "properties": {"city": {"type": "string"}}})");
    const Exchange said = answered(
        R"([{"toolUse": {"toolUseId": "t", "name": "response", "input": {"city": "Paris"}}}])",
        "tool_use", "null", request);
    const Json& config = said.body["toolConfig"];
    REQUIRE(config["tools"].size() == 1);
    CHECK(config["tools"][0]["toolSpec"]["name"] == "response");
    CHECK(config["tools"][0]["toolSpec"]["inputSchema"]["json"] == request.response_schema);
    CHECK(config["toolChoice"] == Json::parse(R"({"tool": {"name": "response"}})"));
    CHECK(said.value().output == Json({{"city", "Paris"}}));
    CHECK(said.value().finish_reason == "tool_use");
}

TEST_CASE("bedrock: an answer that is no object is wrapped into one") {
    const ProviderRequest request = with_schema(
        R"({"type": "array", "items": {"$ref": "#/$defs/n"}, "$defs": {"n": {"type": "number"}}})");
    const Exchange said = answered(R"([{"toolUse": {"toolUseId": "t", "name": "response",
                                  "input": {"response": [1, 2]}}}])",
                                   "tool_use", "null", request);
    const Json& schema = said.body["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"];
    CHECK(schema["type"] == "object");
    CHECK(schema["required"] == Json::array({"response"}));
    CHECK(schema["properties"]["response"] == request.response_schema);
    CHECK(schema["$defs"] == request.response_schema["$defs"]);
    CHECK(said.value().output == Json::array({1, 2}));
}

TEST_CASE("bedrock: an answer may be null and one that is not wrapped is taken as it is") {
    const ProviderRequest request =
        with_schema(R"({"anyOf": [{"type": "null"}, {"type": "object"}]})");
    const auto output = [&request](const std::string& input) {
        return answered(R"([{"toolUse": {"name": "response", "input": )" + input + "}}]",
                        "tool_use", "null", request)
            .value()
            .output;
    };
    CHECK(output(R"({"response": null})").is_null());
    CHECK(output(R"({"city": "Paris"})") == Json({{"city", "Paris"}}));
    CHECK(output(R"("Paris")") == "Paris");
}

TEST_CASE("bedrock: the tool for structure leaves room for others and for thinking") {
    ProviderRequest request = with_schema(R"({"type": "object"})");
    request.tools = Json::parse(R"([{"name": "weather"}])");
    CHECK(body_sent(request)["toolConfig"]["tools"].size() == 2);
    CHECK(body_sent(request)["toolConfig"]["toolChoice"] == Json::parse(R"({"any": {}})"));
    request.parameters = Json::parse(R"({"thinking": {"type": "enabled", "budget_tokens": 1024}})");
    CHECK(body_sent(request)["toolConfig"]["toolChoice"] == Json::parse(R"({"auto": {}})"));
    const Exchange called =
        answered(R"([{"toolUse": {"toolUseId": "t", "name": "weather", "input": {}}}])", "tool_use",
                 "null", request);
    CHECK(called.value().output["tool_calls"][0]["name"] == "weather");
    const Exchange written = answered(R"([{"text": "{\"city\": \"Paris\"}"}])", "end_turn", "null",
                                      with_schema(R"({"type": "object"})"));
    CHECK(written.value().output == Json({{"city", "Paris"}}));
}

TEST_CASE("bedrock: whoever says the form of the output gets no tool for it") {
    ProviderRequest request = with_schema(R"({"type": "object"})");
    request.parameters = Json::parse(R"({"outputConfig": {"textFormat": {"type": "json_schema",
        "structure": {"jsonSchema": {"schema": "{}"}}}}})");
    const Json body = body_sent(request);
    CHECK(!body.contains("toolConfig"));
    CHECK(body["outputConfig"] == request.parameters["outputConfig"]);
}

TEST_CASE("bedrock: an answer that is withheld is a refusal") {
    const Exchange blocked =
        answered(R"([{"text": "Sorry, the model cannot answer this."}])", "guardrail_intervened");
    CHECK(blocked.value().refusal == "Sorry, the model cannot answer this.");
    CHECK(blocked.value().output == "Sorry, the model cannot answer this.");
    CHECK(blocked.value().finish_reason == "guardrail_intervened");
    for (const std::string reason : {"content_filtered", "refusal"}) {
        CHECK_THAT(answered("[]", reason).value().refusal, Catch::Contains(reason));
    }
    CHECK(answered(R"([{"text": "x"}])", "stop_sequence").value().refusal.empty());
}

TEST_CASE("bedrock: an answer that ended at a limit is cut short") {
    for (const std::string reason : {"max_tokens", "model_context_window_exceeded"}) {
        const Exchange cut = answered(R"([{"text": "Par"}])", reason);
        CHECK(cut.value().truncated);
        CHECK(cut.value().finish_reason == reason);
        CHECK(cut.value().output == "Par");
    }
    CHECK(!answered("[]", "end_turn").value().truncated);
}

TEST_CASE("bedrock: cached tokens are told apart and none is counted twice") {
    const Exchange cached = answered(R"([{"text": "x"}])", "end_turn",
                                     R"({"inputTokens": 12, "outputTokens": 5, "totalTokens": 3417,
            "cacheReadInputTokens": 1400, "cacheWriteInputTokens": 2000,
            "cacheDetails": [{"ttl": "1h", "inputTokens": 500},
                             {"ttl": "5m", "inputTokens": 1500}]})");
    CHECK(cached.value().usage == UsageDetails{{"input", 12},
                                               {"input_cached_tokens", 1400},
                                               {"input_cache_creation", 1500},
                                               {"input_cache_creation_1h", 500},
                                               {"output", 5},
                                               {"total", 3417}});
    const Exchange odd = answered(R"([{"text": "x"}])", "end_turn",
                                  R"({"inputTokens": -1, "outputTokens": "7",
                                      "cacheWriteInputTokens": 1,
                                      "cacheDetails": [{"ttl": "1h", "inputTokens": 9}]})");
    CHECK(odd.value().usage ==
          UsageDetails{{"input", 0}, {"input_cache_creation_1h", 1}, {"output", 0}, {"total", 1}});
    CHECK(answered(R"([{"text": "x"}])", "end_turn").value().usage.empty());
}

TEST_CASE("bedrock: what a model thought is no part of the answer") {
    const Exchange thought = answered(
        R"([{"reasoningContent": {"reasoningText": {"text": "France... ", "signature": "abc"}}},
            {"reasoningContent": {"redactedContent": "c2VjcmV0"}},
            {"reasoningContent": {"reasoningText": {"text": "Paris."}}}, {"text": "Paris"}])",
        "end_turn");
    CHECK(thought.value().reasoning == "France... Paris.");
    CHECK(thought.value().output == "Paris");
}

TEST_CASE("bedrock: texts with sources are texts") {
    CHECK(answered(R"([{"text": "It is "}, {"citationsContent": {"content": [{"text": "Par"},
        {"text": "is"}], "citations": [{"title": "Atlas"}]}}])",
                   "end_turn")
              .value()
              .output == "It is Paris");
}

TEST_CASE("bedrock: the model that a router chose is the one that answered") {
    const Exchange routed = ask(question(), R"({"output": {"message": {"content": []}},
        "stopReason": "end_turn", "trace": {"promptRouter": {"invokedModelId": "arn:chosen"}}})");
    CHECK(routed.value().model == "arn:chosen");
    CHECK(routed.value().output == "");
}

TEST_CASE("bedrock: whatever an answer holds ends in a reply or an error") {
    const Json whole = Json::parse(R"({"output": {"message": {"role": "assistant", "content": [
        {"reasoningContent": {"reasoningText": {"text": "a"}}}, {"text": "b"},
        {"citationsContent": {"content": [{"text": "c"}]}},
        {"toolUse": {"toolUseId": "t", "name": "response", "input": {"response": 1}}}]}},
        "stopReason": "tool_use", "trace": {"promptRouter": {"invokedModelId": "m"}},
        "usage": {"inputTokens": 1, "outputTokens": 2, "cacheReadInputTokens": 3,
                  "cacheWriteInputTokens": 4,
                  "cacheDetails": [{"ttl": "1h", "inputTokens": 4}]}})");
    const ConverseFormat format{ProviderSettings{}};
    for (const std::uint64_t seed : seeds_of_test(2000)) {
        INFO("ASSAY_SEED=" << seed);
        std::mt19937_64 random(seed);
        const Json body = mangle(whole, random);
        const auto reply = format.read(body, with_schema(R"({"type": "number"})"));
        if (reply && !reply->usage.empty()) {
            std::int64_t total = -reply->usage.at("total");
            for (const auto& [name, count] : reply->usage) total += count;
            CHECK(total == reply->usage.at("total"));
        }
        (void)format.read_complaint(body);
    }
}

TEST_CASE("bedrock: texts to embed are refused") {
    ProviderRequest request{.model = "m", .messages = {}};
    request.texts = {"a"};
    CHECK_THAT(refused(request), Catch::Contains("embeddings"));
}

}  // namespace assay::test
