#include "judges/providers/openai_write.hpp"

#include <utility>

#include "judges/providers/model_service.hpp"
#include "judges/providers/reply_json.hpp"

namespace assay {

bool is_own_tool(const Json& tool) {
    return member(tool, "name") != nullptr && member(tool, "type") == nullptr;
}

std::string tool_result_text(const Json& part) {
    const Json* const content = member(part, "content");
    return content == nullptr ? "" : as_text(*content);
}

WireFormat::Call openai_call(const OpenAiAddress& address, std::string_view operation,
                             const std::string& model, Json body) {
    if (address.has_model_in_path) {
        body.erase("model");
    } else {
        body["model"] = model;
    }
    const auto stream = body.find("stream");
    const bool streams = stream != body.end() && *stream == true;
    return {.url = address.url(operation, model),
            .body = std::move(body),
            .headers = {},
            .streams = streams,
            .accepts = streams ? "text/event-stream, application/json" : "application/json"};
}

WireFormat::Call write_openai_embeddings(const OpenAiAddress& address, const Json& options,
                                         const ProviderRequest& request) {
    Json body = merged_parameters(options, request);
    body.erase("stream");
    body["input"] = request.texts;
    return openai_call(address, "embeddings", request.model, std::move(body));
}

}  // namespace assay
