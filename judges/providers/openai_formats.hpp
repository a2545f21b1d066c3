#pragma once

#include <string>
#include <string_view>

#include "judges/providers/wire_format.hpp"

namespace assay {

/// Where an API in OpenAI's manner has its operations.
struct OpenAiAddress {
    std::string base_url;
    std::string api_version = {};  ///< the parameter `api-version` of each URL, "" = none
    /// The model's name stands in the path ("deployments/MODEL") and not in the body.
    bool has_model_in_path = false;
    std::string_view base_url_end = "/v1";  ///< how a base URL that is right ends, for messages

    /// @param operation  "chat/completions".
    /// @param model      "" = any, for identities.
    [[nodiscard]] std::string url(std::string_view operation, std::string_view model) const;
};

/// OpenAI's Chat Completions (POST {base_url}/chat/completions) and Embeddings (/embeddings), which
/// many servers follow.
///
/// @param options  merged below every request's parameters.
[[nodiscard]] std::unique_ptr<WireFormat> openai_chat_format(OpenAiAddress address, Json options);

/// The same models by OpenAI's Responses (POST {base_url}/responses); embeddings as above. Nothing
/// is stored at the provider unless `store: true` says so.
[[nodiscard]] std::unique_ptr<WireFormat> openai_responses_format(OpenAiAddress address,
                                                                  Json options);

}  // namespace assay
