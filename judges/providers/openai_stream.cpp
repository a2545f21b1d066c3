#include "judges/providers/openai_stream.hpp"

#include <utility>

#include "core/base/text.hpp"
#include "core/model/json_value.hpp"

namespace assay {
namespace {

bool is_event_stream(const HttpResponse& response) {
    const auto type = response.headers.find("content-type");
    return response.status >= 200 && response.status <= 299 && type != response.headers.end() &&
           to_lower_ascii(type->second).starts_with("text/event-stream");
}

/// The text of a member, "" when it is none.
std::string_view text_of(const Json& object, const char* name) {
    const Json* const value = find_member(object, name);
    const auto* const text = value == nullptr ? nullptr : value->get_ptr<const std::string*>();
    return text == nullptr ? std::string_view() : std::string_view(*text);
}

/// A member that is a list, or an empty one.
const Json& list_of(const Json& object, const char* name) {
    static const Json k_empty = Json::array();
    const Json* const value = find_member(object, name);
    return value == nullptr || !value->is_array() ? k_empty : *value;
}

void set_once(std::string& text, std::string_view value) {
    if (text.empty()) text = value;
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

}  // namespace

Result<void> ChatStream::take(HttpResponse& so_far) {
    if (!is_event_stream(so_far)) return {};
    if (!head_) head_ = {.status = so_far.status, .headers = so_far.headers, .body = {}};
    std::vector<SseEvent> events;
    ASSAY_CHECK(parser_.feed(std::exchange(so_far.body, {}), events));
    return take_events(events);
}

Result<HttpResponse> ChatStream::whole(Result<HttpResponse> response) {
    if (!head_) return response;
    if (response) {
        std::vector<SseEvent> last;
        parser_.finish(last);
        (void)take_events(last);  // a failure is in `instead_`
    }
    if (instead_) {
        head_->body = std::move(*instead_);
        return std::move(*head_);
    }
    // What breaks after [DONE] takes nothing away from the answer; it is paid for and good.
    if (!response && !is_done_) return response;
    if (!is_done_ && finish_reason_.empty()) {
        return retryable_failure(ErrorCode::unavailable,
                                 "the stream ended before the answer was complete");
    }
    // As text, so that it takes the same way as an answer that came whole.
    head_->body = to_text(assembled());
    return std::move(*head_);
}

Result<void> ChatStream::take_events(const std::vector<SseEvent>& events) {
    for (const SseEvent& event : events) {
        is_done_ = is_done_ || event.data == "[DONE]";
        if (is_done_) return {};
        ASSAY_CHECK(take_event(event));
    }
    return {};
}

Result<void> ChatStream::take_event(const SseEvent& event) {
    const auto chunk = parse_json(event.data);
    const Json* const error = chunk ? find_member(*chunk, "error") : nullptr;
    const bool has_error = error != nullptr && !error->is_null();
    if (chunk && !has_error && event.type != "error") {
        take_chunk(*chunk);
        return {};
    }
    const bool says_it_itself = has_error || event.type != "error";
    instead_ = says_it_itself ? event.data : to_text(Json({{"error", event.data}}));
    return failure(ErrorCode::unavailable,
                   "the stream holds an event that is no part of an answer");
}

void ChatStream::take_chunk(const Json& chunk) {
    set_once(model_, text_of(chunk, "model"));
    const Json* const usage = find_member(chunk, "usage");
    if (usage != nullptr && usage->is_object()) usage_ = *usage;  // the last one counts all
    for (const Json& choice : list_of(chunk, "choices")) {
        const Json* const index = find_member(choice, "index");
        const bool is_first = index == nullptr || *index == 0;
        if (!is_first) continue;  // of several answers the first is read, as in a whole reply
        if (const Json* const delta = find_member(choice, "delta")) take_delta(*delta);
        set_once(finish_reason_, text_of(choice, "finish_reason"));
    }
}

void ChatStream::take_delta(const Json& delta) {
    has_message_ = true;
    append(content_, text_of(delta, "content"));
    for (const Json& part : list_of(delta, "content")) append(content_, text_of(part, "text"));
    append(refusal_, text_of(delta, "refusal"));
    for (const Json& call : list_of(delta, "tool_calls")) take_tool_call(call);
}

void ChatStream::take_tool_call(const Json& delta) {
    ToolCall& call = tool_call_of(delta);
    set_once(call.id, text_of(delta, "id"));
    const Json* const function = find_member(delta, "function");
    if (function == nullptr) return;
    if (call.name.empty()) append(call.name, text_of(*function, "name"));
    append(call.arguments, text_of(*function, "arguments"));
}

/// The call that a delta belongs to. Some servers leave the index out or give every call the same
/// one: another id is another call.
ChatStream::ToolCall& ChatStream::tool_call_of(const Json& delta) {
    const Json* const given = find_member(delta, "index");
    const std::int64_t index =
        given != nullptr && given->is_number_integer() ? given->get<std::int64_t>() : 0;
    const auto known = tool_call_places_.find(index);
    if (known != tool_call_places_.end()) {
        ToolCall& call = tool_calls_[known->second];
        const std::string_view id = text_of(delta, "id");
        if (id.empty() || call.id.empty() || id == call.id) return call;
    }
    tool_call_places_[index] = tool_calls_.size();
    return tool_calls_.emplace_back();
}

void ChatStream::append(std::string& text, std::string_view piece) {
    if (piece.empty()) return;
    if (!time_to_first_token_) time_to_first_token_ = std::chrono::steady_clock::now() - sent_;
    text += piece;
}

Json ChatStream::assembled() const {
    Json choices = Json::array();
    if (has_message_) {
        // Deltas begin with an empty text whatever follows; a whole answer has null there.
        Json message = {{"role", "assistant"},
                        {"content", text_or_null(content_)},
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

}  // namespace assay
