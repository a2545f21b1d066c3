#include "judges/providers/openai_formats.hpp"

#include <fmt/format.h>

#include <utility>

#include "core/base/text.hpp"
#include "judges/providers/model_service.hpp"
#include "judges/providers/openai_reply.hpp"
#include "judges/providers/openai_stream.hpp"
#include "judges/providers/openai_write.hpp"
#include "judges/providers/reply_json.hpp"

namespace assay {
namespace {

Json tool_call_to_json(const Json& part) {
    const Json* const arguments = member(part, "arguments");
    return {{"id", text_member(part, "id")},
            {"type", "function"},
            {"function",
             {{"name", text_member(part, "name")},
              {"arguments", arguments == nullptr ? "{}" : as_text(*arguments)}}}};
}

/// A part of a content that is neither a tool's call nor its result.
Json content_part_to_json(const Json& part) {
    if (text_member(part, "type") != "image") return part;
    return {{"type", "image_url"}, {"image_url", {{"url", image_url_of(part)}}}};
}

/// Appends a message. One of ours may be several of theirs: each result of a tool is a message.
void append_message(const ChatMessage& message, Json& messages) {
    if (!message.content.is_array()) {
        Json& written = messages.emplace_back(Json::object());  // braces would copy all twice
        written["role"] = message.role;
        written["content"] = message.content;
        return;
    }
    Json parts = Json::array();
    Json calls = Json::array();
    for (const Json& part : message.content) {
        const std::string& type = text_member(part, "type");
        if (type == "tool_result") {
            messages.push_back({{"role", "tool"},
                                {"tool_call_id", text_member(part, "id")},
                                {"content", tool_result_text(part)}});
        } else if (type == "tool_call") {
            calls.push_back(tool_call_to_json(part));
        } else {
            parts.push_back(content_part_to_json(part));
        }
    }
    if (calls.empty() && parts.empty() && !message.content.empty()) return;  // results alone
    Json written = {{"role", message.role}, {"content", std::move(parts)}};
    if (!calls.empty()) {
        if (written["content"].empty()) written["content"] = nullptr;
        written["tool_calls"] = std::move(calls);
    }
    messages.push_back(std::move(written));
}

class OpenAiChatFormat final : public WireFormat {
  public:
    OpenAiChatFormat(OpenAiAddress address, Json options)
        : address_(std::move(address)), options_(std::move(options)) {}

    [[nodiscard]] std::string_view kind() const override { return "openai_chat"; }
    [[nodiscard]] std::string_view base_url_end() const override { return address_.base_url_end; }
    [[nodiscard]] std::string address() const override {
        return address_.url("chat/completions", "");
    }
    [[nodiscard]] Result<Call> write(const ProviderRequest& request) const override;
    [[nodiscard]] Result<ProviderReply> read(const Json& body,
                                             const ProviderRequest& request) const override {
        return request.texts.empty() ? read_chat_reply(body, request)
                                     : read_embeddings_reply(body, request);
    }
    [[nodiscard]] Complaint read_complaint(const Json& body) const override {
        return read_openai_complaint(body);
    }
    [[nodiscard]] std::unique_ptr<StreamedReply> stream(MonotonicTime sent) const override {
        return std::make_unique<ChatStream>(sent);
    }

  private:
    OpenAiAddress address_;
    Json options_;
};

Result<WireFormat::Call> OpenAiChatFormat::write(const ProviderRequest& request) const {
    if (!request.texts.empty()) return write_openai_embeddings(address_, options_, request);
    Json body = merged_parameters(options_, request);
    ASSAY_TRY(const bool streams, take_stream_flag(body));
    if (streams) body["stream"] = true;
    // Without being asked most servers do not tell the usage of a stream.
    if (streams && !body.contains("stream_options")) {
        body["stream_options"] = {{"include_usage", true}};
    }
    body["messages"] = Json::array();
    for (const ChatMessage& message : request.messages) append_message(message, body["messages"]);
    if (!request.tools.is_null()) {
        body["tools"] = Json::array();
        for (const Json& tool : request.tools) {
            body["tools"].push_back(
                is_own_tool(tool) ? Json({{"type", "function"}, {"function", tool}}) : tool);
        }
    }
    if (!request.response_schema.is_null()) {
        body["response_format"] = {
            {"type", "json_schema"},
            {"json_schema",
             {{"name", "response"}, {"schema", request.response_schema}, {"strict", true}}}};
    }
    return openai_call(address_, "chat/completions", request.model, std::move(body));
}

}  // namespace

std::string OpenAiAddress::url(std::string_view operation, std::string_view model) const {
    const bool names_model = has_model_in_path && !model.empty();
    const std::string path =
        names_model ? fmt::format("/deployments/{}/{}", percent_encode(model), operation)
                    : fmt::format("/{}", operation);
    const std::string url = join_url(base_url, path);
    return api_version.empty() ? url
                               : fmt::format("{}?api-version={}", url, percent_encode(api_version));
}

std::unique_ptr<WireFormat> openai_chat_format(OpenAiAddress address, Json options) {
    return std::make_unique<OpenAiChatFormat>(std::move(address), std::move(options));
}

}  // namespace assay
