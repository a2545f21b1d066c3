#include "judges/providers/ollama_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "core/base/text.hpp"
#include "judges/providers/model_service.hpp"
#include "judges/providers/ollama_stream.hpp"
#include "judges/providers/reply_json.hpp"

namespace assay {
namespace {

/// Parameters of a request; all others are the model's and stand in `options`.
constexpr std::array<std::string_view, 8> k_members = {
    "dimensions", "format", "keep_alive", "logprobs", "shift", "think", "top_logprobs", "truncate"};

/// The names of the tools that were called so far, by the call's id: an answer to a call names the
/// tool.
using CalledTools = std::map<std::string, std::string, std::less<>>;

Result<Json> write_parameters(Json parameters) {
    Json body = Json::object();
    Json options = Json::object();
    if (const auto given = parameters.find("options"); given != parameters.end()) {
        if (!given->is_object()) {
            return failure(
                ErrorCode::invalid_argument,
                fmt::format("the parameter `options` is an object, not {}", type_phrase(*given)));
        }
        options = std::move(*given);
        parameters.erase(given);
    }
    for (const auto& [name, value] : parameters.items()) {
        if (std::ranges::find(k_members, name) != k_members.end()) {
            body[name] = value;
        } else if (name == "stop" && value.is_string()) {
            options[name] = Json::array({value});
        } else {
            options[name == "max_tokens" ? "num_predict" : name] = value;
        }
    }
    if (!options.empty()) body["options"] = std::move(options);
    return body;
}

/// A message that parts are added to.
class MessageWriter {
  public:
    MessageWriter(std::string role, CalledTools& tools)
        : role_(std::move(role)), tools_(tools), message_(empty_message()) {}

    Result<void> add(const Json& part);
    /// The message, and before it those that answer calls, each of which is one of its own.
    void move_into(Json& messages);

  private:
    [[nodiscard]] Json empty_message() const { return {{"role", role_}, {"content", ""}}; }
    Result<void> add_image(const Json& part);
    void add_call(const Json& part);
    void add_result(const Json& part);

    std::string role_;
    CalledTools& tools_;
    Json message_;
    Json results_ = Json::array();
};

Result<void> MessageWriter::add(const Json& part) {
    const std::string& type = text_member(part, "type");
    if (part.is_string() || type == "text") {
        message_["content"].get_ref<std::string&>() +=
            part.is_string() ? as_text(part) : text_member(part, "text");
    } else if (type == "image") {
        return add_image(part);
    } else if (type == "tool_call") {
        add_call(part);
    } else if (type == "tool_result") {
        add_result(part);
    } else {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("a message has text, images and calls of tools here, and no "
                                   "part of the type \"{}\"",
                                   terminal_safe(type)));
    }
    return {};
}

Result<void> MessageWriter::add_image(const Json& part) {
    const std::string& data = text_member(part, "data");
    if (data.empty()) {
        return failure(ErrorCode::invalid_argument,
                       "Ollama takes no image by its address; name a `file` in place of the `url`");
    }
    message_["images"].push_back(data);
    return {};
}

void MessageWriter::add_call(const Json& part) {
    const std::string& name = text_member(part, "name");
    tools_.insert_or_assign(text_member(part, "id"), name);
    message_["tool_calls"].push_back(
        {{"function", {{"name", name}, {"arguments", part.value("arguments", Json::object())}}}});
}

void MessageWriter::add_result(const Json& part) {
    Json result = empty_message();
    if (const Json* const content = member(part, "content")) result["content"] = as_text(*content);
    const std::string& id = text_member(part, "id");
    if (const auto called = tools_.find(id); called != tools_.end()) {
        result["tool_name"] = called->second;
    }
    results_.push_back(std::move(result));
}

void MessageWriter::move_into(Json& messages) {
    const bool is_only_results = !results_.empty() && message_ == empty_message();
    for (Json& result : results_) messages.push_back(std::move(result));
    if (!is_only_results) messages.push_back(std::move(message_));
}

Result<Json> messages_of(const std::vector<ChatMessage>& messages) {
    Json written = Json::array();
    CalledTools tools;
    for (const ChatMessage& message : messages) {
        MessageWriter writer(message.role == "developer" ? "system" : message.role, tools);
        if (message.content.is_array()) {
            for (const Json& part : message.content) ASSAY_CHECK(writer.add(part));
        } else {
            ASSAY_CHECK(writer.add(as_text(message.content)));
        }
        writer.move_into(written);
    }
    return written;
}

Json tools_of(const Json& tools) {
    Json list = Json::array();
    for (const Json& tool : tools) {
        const bool is_ours = !text_member(tool, "name").empty();
        list.push_back(is_ours ? Json({{"type", "function"}, {"function", tool}}) : tool);
    }
    return list;
}

/// Older servers give calls no ids: then it is the place that tells them apart.
Json read_calls(const Json& message) {
    Json calls = Json::array();
    for (const Json& call : list_member(message, "tool_calls")) {
        const Json* const function = member(call, "function");
        if (function == nullptr) continue;
        const Json* const arguments = member(*function, "arguments");
        std::string id = text_member(call, "id");
        if (id.empty()) id = fmt::format("call_{}", calls.size());
        calls.push_back({{"id", std::move(id)},
                         {"name", text_member(*function, "name")},
                         {"arguments", arguments == nullptr ? Json::object() : *arguments}});
    }
    return calls;
}

/// Nothing when the server says nothing. What a model thought is a part of `eval_count`.
UsageDetails read_usage(const Json& body) {
    UsageDetails details;
    if (member(body, "prompt_eval_count") != nullptr) {
        details["input"] = count_member(body, "prompt_eval_count");
    }
    if (member(body, "eval_count") != nullptr) details["output"] = count_member(body, "eval_count");
    if (!details.empty()) set_total(details);
    return details;
}

bool is_embedding(const Json& embedding) {
    return embedding.is_array() && !embedding.empty() &&
           std::ranges::all_of(embedding, [](const Json& number) { return number.is_number(); });
}

Result<ProviderReply> read_embeddings(const Json& body, std::size_t wanted) {
    const Json* const embeddings = member(body, "embeddings");
    if (embeddings == nullptr || !embeddings->is_array()) {
        return failure(ErrorCode::invalid_argument, "has no \"embeddings\"");
    }
    if (embeddings->size() != wanted || !std::ranges::all_of(*embeddings, is_embedding)) {
        return retryable_failure(
            ErrorCode::unavailable,
            fmt::format("has no list of numbers for each of {} texts", wanted));
    }
    ProviderReply reply;
    reply.output = *embeddings;
    reply.model = text_member(body, "model");
    reply.usage = read_usage(body);
    return reply;
}

/// The words between the first pair of quotes.
std::string_view quoted_name(std::string_view text) {
    const std::size_t begin = text.find_first_of("'\"");
    if (begin == std::string_view::npos) return {};
    const std::string_view rest = text.substr(begin + 1);
    const std::size_t end = rest.find(text[begin]);
    return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

}  // namespace

Result<WireFormat::Call> OllamaFormat::write(const ProviderRequest& request) const {
    Json parameters = merged_parameters(options_, request);
    ASSAY_TRY(const bool streams, take_stream_flag(parameters));
    ASSAY_TRY(Json body, write_parameters(std::move(parameters)));
    body["model"] = request.model;
    if (!request.texts.empty()) {
        body["input"] = request.texts;
        return Call{
            .url = join_url(base_url_, "api/embed"), .body = std::move(body), .headers = {}};
    }
    ASSAY_TRY(body["messages"], messages_of(request.messages));
    body["stream"] = streams;  // it does so unless it is told not to
    if (request.tools.is_array()) body["tools"] = tools_of(request.tools);
    if (!request.response_schema.is_null()) body["format"] = request.response_schema;
    Call call{.url = join_url(base_url_, "api/chat"), .body = std::move(body), .headers = {}};
    call.streams = streams;
    if (streams) call.accepts = "application/x-ndjson, application/json";
    return call;
}

Result<ProviderReply> OllamaFormat::read(const Json& body, const ProviderRequest& request) const {
    if (!request.texts.empty()) return read_embeddings(body, request.texts.size());
    const Json* const message = member(body, "message");
    if (message == nullptr || !message->is_object()) {
        return failure(ErrorCode::invalid_argument, "has no \"message\"");
    }
    ProviderReply reply;
    reply.finish_reason = text_member(body, "done_reason");
    if (reply.finish_reason == "load" || reply.finish_reason == "unload") {
        return retryable_failure(ErrorCode::unavailable,
                                 "says that the model was loaded or unloaded, and no more");
    }
    reply.model = text_member(body, "model");
    reply.truncated = reply.finish_reason == "length";
    reply.reasoning = text_member(*message, "thinking");
    reply.output = output_of(text_member(*message, "content"), read_calls(*message),
                             !request.response_schema.is_null());
    reply.usage = read_usage(body);
    return reply;
}

Complaint OllamaFormat::read_complaint(const Json& body) const {
    Complaint complaint = usual_complaint(body);
    std::string& message = complaint.message;
    const std::string_view model = quoted_name(message);
    if (message.starts_with("model") && message.contains("not found") && !model.empty()) {
        message = fmt::format("it has no model \"{0}\"; get it by `ollama pull {0}`", model);
    }
    complaint.prompt_too_long = message.contains("context length") && message.contains("exceed");
    return complaint;
}

std::unique_ptr<StreamedReply> OllamaFormat::stream(MonotonicTime sent) const {
    return std::make_unique<OllamaStream>(sent);
}

}  // namespace assay
