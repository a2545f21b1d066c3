#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "core/base/clock.hpp"
#include "core/http/http_client.hpp"
#include "core/http/sse.hpp"
#include "judges/provider.hpp"

namespace assay {

/// Reads the answer of a service, of any status: JSON, text, or a stream of events
/// (`text/event-stream`, JSON lines), whose texts are joined.
///
/// @param output  where the output is in the answer, or in each event; nullptr = all of it.
/// @error unauthenticated (401, 403), resource_exhausted (429, 529; retryable), unavailable (408,
///        425 and 5xx, retryable as rate_limit_headers.hpp says; a broken answer or an error within
///        a stream, retryable), invalid_argument (another status, or an answer without what
///        `output` asks for). Those that are retryable carry the server's Retry-After.
[[nodiscard]] Result<Json> read_service_reply(const HttpResponse& response, const JsonPath* output);

/// Watches for the first event of a streamed answer (`text/event-stream`) that has an output.
class FirstOutput {
  public:
    /// @param output  as for read_service_reply(); outlives this.
    /// @param sent    when the request was sent.
    FirstOutput(const JsonPath* output, MonotonicTime sent) : output_(output), sent_(sent) {}

    /// For HttpRequest::on_body; takes nothing out of the body. What is wrong with the answer is
    /// told when it is read.
    void look(const HttpResponse& so_far);
    /// Nothing when no stream or no output came.
    [[nodiscard]] std::optional<std::chrono::nanoseconds> after() const { return after_; }

  private:
    [[nodiscard]] bool has_output(const SseEvent& event) const;

    const JsonPath* output_;
    MonotonicTime sent_;
    SseParser parser_;
    std::size_t looked_at_ = 0;  ///< bytes of the body
    std::optional<std::chrono::nanoseconds> after_;
};

}  // namespace assay
