#include "server/tracing/trace_writer.hpp"

#include <array>
#include <utility>

#include "server/store/metadata_index.hpp"
#include "server/tracing/entity_state.hpp"
#include "server/tracing/field_reader.hpp"

namespace assay {
namespace {

constexpr const char* k_find = "SELECT trace FROM traces WHERE project = ?1 AND id = ?2";
constexpr const char* k_mention =
    "INSERT INTO traces(project, id, timestamp, name, environment, mentioned, created_at, "
    "updated_at) VALUES(?1, ?2, ?3, ?4, ?5, 1, ?3, ?3)";
/// A run's own columns stay where clients say nothing.
constexpr const char* k_update =
    "UPDATE traces SET mentioned = NULL, "
    "timestamp = iif(item_version IS NULL, ?2, timestamp), name = coalesce(?3, name), "
    "environment = iif(item_version IS NULL, ?4, environment), user_id = ?5, session = ?6, "
    "release = ?7, version = ?8, tags = ?9, public = ?10, bookmarked = ?11, "
    "created_at = iif(mentioned IS NULL, coalesce(created_at, timestamp), ?12), updated_at = ?12 "
    "WHERE trace = ?1";
constexpr const char* k_glimpse =
    "SELECT t.trace, t.mentioned, t.timestamp, s.trace FROM traces t "
    "LEFT JOIN trace_states s ON s.trace = t.trace WHERE t.project = ?1 AND t.id = ?2";
constexpr const char* k_reveal =
    "UPDATE traces SET mentioned = NULL, timestamp = ?2, environment = ?3, created_at = ?4, "
    "updated_at = ?4 WHERE trace = ?1";
constexpr const char* k_begin_earlier =
    "UPDATE traces SET timestamp = ?2 WHERE trace = ?1 AND item_version IS NULL";
constexpr const char* k_find_session =
    "SELECT session FROM sessions WHERE project = ?1 AND id = ?2";
constexpr const char* k_add_session =
    "INSERT INTO sessions(project, id, created_at, environment) VALUES(?1, ?2, ?3, ?4)";

constexpr const char* k_default_environment = "default";

std::int64_t nanoseconds(Time time) { return time.time_since_epoch().count(); }

Result<std::int64_t> find_or_mention(const IngestContext& context, const TraceId& id) {
    Connection& connection = context.writer.connection();
    ASSAY_TRY(const auto known, connection.find_integer(k_find, context.project_row, StoredId(id)));
    if (known) return *known;
    ASSAY_TRY(const std::int64_t nameless, context.writer.symbol(""));
    ASSAY_TRY(const std::int64_t environment, context.writer.symbol(k_default_environment));
    ASSAY_CHECK(connection.run(k_mention, context.project_row, StoredId(id),
                               nanoseconds(context.now), nameless, environment));
    return connection.last_row();
}

/// Sets what is searched of a trace.
Result<void> update_columns(const IngestContext& context, std::int64_t row,
                            const MergedEntity& merged) {
    const FieldReader fields(merged.fields);
    const std::string environment(fields.text("environment").value_or(k_default_environment));
    ASSAY_TRY(const std::int64_t environment_symbol, context.writer.symbol(environment));
    std::optional<std::int64_t> name;
    if (const auto text = fields.text("name")) {
        ASSAY_TRY(name, context.writer.symbol(*text));
    }
    std::optional<std::int64_t> session;
    if (const auto id = fields.text("sessionId"); id && !id->empty()) {
        ASSAY_TRY(const SessionRow found,
                  ensure_session(context.writer, context.project_row, SessionId(std::string(*id)),
                                 environment, context.now));
        session = std::to_underlying(found);
    }
    std::optional<std::string> tags;
    const auto tagged = merged.fields.find("tags");
    if (tagged != merged.fields.end() && !tagged->empty()) tags = to_text(*tagged);
    const std::optional<std::string_view> tags_text = tags;
    return context.writer.connection().run(
        k_update, row, fields.integer("timestamp").value_or(nanoseconds(merged.first)), name,
        environment_symbol, fields.text("userId"), session, fields.text("release"),
        fields.text("version"), tags_text, fields.flag("public"), fields.flag("bookmarked"),
        nanoseconds(context.now));
}

}  // namespace

Result<void> put_trace_events(const IngestContext& context, const TraceId& id,
                              std::vector<EntityEvent> events) {
    ASSAY_TRY(const std::int64_t row, find_or_mention(context, id));
    ASSAY_TRY(auto stored, read_state(context.writer, StateKind::trace, row));
    EntityState state = std::move(stored).value_or(EntityState{});
    const MergedEntity before = merge_events(state.events, &trace_field_rule);
    std::ranges::move(events, std::back_inserter(state.events));
    reduce_events(state.events, &trace_field_rule);
    const MergedEntity after = merge_events(state.events, &trace_field_rule);
    ASSAY_CHECK(update_columns(context, row, after));
    ASSAY_CHECK(replace_metadata(context.writer, {MetadataIndex::traces, context.project, row},
                                 FieldReader(before.fields).object("metadata"),
                                 FieldReader(after.fields).object("metadata")));
    return write_state(context.writer, StateKind::trace, context.project_row, row, state);
}

Result<TraceRow> ensure_trace(const IngestContext& context, const TraceId& id,
                              const TraceGlimpse& glimpse) {
    Connection& connection = context.writer.connection();
    std::int64_t row = 0;
    bool is_listed = false;
    bool has_spoken = false;
    Time begins = glimpse.start;
    {
        ASSAY_TRY(Rows rows, connection.query(k_glimpse, context.project_row, StoredId(id)));
        ASSAY_TRY(const bool found, rows.next());
        if (found) {
            row = rows.integer(0);
            is_listed = rows.is_null(1);
            begins = Time(std::chrono::nanoseconds(rows.integer(2)));
            has_spoken = !rows.is_null(3);
        }
    }
    if (row == 0) {
        ASSAY_TRY(row, find_or_mention(context, id));
    }
    if (!is_listed) {
        ASSAY_TRY(const std::int64_t environment, context.writer.symbol(glimpse.environment));
        ASSAY_CHECK(connection.run(k_reveal, row, nanoseconds(glimpse.start), environment,
                                   nanoseconds(context.now)));
    } else if (!has_spoken && glimpse.start < begins) {
        ASSAY_CHECK(connection.run(k_begin_earlier, row, nanoseconds(glimpse.start)));
    }
    return TraceRow(row);
}

Result<TraceRow> mention_trace(Session& writer, const ProjectId& project, const TraceId& id,
                               Time now) {
    ASSAY_TRY(const std::int64_t project_row, writer.ensure_project(project));
    ASSAY_TRY(const std::int64_t row, find_or_mention({writer, project, project_row, now}, id));
    return TraceRow(row);
}

Result<SessionRow> ensure_session(Session& writer, std::int64_t project, const SessionId& id,
                                  const std::string& environment, Time now) {
    Connection& connection = writer.connection();
    ASSAY_TRY(const auto known, connection.find_integer(k_find_session, project, StoredId(id)));
    if (known) return SessionRow(*known);
    ASSAY_TRY(const std::int64_t symbol, writer.symbol(environment));
    ASSAY_CHECK(connection.run(k_add_session, project, StoredId(id), nanoseconds(now), symbol));
    return SessionRow(connection.last_row());
}

}  // namespace assay
