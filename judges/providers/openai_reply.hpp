#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/http/http_client.hpp"
#include "judges/provider.hpp"

namespace assay {

/// What reading a reply depends on besides its bytes.
struct ChatReplyContext {
    std::string_view provider;      ///< its name, for messages
    std::string_view key_variable;  ///< "" = none
    std::optional<double> price_input_usd;
    std::optional<double> price_output_usd;
    bool output_is_json = false;  ///< a response schema was sent
};

/// Reads a Chat Completions reply of any status.
///
/// @error unauthenticated (401, 403), invalid_argument (another 4xx, or an answer that is no
///        API's), resource_exhausted (429, 529; 402 and 429 when the quota is spent, not
///        retryable), unavailable (408, 409, 425, 5xx, or a broken answer; retryable as
///        rate_limit_headers.hpp says). Those that are retryable carry the server's Retry-After.
[[nodiscard]] Result<ProviderReply> read_chat_reply(const HttpResponse& response,
                                                    const ChatReplyContext& context);

}  // namespace assay
