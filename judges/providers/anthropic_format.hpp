#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "judges/providers/wire_format.hpp"

namespace assay {

/// Anthropic's Messages API.
///
/// Source: Messages API reference, Structured outputs, Streaming messages and Errors, 2026.
class AnthropicFormat final : public WireFormat {
  public:
    explicit AnthropicFormat(const ProviderSettings& settings);

    [[nodiscard]] std::string_view kind() const override { return "anthropic_messages"; }
    [[nodiscard]] Result<Call> write(const ProviderRequest& request) const override;
    [[nodiscard]] Result<ProviderReply> read(const Json& body,
                                             const ProviderRequest& request) const override;
    [[nodiscard]] Complaint read_complaint(const Json& body) const override;
    [[nodiscard]] std::unique_ptr<StreamedReply> stream(MonotonicTime sent) const override;

  private:
    [[nodiscard]] bool answers_by_tool(const Json& schema) const;
    void ask_for_structure(const Json& schema, Json& body) const;

    std::string url_;
    Json options_;
    std::string structured_output_;  ///< "native", "tool" or "" = whichever takes the schema
    std::vector<HttpHeader> headers_;
};

}  // namespace assay
