#include "server/ingest/otlp_mapping.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "server/ingest/fields.hpp"
#include "server/ingest/limits.hpp"
#include "server/ingest/otlp_attributes.hpp"
#include "server/ingest/otlp_fields.hpp"
#include "server/ingest/otlp_io.hpp"
#include "server/ingest/otlp_metadata.hpp"
#include "server/ingest/otlp_type.hpp"
#include "server/ingest/otlp_usage.hpp"
#include "server/tracing/limits.hpp"

namespace assay {
namespace {

// Source: the contract, section 4.3.
constexpr std::array<std::string_view, 1> k_name_keys = {"langfuse.trace.name"};
constexpr std::array<std::string_view, 6> k_user_keys = {
    "langfuse.user.id",
    "user.id",
    "langfuse.observation.metadata.langfuse_user_id",
    "langfuse.trace.metadata.langfuse_user_id",
    "langfuse.metadata.langfuse_user_id",
    "ai.telemetry.metadata.userId"};
constexpr std::array<std::string_view, 7> k_session_keys = {
    "langfuse.session.id",
    "session.id",
    "gen_ai.conversation.id",
    "langfuse.observation.metadata.langfuse_session_id",
    "langfuse.trace.metadata.langfuse_session_id",
    "langfuse.metadata.langfuse_session_id",
    "ai.telemetry.metadata.sessionId"};
constexpr std::array<std::string_view, 7> k_tags_keys = {
    "langfuse.trace.tags",
    "langfuse.tags",
    "langfuse.observation.metadata.langfuse_tags",
    "langfuse.trace.metadata.langfuse_tags",
    "langfuse.metadata.langfuse_tags",
    "ai.telemetry.metadata.tags",
    "tag.tags"};
constexpr std::array<std::string_view, 2> k_public_keys = {"langfuse.trace.public",
                                                           "langfuse.public"};
constexpr std::array<std::string_view, 1> k_input_keys = {"langfuse.trace.input"};
constexpr std::array<std::string_view, 1> k_output_keys = {"langfuse.trace.output"};
constexpr std::array<std::string_view, 1> k_release_keys = {"langfuse.release"};
constexpr std::array<std::string_view, 1> k_version_keys = {"langfuse.version"};
constexpr std::array<std::string_view, 1> k_service_version_keys = {"service.version"};
constexpr std::array<std::string_view, 1> k_status_message_keys = {
    "langfuse.observation.status_message"};

constexpr const char* k_as_root = "langfuse.internal.as_root";
constexpr const char* k_is_app_root = "langfuse.internal.is_app_root";

/// What a root derives is taken as said so long before: any key of a trace counts more, and of two
/// roots still the later. It is the event's place in the order and shown nowhere.
constexpr auto k_derived_before = std::chrono::days(36'500);

struct SpanTimes {
    Time at;  ///< when it began, exactly
    Time start;
    Time end;
};

/// The API tells milliseconds; with more than these, what it tells would not add up.
Time floored(Time time) { return std::chrono::floor<std::chrono::milliseconds>(time); }

SpanTimes times_of(const OtlpSpan& span, Time now) {
    const Time start = span.start.value_or(span.end.value_or(now));
    const Time end = std::max(span.end.value_or(start), start);
    return {.at = start, .start = floored(start), .end = floored(end)};
}

std::int64_t nanoseconds(Time time) { return time.time_since_epoch().count(); }

/// Sets a text unless it is empty.
void set_text(Json& fields, const char* name, std::optional<std::string> text, CutFields& cut) {
    if (text && !text->empty()) fields[name] = short_text(std::move(*text), name, cut);
}

/// Sets the name of a trace, which is as long as in other protocols, where a longer one is refused.
void set_trace_name(Json& fields, std::optional<std::string> name, CutFields& cut) {
    if (name && cut_characters(*name, limits::k_trace_name_characters_max)) {
        cut.emplace_back("trace name");
    }
    set_text(fields, "name", std::move(name), cut);
}

void set_object(Json& fields, const char* name, Json object) {
    if (!object.empty()) fields[name] = std::move(object);
}

/// Sets an object whose values are as the client has them, of at most k_field_bytes_max.
void set_bounded(Json& fields, const char* name, Json object, CutFields& cut) {
    if (!object.empty()) fields[name] = stored_metadata(std::move(object), name, cut);
}

void merge(Json& target, Json&& members) {
    for (auto& [name, value] : members.get_ref<Json::object_t&>()) target[name] = std::move(value);
}

/// A list, a list as JSON, texts with commas between them, or one text.
Json tags_of(const Json& attributes, CutFields& cut) {
    Json tags = Json::array();
    const Json* const said = find_said(attributes, k_tags_keys);
    if (said == nullptr) return tags;
    const auto add = [&](std::string tag) {
        if (!tag.empty()) tags.push_back(short_text(std::move(tag), "tags", cut));
    };
    const Json value = unpacked(*said);
    if (value.is_array()) {
        for (const Json& tag : value) add(as_text(tag));
    } else {
        for (const std::string_view tag : split(as_text(*said), ',')) add(std::string(trim(tag)));
    }
    auto& list = tags.get_ref<Json::array_t&>();
    std::ranges::sort(list);
    list.erase(std::unique(list.begin(), list.end()), list.end());
    if (list.size() > limits::k_tags_max) {
        list.resize(limits::k_tags_max);
        cut.emplace_back("tags");
    }
    return tags;
}

/// What a span says of its trace by keys of traces.
EntityEvent said_of_trace(const OtlpView& view, CutFields& cut) {
    const Json& attributes = view.span.attributes;
    EntityEvent event;
    set_trace_name(event.fields, find_text(attributes, k_name_keys), cut);
    set_text(event.fields, "userId", find_text(attributes, k_user_keys), cut);
    auto session = find_text(attributes, k_session_keys);
    // It is the id of a session, which has to fit into a URL.
    if (session && cut_characters(*session, limits::k_entity_id_characters_max)) {
        cut.emplace_back("sessionId");
    }
    set_text(event.fields, "sessionId", std::move(session), cut);
    set_object(event.fields, "tags", tags_of(attributes, cut));
    for (const std::string_view key : k_public_keys) {
        if (find_attribute(attributes, key) == nullptr) continue;
        event.fields["public"] = is_true(attributes, key);
        break;
    }
    set_bounded(event.fields, "metadata", otlp_trace_metadata(attributes), cut);
    if (const Json* const input = find_said(attributes, k_input_keys)) {
        event.input = stored_text(*input, "trace input", cut);
    }
    if (const Json* const output = find_said(attributes, k_output_keys)) {
        event.output = stored_text(*output, "trace output", cut);
    }
    return event;
}

/// The mapping of one span.
class SpanMapping {
  public:
    SpanMapping(const OtlpView& view, Time now)
        : view_(view), times_(times_of(view.span, now)), type_(otlp_type(view)) {}

    void add_to(IngestBatch& batch);
    /// The names of the fields that were cut.
    [[nodiscard]] const CutFields& cut() const { return cut_; }

  private:
    [[nodiscard]] EntityEvent observe();
    void add_trace_events(const EntityEvent& observed, IngestBatch& batch);
    [[nodiscard]] EntityEvent derived_of_root(const EntityEvent& observed);
    void set_model_call(Json& fields);
    [[nodiscard]] bool is_root() const {
        return view_.span.parent_id.empty() || is_true(view_.span.attributes, k_as_root);
    }

    OtlpView view_;
    SpanTimes times_;
    std::string_view type_;
    CutFields cut_;
};

void SpanMapping::add_to(IngestBatch& batch) {
    EntityEvent observed = observe();
    add_trace_events(observed, batch);
    batch.observations.push_back({.id = ObservationId(view_.span.span_id),
                                  .trace = TraceId(view_.span.trace_id),
                                  .is_id_unique = false,
                                  .event = std::move(observed)});
}

EntityEvent SpanMapping::observe() {
    const OtlpSpan& span = view_.span;
    EntityEvent event{.at = times_.at};
    OtlpIo io = otlp_io(view_);
    event.input = stored_text(std::move(io.input), "input", cut_);
    event.output = stored_text(std::move(io.output), "output", cut_);

    Json& fields = event.fields;
    fields["type"] = type_;
    fields["startTime"] = nanoseconds(times_.start);
    if (type_ != "EVENT") fields["endTime"] = nanoseconds(times_.end);
    fields["level"] = otlp_level(view_);
    set_text(fields, "name", otlp_name(view_), cut_);
    set_text(fields, "parentObservationId", span.parent_id, cut_);
    set_text(fields, "environment", otlp_environment(view_), cut_);
    auto message = find_text(span.attributes, k_status_message_keys);
    set_text(fields, "statusMessage", message ? std::move(message) : span.status_message, cut_);
    auto version = find_text(span.attributes, k_version_keys);
    if (!version) version = find_text(view_.resource, k_service_version_keys);
    set_text(fields, "version", std::move(version), cut_);
    if (is_true(span.attributes, k_is_app_root)) fields["appRoot"] = true;
    set_model_call(fields);
    set_bounded(fields, "experiment", otlp_experiment(view_), cut_);

    Json metadata = otlp_observation_metadata(view_);
    merge(metadata, otlp_origin(view_));
    set_bounded(fields, "metadata", std::move(metadata), cut_);
    return event;
}

void SpanMapping::set_model_call(Json& fields) {
    set_text(fields, "model", otlp_model(view_), cut_);
    set_bounded(fields, "modelParameters", otlp_model_parameters(view_), cut_);
    set_object(fields, "usageDetails", otlp_usage(view_));
    set_object(fields, "costDetails", otlp_costs(view_));
    if (const auto start = otlp_completion_start(view_, times_.at)) {
        fields["completionStartTime"] = nanoseconds(floored(*start));
    }
    const auto prompt = type_ == "GENERATION" ? otlp_prompt(view_) : std::nullopt;
    if (!prompt) return;
    set_text(fields, "promptName", prompt->name, cut_);
    fields["promptVersion"] = prompt->version;
}

void SpanMapping::add_trace_events(const EntityEvent& observed, IngestBatch& batch) {
    const TraceId trace(view_.span.trace_id);
    EntityEvent said = said_of_trace(view_, cut_);
    said.at = times_.at;
    const bool says_something = !said.fields.empty() || said.input || said.output;
    if (!is_root() && !says_something) return;

    const Json& attributes = view_.span.attributes;
    Json own = Json::object();
    set_text(own, "version", find_text(attributes, k_version_keys), cut_);
    set_text(own, "release", find_text(attributes, k_release_keys), cut_);
    Json frame = {{"timestamp", nanoseconds(times_.start)}};
    set_text(frame, "environment", otlp_environment(view_), cut_);

    if (is_root()) {
        EntityEvent derived = derived_of_root(observed);
        merge(derived.fields, std::move(frame));
        batch.traces.push_back({trace, std::move(derived)});
        merge(said.fields, std::move(own));
    } else if (!own.empty()) {
        // The version of a part of a trace is not what the whole has, when the root has another.
        EntityEvent derived{.at = times_.at - k_derived_before, .fields = std::move(own)};
        merge(derived.fields, std::move(frame));
        batch.traces.push_back({trace, std::move(derived)});
    } else {
        merge(said.fields, std::move(frame));
    }
    if (!said.fields.empty() || said.input || said.output) {
        batch.traces.push_back({trace, std::move(said)});
    }
}

EntityEvent SpanMapping::derived_of_root(const EntityEvent& observed) {
    EntityEvent derived{
        .at = times_.at - k_derived_before, .input = observed.input, .output = observed.output};
    set_trace_name(derived.fields, otlp_name(view_), cut_);
    if (observed.fields.contains("metadata")) {
        derived.fields["metadata"] = observed.fields["metadata"];
    }
    set_text(derived.fields, "version", find_text(view_.resource, k_service_version_keys), cut_);
    set_text(derived.fields, "release", find_text(view_.resource, k_release_keys), cut_);
    return derived;
}

/// What the spans of a request say of their traces, each thing once: most SDKs repeat user, session
/// and tags on every span, and this thread has more time than the one that writes.
std::vector<TraceEvent> without_repetitions(std::vector<TraceEvent> traces) {
    // So many at once that the effort stays in proportion to their number.
    constexpr std::size_t k_reduced_at_once = 4 * limits::k_entity_events_max;
    std::vector<std::size_t> order(traces.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::sort(order, {}, [&](std::size_t i) {
        const EntityEvent& event = traces[i].event;
        return std::tuple<const TraceId&, Time, bool, std::size_t>(traces[i].trace, event.at,
                                                                   event.is_update, i);
    });
    std::vector<TraceEvent> reduced;
    std::vector<EntityEvent> events;
    for (std::size_t at = 0; at < order.size(); ++at) {
        TraceEvent& next = traces[order[at]];
        events.push_back(std::move(next.event));
        const bool is_last = at + 1 == order.size() || traces[order[at + 1]].trace != next.trace;
        if (is_last || events.size() == k_reduced_at_once) {
            reduce_events(events, &trace_field_rule);
        }
        if (!is_last) continue;
        for (EntityEvent& event : events) reduced.push_back({next.trace, std::move(event)});
        events.clear();
    }
    return reduced;
}

void tell_cuts(const OtlpSpan& span, CutFields cut, OtlpReport& report) {
    if (cut.empty()) return;
    std::ranges::sort(cut);
    cut.erase(std::unique(cut.begin(), cut.end()), cut.end());
    report.note(fmt::format("span {}: too long and cut: {}", span.span_id.substr(0, 32),
                            fmt::join(cut, ", ")));
}

}  // namespace

IngestBatch map_otlp(OtlpRequest& request, Time now) {
    IngestBatch batch;
    for (const OtlpResource& resource : request.resources) {
        for (const OtlpScope& scope : resource.scopes) {
            for (const OtlpSpan& span : scope.spans) {
                SpanMapping mapping({resource.attributes, scope, span}, now);
                mapping.add_to(batch);
                tell_cuts(span, mapping.cut(), request.report);
            }
        }
    }
    batch.traces = without_repetitions(std::move(batch.traces));
    return batch;
}

}  // namespace assay
