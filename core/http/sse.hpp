#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"

namespace assay {

/// One event of a `text/event-stream`.
struct SseEvent {
    std::string type;  ///< "" = the default, "message"
    std::string data;  ///< its lines joined by newlines
};

/// Reads server-sent events from bytes that come in any pieces. Lines end with CR LF, LF or CR;
/// comments and the fields that only matter to a client that connects again are passed over.
///
/// Source: WHATWG HTML, section 9.2.6.
class SseParser {
  public:
    /// Takes the next bytes and appends the events that they complete.
    /// @error resource_exhausted when one event is longer than limits::k_sse_event_bytes_max; the
    ///        stream cannot be read on after it.
    [[nodiscard]] Result<void> feed(std::string_view bytes, std::vector<SseEvent>& events);

    /// The stream is over. An event that still lacks its blank line is given too: the transport
    /// knows whether an answer is complete, and many servers leave that line out.
    void finish(std::vector<SseEvent>& events);

  private:
    void take_line(std::vector<SseEvent>& events);
    void end_event(std::vector<SseEvent>& events);

    std::string line_;
    SseEvent event_;  ///< `data` with a newline behind each of its lines
    bool is_first_line_ = true;
    bool after_return_ = false;  ///< a newline now is the second half of a line end
};

}  // namespace assay
