#pragma once

#include <string_view>
#include <vector>

#include "core/http/sse.hpp"
#include "judges/providers/assembled_reply.hpp"

namespace assay {

/// A streamed reply of server-sent events (`text/event-stream`) that hold JSON. A format derives
/// from this and says what an event adds (take_event), when the answer is complete (is_complete,
/// or end() in take_event) and what it is (assembled).
///
/// Done here: the event `[DONE]` is the end. An event of the type "error", or with a member "error"
/// that is not null, makes the answer useless and stands for it, as {"error": ...}; so does an
/// event that is no JSON, as it is.
class SseReply : public AssembledReply {
  public:
    using AssembledReply::AssembledReply;

  protected:
    /// @param type  of the event, "" = none was given.
    virtual void take_event(std::string_view type, const Json& data) = 0;

  private:
    [[nodiscard]] std::string_view content_type() const final { return "text/event-stream"; }
    [[nodiscard]] Result<void> feed(std::string_view bytes) final;
    void finish() final;
    Result<void> take_events(const std::vector<SseEvent>& events);
    Result<void> take_one(const SseEvent& event);

    SseParser parser_;
};

}  // namespace assay
