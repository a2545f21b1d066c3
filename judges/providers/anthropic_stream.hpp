#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "judges/providers/sse_reply.hpp"

namespace assay {

/// Puts a streamed message of Anthropic's Messages API together.
///
/// Source: Streaming messages, 2026.
class AnthropicStream final : public SseReply {
  public:
    using SseReply::SseReply;

  private:
    /// A block as it began, and what its deltas added.
    struct Block {
        Json head;
        std::string text;   ///< of a text or of thinking
        std::string input;  ///< of a tool, JSON in pieces
    };

    void take_event(std::string_view type, const Json& data) override;
    [[nodiscard]] bool is_complete() const override { return has_stopped_; }
    [[nodiscard]] Json assembled() const override;
    void take_block(const Json& data);
    void take_block_delta(const Json& data);
    void take_message_delta(const Json& data);

    Json message_ = Json::object();
    std::map<std::int64_t, Block> blocks_;  ///< by index
    bool has_stopped_ = false;
};

}  // namespace assay
