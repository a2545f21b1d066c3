#pragma once

#include "judges/providers/wire_format.hpp"

namespace assay {

/// A GenerateContentResponse. @error as WireFormat::read.
[[nodiscard]] Result<ProviderReply> read_gemini_reply(const Json& body, bool output_is_json);
/// A BatchEmbedContentsResponse: a list of numbers for each text. @error the same.
[[nodiscard]] Result<ProviderReply> read_gemini_embeddings(const Json& body,
                                                           const ProviderRequest& request);
/// A google.rpc.Status under "error".
[[nodiscard]] Complaint read_gemini_complaint(const Json& body);

}  // namespace assay
