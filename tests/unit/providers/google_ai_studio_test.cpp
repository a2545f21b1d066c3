#include <catch2/catch.hpp>

#include "judges/providers/gemini_format.hpp"
#include "tests/unit/providers/exchange.hpp"

namespace assay::test {

using std::chrono_literals::operator""ms;

namespace {

constexpr const char* k_answer = R"({"candidates": [{"content": {"role": "model",
    "parts": [{"text": "Paris"}]}, "finishReason": "STOP", "index": 0, "avgLogprobs": -0.1}],
    "usageMetadata": {"promptTokenCount": 21, "candidatesTokenCount": 4, "totalTokenCount": 25},
    "modelVersion": "gemini-2.5-flash-001", "responseId": "r1"})";

Exchange ask(const ProviderRequest& request, const std::string& answer = k_answer,
             ProviderSettings settings = {}) {
    return exchange("google-ai-studio", "/v1beta", request, {.body = answer}, std::move(settings));
}

GeminiFormat format() { return {{.base_url = "http://h", .embeds = true}, ProviderSettings{}}; }

/// An answer with these parts and members of the candidate.
std::string answer_with(const std::string& parts, const std::string& more = "") {
    return fmt::format(R"({{"candidates": [{{"content": {{"parts": [{}]}}{}{}}}]}})", parts,
                       more.empty() ? "" : ", ", more);
}

}  // namespace

TEST_CASE("gemini: a question is posted and the answer read") {
    const Exchange said = ask(question());
    CHECK(said.request.method == "POST");
    CHECK(said.request.target == "/v1beta/models/small:generateContent");
    CHECK(said.request.headers.at("x-goog-api-key") == k_canary);
    CHECK(said.request.headers.at("content-type") == "application/json");
    CHECK(said.request.headers.at("accept") == "application/json");
    CHECK(!said.request.headers.contains("authorization"));
    CHECK(said.body == Json::parse(R"({
        "systemInstruction": {"parts": [{"text": "Short."}]},
        "contents": [{"role": "user", "parts": [{"text": "Capital of France?"}]}]})"));
    CHECK(said.value().output == "Paris");
    CHECK(said.value().model == "gemini-2.5-flash-001");
    CHECK(said.value().finish_reason == "STOP");
    CHECK(said.value().refusal.empty());
    CHECK(!said.value().truncated);
    CHECK(said.value().usage == UsageDetails{{"input", 21}, {"output", 4}, {"total", 25}});
}

TEST_CASE("gemini: a model with a slash is a resource of its own and nothing leaves the path") {
    ProviderRequest request = question();
    request.model = "tunedModels/my-model";
    CHECK(ask(request).request.target == "/v1beta/tunedModels/my-model:generateContent");
    request.model = "a?key=b#c d";
    CHECK(ask(request).request.target == "/v1beta/models/a%3Fkey%3Db%23c%20d:generateContent");
}

TEST_CASE("gemini: instructions go to their place and neighbours of one role are one turn") {
    const ProviderRequest request{.model = "small",
                                  .messages = {{"system", "Short."},
                                               {"user", "Hello"},
                                               {"user", "Who are you?"},
                                               {"assistant", "Moi."},
                                               {"developer", "In French."},
                                               {"user", "Bien."}}};
    const Json body = ask(request).body;
    CHECK(body["systemInstruction"] ==
          Json::parse(R"({"parts": [{"text": "Short."}, {"text": "In French."}]})"));
    CHECK(body["contents"] == Json::parse(R"([
        {"role": "user", "parts": [{"text": "Hello"}, {"text": "Who are you?"}]},
        {"role": "model", "parts": [{"text": "Moi."}]},
        {"role": "user", "parts": [{"text": "Bien."}]}])"));
}

TEST_CASE("gemini: parameters are written in the words of the API and where it wants them") {
    ProviderRequest request = question();
    request.parameters = {{"temperature", 0},
                          {"top_p", 0.5},
                          {"top_k", 5},
                          {"max_tokens", 16},
                          {"stop", "END"},
                          {"seed", 7},
                          {"thinkingConfig", {{"thinkingBudget", 0}}},
                          {"safetySettings", Json::array({{{"category", "c"}}})}};
    ProviderSettings settings;
    settings.options = {{"temperature", 1}, {"generationConfig", {{"candidateCount", 1}}}};
    Json body = ask(request, k_answer, settings).body;
    body.erase("contents");
    body.erase("systemInstruction");
    CHECK(body == Json::parse(R"({"safetySettings": [{"category": "c"}], "generationConfig": {
        "candidateCount": 1, "temperature": 0, "topP": 0.5, "topK": 5, "maxOutputTokens": 16,
        "stopSequences": ["END"], "seed": 7, "thinkingConfig": {"thinkingBudget": 0}}})"));
    request.parameters = {{"stop", {"a", "b"}}};
    CHECK(ask(request).body["generationConfig"]["stopSequences"] == Json({"a", "b"}));
}

TEST_CASE("gemini: tools are declared and a call of one is read with an id that never changes") {
    ProviderRequest request = question();
    request.tools = Json::parse(R"([
        {"name": "find", "description": "Finds.", "parameters":
            {"type": "object", "properties": {"place": {"type": "string"}}}},
        {"name": "now"}, {"googleSearch": {}}])");
    const Exchange said = ask(request, answer_with(R"({"text": "I look."},
        {"functionCall": {"name": "find", "args": {"place": "Paris"}}, "thoughtSignature": "c2ln"},
        {"functionCall": {"name": "now"}},
        {"functionCall": {"id": "own-1", "name": "now", "args": {}}})",
                                                   R"("finishReason": "STOP")"));
    CHECK(said.body["tools"] == Json::parse(R"([
        {"googleSearch": {}},
        {"functionDeclarations": [
            {"name": "find", "description": "Finds.", "parametersJsonSchema":
                {"type": "object", "properties": {"place": {"type": "string"}}}},
            {"name": "now"}]}])"));
    CHECK(said.value().output == Json::parse(R"({"content": "I look.", "tool_calls": [
        {"id": "call_0", "name": "find", "arguments": {"place": "Paris"}},
        {"id": "call_1", "name": "now", "arguments": {}},
        {"id": "own-1", "name": "now", "arguments": {}}]})"));
}

TEST_CASE("gemini: a result goes to the function that was called by its id") {
    ProviderRequest request{.model = "small", .messages = {{"user", "Where?"}}};
    request.messages.push_back({"assistant", Json::parse(R"([
        {"type": "tool_call", "id": "call_0", "name": "find", "arguments": {"place": "Paris"}},
        {"type": "tool_call", "id": "call_1", "name": "now", "arguments": {}}])")});
    request.messages.push_back({"tool", Json::parse(R"([
        {"type": "tool_result", "id": "call_0", "content": "{\"lat\": 48.86}"}])")});
    request.messages.push_back({"tool", Json::parse(R"([
        {"type": "tool_result", "id": "call_1", "content": "no clock"}])")});
    CHECK(ask(request).body["contents"] == Json::parse(R"([
        {"role": "user", "parts": [{"text": "Where?"}]},
        {"role": "model", "parts": [
            {"functionCall": {"name": "find", "args": {"place": "Paris"}}},
            {"functionCall": {"name": "now", "args": {}}}]},
        {"role": "user", "parts": [
            {"functionResponse": {"name": "find", "response": {"lat": 48.86}}},
            {"functionResponse": {"name": "now", "response": {"result": "no clock"}}}]}])"));

    request.messages.erase(request.messages.begin() + 1);
    const Exchange lost = ask(request);
    CHECK(lost.error().code == ErrorCode::invalid_argument);
    CHECK_THAT(lost.error().message, Catch::Contains("\"call_0\" follows no tool_call"));
    CHECK(lost.request.method.empty());
}

TEST_CASE("gemini: images are sent as they are or by their address and own parts unchanged") {
    ProviderRequest request{.model = "small"};
    request.messages.push_back({"user", Json::parse(R"([
        {"type": "image", "media_type": "image/png", "data": "iVBORw0K"},
        {"type": "image", "url": "https://example.com/cat.JPG?size=2"},
        {"type": "image", "url": "gs://bucket/cat"},
        {"type": "image", "url": "gs://bucket/cat.png", "media_type": "image/webp"},
        {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "c2ln"}])")});
    CHECK(ask(request).body["contents"][0]["parts"] == Json::parse(R"([
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw0K"}},
        {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://example.com/cat.JPG?size=2"}},
        {"fileData": {"fileUri": "gs://bucket/cat"}},
        {"fileData": {"mimeType": "image/webp", "fileUri": "gs://bucket/cat.png"}},
        {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "c2ln"}])"));
}

TEST_CASE("gemini: an answer that was withheld is a refusal") {
    for (const char* const reason :
         {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"}) {
        INFO(reason);
        const Exchange said =
            ask(question(), fmt::format(R"({{"candidates": [{{"finishReason": "{}"}}]}})", reason));
        CHECK_THAT(said.value().refusal, Catch::Contains(reason));
        CHECK(said.value().output == "");
        CHECK(said.value().finish_reason == reason);
        CHECK(!said.value().truncated);
    }
    const Exchange in_words =
        ask(question(),
            answer_with(R"({"text": "To make "})",
                        R"("finishReason": "SAFETY", "finishMessage": "That is harmful.")"));
    CHECK(in_words.value().refusal == "That is harmful.");
    CHECK(in_words.value().output == "To make ");
}

TEST_CASE("gemini: a prompt that was blocked is a refusal and what it cost is told") {
    const Exchange said = ask(question(), R"({"promptFeedback": {"blockReason": "SAFETY"},
        "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9},
        "modelVersion": "gemini-2.5-flash"})");
    CHECK(said.value().refusal == "the prompt was blocked: SAFETY");
    CHECK(said.value().output == "");
    CHECK(said.value().usage == UsageDetails{{"input", 9}, {"output", 0}, {"total", 9}});
}

TEST_CASE("gemini: an answer that reached its limit is told to be cut and other ends are not") {
    for (const auto& [reason, is_cut] :
         {std::pair{"MAX_TOKENS", true}, std::pair{"STOP", false}, std::pair{"OTHER", false},
          std::pair{"MALFORMED_FUNCTION_CALL", false}}) {
        INFO(reason);
        const Exchange said =
            ask(question(),
                answer_with(R"({"text": "Par"})", fmt::format(R"("finishReason": "{}")", reason)));
        CHECK(said.value().output == "Par");
        CHECK(said.value().truncated == is_cut);
        CHECK(said.value().finish_reason == reason);
        CHECK(said.value().refusal.empty());
    }
}

TEST_CASE("gemini: tokens from the cache and of thoughts and of tools are counted once") {
    const auto usage_of = [](const char* usage) {
        return ask(question(),
                   fmt::format(R"({{"candidates": [{{}}], "usageMetadata": {}}})", usage))
            .value()
            .usage;
    };
    CHECK(usage_of(R"({"promptTokenCount": 100, "cachedContentTokenCount": 80,
                       "candidatesTokenCount": 5, "thoughtsTokenCount": 30,
                       "toolUsePromptTokenCount": 7, "totalTokenCount": 142})") ==
          UsageDetails{{"input", 27},
                       {"input_cached_tokens", 80},
                       {"output", 5},
                       {"output_reasoning_tokens", 30},
                       {"total", 142}});
    CHECK(usage_of(R"({"promptTokenCount": 3, "cachedContentTokenCount": 8})") ==
          UsageDetails{{"input", 0}, {"input_cached_tokens", 3}, {"output", 0}, {"total", 3}});
    CHECK(ask(question(), R"({"candidates": [{}]})").value().usage.empty());
}

TEST_CASE("gemini: what the model thought is apart from what it answered") {
    const Exchange said = ask(question(), answer_with(R"({"text": "France, so ", "thought": true},
            {"text": "Paris.", "thought": true}, {"text": "Par"}, {"text": "is"})"));
    CHECK(said.value().output == "Paris");
    CHECK(said.value().reasoning == "France, so Paris.");
}

TEST_CASE("gemini: a response schema is sent as JSON Schema and the output is read as JSON") {
    ProviderRequest request = question();
    request.response_schema =
        Json::parse(R"({"type": "object", "properties": {"n": {"type": "number", "minimum": 0}}})");
    const Exchange said = ask(request, answer_with(R"({"text": "{\"n\":"}, {"text": " 1}"})"));
    CHECK(said.body["generationConfig"] == Json({{"responseMimeType", "application/json"},
                                                 {"responseJsonSchema", request.response_schema}}));
    CHECK(said.value().output == Json({{"n", 1}}));
    CHECK(ask(request, answer_with(R"({"text": "{\"n\":"})")).value().output == "{\"n\":");
}

TEST_CASE("gemini: each error body has its meaning") {
    using enum ErrorCode;
    check_errors(
        "google-ai-studio", "/v1beta",
        {{400,
          R"({"error": {"code": 400, "message": "Invalid JSON payload received.",
              "status": "INVALID_ARGUMENT"}})",
          invalid_argument, false, "refuses the request (400): Invalid JSON"},
         {400,
          R"({"error": {"code": 400, "message": "API key not valid.",
              "status": "INVALID_ARGUMENT", "details": [
              {"@type": "type.googleapis.com/google.rpc.ErrorInfo",
               "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]}})",
          unauthenticated, false, "set GEMINI_API_KEY"},
         {400,
          R"({"error": {"code": 400, "message": "The input token count (1200000) exceeds )"
          R"(the maximum number of tokens allowed (1048576).", "status": "INVALID_ARGUMENT"}})",
          invalid_argument, false, "prompt is too long"},
         {400,
          R"([{"error": {"code": 400, "message": "in a list", "status": "INVALID_ARGUMENT"}}])",
          invalid_argument, false, "in a list"},
         {401, R"({"error": {"code": 401, "message": "no", "status": "UNAUTHENTICATED"}})",
          unauthenticated, false, "does not accept the key (401)"},
         {403, R"({"error": {"code": 403, "message": "no", "status": "PERMISSION_DENIED"}})",
          unauthenticated, false, "does not accept the key (403)"},
         {404,
          R"({"error": {"code": 404, "message": "models/small is not found",
              "status": "NOT_FOUND"}})",
          invalid_argument, false, "knows no such model or address (404): models/small"},
         {429,
          R"({"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}})",
          resource_exhausted, true, "limits the rate of requests (429): slow down"},
         {429,
          R"({"error": {"code": 429, "message": "Your prepayment credits are depleted.",
              "status": "RESOURCE_EXHAUSTED"}})",
          resource_exhausted, false, "quota is spent"},
         {500, R"({"error": {"code": 500, "message": "oops", "status": "INTERNAL"}})", unavailable,
          true, "cannot answer now (500): oops"},
         {503, R"({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}})",
          unavailable, true, "cannot answer now (503): busy"},
         {504, R"({"error": {"code": 504, "message": "late", "status": "DEADLINE_EXCEEDED"}})",
          unavailable, true, "cannot answer now (504): late"},
         {200, R"({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}})",
          unavailable, true, "is an error: busy"},
         {200, R"({"candidates": [], "usageMetadata": {}})", unavailable, true,
          "has no candidates"},
         {200, R"({"usageMetadata": {"promptTokenCount": 4}})", unavailable, true,
          "has no candidates"},
         {200, R"({"candidates": [{"content": {"pa)", unavailable, true, "is not valid JSON"},
         {200, R"({"answer": "Paris"})", invalid_argument, false, "is base_url right?"},
         {200, "[]", invalid_argument, false, "is base_url right?"},
         {502, "<html>Bad gateway</html>", unavailable, true, "cannot answer now (502)"}});
}

TEST_CASE("gemini: the wait is that of the header or else of the error's details") {
    const auto wait_of = [](const char* delay, std::map<std::string, std::string> headers = {}) {
        StubReply limited{.status = 429,
                          .body = fmt::format(R"({{"error": {{"code": 429, "message": "slow",
            "details": [{{"@type": "type.googleapis.com/google.rpc.QuotaFailure"}},
            {{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "{}"}}]}}}})",
                                              delay)};
        limited.headers.merge(std::move(headers));
        return exchange("google-ai-studio", "/v1beta", question(), limited).error();
    };
    CHECK(wait_of("34s").retry_after == 34'000ms);
    CHECK_THAT(wait_of("34s").message, Catch::Contains("asks to wait 34 s"));
    CHECK(wait_of("0.25s").retry_after == 250ms);
    CHECK(wait_of("34.074824224s").retry_after == 34'075ms);
    CHECK(wait_of("34s", {{"Retry-After", "7"}}).retry_after == 7'000ms);
    for (const char* const odd : {"", "s", "34", "-1s", "1m", "nans", "34s "}) {
        INFO(odd);
        CHECK(!wait_of(odd).retry_after);
    }
}

TEST_CASE("gemini: rate-limit headers that a gateway adds are read") {
    StubReply answer{.body = k_answer};
    answer.headers["x-ratelimit-remaining-requests"] = "49";
    const Exchange said = exchange("google-ai-studio", "/v1beta", question(), answer);
    CHECK(said.value().rate_limits.requests_left == 49);
    CHECK(!ask(question()).value().rate_limits.requests_left);
}

TEST_CASE("gemini: no message and no output tells the key") {
    check_key_is_kept("google-ai-studio", "/v1beta");
    const Exchange said =
        ask(question(), answer_with(fmt::format(R"({{"text": "Your key is {}."}})", k_canary)));
    CHECK(said.value().output == "Your key is [redacted].");
}

TEST_CASE("gemini: texts are embedded in one request and in their order") {
    ProviderRequest request{.model = "gemini-embedding-001",
                            .parameters = {{"taskType", "SEMANTIC_SIMILARITY"}, {"seed", 1}},
                            .texts = {"a", "b"}};
    const Exchange said = ask(request, R"({"embeddings": [{"values": [0.5, -1]},
                                                          {"values": [1, 0]}]})");
    CHECK(said.request.target == "/v1beta/models/gemini-embedding-001:batchEmbedContents");
    CHECK(said.body == Json::parse(R"({"requests": [
        {"model": "models/gemini-embedding-001", "content": {"parts": [{"text": "a"}]},
         "taskType": "SEMANTIC_SIMILARITY"},
        {"model": "models/gemini-embedding-001", "content": {"parts": [{"text": "b"}]},
         "taskType": "SEMANTIC_SIMILARITY"}]})"));
    CHECK(said.value().output == Json::parse("[[0.5, -1], [1, 0]]"));
    CHECK(said.value().usage.empty());

    for (const char* const odd : {R"({"embeddings": [{"values": [1]}]})", R"({"embeddings": []})",
                                  R"({"embeddings": [{"values": [1]}, {"values": []}]})",
                                  R"({"embeddings": [{"values": [1]}, {"values": ["x"]}]})"}) {
        INFO(odd);
        CHECK(ask(request, odd).error().code == ErrorCode::unavailable);
    }
}

TEST_CASE("gemini: the other name of the key's variable is read when the first is not set") {
    const ProviderDefinition& definition = *find_provider("google-ai-studio");
    ProviderSettings settings{.name = "google-ai-studio"};
    settings.base_url = definition.default_base_url;
    CHECK_THAT(definition.missing(settings), Catch::Contains("set GEMINI_API_KEY"));
    settings.environment.emplace("GOOGLE_API_KEY", Secret("canary-other-key"));
    CHECK(definition.missing(settings).empty());

    const StubServer server({.body = k_answer});
    const auto curl = make_curl_transport();
    settings.transport = curl->get();
    settings.base_url = server.url();
    boost::asio::io_context io;
    const auto provider = definition.make(settings);
    REQUIRE(run_task(io, (*provider)->call(question(), in(std::chrono::seconds(20)))));
    CHECK(server.requests().at(0).headers.at("x-goog-api-key") == "canary-other-key");
}

// Streams.

namespace {

std::string event(const std::string& json) { return "data: " + json + "\r\n\r\n"; }

const std::string k_stream =
    event(R"({"candidates": [{"content": {"role": "model", "parts": [)"
          R"({"text": "Hm, où?", "thought": true}]}, "index": 0}], )"
          R"("usageMetadata": {"promptTokenCount": 9}, "modelVersion": "gemini-1"})") +
    event(R"({"candidates": [{"content": {"parts": [{"text": "Paris, na"}]}}], )"
          R"("usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 2}})") +
    event(R"({"candidates": [{"content": {"parts": [{"text": "ïve, 東京"}]}}]})") +
    event(R"({"candidates": [{"content": {"parts": [)"
          R"({"functionCall": {"name": "find", "args": {"a": 1}}}]}, "finishReason": "STOP"}], )"
          R"("usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 5, )"
          R"("thoughtsTokenCount": 3, "totalTokenCount": 17}})");

const Json k_stream_whole = Json::parse(R"({"candidates": [{"content": {"parts": [
    {"text": "Hm, où?", "thought": true}, {"text": "Paris, naïve, 東京"},
    {"functionCall": {"name": "find", "args": {"a": 1}}}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 5, "thoughtsTokenCount": 3},
    "modelVersion": "gemini-1"})");

}  // namespace

TEST_CASE("gemini stream: split at any byte the reply is the one that comes whole") {
    check_split_anywhere(format(), k_stream, k_stream_whole);
}

TEST_CASE("gemini stream: it is asked for at its own address and read over a socket") {
    ProviderRequest request = question();
    request.parameters = {{"stream", true}};
    const Exchange said = exchange("google-ai-studio", "/v1beta", request, streamed(k_stream));
    CHECK(said.request.target == "/v1beta/models/small:streamGenerateContent?alt=sse");
    CHECK(!said.body.contains("stream"));
    CHECK_THAT(said.request.headers.at("accept"), Catch::StartsWith("text/event-stream"));
    check_same(said.reply, format().read(k_stream_whole, question()));
    CHECK(said.value().time_to_first_token.has_value());
}

TEST_CASE("gemini stream: blocked or refused or cut or broken it is what it would be whole") {
    const auto blocked = read_pieces(
        format(), {event(R"({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})")});
    CHECK(blocked.value().refusal == "the prompt was blocked: PROHIBITED_CONTENT");

    const auto withheld = read_pieces(
        format(), {event(R"({"candidates": [{"content": {"parts": [{"text": "To "}]}}]})") +
                   event(R"({"candidates": [{"finishReason": "SAFETY"}]})")});
    CHECK_THAT(withheld.value().refusal, Catch::Contains("SAFETY"));
    CHECK(withheld.value().output == "To ");

    const auto cut = read_pieces(
        format(), {event(R"({"candidates": [{"content": {"parts": [{"text": "To "}]}}]})")});
    REQUIRE(!cut);
    CHECK(cut.error().retryable);

    const auto broken = read_pieces(
        format(), {event(R"({"candidates": [{"content": {"parts": [{"text": "To "}]}}]})") +
                   event(R"({"error": {"code": 503, "message": "busy"}})")});
    REQUIRE(!broken);
    CHECK(broken.error().code == ErrorCode::unavailable);
    CHECK_THAT(broken.error().message, Catch::Contains("busy"));

    for (const char* const odd : {"[]", "7", R"({"candidates": 7})", R"({"candidates": [7]})",
                                  R"({"candidates": [{"content": {"parts": [7, null]}}]})"}) {
        INFO(odd);
        CHECK(read_pieces(format(),
                          {event(odd) + event(R"({"candidates": [{"finishReason": "STOP"}]})")}));
    }
}

}  // namespace assay::test
