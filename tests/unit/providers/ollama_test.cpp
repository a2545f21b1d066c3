#include <catch2/catch.hpp>

#include "judges/providers/ollama_format.hpp"
#include "tests/unit/providers/exchange.hpp"

namespace assay::test {

namespace {

constexpr const char* k_answer = R"({"model": "llama3.2", "created_at": "2026-11-01T10:00:00Z",
    "message": {"role": "assistant", "content": "Paris"}, "done": true, "done_reason": "stop",
    "total_duration": 5191566416, "load_duration": 2154458, "prompt_eval_count": 26,
    "prompt_eval_duration": 383809000, "eval_count": 3, "eval_duration": 4799921000})";

Exchange ask(const ProviderRequest& request, const std::string& answer = k_answer,
             ProviderSettings settings = {}) {
    return exchange("ollama", "", request, {.body = answer}, std::move(settings));
}

Exchange answered(const std::string& answer, const ProviderRequest& request = question()) {
    return ask(request, answer);
}

Exchange failed(int status, const std::string& body) {
    return exchange("ollama", "", question(), {.status = status, .body = body});
}

std::string refused(const ProviderRequest& request) {
    const Exchange asked = ask(request);
    CHECK(asked.request.target.empty());
    CHECK(asked.error().code == ErrorCode::invalid_argument);
    return asked.error().message;
}

ProviderRequest with_parameters(Json parameters) {
    ProviderRequest request = question();
    request.parameters = std::move(parameters);
    return request;
}

Json messages_sent(std::vector<ChatMessage> messages) {
    return ask({.model = "m", .messages = std::move(messages)}).body["messages"];
}

ProviderRequest texts() {
    ProviderRequest request{.model = "all-minilm", .messages = {}};
    request.texts = {"sky", "grass"};
    return request;
}

Json identity_at(const std::string& base_url) {
    ProviderSettings settings;
    static const auto transport = make_curl_transport();
    settings.transport = transport->get();
    settings.name = "ollama";
    settings.base_url = base_url;
    return find_provider("ollama")->make(std::move(settings)).value()->identity();
}

}  // namespace

TEST_CASE("ollama: a question is posted and the answer read") {
    const Exchange said = ask(question());
    CHECK(said.request.method == "POST");
    CHECK(said.request.target == "/api/chat");
    CHECK(said.request.headers.at("content-type") == "application/json");
    CHECK(said.request.headers.at("accept") == "application/json");
    CHECK(said.body == Json::parse(R"({"model": "small", "stream": false, "messages": [
        {"role": "system", "content": "Short."},
        {"role": "user", "content": "Capital of France?"}]})"));
    CHECK(said.value().output == "Paris");
    CHECK(said.value().model == "llama3.2");
    CHECK(said.value().finish_reason == "stop");
    CHECK(!said.value().truncated);
    CHECK(said.value().usage == UsageDetails{{"input", 26}, {"output", 3}, {"total", 29}});
}

TEST_CASE("ollama: each parameter goes where the API has it and others to the model") {
    Json body = ask(with_parameters(Json::parse(R"({"temperature": 0, "top_p": 0.5,
        "max_tokens": 16, "stop": "END", "seed": 7, "num_ctx": 8192, "think": "low",
        "keep_alive": "10m", "options": {"min_p": 0.1, "seed": 1}})")))
                    .body;
    body.erase("messages");
    CHECK(body == Json::parse(R"({"model": "small", "stream": false, "think": "low",
        "keep_alive": "10m", "options": {"temperature": 0, "top_p": 0.5, "num_predict": 16,
        "stop": ["END"], "seed": 7, "num_ctx": 8192, "min_p": 0.1}})"));
    CHECK(ask(with_parameters({{"stop", {"A", "B"}}})).body["options"]["stop"] == Json({"A", "B"}));
    CHECK_THAT(refused(with_parameters({{"options", "fast"}})), Catch::Contains("`options`"));
    CHECK_THAT(refused(with_parameters({{"stream", 1}})), Catch::Contains("`stream`"));
}

TEST_CASE("ollama: options of the connection are below the parameters") {
    ProviderSettings settings;
    settings.options = {{"temperature", 1}, {"num_ctx", 4096}};
    const Exchange said = ask(with_parameters({{"temperature", 0}}), k_answer, settings);
    CHECK(said.body["options"] == Json({{"temperature", 0}, {"num_ctx", 4096}}));
}

TEST_CASE("ollama: parts of a message are put where the API has them") {
    CHECK(messages_sent({{"developer", "Short."},
                         {"user", Json::parse(R"([{"type": "text", "text": "What is "},
                             {"type": "image", "media_type": "image/png", "data": "iVBORw0KGgo="},
                             {"type": "text", "text": "this?"},
                             {"type": "image", "media_type": "image/png",
                              "data": "iVBORw=="}])")}}) ==
          Json::parse(R"([{"role": "system", "content": "Short."},
              {"role": "user", "content": "What is this?",
               "images": ["iVBORw0KGgo=", "iVBORw=="]}])"));
}

TEST_CASE("ollama: calls of tools and what came of them are sent") {
    CHECK(messages_sent({{"user", "Weather?"},
                         {"assistant", Json::parse(R"([{"type": "text", "text": "I look."},
                             {"type": "tool_call", "id": "call_0", "name": "weather",
                              "arguments": {"city": "Rome"}},
                             {"type": "tool_call", "id": "call_1", "name": "now"}])")},
                         {"tool", Json::parse(R"([
                             {"type": "tool_result", "id": "call_1", "content": {"hour": 9}},
                             {"type": "tool_result", "id": "call_0", "content": "21 C"}])")},
                         {"assistant", Json::parse(R"([
                             {"type": "tool_call", "id": "call_0", "name": "map"}])")},
                         {"tool", Json::parse(R"([
                             {"type": "tool_result", "id": "call_0", "content": "Lazio"}])")},
                         {"tool", "unnamed"}}) == Json::parse(R"([
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": "I look.", "tool_calls": [
            {"function": {"name": "weather", "arguments": {"city": "Rome"}}},
            {"function": {"name": "now", "arguments": {}}}]},
        {"role": "tool", "content": "{\"hour\":9}", "tool_name": "now"},
        {"role": "tool", "content": "21 C", "tool_name": "weather"},
        {"role": "assistant", "content": "",
         "tool_calls": [{"function": {"name": "map", "arguments": {}}}]},
        {"role": "tool", "content": "Lazio", "tool_name": "map"},
        {"role": "tool", "content": "unnamed"}])"));
}

TEST_CASE("ollama: what it cannot be told is refused with the remedy") {
    ProviderRequest request{.model = "m", .messages = {{"user", Json::array()}}};
    request.messages[0].content =
        Json::parse(R"([{"type": "image", "url": "https://example.org/cat.png"}])");
    CHECK_THAT(refused(request), Catch::Contains("`file`"));
    request.messages[0].content = Json::parse(R"([{"type": "audio", "data": "UklGRg=="}])");
    CHECK_THAT(refused(request), Catch::Contains("\"audio\""));
}

TEST_CASE("ollama: tools are sent and their calls get ids that stay") {
    ProviderRequest request = question();
    request.tools = Json::parse(R"([{"name": "weather", "description": "Tells it.",
        "parameters": {"type": "object"}}, {"type": "function", "function": {"name": "now"}}])");
    const char* const answer = R"({"model": "m", "message": {"role": "assistant", "content": "",
        "tool_calls": [{"function": {"name": "weather", "arguments": {"city": "Rome"}}},
                       {"id": "call_x7", "function": {"name": "now"}}, {"other": 1},
                       {"function": {"name": "weather", "arguments": {"city": "Oslo"}}}]},
        "done": true, "done_reason": "stop"})";
    const Exchange said = ask(request, answer);
    CHECK(said.body["tools"] == Json::parse(R"([
        {"type": "function", "function": {"name": "weather", "description": "Tells it.",
                                          "parameters": {"type": "object"}}},
        {"type": "function", "function": {"name": "now"}}])"));
    CHECK(said.value().output == Json::parse(R"({"content": null, "tool_calls": [
        {"id": "call_0", "name": "weather", "arguments": {"city": "Rome"}},
        {"id": "call_x7", "name": "now", "arguments": {}},
        {"id": "call_2", "name": "weather", "arguments": {"city": "Oslo"}}]})"));
    CHECK(ask(request, answer).value().output == said.value().output);
}

TEST_CASE("ollama: a schema is the format of the answer") {
    ProviderRequest request = question();
    request.response_schema = Json::parse(R"({"type": "object"})");
    const Exchange said =
        answered(R"({"message": {"content": "{\"city\": \"Paris\"}"}, "done": true})", request);
    CHECK(said.body["format"] == request.response_schema);
    CHECK(said.value().output == Json({{"city", "Paris"}}));
    CHECK(answered(R"({"message": {"content": "{\"city\""}})", request).value().output ==
          "{\"city\"");
    CHECK(answered(R"({"message": {"content": "{\"city\": 1}"}})").value().output ==
          "{\"city\": 1}");
}

TEST_CASE("ollama: an answer that ended at a limit is cut short") {
    const Exchange cut =
        answered(R"({"message": {"content": "Par"}, "done": true, "done_reason": "length"})");
    CHECK(cut.value().truncated);
    CHECK(cut.value().output == "Par");
    CHECK(cut.value().usage.empty());
}

TEST_CASE("ollama: what a model thought is no part of the answer") {
    const Exchange thought = answered(R"({"message": {"content": "Paris", "thinking": "France..."},
        "prompt_eval_count": 0, "eval_count": 40})");
    CHECK(thought.value().reasoning == "France...");
    CHECK(thought.value().output == "Paris");
    CHECK(thought.value().usage == UsageDetails{{"input", 0}, {"output", 40}, {"total", 40}});
}

TEST_CASE("ollama: texts are embedded") {
    ProviderRequest request = texts();
    request.parameters = {{"dimensions", 2}, {"num_ctx", 512}};
    const Exchange said = ask(request, R"({"model": "all-minilm", "embeddings": [[0.5, -1], [0, 2]],
        "total_duration": 14143917, "prompt_eval_count": 8})");
    CHECK(said.request.target == "/api/embed");
    CHECK(said.body == Json::parse(R"({"model": "all-minilm", "input": ["sky", "grass"],
        "dimensions": 2, "options": {"num_ctx": 512}})"));
    CHECK(said.value().output == Json::parse("[[0.5, -1], [0, 2]]"));
    CHECK(said.value().model == "all-minilm");
    CHECK(said.value().usage == UsageDetails{{"input", 8}, {"total", 8}});
    CHECK(find_provider("ollama")->embeds);
}

TEST_CASE("ollama: embeddings that are not one list of numbers for each text are broken") {
    for (const char* const body :
         {R"({"embeddings": [[1]]})", R"({"embeddings": [[1], []]})", R"({"embeddings": []})",
          R"({"embeddings": [[1], ["2"]]})", R"({"embeddings": [[1], 2]})"}) {
        const Exchange broken = answered(body, texts());
        CHECK(broken.error().code == ErrorCode::unavailable);
        CHECK(broken.error().retryable);
    }
    CHECK(answered(k_answer, texts()).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("ollama: each error is what it says") {
    using enum ErrorCode;
    check_errors(
        "ollama", "",
        {{404, R"({"error": "model 'qwen9:1b' not found, try pulling it first"})", invalid_argument,
          false, "`ollama pull qwen9:1b`"},
         {404, R"({"error": "model \"llama3.2\" not found, try pulling it first"})",
          invalid_argument, false, "`ollama pull llama3.2`"},
         {404, R"({"error": "model 'mine' not found"})", invalid_argument, false,
          "no model \"mine\""},
         {404, "404 page not found", invalid_argument, false, "404 page not found"},
         {400, R"({"error": "registry.ollama.ai/library/gemma:2b does not support tools"})",
          invalid_argument, false, "does not support tools"},
         {400, R"({"error": "the input length exceeds the context length"})", invalid_argument,
          false, "too long"},
         {401, R"({"error": "unauthorized"})", unauthenticated, false, "unauthorized"},
         {429, R"({"error": "too many requests"})", resource_exhausted, true, "limits the rate"},
         {500, R"({"error": "llama runner process has terminated: signal: killed"})", unavailable,
          true, "signal: killed"},
         {503, R"({"error": "server busy, please try again. maximum pending requests exceeded"})",
          unavailable, true, "server busy"},
         {200, R"({"error": "something went wrong"})", unavailable, true, "something went wrong"},
         {200, R"({"message": {"content": "Par)", unavailable, true, "not valid JSON"},
         {200, "", unavailable, true, "not valid JSON"},
         {200, R"({"choices": []})", invalid_argument, false, "has no \"message\""},
         {200, "[]", invalid_argument, false, "base_url"},
         {200, R"({"message": {"content": ""}, "done": true, "done_reason": "load"})", unavailable,
          true, "loaded"}});
}

TEST_CASE("ollama: a limit says how long to wait") {
    const Exchange limited =
        exchange("ollama", "", question(),
                 {.status = 429,
                  .body = R"({"error": "too many requests"})",
                  .headers = {{"Content-Type", "application/json"}, {"Retry-After", "3"}}});
    CHECK(limited.error().retry_after == std::chrono::seconds(3));
    CHECK(!failed(404, "{}").error().retryable);
}

TEST_CASE("ollama: no key is needed and one that is given is kept") {
    check_key_is_kept("ollama", "");
    const ProviderDefinition* const ollama = find_provider("ollama");
    CHECK(!ollama->key_required);
    CHECK(ollama->api_key_variable.empty());
    const StubServer server({.body = k_answer});
    ProviderSettings settings;
    const auto transport = make_curl_transport();
    settings.transport = transport->get();
    settings.base_url = server.url();
    const auto provider = ollama->make(std::move(settings));
    boost::asio::io_context io;
    REQUIRE(run_task(io, (*provider)->call(question(), in(std::chrono::seconds(20)))));
    CHECK(!server.requests().at(0).headers.contains("authorization"));
}

TEST_CASE("ollama: the address may be what the server is told to listen on") {
    const auto url = [](const std::string& base_url) {
        return identity_at(base_url)["url"].get<std::string>();
    };
    CHECK(url("") == "http://127.0.0.1:11434");
    CHECK(url("localhost") == "http://localhost:11434");
    CHECK(url(" 10.0.0.7:8080/ ") == "http://10.0.0.7:8080");
    CHECK(url(":8080") == "http://127.0.0.1:8080");
    CHECK(url("0.0.0.0") == "http://127.0.0.1:11434");
    CHECK(url("0.0.0.0:99") == "http://127.0.0.1:99");
    CHECK(url("[::1]") == "http://[::1]:11434");
    CHECK(url("[::]:99") == "http://[::1]:99");
    CHECK(url("https://ollama.example/") == "https://ollama.example/");
    CHECK(url("http://h:1") == "http://h:1");
    const StubServer server({.body = k_answer});
    Model model("127.0.0.1:" + std::to_string(server.port()), {}, "ollama");
    CHECK(model.ask(question()).value().output == "Paris");
}

}  // namespace assay::test
