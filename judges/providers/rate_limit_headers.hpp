#pragma once

#include <chrono>
#include <optional>

#include "core/http/http_client.hpp"
#include "judges/provider.hpp"

namespace assay {

/// Whether the same request may be answered when it is sent again later: 408, 425, 429, 500, 502,
/// 503, 504, 529 (overloaded) and Cloudflare's 520 to 524.
[[nodiscard]] bool is_retryable_status(int status);

/// How long the server asks to wait before another request: `Retry-After-Ms`, else `Retry-After`
/// in seconds or as a date (RFC 9110, 10.2.3). Nothing when it does not say so or is not
/// understood. At most a week.
[[nodiscard]] std::optional<std::chrono::milliseconds> read_retry_after(
    const HttpResponse& response);

/// What `x-ratelimit-*` (OpenAI and those that follow it) or `anthropic-ratelimit-*` say. Where a
/// provider counts input and output tokens apart, that of which less is left.
[[nodiscard]] RateLimitNews read_rate_limit_news(const HttpResponse& response);

}  // namespace assay
