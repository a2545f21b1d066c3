#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "core/http/http_client.hpp"
#include "core/http/sse.hpp"

namespace assay {

/// Puts a streamed Chat Completions reply together, as its pieces come, into what the same server
/// answers when it does not stream: so one reader, read_chat_reply(), knows what an answer means.
class ChatStream {
  public:
    /// @param sent  when the request was sent.
    explicit ChatStream(MonotonicTime sent) : sent_(sent) {}

    /// For HttpRequest::on_body: takes the events out of an answer that is a stream and leaves any
    /// other as it is.
    /// @error unavailable when an event makes the answer useless: whole() then has that event in
    ///        place of the answer. resource_exhausted when an event is too long.
    [[nodiscard]] Result<void> take(HttpResponse& so_far);

    /// The whole answer, once the request is over.
    ///
    /// @param response  what HttpTransport::send() gave.
    /// @error that of the response; unavailable (retryable) when the stream ended before the
    ///        answer did: without a finish_reason and without [DONE].
    [[nodiscard]] Result<HttpResponse> whole(Result<HttpResponse> response);

    /// From sending to the first piece of content, of a refusal or of a tool call.
    [[nodiscard]] std::optional<std::chrono::nanoseconds> time_to_first_token() const {
        return time_to_first_token_;
    }

  private:
    struct ToolCall {
        std::string id;
        std::string name;
        std::string arguments;
    };

    Result<void> take_events(const std::vector<SseEvent>& events);
    Result<void> take_event(const SseEvent& event);
    void take_chunk(const Json& chunk);
    void take_delta(const Json& delta);
    void take_tool_call(const Json& delta);
    ToolCall& tool_call_of(const Json& delta);
    void append(std::string& text, std::string_view piece);
    [[nodiscard]] Json assembled() const;

    MonotonicTime sent_;
    std::optional<std::chrono::nanoseconds> time_to_first_token_;
    SseParser parser_;
    std::optional<HttpResponse> head_;    ///< status and headers of the stream; nothing = no stream
    std::optional<std::string> instead_;  ///< an event that stands for the answer: an error
    bool is_done_ = false;                ///< [DONE] has come: nothing after it counts
    std::string model_;
    Json usage_;
    std::string finish_reason_;
    bool has_message_ = false;
    std::string content_;
    std::string refusal_;
    std::vector<ToolCall> tool_calls_;
    std::map<std::int64_t, std::size_t> tool_call_places_;  ///< where the one of an index is
};

}  // namespace assay
