#pragma once

#include <string>

#include "judges/providers/wire_format.hpp"

namespace assay {

/// Ollama's own API (POST {base_url}/api/chat, and /api/embed for texts).
///
/// Source: Ollama API reference (docs/api.md of its repository), 2025.
class OllamaFormat final : public WireFormat {
  public:
    explicit OllamaFormat(const ProviderSettings& settings)
        : base_url_(settings.base_url), options_(settings.options) {}

    [[nodiscard]] std::string_view kind() const override { return "ollama"; }
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
