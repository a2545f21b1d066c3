#pragma once

#include <string>
#include <string_view>

#include "core/http/http_client.hpp"
#include "judges/providers/wire_format.hpp"

namespace assay {

/// What reading an answer depends on besides its bytes.
struct ModelReplyContext {
    std::string_view provider;    ///< its name, for messages
    std::string_view key_remedy;  ///< what to do when the key is refused
    const WireFormat& format;
    const ProviderRequest& request;
};

/// Reads the answer of a model API, of any status.
///
/// @error unauthenticated (401, 403), invalid_argument (another 4xx, or an answer that is no
///        API's), resource_exhausted (429, 529; 402 and whatever says that the quota is spent, not
///        retryable), unavailable (408, 409, 425, 5xx, or a broken answer; retryable as
///        rate_limit_headers.hpp says). Those that are retryable carry the server's Retry-After.
[[nodiscard]] Result<ProviderReply> read_model_reply(const HttpResponse& response,
                                                     const ModelReplyContext& context);

}  // namespace assay
