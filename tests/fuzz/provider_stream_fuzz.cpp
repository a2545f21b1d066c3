#include <memory>

#include "core/base/json.hpp"
#include "judges/providers/anthropic_format.hpp"
#include "judges/providers/bedrock_format.hpp"
#include "judges/providers/gemini_format.hpp"
#include "judges/providers/ollama_format.hpp"
#include "judges/providers/openai_formats.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {
namespace {

const auto& formats() {
    static const ProviderSettings settings{.base_url = "http://localhost/v1"};
    static const std::array<std::unique_ptr<WireFormat>, 6> all = {
        openai_chat_format({.base_url = settings.base_url}, {}),
        openai_responses_format({.base_url = settings.base_url}, {}),
        std::make_unique<AnthropicFormat>(settings),
        std::make_unique<GeminiFormat>(GeminiFormat::Address{}, settings),
        std::make_unique<OllamaFormat>(settings),
        std::make_unique<ConverseFormat>(settings)};
    return all;
}

void read_answer(const WireFormat& format, HttpResponse response) {
    const std::unique_ptr<StreamedReply> stream = format.stream({});
    const bool taken = stream->take(response).has_value();
    const auto whole = taken ? stream->whole(std::move(response)) : Result<HttpResponse>(response);
    if (!whole) return;
    const auto body = parse_json(whole->body);
    if (!body) return;
    for (const Json& schema : {Json(), Json::object()}) {
        (void)format.read(*body, {.model = "m", .response_schema = schema});
    }
    (void)format.read(*body, {.model = "m", .texts = {"a"}});
    (void)format.read_complaint(*body);
}

}  // namespace

/// A model server's answer, whole or as a stream.
void fuzz_provider_stream(std::string_view bytes) {
    for (const auto& format : formats()) {
        for (const char* const type :
             {"application/json", "text/event-stream", "application/x-ndjson",
              "application/vnd.amazon.eventstream"}) {
            read_answer(
                *format,
                {.status = 200, .headers = {{"content-type", type}}, .body = std::string(bytes)});
        }
    }
}

}  // namespace assay::test
