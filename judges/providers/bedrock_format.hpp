#pragma once

#include <string>

#include "judges/providers/wire_format.hpp"

namespace assay {

/// Amazon Bedrock's Converse and ConverseStream (POST {base_url}/model/MODEL/converse and
/// /converse-stream), which speak to all of its models in one form.
///
/// Source: Amazon Bedrock API Reference, "Converse" and "ConverseStream", 2025.
class ConverseFormat final : public WireFormat {
  public:
    explicit ConverseFormat(const ProviderSettings& settings)
        : base_url_(settings.base_url), options_(settings.options) {}

    [[nodiscard]] std::string_view kind() const override { return "bedrock_converse"; }
    [[nodiscard]] Result<Call> write(const ProviderRequest& request) const override;
    [[nodiscard]] Result<ProviderReply> read(const Json& body,
                                             const ProviderRequest& request) const override;
    [[nodiscard]] Complaint read_complaint(const Json& body) const override;
    [[nodiscard]] std::unique_ptr<StreamedReply> stream(MonotonicTime sent) const override;

  private:
    std::string base_url_;
    Json options_;
};

}  // namespace assay
