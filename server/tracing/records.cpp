#include "server/tracing/records.hpp"

#include <utility>

#include "core/base/money.hpp"
#include "server/resources/prompt_store.hpp"
#include "server/store/row_values.hpp"
#include "server/store/trace_rows.hpp"
#include "server/store/unit_document.hpp"
#include "server/tracing/entity_state.hpp"

namespace assay {
namespace {

constexpr const char* k_trace =
    "SELECT t.id, t.timestamp, t.name, t.environment, t.item_version, t.user_id, s.id, t.release, "
    "t.version, t.tags, t.public, t.bookmarked, t.created_at, t.updated_at, t.project "
    "FROM traces t LEFT JOIN sessions s ON s.session = t.session WHERE t.trace = ?1";
constexpr const char* k_observation =
    "SELECT o.id, o.trace, t.id, o.parent_id, o.type, o.name, o.level, o.environment, o.model, "
    "o.start_time, o.latency, o.status_message, o.version, o.completion_start, o.prompt_name, "
    "o.prompt_version, o.app_root, o.experiment, o.created_at, o.updated_at, o.slot, o.cost, "
    "o.project, t.item_version FROM observations o JOIN traces t ON t.trace = o.trace "
    "WHERE o.observation = ?1";
constexpr const char* k_observations_of =
    "SELECT observation FROM observations WHERE +project = ?1 AND trace = ?2 "
    "ORDER BY start_time, observation";
constexpr const char* k_item =
    "SELECT dictionary, size, document FROM item_versions WHERE item_version = ?1";
constexpr const char* k_find_trace =
    "SELECT trace FROM traces WHERE project = ?1 AND id = ?2 AND mentioned IS NULL";
constexpr const char* k_find_observation =
    "SELECT observation FROM observations WHERE project = ?1 AND id = ?2 "
    "ORDER BY start_time DESC, observation DESC LIMIT 1";
constexpr const char* k_find_session =
    "SELECT session FROM sessions WHERE project = ?1 AND id = ?2";

/// A symbol, of which "" stands for nothing.
Result<std::optional<std::string>> name_at(Session& session, const Rows& rows, int column) {
    if (rows.is_null(column)) return std::nullopt;
    ASSAY_TRY(std::string text, session.symbol_text(rows.integer(column)));
    if (text.empty()) return std::nullopt;
    return std::optional(std::move(text));
}

/// As it would have been sent: see EntityEvent.
std::optional<std::string> stored_text(const Json& value) {
    if (value.is_null()) return std::nullopt;
    if (value.is_string()) return value.get<std::string>();
    return to_text(value);
}

/// The documents of a trace that a run wrote; observations of one trace often come together.
class UnitDocuments {
  public:
    explicit UnitDocuments(Session& session) : session_(session) {}

    Result<void> open(std::int64_t project, std::int64_t trace, std::int64_t item_version) {
        if (trace_ == trace) return {};
        ASSAY_TRY(document_, read_document(session_, project, trace));
        ASSAY_TRY(Rows rows, session_.connection().query(k_item, item_version));
        ASSAY_TRY(const bool found, rows.next());
        item_.reset();
        if (found) {
            ASSAY_TRY(std::string bytes, session_.codec().unpack({rows.integer(0), rows.integer(1),
                                                                  Blob{rows.bytes(2)}}));
            ASSAY_TRY(item_, Document::parse(std::move(bytes)));
        }
        trace_ = trace;
        return {};
    }
    [[nodiscard]] const Document& document() const { return *document_; }
    [[nodiscard]] const Document* item() const { return item_ ? &*item_ : nullptr; }

  private:
    Session& session_;
    std::int64_t trace_ = 0;
    std::optional<Document> document_;
    std::optional<Document> item_;
};

/// Puts what clients said over what a run wrote.
template <class Record>
void overlay(const MergedEntity& merged, Record& record) {
    if (merged.input) record.input = merged.input;
    if (merged.output) record.output = merged.output;
    const auto metadata = merged.fields.find("metadata");
    if (metadata == merged.fields.end()) return;
    if (record.metadata.is_object() && !record.metadata.empty()) {
        record.metadata.update(*metadata, true);
    } else {
        record.metadata = *metadata;
    }
}

Result<void> read_trace_documents(Session& session, UnitDocuments& units, std::int64_t project,
                                  std::optional<std::int64_t> item_version, TraceRecord& record) {
    if (item_version) {
        ASSAY_CHECK(units.open(project, std::to_underlying(record.row), *item_version));
        DocumentReader reader(units.document(), units.item(), k_trace_input_slot);
        record.input = stored_text(reader.json());
        record.output = stored_text(reader.json());
        record.metadata = reader.json();
        ASSAY_CHECK(reader.finish());
    }
    ASSAY_TRY(const auto state,
              read_state(session, StateKind::trace, std::to_underlying(record.row)));
    if (state) overlay(merge_events(state->events, &trace_field_rule), record);
    return {};
}

Result<std::optional<TraceRecord>> read_trace_record(Session& session, UnitDocuments& units,
                                                     TraceRow row, RecordParts parts) {
    ASSAY_TRY(Rows rows, session.connection().query(k_trace, std::to_underlying(row)));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) return std::nullopt;
    TraceRecord record{.row = row, .id = TraceId(rows.id(0)), .timestamp = time_at(rows, 1)};
    ASSAY_TRY(record.name, name_at(session, rows, 2));
    ASSAY_TRY(record.environment, session.symbol_text(rows.integer(3)));
    record.user_id = text_at(rows, 5);
    record.session_id = id_at(rows, 6);
    record.release = text_at(rows, 7);
    record.version = text_at(rows, 8);
    if (!rows.is_null(9)) {
        ASSAY_TRY(const Json tags, parse_json(rows.bytes(9)));
        for (const Json& tag : tags) record.tags.push_back(tag.get<std::string>());
    }
    record.is_public = rows.integer(10) != 0;
    record.is_bookmarked = rows.integer(11) != 0;
    record.created = optional_time_at(rows, 12).value_or(record.timestamp);
    record.updated = optional_time_at(rows, 13).value_or(record.created);
    if (parts == RecordParts::columns) return record;
    ASSAY_CHECK(
        read_trace_documents(session, units, rows.integer(14), integer_at(rows, 4), record));
    return record;
}

/// What a run's document and column say.
Result<void> read_unit_observation(const UnitDocuments& units, std::size_t slot,
                                   std::optional<NanoUsd> cost, ObservationRecord& record) {
    Observation observation;
    ASSAY_CHECK(assay::read_observation(units.document(), units.item(), slot, observation));
    record.input = stored_text(observation.input);
    record.output = stored_text(observation.output);
    if (observation.metadata.is_object()) record.metadata = std::move(observation.metadata);
    if (observation.model_parameters.is_object()) {
        record.model_parameters = std::move(observation.model_parameters);
    }
    for (const auto& [name, tokens] : observation.usage) record.usage_details[name] = tokens;
    if (!observation.status_message.empty()) record.status_message = observation.status_message;
    if (cost) {
        record.total_cost = to_usd(*cost);
        record.cost_details["total"] = *record.total_cost;
    }
    return {};
}

/// A run notes which version of a prompt of the store was used; clients' messages are linked when
/// they are stored.
Result<void> link_prompt(Session& session, std::int64_t project, ObservationRecord& record) {
    if (!record.prompt_name || !record.prompt_version) return {};
    ASSAY_TRY(const auto prompt,
              find_prompt(session, project, *record.prompt_name, *record.prompt_version));
    if (prompt) record.prompt_id = prompt->value();
    return {};
}

void take(const Json& from, const char* name, Json& target) {
    const auto found = from.find(name);
    if (found != from.end() && found->is_object()) target = *found;
}

void apply_state(const EntityState& state, ObservationRecord& record) {
    const MergedEntity merged = merge_events(state.events, &observation_field_rule);
    overlay(merged, record);
    take(merged.fields, "modelParameters", record.model_parameters);
    take(merged.fields, "experiment", record.experiment);
    take(state.derived, k_derived_usage, record.usage_details);
    take(state.derived, k_derived_cost, record.cost_details);
    take(state.derived, k_derived_pricing, record.pricing);
    const auto total = state.derived.find(k_derived_total_cost);
    if (total != state.derived.end() && total->is_number())
        record.total_cost = total->get<double>();
    const auto prompt = state.derived.find(k_derived_prompt_id);
    if (prompt != state.derived.end() && prompt->is_string()) record.prompt_id = *prompt;
}

/// The columns; `rows` stands on a row of k_observation.
Result<ObservationRecord> read_observation_columns(Session& session, const Rows& rows,
                                                   ObservationRow row) {
    ObservationRecord record{.row = row,
                             .trace = TraceRow(rows.integer(1)),
                             .id = ObservationId(rows.id(0)),
                             .trace_id = TraceId(rows.id(2)),
                             .parent_id = id_at(rows, 3)};
    ASSAY_TRY(record.type, session.symbol_text(rows.integer(4)));
    ASSAY_TRY(record.name, name_at(session, rows, 5));
    ASSAY_TRY(record.level, session.symbol_text(rows.integer(6)));
    ASSAY_TRY(record.environment, session.symbol_text(rows.integer(7)));
    ASSAY_TRY(record.model, name_at(session, rows, 8));
    record.start = time_at(rows, 9);
    if (!rows.is_null(10)) record.end = to_time(rows.integer(9) + rows.integer(10));
    record.status_message = text_at(rows, 11);
    record.version = text_at(rows, 12);
    record.completion_start = optional_time_at(rows, 13);
    record.prompt_name = text_at(rows, 14);
    record.prompt_version = integer_at(rows, 15);
    record.is_app_root = rows.integer(16) != 0;
    record.experiment_id = text_at(rows, 17);
    record.created = optional_time_at(rows, 18).value_or(record.start);
    record.updated = optional_time_at(rows, 19).value_or(record.created);
    if (!rows.is_null(21)) record.total_cost = to_usd(rows.integer(21));
    return record;
}

Result<std::optional<ObservationRecord>> read_observation_record(Session& session,
                                                                 UnitDocuments& units,
                                                                 ObservationRow row,
                                                                 RecordParts parts) {
    ASSAY_TRY(Rows rows, session.connection().query(k_observation, std::to_underlying(row)));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) return std::nullopt;
    ASSAY_TRY(ObservationRecord record, read_observation_columns(session, rows, row));
    if (parts == RecordParts::columns) return record;
    if (rows.integer(20) >= 0) {
        ASSAY_CHECK(units.open(rows.integer(22), rows.integer(1), rows.integer(23)));
        ASSAY_CHECK(read_unit_observation(units, static_cast<std::size_t>(rows.integer(20)),
                                          integer_at(rows, 21), record));
        ASSAY_CHECK(link_prompt(session, rows.integer(22), record));
    }
    ASSAY_TRY(const auto state,
              read_state(session, StateKind::observation, std::to_underlying(row)));
    if (state) apply_state(*state, record);
    return record;
}

}  // namespace

Result<std::vector<TraceRecord>> read_traces(Session& session, std::span<const TraceRow> rows,
                                             RecordParts parts) {
    UnitDocuments units(session);
    std::vector<TraceRecord> records;
    for (const TraceRow row : rows) {
        ASSAY_TRY(auto record, read_trace_record(session, units, row, parts));
        if (record) records.push_back(std::move(*record));
    }
    return records;
}

Result<std::vector<ObservationRecord>> read_observation_records(
    Session& session, std::span<const ObservationRow> rows, RecordParts parts) {
    UnitDocuments units(session);
    std::vector<ObservationRecord> records;
    for (const ObservationRow row : rows) {
        ASSAY_TRY(auto record, read_observation_record(session, units, row, parts));
        if (record) records.push_back(std::move(*record));
    }
    return records;
}

Result<std::vector<ObservationRow>> observations_of(Session& session, std::int64_t project,
                                                    TraceRow trace) {
    std::vector<ObservationRow> found;
    ASSAY_TRY(Rows rows,
              session.connection().query(k_observations_of, project, std::to_underlying(trace)));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return found;
        found.push_back(ObservationRow(rows.integer(0)));
    }
}

Result<std::optional<TraceRow>> find_trace_row(Session& session, std::int64_t project,
                                               const TraceId& id) {
    ASSAY_TRY(const auto row,
              session.connection().find_integer(k_find_trace, project, StoredId(id)));
    if (!row) return std::nullopt;
    return TraceRow(*row);
}

Result<std::optional<ObservationRow>> find_observation_row(Session& session, std::int64_t project,
                                                           const ObservationId& id) {
    ASSAY_TRY(const auto row,
              session.connection().find_integer(k_find_observation, project, StoredId(id)));
    if (!row) return std::nullopt;
    return ObservationRow(*row);
}

Result<std::optional<SessionRow>> find_session_row(Session& session, std::int64_t project,
                                                   const SessionId& id) {
    ASSAY_TRY(const auto row,
              session.connection().find_integer(k_find_session, project, StoredId(id)));
    if (!row) return std::nullopt;
    return SessionRow(*row);
}

}  // namespace assay
