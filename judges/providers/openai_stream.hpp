#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "judges/providers/sse_reply.hpp"

namespace assay {

/// Puts a streamed Chat Completions reply together into what the same server answers when it does
/// not stream: so one reader, read_chat_reply(), knows what an answer means.
class ChatStream final : public SseReply {
  public:
    using SseReply::SseReply;

  private:
    struct ToolCall {
        std::string id;
        std::string name;
        std::string arguments;
    };

    void take_event(std::string_view type, const Json& chunk) override;
    [[nodiscard]] bool is_complete() const override { return !finish_reason_.empty(); }
    [[nodiscard]] Json assembled() const override;
    void take_delta(const Json& delta);
    void take_tool_call(const Json& delta);
    ToolCall& call_of(const Json& delta);

    std::string model_;
    Json usage_;
    std::string finish_reason_;
    bool has_message_ = false;
    std::string content_;
    std::string reasoning_;
    std::string refusal_;
    std::vector<ToolCall> tool_calls_;
    std::map<std::int64_t, std::size_t> tool_call_places_;  ///< where the one of an index is
};

/// Takes the whole answer out of the event that ends a stream of the Responses API.
class ResponsesStream final : public SseReply {
  public:
    using SseReply::SseReply;

  private:
    void take_event(std::string_view type, const Json& data) override;
    [[nodiscard]] bool is_complete() const override { return !response_.is_null(); }
    [[nodiscard]] Json assembled() const override { return response_; }

    Json response_;
};

}  // namespace assay
