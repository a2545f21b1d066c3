#include "core/http/sse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/limits.hpp"

namespace assay {

Result<void> SseParser::feed(std::string_view bytes, std::vector<SseEvent>& events) {
    while (!bytes.empty()) {
        if (std::exchange(after_return_, false) && bytes.front() == '\n') {
            bytes.remove_prefix(1);
            continue;
        }
        const std::size_t end = std::min(bytes.find_first_of("\r\n"), bytes.size());
        const std::size_t held = line_.size() + event_.type.size() + event_.data.size();
        if (held + end > limits::k_sse_event_bytes_max) {
            return failure(ErrorCode::resource_exhausted,
                           fmt::format("an event of the stream is longer than {} kB",
                                       limits::k_sse_event_bytes_max >> 10U));
        }
        line_ += bytes.substr(0, end);
        if (end == bytes.size()) break;
        after_return_ = bytes[end] == '\r';
        bytes.remove_prefix(end + 1);
        take_line(events);
    }
    return {};
}

void SseParser::finish(std::vector<SseEvent>& events) {
    take_line(events);
    end_event(events);
}

void SseParser::take_line(std::vector<SseEvent>& events) {
    constexpr std::string_view k_byte_order_mark = "\xEF\xBB\xBF";
    std::string_view line = line_;
    if (std::exchange(is_first_line_, false) && line.starts_with(k_byte_order_mark)) {
        line.remove_prefix(k_byte_order_mark.size());
    }
    if (line.empty()) end_event(events);
    const std::size_t colon = line.find(':');
    const std::string_view field = line.substr(0, colon);  // "" for a comment
    std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "data") {
        event_.data += value;
        event_.data += '\n';
    } else if (field == "event") {
        event_.type = value;
    }
    line_.clear();
}

void SseParser::end_event(std::vector<SseEvent>& events) {
    SseEvent event = std::exchange(event_, {});
    if (event.data.empty()) return;  // a type alone is no event
    event.data.pop_back();
    events.push_back(std::move(event));
}

}  // namespace assay
