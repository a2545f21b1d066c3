#pragma once

#include <string>

#include "judges/providers/assembled_reply.hpp"

namespace assay {

/// A streamed answer of Ollama: a line of JSON for each piece, the last with the counts.
class OllamaStream final : public AssembledReply {
  public:
    using AssembledReply::AssembledReply;

  private:
    [[nodiscard]] std::string_view content_type() const override { return "application/x-ndjson"; }
    [[nodiscard]] Result<void> feed(std::string_view bytes) override;
    void finish() override;
    [[nodiscard]] bool is_complete() const override { return is_done(); }
    [[nodiscard]] Json assembled() const override;

    Result<void> take_line(std::string_view line);
    void take_message(const Json& message);

    std::string line_;  ///< one that is not complete yet
    std::string content_;
    std::string thinking_;
    Json calls_ = Json::array();
    Json last_ = Json::object();  ///< the last piece: all but the message
};

}  // namespace assay
