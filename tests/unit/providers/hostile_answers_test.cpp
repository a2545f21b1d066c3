#include <array>
#include <catch2/catch.hpp>

#include "core/base/text.hpp"
#include "judges/provider.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/seed.hpp"

namespace assay::test {

namespace {

/// Answers as the APIs give them, and events of streams; every provider gets them all.
const std::array k_answers = {
    R"({"type": "message", "model": "m", "content": [{"type": "text", "text": "a"},
        {"type": "thinking", "thinking": "b"},
        {"type": "tool_use", "id": "t", "name": "response", "input": {"a": 1}}],
        "stop_reason": "refusal", "stop_details": {"explanation": "c"},
        "usage": {"input_tokens": 1, "cache_read_input_tokens": 2, "output_tokens": 3,
                  "cache_creation_input_tokens": 5,
                  "cache_creation": {"ephemeral_5m_input_tokens": 4}}})",
    R"({"candidates": [{"content": {"parts": [{"text": "a", "thought": true}, {"text": "b"},
        {"functionCall": {"name": "f", "args": {"a": 1}}}]}, "finishReason": "SAFETY"}],
        "promptFeedback": {"blockReason": "SAFETY"}, "modelVersion": "m",
        "usageMetadata": {"promptTokenCount": 9, "cachedContentTokenCount": 3,
                          "candidatesTokenCount": 2, "thoughtsTokenCount": 1}})",
    R"({"model": "m", "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "a",
        "refusal": "b", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]},
        "delta": {"content": "a", "tool_calls": [{"index": 0, "id": "c"}]}}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14,
                  "prompt_tokens_details": {"cached_tokens": 3},
                  "completion_tokens_details": {"reasoning_tokens": 2}}})",
    R"({"id": "r", "model": "m", "status": "completed", "output": [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "a"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "message", "content": [{"type": "output_text", "text": "b"},
                                        {"type": "refusal", "refusal": "no"}]}],
        "usage": {"input_tokens": 9, "output_tokens": 5, "total_tokens": 14,
                  "input_tokens_details": {"cached_tokens": 3},
                  "output_tokens_details": {"reasoning_tokens": 2}}})",
    R"({"output": {"message": {"role": "assistant", "content": [{"text": "a"},
        {"toolUse": {"toolUseId": "t", "name": "f", "input": {}}},
        {"reasoningContent": {"reasoningText": {"text": "b"}}}]}}, "stopReason": "end_turn",
        "usage": {"inputTokens": 9, "outputTokens": 5, "totalTokens": 14,
                  "cacheReadInputTokens": 3}, "metrics": {"latencyMs": 1}})",
    R"({"model": "m", "message": {"role": "assistant", "content": "a", "thinking": "b",
        "tool_calls": [{"function": {"name": "f", "arguments": {}}}]}, "done": true,
        "done_reason": "stop", "prompt_eval_count": 9, "eval_count": 5})",
    R"({"error": {"message": "a", "type": "b", "code": "c", "status": "d", "details": [
        {"reason": "API_KEY_INVALID", "retryDelay": "3s"}]}})",
    R"({"type": "message_start", "message": {"content": [], "usage": {"input_tokens": 1}}})",
    R"({"type": "content_block_start", "index": 0, 
        "content_block": {"type": "text", "text": "a"}})",
    R"({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "b"}})",
    R"({"type": "message_delta", "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": 2}})",
    R"({"type": "response.output_text.delta", "output_index": 0, "delta": "a"})",
    R"({"type": "response.completed", "response": {"status": "completed", "output": []}})"};

/// Stands in a value's place.
const std::array k_odd = {"null", "true",          "7",  "-1", "1e300", "9223372036854775807",
                          "\"\"", "\"a\"",         "[]", "{}", "[[]]",  "18446744073709551615",
                          "[7]",  "{\"a\": null}", "0.5"};

Json pick(const auto& texts, Rng& rng) { return Json::parse(texts[rng.next_below(texts.size())]); }

/// Puts something else in the place of one value, anywhere.
void spoil(Json& value, Rng& rng) {
    const bool is_here = !value.is_structured() || value.empty() || rng.next_below(4) == 0;
    if (is_here) {
        value = pick(k_odd, rng);
        return;
    }
    const auto part =
        std::next(value.begin(), static_cast<std::ptrdiff_t>(rng.next_below(value.size())));
    if (rng.next_below(8) == 0) {
        value.erase(part);
    } else {
        spoil(*part, rng);
    }
}

std::string spoiled_answer(Rng& rng) {
    Json answer = pick(k_answers, rng);
    for (std::uint64_t times = rng.next_below(4); times > 0; --times) spoil(answer, rng);
    return to_text(answer);
}

/// A network that answers everything with one response, in two pieces.
class HostileTransport final : public HttpTransport {
  public:
    Task<HttpResponse> send(HttpRequest request, Deadline /*deadline*/) override {
        HttpResponse so_far = response;
        const std::string rest = so_far.body.substr(so_far.body.size() / 2);
        so_far.body.resize(so_far.body.size() / 2);
        if (request.on_body) ASSAY_CO_CHECK(request.on_body(so_far));
        so_far.body += rest;
        if (request.on_body) ASSAY_CO_CHECK(request.on_body(so_far));
        co_return so_far;
    }

    HttpResponse response;
};

HttpResponse hostile_response(Rng& rng) {
    constexpr std::array k_statuses = {200, 200, 200, 400, 429, 500};
    HttpResponse response{.status = k_statuses[rng.next_below(k_statuses.size())]};
    switch (rng.next_below(3)) {
        case 0:
            response.headers = {{"content-type", "application/json"}};
            response.body = spoiled_answer(rng);
            break;
        case 1:
            response.headers = {{"content-type", "application/x-ndjson"}};
            for (int i = 0; i < 4; ++i) response.body += spoiled_answer(rng) + "\n";
            break;
        default:
            response.headers = {{"content-type", "text/event-stream"}};
            for (int i = 0; i < 6; ++i) response.body += "data: " + spoiled_answer(rng) + "\n\n";
            if (rng.next_below(2) == 0) response.body += "data: [DONE]\n\n";
    }
    return response;
}

std::unique_ptr<Provider> make(const ProviderDefinition& definition, HttpTransport& transport) {
    ProviderSettings settings{.transport = &transport, .name = "local", .base_url = "http://h"};
    settings.api_key = Secret("sk-canary-77f1");
    if (definition.id == "google-vertex") settings.own = {{"project", "p"}};
    if (definition.id == "bedrock") settings.own = {{"region", "eu-central-1"}};
    auto made = definition.make(std::move(settings));
    if (!made) FAIL(made.error().message);
    return std::move(*made);
}

void check_reply(const Result<ProviderReply>& reply) {
    if (!reply) {
        CHECK_THAT(reply.error().message, Catch::StartsWith("local"));
        CHECK(find_invalid_utf8(reply.error().message) == std::string::npos);
        return;
    }
    std::int64_t sum = 0;
    for (const auto& [name, tokens] : reply->usage) {
        CHECK(tokens >= 0);
        if (name != "total") sum += tokens;
    }
    if (!reply->usage.empty()) CHECK(reply->usage.at("total") == sum);
}

}  // namespace

TEST_CASE("providers: whatever a server answers is a reply or an error and never an exception") {
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    for (const ProviderDefinition* const definition : builtin_providers()) {
        if (!definition->is_model) continue;
        INFO(definition->id);
        HostileTransport transport;
        const auto provider = make(*definition, transport);
        Rng rng(seed);
        boost::asio::io_context io;
        for (int round = 0; round < 400; ++round) {
            transport.response = hostile_response(rng);
            INFO(transport.response.status << " " << transport.response.body);
            ProviderRequest request{.model = "m", .messages = {{"user", "Hello"}}};
            request.parameters = {{"stream", rng.next_below(2) == 0}};
            if (rng.next_below(2) == 0) request.response_schema = {{"type", "object"}};
            if (definition->embeds && rng.next_below(8) == 0) request.texts = {"a", "b"};
            const Deadline deadline = in(std::chrono::seconds(20));
            check_reply(run_task(io, provider->call(std::move(request), deadline)));
        }
    }
}

}  // namespace assay::test
