#include "judges/providers/anthropic_stream.hpp"

#include "judges/providers/reply_json.hpp"

namespace assay {

namespace {

/// Takes over the members that say something.
void update_known(const Json& members, Json& object) {
    if (!members.is_object()) return;
    if (!object.is_object()) object = Json::object();
    for (const auto& [name, value] : members.items()) {
        if (!value.is_null()) object[name] = value;
    }
}

}  // namespace

/// Every event repeats its type in its data. Those of other types are to be passed over.
void AnthropicStream::take_event(std::string_view /*type*/, const Json& data) {
    const std::string type = text_member(data, "type");
    if (type == "message_start") {
        const Json* const message = member(data, "message");
        if (message != nullptr && message->is_object()) message_ = *message;
    } else if (type == "content_block_start") {
        take_block(data);
    } else if (type == "content_block_delta") {
        take_block_delta(data);
    } else if (type == "message_delta") {
        take_message_delta(data);
    } else if (type == "message_stop") {
        end();
    }
}

void AnthropicStream::take_block(const Json& data) {
    const Json* const block = member(data, "content_block");
    if (block == nullptr || !block->is_object()) return;
    if (text_member(*block, "type") == "tool_use") note_content();
    blocks_[count_member(data, "index")].head = *block;
}

void AnthropicStream::take_block_delta(const Json& data) {
    const Json* const delta = member(data, "delta");
    if (delta == nullptr) return;
    Block& block = blocks_[count_member(data, "index")];
    append(block.text, text_member(*delta, "text"));
    append(block.input, text_member(*delta, "partial_json"));
    block.text += text_member(*delta, "thinking");  // no content yet
}

/// Says how the message ended. Its counts are those so far, so the last ones hold.
void AnthropicStream::take_message_delta(const Json& data) {
    if (const Json* const delta = member(data, "delta")) update_known(*delta, message_);
    if (const Json* const usage = member(data, "usage")) update_known(*usage, message_["usage"]);
    has_stopped_ = !text_member(message_, "stop_reason").empty();
}

Json AnthropicStream::assembled() const {
    Json message = message_;
    message["content"] = Json::array();
    for (const auto& [index, part] : blocks_) {
        Json block = part.head;
        const std::string type = text_member(block, "type");
        if (type == "text" || type == "thinking") {
            block[type] = text_member(block, type.c_str()) + part.text;
        }
        if (!part.input.empty()) block["input"] = json_or_text(part.input);
        message["content"].push_back(std::move(block));
    }
    return message;
}

}  // namespace assay
