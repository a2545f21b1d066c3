#pragma once

#include <string>
#include <string_view>

#include "judges/providers/wire_format.hpp"

namespace assay {

/// Google's generateContent, as Gemini's models speak it at AI Studio and at Vertex AI.
///
/// Source: Gemini API reference (v1beta) and Vertex AI reference (v1): generateContent,
/// batchEmbedContents, Safety, Function calling; google.rpc error model. 2026.
class GeminiFormat final : public WireFormat {
  public:
    struct Address {
        /// What the names of resources are below, e.g. ".../v1beta".
        std::string base_url;
        /// Where models are below it: "models" or "projects/.../publishers/google/models". A model
        /// with a slash in its name is a resource of its own, e.g. "tunedModels/mine".
        std::string models = "models";
        std::string_view version = "/v1beta";  ///< what base_url usually ends in
        bool embeds = false;
    };
    GeminiFormat(Address address, const ProviderSettings& settings)
        : address_(std::move(address)), options_(settings.options) {}

    [[nodiscard]] std::string_view kind() const override { return "gemini"; }
    [[nodiscard]] Result<Call> write(const ProviderRequest& request) const override;
    [[nodiscard]] Result<ProviderReply> read(const Json& body,
                                             const ProviderRequest& request) const override;
    [[nodiscard]] Complaint read_complaint(const Json& body) const override;
    [[nodiscard]] std::unique_ptr<StreamedReply> stream(MonotonicTime sent) const override;
    [[nodiscard]] std::string address() const override;
    [[nodiscard]] std::string_view base_url_end() const override { return address_.version; }

  private:
    [[nodiscard]] Result<Call> write_embedding(const ProviderRequest& request) const;
    /// "models/gemini-2.5-flash".
    [[nodiscard]] std::string resource_of(const std::string& model) const;

    Address address_;
    Json options_;
};

}  // namespace assay
