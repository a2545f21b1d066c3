#include "judges/providers/ollama_stream.hpp"

#include <fmt/format.h>

#include <utility>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "judges/providers/reply_json.hpp"

namespace assay {

Result<void> OllamaStream::feed(std::string_view bytes) {
    while (!is_done()) {
        const std::size_t end = bytes.find('\n');
        line_ += bytes.substr(0, end);
        if (line_.size() > limits::k_sse_event_bytes_max) {
            return failure(ErrorCode::resource_exhausted,
                           fmt::format("a line of the stream is longer than {} MB",
                                       limits::k_sse_event_bytes_max >> 20U));
        }
        if (end == std::string_view::npos) break;
        bytes.remove_prefix(end + 1);
        ASSAY_CHECK(take_line(std::exchange(line_, {})));
    }
    return {};
}

/// The last line may lack its end.
void OllamaStream::finish() {
    [[maybe_unused]] const auto taken = take_line(line_);  // give_up() keeps what whole() needs
}

Result<void> OllamaStream::take_line(std::string_view line) {
    if (trim(line).empty()) return {};
    const auto piece = parse_json(line);
    if (!piece || member(*piece, "error") != nullptr) return give_up(std::string(line));
    if (const Json* const message = member(*piece, "message")) take_message(*message);
    if (piece->is_object() && piece->value("done", Json()) == true) {
        last_ = *piece;
        end();
    }
    return {};
}

void OllamaStream::take_message(const Json& message) {
    append(content_, text_member(message, "content"));
    thinking_ += text_member(message, "thinking");  // no content yet
    for (const Json& call : list_member(message, "tool_calls")) {
        note_content();
        calls_.push_back(call);
    }
}

Json OllamaStream::assembled() const {
    Json body = last_;
    body["message"] = {{"role", "assistant"},
                       {"content", content_},
                       {"thinking", thinking_},
                       {"tool_calls", calls_}};
    return body;
}

}  // namespace assay
