#include "judges/providers/sse_reply.hpp"

#include <utility>

#include "core/model/json_value.hpp"

namespace assay {

Result<void> SseReply::feed(std::string_view bytes) {
    std::vector<SseEvent> events;
    ASSAY_CHECK(parser_.feed(bytes, events));
    return take_events(events);
}

void SseReply::finish() {
    std::vector<SseEvent> last;
    parser_.finish(last);
    (void)take_events(last);  // give_up() keeps what whole() needs
}

Result<void> SseReply::take_events(const std::vector<SseEvent>& events) {
    for (const SseEvent& event : events) {
        if (event.data == "[DONE]") end();
        if (is_done()) return {};
        ASSAY_CHECK(take_one(event));
    }
    return {};
}

Result<void> SseReply::take_one(const SseEvent& event) {
    auto data = parse_json(event.data);
    const Json* const error = data ? find_member(*data, "error") : nullptr;
    const bool is_error_itself = error != nullptr && !error->is_null();
    if (event.type == "error" && !is_error_itself) {
        return give_up(to_text(Json({{"error", data ? std::move(*data) : Json(event.data)}})));
    }
    if (!data || is_error_itself) return give_up(event.data);
    take_event(event.type, *data);
    return {};
}

}  // namespace assay
