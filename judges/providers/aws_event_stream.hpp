#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"

namespace assay {

/// One message of a stream.
struct AwsEvent {
    /// Those whose value is text, which are all that a response uses: ":message-type",
    /// ":event-type", ":exception-type", ":content-type".
    std::map<std::string, std::string, std::less<>> headers;
    std::string payload;

    [[nodiscard]] std::string_view header(std::string_view name) const;  ///< "" = has none
};

/// Reads `application/vnd.amazon.eventstream` from bytes that come in any pieces: messages with
/// their lengths, headers, a payload and two checksums.
///
/// Source: Amazon Lex V2 Developer Guide, "Event stream encoding", 2025.
class AwsEventStream {
  public:
    /// Takes the next bytes and appends the messages that they complete.
    /// @error unavailable (retryable) when a message is damaged, resource_exhausted when one is
    ///        longer than limits::k_sse_event_bytes_max; the stream cannot be read on after either.
    [[nodiscard]] Result<void> feed(std::string_view bytes, std::vector<AwsEvent>& events);

  private:
    std::string buffer_;  ///< a message that is not complete yet
};

}  // namespace assay
