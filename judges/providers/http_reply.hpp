#pragma once

#include "core/http/http_client.hpp"
#include "judges/provider.hpp"

namespace assay {

/// Reads the answer of a service, of any status: JSON, text, or a stream of events
/// (`text/event-stream`, JSON lines), whose texts are joined.
///
/// @param output  where the output is in the answer, or in each event; nullptr = all of it.
/// @error unauthenticated (401, 403), resource_exhausted (429; retryable), unavailable (408, 425,
///        5xx, a broken answer, an error within a stream; retryable), invalid_argument (another
///        status, or an answer without what `output` asks for).
[[nodiscard]] Result<Json> read_service_reply(const HttpResponse& response, const JsonPath* output);

}  // namespace assay
