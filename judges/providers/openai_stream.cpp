#include "judges/providers/openai_stream.hpp"

#include <utility>

#include "judges/providers/reply_json.hpp"

namespace assay {
namespace {

void set_once(std::string& text, const std::string& value) {
    if (text.empty()) text = value;
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

}  // namespace

void ChatStream::take_event(std::string_view /*type*/, const Json& chunk) {
    set_once(model_, text_member(chunk, "model"));
    const Json* const usage = member(chunk, "usage");
    if (usage != nullptr && usage->is_object()) usage_ = *usage;  // the last one counts all
    for (const Json& choice : list_member(chunk, "choices")) {
        const Json* const index = member(choice, "index");
        const bool is_first = index == nullptr || *index == 0;
        if (!is_first) continue;  // of several answers the first is read, as in a whole reply
        if (const Json* const delta = member(choice, "delta")) take_delta(*delta);
        set_once(finish_reason_, text_member(choice, "finish_reason"));
    }
}

void ChatStream::take_delta(const Json& delta) {
    has_message_ = true;
    append(content_, text_member(delta, "content"));
    for (const Json& part : list_member(delta, "content")) {
        append(content_, text_member(part, "text"));
    }
    const std::string& reasoning = text_member(delta, "reasoning_content");
    reasoning_ += reasoning.empty() ? text_member(delta, "reasoning") : reasoning;
    append(refusal_, text_member(delta, "refusal"));
    for (const Json& call : list_member(delta, "tool_calls")) take_tool_call(call);
}

void ChatStream::take_tool_call(const Json& delta) {
    ToolCall& call = call_of(delta);
    set_once(call.id, text_member(delta, "id"));
    const Json* const function = member(delta, "function");
    if (function == nullptr) return;
    if (call.name.empty()) append(call.name, text_member(*function, "name"));
    append(call.arguments, text_member(*function, "arguments"));
}

/// The call that a delta belongs to. Some servers leave the index out or give every call the same
/// one: another id is another call.
ChatStream::ToolCall& ChatStream::call_of(const Json& delta) {
    const Json* const given = member(delta, "index");
    const std::int64_t index =
        given != nullptr && given->is_number_integer() ? given->get<std::int64_t>() : 0;
    const auto known = tool_call_places_.find(index);
    if (known != tool_call_places_.end()) {
        ToolCall& call = tool_calls_[known->second];
        const std::string& id = text_member(delta, "id");
        if (id.empty() || call.id.empty() || id == call.id) return call;
    }
    tool_call_places_[index] = tool_calls_.size();
    return tool_calls_.emplace_back();
}

Json ChatStream::assembled() const {
    Json choices = Json::array();
    if (has_message_) {
        // Deltas begin with an empty text whatever follows; a whole answer has null there.
        Json message = {{"role", "assistant"},
                        {"content", text_or_null(content_)},
                        {"reasoning_content", text_or_null(reasoning_)},
                        {"refusal", text_or_null(refusal_)},
                        {"tool_calls", Json::array()}};
        for (const ToolCall& call : tool_calls_) {
            message["tool_calls"].push_back(
                {{"id", call.id},
                 {"type", "function"},
                 {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
        }
        choices.push_back({{"index", 0},
                           {"message", std::move(message)},
                           {"finish_reason", text_or_null(finish_reason_)}});
    }
    return {{"model", text_or_null(model_)}, {"choices", std::move(choices)}, {"usage", usage_}};
}

void ResponsesStream::take_event(std::string_view type, const Json& data) {
    const std::string& named = text_member(data, "type");
    const std::string_view kind = named.empty() ? type : std::string_view(named);
    const bool is_content = kind == "response.output_text.delta" ||
                            kind == "response.refusal.delta" ||
                            kind == "response.function_call_arguments.delta";
    if (is_content) note_content();
    const bool is_last =
        kind == "response.completed" || kind == "response.incomplete" || kind == "response.failed";
    const Json* const response = member(data, "response");
    if (!is_last || response == nullptr) return;
    response_ = *response;
    end();
}

}  // namespace assay
