#include "server/ingest/native_batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "core/base/diagnostic.hpp"
#include "core/base/text.hpp"
#include "server/ingest/native_entity.hpp"

namespace assay {
namespace {

enum class EventKind : std::uint8_t { trace, observation, score, log };

struct EventType {
    std::string_view name;
    EventKind kind = EventKind::observation;
    ObservationEventType observation = {};
};

constexpr std::array k_event_types = {
    EventType{"trace-create", EventKind::trace},
    EventType{"score-create", EventKind::score},
    EventType{"sdk-log", EventKind::log},
    EventType{"event-create", EventKind::observation, {.name = "EVENT"}},
    EventType{"span-create", EventKind::observation, {.name = "SPAN"}},
    EventType{"span-update", EventKind::observation, {.name = "SPAN", .is_update = true}},
    EventType{"generation-create", EventKind::observation, {"GENERATION", true}},
    EventType{"generation-update", EventKind::observation, {"GENERATION", true, true}},
    EventType{"agent-create", EventKind::observation, {"AGENT", true}},
    EventType{"tool-create", EventKind::observation, {"TOOL", true}},
    EventType{"chain-create", EventKind::observation, {"CHAIN", true}},
    EventType{"retriever-create", EventKind::observation, {"RETRIEVER", true}},
    EventType{"evaluator-create", EventKind::observation, {"EVALUATOR", true}},
    EventType{"embedding-create", EventKind::observation, {"EMBEDDING", true}},
    EventType{"guardrail-create", EventKind::observation, {"GUARDRAIL", true}},
    EventType{"observation-create", EventKind::observation, {.name = "", .has_model = true}},
    EventType{"observation-update", EventKind::observation, {"", true, true}},
};

void fail(EventResult& result, int status, std::string message, std::string error) {
    result.status = status;
    result.message = std::move(message);
    result.error = std::move(error);
    result.cut.clear();
}

void fail(EventResult& result, std::string error) {
    fail(result, 400, "Invalid request data", std::move(error));
}

Result<const EventType*> find_type(const Json& event) {
    const Json& name = field_of(event, "type");
    if (!name.is_string()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("type must be a string, not {}", type_phrase(name)));
    }
    const auto& text = name.get_ref<const std::string&>();
    const auto found = std::ranges::find(k_event_types, text, &EventType::name);
    if (found != k_event_types.end()) return &*found;
    std::vector<std::string> known;
    for (const EventType& type : k_event_types) known.emplace_back(type.name);
    return failure(ErrorCode::invalid_argument,
                   fmt::format("\"{}\" is no type of event{}", fit_width(text, 60),
                               did_you_mean(text.substr(0, 60), known)));
}

class BatchReader {
  public:
    BatchReader(NativeBatch& batch, SenderScope scope) : batch_(batch), scope_(scope) {}

    void read(Json& event) {
        EventResult& result = batch_.results.emplace_back();
        if (!event.is_object()) {
            return fail(result,
                        fmt::format("an event must be an object, not {}", type_phrase(event)));
        }
        auto id = read_string(event, "id");
        if (!id || !*id) return fail(result, "id must be a string");
        result.id = std::move(**id);
        const auto type = find_type(event);
        if (!type) return fail(result, type.error().message);
        const auto at = read_time(event, "timestamp");
        if (!at || !*at) {
            return fail(result,
                        "timestamp must be a time with its offset, like "
                        "2026-11-01T09:30:00.000Z");
        }
        if (scope_ == SenderScope::scores && (*type)->kind != EventKind::score &&
            (*type)->kind != EventKind::log) {
            return fail(result, 401, "Authentication error",
                        "A public key alone may send scores only");
        }
        result.is_silent = (*type)->kind == EventKind::log;
        if (result.is_silent) return;
        const auto body = event.find("body");
        if (body == event.end() || !body->is_object()) {
            return fail(result, fmt::format("body must be an object, not {}",
                                            type_phrase(field_of(event, "body"))));
        }
        const EventFrame frame{.at = **at, .event_id = result.id};
        const auto read = read_body(*body, frame, **type, result);
        if (!read) fail(result, read.error().sentence());
        tidy(result.cut);
    }

    /// Creates before updates: an update may leave out what the create beside it says.
    void finish() { std::ranges::move(updates_, std::back_inserter(batch_.entities.observations)); }

  private:
    FieldResult<void> read_body(Json& body, const EventFrame& frame, const EventType& type,
                                EventResult& result) {
        if (type.kind == EventKind::trace) {
            ASSAY_TRY(TraceEvent trace, read_trace_body(body, frame, result.cut));
            result.entity = trace.trace.value();
            batch_.entities.traces.push_back(std::move(trace));
            return {};
        }
        if (type.kind == EventKind::score) {
            ASSAY_TRY(ScoreDraft draft, read_score_body(body, frame, result.cut));
            result.entity = draft.score.id.value();
            return take(std::move(draft));
        }
        ASSAY_TRY(ObservationEvent observation,
                  read_observation_body(body, frame, type.observation, result.cut));
        result.entity = observation.id.value();
        auto& events = type.observation.is_update ? updates_ : batch_.entities.observations;
        events.push_back(std::move(observation));
        return {};
    }

    FieldResult<void> take(ScoreDraft draft) {
        if (draft.score.config_id) {
            batch_.scores.push_back({std::move(draft), batch_.results.size() - 1});
            return {};
        }
        ASSAY_TRY(ScoreRecord score, finish_score(std::move(draft), nullptr));
        batch_.entities.scores.push_back({std::move(score)});
        batch_.score_events.push_back(batch_.results.size() - 1);
        return {};
    }

    static void tidy(CutFields& cut) {
        std::ranges::sort(cut);
        cut.erase(std::ranges::unique(cut).begin(), cut.end());
    }

    NativeBatch& batch_;
    SenderScope scope_;
    std::vector<ObservationEvent> updates_;
};

}  // namespace

NativeBatch read_native_batch(Json::array_t events, SenderScope scope) {
    NativeBatch batch;
    batch.results.reserve(events.size());
    BatchReader reader(batch, scope);
    for (Json& event : events) reader.read(event);
    reader.finish();
    return batch;
}

void settle_score(NativeBatch& batch, PendingScore score, const ScoreConfig* config) {
    EventResult& result = batch.results[score.event];
    if (!config) return fail(result, "body.configId names no score config of this project");
    auto finished = finish_score(std::move(score.draft), config);
    if (!finished) return fail(result, finished.error().sentence());
    batch.entities.scores.push_back({std::move(*finished)});
    batch.score_events.push_back(score.event);
}

void refuse_score(NativeBatch& batch, const RefusedScore& refused) {
    fail(batch.results[batch.score_events[refused.index]], refused.why);
}

OrderedJson to_json(const std::vector<EventResult>& results) {
    OrderedJson successes = OrderedJson::array();
    OrderedJson errors = OrderedJson::array();
    for (const EventResult& result : results) {
        if (result.is_silent) continue;
        OrderedJson entry;
        entry["id"] = result.id;
        entry["status"] = result.status;
        if (result.failed()) {
            entry["message"] = result.message;
            entry["error"] = result.error;
        } else if (!result.cut.empty()) {
            entry["truncated"] = result.cut;
        }
        (result.failed() ? errors : successes).push_back(std::move(entry));
    }
    OrderedJson body;
    body["successes"] = std::move(successes);
    body["errors"] = std::move(errors);
    return body;
}

}  // namespace assay
