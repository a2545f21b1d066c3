#pragma once

#include <string>

#include "judges/providers/sse_reply.hpp"

namespace assay {

/// Puts the answers of streamGenerateContent together, each of which holds some parts of the whole.
class GeminiStream final : public SseReply {
  public:
    using SseReply::SseReply;

  private:
    void take_event(std::string_view type, const Json& data) override;
    [[nodiscard]] bool is_complete() const override { return is_complete_; }
    [[nodiscard]] Json assembled() const override;
    void take_candidate(const Json& candidate);

    Json whole_ = Json::object();      ///< all but the candidate
    Json candidate_ = Json::object();  ///< all but its parts
    Json parts_ = Json::array();
    bool is_complete_ = false;
};

}  // namespace assay
