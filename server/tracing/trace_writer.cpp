#include "server/tracing/trace_writer.hpp"

#include <array>
#include <utility>

#include "server/store/metadata_index.hpp"
#include "server/store/row_values.hpp"
#include "server/tracing/entity_state.hpp"
#include "server/tracing/field_reader.hpp"

namespace assay {
namespace {

constexpr const char* k_find = "SELECT trace FROM traces WHERE project = ?1 AND id = ?2";
constexpr const char* k_standing =
    "SELECT t.trace, t.mentioned IS NULL, s.trace IS NOT NULL OR t.item_version IS NOT NULL, "
    "t.timestamp FROM traces t LEFT JOIN trace_states s ON s.trace = t.trace "
    "WHERE t.project = ?1 AND t.id = ?2";
constexpr const char* k_add =
    "INSERT INTO traces(project, id, timestamp, name, environment, mentioned, created_at, "
    "updated_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)";
/// Adds a trace or changes one. A run's own columns stay where clients say nothing.
constexpr const char* k_put =
    "INSERT INTO traces(trace, project, id, timestamp, name, environment, user_id, session, "
    "release, version, tags, public, bookmarked, created_at, updated_at) "
    "VALUES(?1, ?2, ?3, ?4, coalesce(?5, ?15), ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14) "
    "ON CONFLICT(trace) DO UPDATE SET mentioned = NULL, "
    "timestamp = iif(item_version IS NULL, ?4, timestamp), name = coalesce(?5, name), "
    "environment = iif(item_version IS NULL, ?6, environment), user_id = ?7, session = ?8, "
    "release = ?9, version = ?10, tags = ?11, public = ?12, bookmarked = ?13, "
    "created_at = iif(mentioned IS NULL, coalesce(created_at, timestamp), ?14), updated_at = ?14";
constexpr const char* k_reveal =
    "UPDATE traces SET mentioned = NULL, timestamp = ?2, environment = ?3, created_at = ?4, "
    "updated_at = ?4 WHERE trace = ?1";
constexpr const char* k_any_part = "SELECT 1 FROM observations WHERE trace = ?1 LIMIT 1";
constexpr const char* k_only_mention =
    "UPDATE traces SET mentioned = 1, name = ?2, environment = ?3, item_version = NULL, "
    "user_id = NULL, session = NULL, release = NULL, version = NULL, tags = NULL, public = NULL, "
    "bookmarked = NULL WHERE trace = ?1";
constexpr const char* k_begin_earlier = "UPDATE traces SET timestamp = ?2 WHERE trace = ?1";
constexpr const char* k_find_session =
    "SELECT session FROM sessions WHERE project = ?1 AND id = ?2";
constexpr const char* k_add_session =
    "INSERT INTO sessions(project, id, created_at, environment) VALUES(?1, ?2, ?3, ?4)";

constexpr const char* k_default_environment = "default";

/// What a row says whose trace has not spoken.
struct SilentTrace {
    Time time;
    std::string_view environment = k_default_environment;
    std::optional<std::int64_t> mentioned = std::nullopt;  ///< 1: it is not listed
};

Result<std::int64_t> add_silent(const IngestContext& context, const TraceId& id,
                                const SilentTrace& trace) {
    Connection& connection = context.writer.connection();
    ASSAY_TRY(const std::int64_t nameless, context.writer.symbol(""));
    ASSAY_TRY(const std::int64_t environment, context.writer.symbol(trace.environment));
    ASSAY_CHECK(connection.run(k_add, context.project_row, StoredId(id), to_nanoseconds(trace.time),
                               nameless, environment, trace.mentioned,
                               to_nanoseconds(context.now)));
    return connection.last_row();
}

/// Writes what is searched of a trace. @param row  0: it is new. @return its row.
Result<std::int64_t> put_columns(const IngestContext& context, const TraceId& id, std::int64_t row,
                                 const MergedEntity& merged) {
    const FieldReader fields(merged.fields);
    Session& writer = context.writer;
    const std::string environment(fields.text("environment").value_or(k_default_environment));
    ASSAY_TRY(const std::int64_t environment_symbol, writer.symbol(environment));
    ASSAY_TRY(const std::int64_t nameless, writer.symbol(""));
    std::optional<std::int64_t> name;
    if (const auto text = fields.text("name")) {
        ASSAY_TRY(name, writer.symbol(*text));
    }
    std::optional<std::int64_t> session;
    if (const auto session_id = fields.text("sessionId"); session_id && !session_id->empty()) {
        ASSAY_TRY(const SessionRow found,
                  ensure_session(writer, context.project_row, SessionId(std::string(*session_id)),
                                 environment, context.now));
        session = std::to_underlying(found);
    }
    std::optional<std::string> tags;
    const auto tagged = merged.fields.find("tags");
    if (tagged != merged.fields.end() && !tagged->empty()) tags = to_text(*tagged);
    const std::optional<std::string_view> tags_text = tags;
    const std::optional<std::int64_t> known = row == 0 ? std::nullopt : std::optional(row);
    ASSAY_CHECK(writer.connection().run(
        k_put, known, context.project_row, StoredId(id),
        fields.integer("timestamp").value_or(to_nanoseconds(merged.first)), name,
        environment_symbol, fields.text("userId"), session, fields.text("release"),
        fields.text("version"), tags_text, fields.flag("public"), fields.flag("bookmarked"),
        to_nanoseconds(context.now), nameless));
    return row == 0 ? writer.connection().last_row() : row;
}

}  // namespace

Result<TraceWriter::Standing*> TraceWriter::find(const TraceId& id) {
    const auto [known, is_new] = known_.try_emplace(id);
    Standing& standing = known->second;
    if (!is_new) return &standing;
    ASSAY_TRY(Rows rows,
              context_.writer.connection().query(k_standing, context_.project_row, StoredId(id)));
    ASSAY_TRY(const bool found, rows.next());
    if (found) {
        standing = {.row = rows.integer(0),
                    .is_listed = rows.integer(1) != 0,
                    .has_spoken = rows.integer(2) != 0,
                    .begins = time_at(rows, 3)};
    }
    return &standing;
}

Result<void> TraceWriter::put_events(const TraceId& id, std::vector<EntityEvent> events) {
    return put(id, std::move(events), Origin::client);
}

Result<void> TraceWriter::make_up(const TraceId& id, EntityEvent event) {
    std::vector<EntityEvent> events;
    events.push_back(std::move(event));
    return put(id, std::move(events), Origin::made_up);
}

Result<void> TraceWriter::withdraw(const TraceId& id) {
    ASSAY_TRY(Standing* const standing, find(id));
    Session& writer = context_.writer;
    ASSAY_TRY(const auto state, read_state(writer, StateKind::trace, standing->row));
    if (!state || !state->derived.contains(k_derived_made_up)) return {};
    ASSAY_TRY(const auto part, writer.connection().find_integer(k_any_part, standing->row));
    if (part) return {};
    const MergedEntity said = merge_events(state->events, &trace_field_rule);
    ASSAY_CHECK(replace_metadata(writer, {MetadataIndex::traces, context_.project, standing->row},
                                 FieldReader(said.fields).object("metadata"), Json()));
    ASSAY_CHECK(remove_state(writer, StateKind::trace, standing->row));
    standing->is_listed = false;
    standing->has_spoken = false;
    return leave_mention(context_, standing->row);
}

Result<void> TraceWriter::put(const TraceId& id, std::vector<EntityEvent> events, Origin origin) {
    ASSAY_TRY(Standing* const standing, find(id));
    EntityState state;
    if (standing->has_spoken) {
        ASSAY_TRY(auto stored, read_state(context_.writer, StateKind::trace, standing->row));
        if (stored) state = std::move(*stored);
    }
    const bool is_made_up = origin == Origin::made_up &&
                            (state.events.empty() || state.derived.contains(k_derived_made_up));
    state.derived = Json::object();
    if (is_made_up) state.derived[k_derived_made_up] = true;
    const MergedEntity before = merge_events(state.events, &trace_field_rule);
    std::ranges::move(events, std::back_inserter(state.events));
    reduce_events(state.events, &trace_field_rule);
    const MergedEntity after = merge_events(state.events, &trace_field_rule);
    ASSAY_TRY(standing->row, put_columns(context_, id, standing->row, after));
    standing->is_listed = true;
    standing->has_spoken = true;
    ASSAY_CHECK(replace_metadata(context_.writer,
                                 {MetadataIndex::traces, context_.project, standing->row},
                                 FieldReader(before.fields).object("metadata"),
                                 FieldReader(after.fields).object("metadata")));
    return write_state(context_.writer, StateKind::trace, context_.project_row, standing->row,
                       state);
}

Result<TraceRow> TraceWriter::ensure(const TraceId& id, const TraceGlimpse& glimpse) {
    Connection& connection = context_.writer.connection();
    ASSAY_TRY(Standing* const standing, find(id));
    const std::int64_t start = to_nanoseconds(glimpse.start);
    if (standing->row == 0) {
        ASSAY_TRY(standing->row, add_silent(context_, id, {glimpse.start, glimpse.environment}));
        standing->begins = glimpse.start;
    } else if (!standing->is_listed) {
        ASSAY_TRY(const std::int64_t environment, context_.writer.symbol(glimpse.environment));
        ASSAY_CHECK(connection.run(k_reveal, standing->row, start, environment,
                                   to_nanoseconds(context_.now)));
        standing->begins = glimpse.start;
    } else if (!standing->has_spoken && glimpse.start < standing->begins) {
        ASSAY_CHECK(connection.run(k_begin_earlier, standing->row, start));
        standing->begins = glimpse.start;
    }
    standing->is_listed = true;
    return TraceRow(standing->row);
}

Result<void> leave_mention(const IngestContext& context, std::int64_t trace) {
    ASSAY_TRY(const std::int64_t nameless, context.writer.symbol(""));
    ASSAY_TRY(const std::int64_t environment, context.writer.symbol(k_default_environment));
    return context.writer.connection().run(k_only_mention, trace, nameless, environment);
}

Result<TraceRow> mention_trace(Session& writer, const ProjectId& project, const TraceId& id,
                               Time now) {
    ASSAY_TRY(const std::int64_t project_row, writer.ensure_project(project));
    ASSAY_TRY(const auto known,
              writer.connection().find_integer(k_find, project_row, StoredId(id)));
    if (known) return TraceRow(*known);
    ASSAY_TRY(const std::int64_t row,
              add_silent({writer, project, project_row, now}, id, {.time = now, .mentioned = 1}));
    return TraceRow(row);
}

Result<SessionRow> ensure_session(Session& writer, std::int64_t project, const SessionId& id,
                                  const std::string& environment, Time now) {
    Connection& connection = writer.connection();
    ASSAY_TRY(const auto known, connection.find_integer(k_find_session, project, StoredId(id)));
    if (known) return SessionRow(*known);
    ASSAY_TRY(const std::int64_t symbol, writer.symbol(environment));
    ASSAY_CHECK(connection.run(k_add_session, project, StoredId(id), to_nanoseconds(now), symbol));
    return SessionRow(connection.last_row());
}

}  // namespace assay
