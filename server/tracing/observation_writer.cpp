#include "server/tracing/observation_writer.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/base/money.hpp"
#include "server/resources/pricing.hpp"
#include "server/resources/prompt_store.hpp"
#include "server/store/metadata_index.hpp"
#include "server/store/row_values.hpp"
#include "server/tracing/entity_state.hpp"
#include "server/tracing/field_reader.hpp"

namespace assay {
namespace {

constexpr const char* k_find =
    "SELECT o.observation, t.id, o.slot FROM observations o JOIN traces t ON t.trace = o.trace "
    "WHERE o.project = ?1 AND o.id = ?2";
/// Adds an observation or changes one.
constexpr const char* k_put =
    "INSERT INTO observations(observation, project, id, trace, slot, created_at, updated_at, "
    "parent_id, type, name, level, environment, model, start_time, latency, input_tokens, "
    "output_tokens, total_tokens, cost, input_cost, output_cost, version, status_message, "
    "completion_start, prompt_name, prompt_version, model_id, app_root, experiment, "
    "experiment_item) VALUES(?1, ?2, ?3, ?4, -1, ?5, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
    "?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28) "
    "ON CONFLICT(observation) DO UPDATE SET updated_at = ?5, parent_id = ?6, type = ?7, "
    "name = ?8, level = ?9, environment = ?10, model = ?11, start_time = ?12, latency = ?13, "
    "input_tokens = ?14, output_tokens = ?15, total_tokens = ?16, cost = ?17, input_cost = ?18, "
    "output_cost = ?19, version = ?20, status_message = ?21, completion_start = ?22, "
    "prompt_name = ?23, prompt_version = ?24, model_id = ?25, app_root = ?26, experiment = ?27, "
    "experiment_item = ?28";

constexpr const char* k_move = "UPDATE observations SET trace = ?2 WHERE observation = ?1";

constexpr const char* k_default_environment = "default";
constexpr const char* k_default_level = "DEFAULT";
constexpr const char* k_default_type = "SPAN";
constexpr const char* k_event_type = "EVENT";

/// What the merged events say, completed as the contract wants it.
struct Projection {
    std::string type;
    std::string level;
    std::string environment;
    std::int64_t start = 0;
    std::optional<std::int64_t> latency;
    Pricing pricing;
    std::optional<std::string_view> prompt_name;
    std::optional<std::int64_t> prompt_version;
    std::optional<PromptId> prompt_id;
};

std::optional<std::int64_t> latency_of(const FieldReader& fields, std::string_view type,
                                       std::int64_t start) {
    const auto end = fields.integer("endTime");
    if (!end || type == k_event_type) return std::nullopt;
    std::int64_t latency = 0;
    const bool is_too_long = __builtin_sub_overflow(std::max(*end, start), start, &latency);
    return is_too_long ? std::numeric_limits<std::int64_t>::max() : latency;
}

Result<Projection> project(const IngestContext& context, const ObservationKey& key,
                           const MergedEntity& merged) {
    const FieldReader fields(merged.fields);
    Projection projection;
    projection.type =
        fields.text("type").value_or(fields.text("updateType").value_or(k_default_type));
    projection.level = fields.text("level").value_or(k_default_level);
    projection.environment = fields.text("environment").value_or(k_default_environment);
    projection.start = fields.integer("startTime").value_or(to_nanoseconds(merged.first));
    projection.latency = latency_of(fields, projection.type, projection.start);
    const std::string model(fields.text("model").value_or(""));
    // What encloses a call often repeats its model and texts: estimated too, it would count twice.
    const bool is_call = projection.type == "GENERATION" || projection.type == "EMBEDDING";
    ASSAY_TRY(projection.pricing,
              price_observation(context.writer, context.project_row,
                                {.model = model,
                                 .start = to_time(projection.start),
                                 .level = projection.level,
                                 .usage_details = fields.object("usageDetails"),
                                 .cost_details = fields.object("costDetails"),
                                 .model_parameters = fields.object("modelParameters"),
                                 .metadata = fields.object("metadata"),
                                 .input = is_call && merged.input ? &*merged.input : nullptr,
                                 .output = is_call && merged.output ? &*merged.output : nullptr}));
    const auto prompt_name = fields.text("promptName");
    const auto prompt_version = fields.integer("promptVersion");
    if (prompt_name && prompt_version) {
        ASSAY_TRY(projection.prompt_id,
                  find_prompt(context.writer, context.project_row, *prompt_name, *prompt_version));
    }
    // The native protocol links a prompt only when there is one, OpenTelemetry as it was named.
    if (projection.prompt_id || !key.is_id_unique) {
        projection.prompt_name = prompt_name;
        projection.prompt_version = prompt_version;
    }
    return projection;
}

Json derived_of(const Projection& projection) {
    Json derived = Json::object();
    const Pricing& pricing = projection.pricing;
    if (!pricing.usage_details.empty()) derived[k_derived_usage] = pricing.usage_details;
    if (!pricing.cost_details.empty()) derived[k_derived_cost] = pricing.cost_details;
    if (pricing.total_cost) derived[k_derived_total_cost] = *pricing.total_cost;
    if (!pricing.details.empty()) derived[k_derived_pricing] = pricing.details;
    if (projection.prompt_id) derived[k_derived_prompt_id] = projection.prompt_id->value();
    return derived;
}

/// The sum of the kinds whose name has `part` in it; nothing when there is none.
template <class Number>
std::optional<Number> sum_of(const Json& details, std::string_view part) {
    std::optional<Number> sum;
    for (const auto& [kind, value] : details.get_ref<const Json::object_t&>()) {
        if (!value.is_number() || kind.find(part) == std::string::npos) continue;
        sum = sum.value_or(Number{}) + value.get<Number>();
    }
    return sum;
}

std::optional<NanoUsd> nanos(std::optional<double> usd) {
    if (!usd) return std::nullopt;
    // What no integer holds is as good as unknown; the document keeps it.
    constexpr double k_usd_max = 9e9;
    if (!(*usd >= 0 && *usd < k_usd_max)) return std::nullopt;
    return nanos_from_usd(*usd);
}

struct ExperimentPlace {
    std::optional<std::string_view> id;
    std::optional<std::string_view>
        item;  ///< on the root observation of an item only; "" = unknown
};

ExperimentPlace experiment_of(const FieldReader& fields, const ObservationId& self) {
    const FieldReader experiment(fields.object("experiment"));
    const auto id = experiment.text("id");
    if (!id || id->empty()) return {};
    const auto root = experiment.text("itemRootObservationId");
    const bool is_root = root ? *root == self.value() : !fields.text("parentObservationId");
    if (!is_root) return {.id = id, .item = std::nullopt};
    return {.id = id, .item = experiment.text("itemId").value_or("")};
}

struct Place {
    std::optional<std::int64_t> row;  ///< nothing: it is new
    TraceId trace;
    bool is_of_run = false;  ///< its columns are what the run wrote
};

/// An observation stays in the trace where it was first.
Result<Place> find_place(const IngestContext& context, const ObservationKey& key) {
    ASSAY_TRY(Rows rows,
              context.writer.connection().query(k_find, context.project_row, StoredId(key.id)));
    std::optional<Place> elsewhere;
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) break;
        Place place{.row = rows.integer(0),
                    .trace = TraceId(rows.id(1)),
                    .is_of_run = rows.integer(2) >= 0};
        if (!key.trace || place.trace == *key.trace) return place;
        if (key.is_id_unique && !elsewhere) elsewhere = std::move(place);
    }
    if (elsewhere) return std::move(*elsewhere);
    return Place{.row = std::nullopt, .trace = key.trace.value_or(TraceId(key.id.value()))};
}

/// Writes what is searched of an observation. @return its row.
Result<std::int64_t> put_columns(const IngestContext& context, const ObservationId& id,
                                 const Place& place, TraceRow trace, const MergedEntity& merged,
                                 const Projection& projection) {
    const FieldReader fields(merged.fields);
    Session& writer = context.writer;
    ASSAY_TRY(const std::int64_t type, writer.symbol(projection.type));
    ASSAY_TRY(const std::int64_t name, writer.symbol(fields.text("name").value_or("")));
    ASSAY_TRY(const std::int64_t level, writer.symbol(projection.level));
    ASSAY_TRY(const std::int64_t environment, writer.symbol(projection.environment));
    std::optional<std::int64_t> model;
    if (const auto text = fields.text("model"); text && !text->empty()) {
        ASSAY_TRY(model, writer.symbol(*text));
    }
    std::optional<StoredId> parent;
    if (const auto above = fields.text("parentObservationId"); above && !above->empty()) {
        parent.emplace(*above);
    }
    std::optional<StoredId> model_id;
    if (projection.pricing.model_id) model_id.emplace(*projection.pricing.model_id);
    const ExperimentPlace experiment = experiment_of(fields, id);
    const Json& usage = projection.pricing.usage_details;
    const Json& cost = projection.pricing.cost_details;
    const std::optional<std::int64_t> app_root =
        fields.flag("appRoot") == 1 ? std::optional<std::int64_t>(1) : std::nullopt;
    ASSAY_CHECK(writer.connection().run(
        k_put, place.row, context.project_row, StoredId(id), std::to_underlying(trace),
        to_nanoseconds(context.now), parent, type, name, level, environment, model,
        projection.start, projection.latency, sum_of<std::int64_t>(usage, "input"),
        sum_of<std::int64_t>(usage, "output"), FieldReader(usage).integer("total"),
        nanos(projection.pricing.total_cost), nanos(sum_of<double>(cost, "input")),
        nanos(sum_of<double>(cost, "output")), fields.text("version"), fields.text("statusMessage"),
        fields.integer("completionStartTime"), projection.prompt_name, projection.prompt_version,
        model_id, app_root, experiment.id, experiment.item));
    return place.row ? *place.row : writer.connection().last_row();
}

/// The trace that an observation without one gets: it says what the observation says.
Result<void> put_own_trace(TraceWriter& traces, const TraceId& id, const MergedEntity& merged,
                           const Projection& projection) {
    EntityEvent event{.at = merged.first, .input = merged.input, .output = merged.output};
    event.fields["timestamp"] = projection.start;
    for (const char* const name : {"name", "metadata", "environment", "version"}) {
        const auto said = merged.fields.find(name);
        if (said != merged.fields.end()) event.fields[name] = *said;
    }
    return traces.make_up(id, std::move(event));
}

}  // namespace

Result<void> put_observation_events(const IngestContext& context, TraceWriter& traces,
                                    const ObservationKey& key, std::vector<EntityEvent> events) {
    ASSAY_TRY(Place place, find_place(context, key));
    EntityState state;
    if (place.row) {
        ASSAY_TRY(auto stored, read_state(context.writer, StateKind::observation, *place.row));
        if (stored) state = std::move(*stored);
    }
    const MergedEntity before = merge_events(state.events, &observation_field_rule);
    std::ranges::move(events, std::back_inserter(state.events));
    reduce_events(state.events, &observation_field_rule);
    const MergedEntity after = merge_events(state.events, &observation_field_rule);
    ASSAY_TRY(const Projection projection, project(context, key, after));
    const bool was_alone = !place.row || state.derived.contains(k_derived_made_up);
    const bool is_alone = was_alone && !key.trace;
    state.derived = derived_of(projection);
    if (is_alone) {
        state.derived[k_derived_made_up] = true;
        ASSAY_CHECK(put_own_trace(traces, place.trace, after, projection));
    }
    const TraceId before_move = place.trace;
    if (was_alone && key.trace) place.trace = *key.trace;
    const Time start = to_time(projection.start);
    ASSAY_TRY(const TraceRow trace, traces.ensure(place.trace, {start, projection.environment}));
    if (place.trace != before_move) {
        ASSAY_CHECK(context.writer.connection().run(k_move, *place.row, std::to_underlying(trace)));
        ASSAY_CHECK(traces.withdraw(before_move));
    }
    if (!place.is_of_run) {
        ASSAY_TRY(place.row, put_columns(context, key.id, place, trace, after, projection));
    }
    ASSAY_CHECK(replace_metadata(context.writer,
                                 {MetadataIndex::observations, context.project, *place.row},
                                 FieldReader(before.fields).object("metadata"),
                                 FieldReader(after.fields).object("metadata")));
    return write_state(context.writer, StateKind::observation, context.project_row, *place.row,
                       state);
}

}  // namespace assay
