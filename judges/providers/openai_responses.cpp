#include <fmt/format.h>

#include <utility>

#include "judges/providers/model_service.hpp"
#include "judges/providers/openai_formats.hpp"
#include "judges/providers/openai_reply.hpp"
#include "judges/providers/openai_stream.hpp"
#include "judges/providers/openai_write.hpp"
#include "judges/providers/reply_json.hpp"

// Source: OpenAI's Responses API reference, 2025.

namespace assay {
namespace {

/// A part of a content that is neither a tool's call nor its result.
Json content_part_to_json(const Json& part, const std::string& role) {
    const std::string& type = text_member(part, "type");
    if (type == "text") {
        return {{"type", role == "assistant" ? "output_text" : "input_text"},
                {"text", text_member(part, "text")}};
    }
    if (type != "image") return part;
    return {{"type", "input_image"}, {"image_url", image_url_of(part)}};
}

Json tool_call_to_json(const Json& part) {
    const Json* const arguments = member(part, "arguments");
    return {{"type", "function_call"},
            {"call_id", text_member(part, "id")},
            {"name", text_member(part, "name")},
            {"arguments", arguments == nullptr ? "{}" : as_text(*arguments)}};
}

/// Appends a message. Calls of tools and their results are items beside it.
void append_items(const ChatMessage& message, Json& items) {
    if (!message.content.is_array()) {
        items.push_back({{"role", message.role}, {"content", message.content}});
        return;
    }
    Json parts = Json::array();
    Json tool_items = Json::array();
    for (const Json& part : message.content) {
        const std::string& type = text_member(part, "type");
        if (type == "tool_result") {
            tool_items.push_back({{"type", "function_call_output"},
                                  {"call_id", text_member(part, "id")},
                                  {"output", tool_result_text(part)}});
        } else if (type == "tool_call") {
            tool_items.push_back(tool_call_to_json(part));
        } else {
            parts.push_back(content_part_to_json(part, message.role));
        }
    }
    // What an assistant says comes before its calls; what a user says after the results.
    const bool is_before = message.role == "assistant";
    const Json written = {{"role", message.role}, {"content", parts}};
    if (is_before && !parts.empty()) items.push_back(written);
    for (Json& item : tool_items) items.push_back(std::move(item));
    if (!is_before && !parts.empty()) items.push_back(written);
}

bool is_instruction(const ChatMessage& message) {
    return (message.role == "system" || message.role == "developer") && message.content.is_string();
}

/// The system messages at the beginning are `instructions`, all others are `input`.
void write_messages(const std::vector<ChatMessage>& messages, Json& body) {
    std::string instructions;
    Json input = Json::array();
    for (const ChatMessage& message : messages) {
        const bool is_first = input.empty() && is_instruction(message);
        if (!is_first) {
            append_items(message, input);
            continue;
        }
        if (!instructions.empty()) instructions += "\n\n";
        instructions += message.content.get_ref<const std::string&>();
    }
    if (input.empty() && !instructions.empty()) {  // there must be an input
        input.push_back({{"role", "system"}, {"content", std::exchange(instructions, {})}});
    }
    if (!instructions.empty()) body["instructions"] = std::move(instructions);
    body["input"] = std::move(input);
}

/// A tool in this API's form, which would take `parameters` for a strict schema if not told.
Json tool_to_json(const Json& tool) {
    if (!is_own_tool(tool)) return tool;
    Json written = tool;
    written["type"] = "function";
    if (!written.contains("strict")) written["strict"] = false;
    return written;
}

class OpenAiResponsesFormat final : public WireFormat {
  public:
    OpenAiResponsesFormat(OpenAiAddress address, Json options)
        : address_(std::move(address)), options_(std::move(options)) {}

    [[nodiscard]] std::string_view kind() const override { return "openai_responses"; }
    [[nodiscard]] std::string_view base_url_end() const override { return address_.base_url_end; }
    [[nodiscard]] std::string address() const override { return address_.url("responses", ""); }
    [[nodiscard]] Result<Call> write(const ProviderRequest& request) const override;
    [[nodiscard]] Result<ProviderReply> read(const Json& body,
                                             const ProviderRequest& request) const override {
        return request.texts.empty() ? read_responses_reply(body, request)
                                     : read_embeddings_reply(body, request);
    }
    [[nodiscard]] Complaint read_complaint(const Json& body) const override {
        return read_openai_complaint(body);
    }
    [[nodiscard]] std::unique_ptr<StreamedReply> stream(MonotonicTime sent) const override {
        return std::make_unique<ResponsesStream>(sent);
    }

  private:
    OpenAiAddress address_;
    Json options_;
};

Result<WireFormat::Call> OpenAiResponsesFormat::write(const ProviderRequest& request) const {
    if (!request.texts.empty()) return write_openai_embeddings(address_, options_, request);
    Json body = merged_parameters(options_, request);
    ASSAY_TRY(const bool streams, take_stream_flag(body));
    for (const char* unknown : {"stop", "seed"}) {
        if (!body.contains(unknown)) continue;
        return failure(ErrorCode::invalid_argument,
                       fmt::format("OpenAI's Responses API knows no `{0}`: leave the parameter "
                                   "out, or set `api: chat` under `providers:`",
                                   unknown));
    }
    if (streams) body["stream"] = true;
    if (const auto limit = body.find("max_tokens"); limit != body.end()) {
        if (!body.contains("max_output_tokens")) body["max_output_tokens"] = *limit;
        body.erase("max_tokens");
    }
    // The API keeps answers for 30 days unless told not to; Chat Completions does not keep them.
    if (!body.contains("store")) body["store"] = false;
    write_messages(request.messages, body);
    if (!request.tools.is_null()) {
        body["tools"] = Json::array();
        for (const Json& tool : request.tools) body["tools"].push_back(tool_to_json(tool));
    }
    if (!request.response_schema.is_null()) {
        if (!body.contains("text") || !body["text"].is_object()) body["text"] = Json::object();
        body["text"]["format"] = {{"type", "json_schema"},
                                  {"name", "response"},
                                  {"schema", request.response_schema},
                                  {"strict", true}};
    }
    return openai_call(address_, "responses", request.model, std::move(body));
}

}  // namespace

std::unique_ptr<WireFormat> openai_responses_format(OpenAiAddress address, Json options) {
    return std::make_unique<OpenAiResponsesFormat>(std::move(address), std::move(options));
}

}  // namespace assay
