#include "server/tracing/score_records.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "server/store/overwriting.hpp"
#include "server/store/row_values.hpp"
#include "server/tracing/ingest.hpp"
#include "server/tracing/score_events.hpp"

namespace assay {
namespace {

constexpr const char* k_by_id =
    "SELECT id, name, data_type, source, environment, subject_kind, subject, timestamp, value, "
    "string_value, comment, observation_id, config, queue, author, metadata, created_at, "
    "updated_at FROM scores WHERE project = ?1 AND id = ?2";
constexpr const char* k_ids_of =
    "SELECT id FROM scores WHERE project = ?1 AND subject_kind = ?2 AND subject = ?3 "
    "ORDER BY +timestamp, ordinal";
constexpr const char* k_find_symbol = "SELECT symbol FROM symbols WHERE text = ?1";
constexpr const char* k_trace_id = "SELECT id FROM traces WHERE trace = ?1 AND project = ?2";
constexpr const char* k_session_id = "SELECT id FROM sessions WHERE session = ?1 AND project = ?2";
constexpr const char* k_dataset_run_id =
    "SELECT id FROM dataset_runs WHERE dataset_run = ?1 AND project = ?2";
constexpr const char* k_find_dataset_run =
    "SELECT dataset_run FROM dataset_runs WHERE project = ?1 AND id = ?2";
constexpr const char* k_next_ordinal =
    "SELECT coalesce(max(ordinal) + 1, 0) FROM scores "
    "WHERE project = ?1 AND subject_kind = ?2 AND subject = ?3";
// What has the id although nobody finds it belongs to a subject that is gone.
constexpr const char* k_add =
    "INSERT OR REPLACE INTO scores(project, subject_kind, subject, ordinal, id, name, data_type, "
    "source, environment, timestamp, value, string_value, comment, observation_id, config, queue, "
    "author, metadata, created_at, updated_at, events) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
    "?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)";
// A score of a run, which has no created_at, stays one of its evaluator, where and when it was.
constexpr const char* k_update =
    "UPDATE scores SET name = ?3, data_type = ?4, source = iif(created_at IS NULL, source, ?5), "
    "environment = iif(created_at IS NULL, environment, ?6), "
    "timestamp = iif(created_at IS NULL, timestamp, ?7), value = ?8, string_value = ?9, "
    "comment = ?10, observation_id = ?11, config = ?12, queue = ?13, author = ?14, "
    "metadata = ?15, updated_at = ?16, events = ?17 WHERE project = ?1 AND id = ?2";
constexpr const char* k_events =
    "SELECT created_at IS NULL, events FROM scores WHERE project = ?1 AND id = ?2";
constexpr const char* k_delete = "DELETE FROM scores WHERE project = ?1 AND id = ?2";
constexpr const char* k_delete_history =
    "DELETE FROM score_history WHERE project = ?1 AND subject_kind = ?2 AND subject = ?3 "
    "AND id = ?4";
constexpr const char* k_place =
    "SELECT subject_kind, subject FROM scores WHERE project = ?1 AND id = ?2";
constexpr const char* k_delete_of =
    "DELETE FROM scores WHERE project = ?1 AND subject_kind = ?2 AND subject = ?3";
constexpr const char* k_delete_history_of =
    "DELETE FROM score_history WHERE project = ?1 AND subject_kind = ?2 AND subject = ?3";

constexpr std::int64_t k_none = -1;  ///< no symbol

constexpr std::array k_kinds = {ScoreSubjectKind::trace, ScoreSubjectKind::session,
                                ScoreSubjectKind::dataset_run};

std::unexpected<Error> damaged(const ScoreId& id) {
    return failure(ErrorCode::data_loss,
                   fmt::format("the score {} is damaged in the store", id.value()));
}

const char* subject_statement(ScoreSubjectKind kind) {
    switch (kind) {
        case ScoreSubjectKind::trace: return k_trace_id;
        case ScoreSubjectKind::session: return k_session_id;
        case ScoreSubjectKind::dataset_run: return k_dataset_run_id;
    }
    std::unreachable();
}

/// Reads the subject of a score. @return whether it is there.
Result<bool> read_subject(Session& session, std::int64_t project, const Rows& rows,
                          ScoreRecord& score) {
    ASSAY_TRY(const std::string name, session.symbol_text(rows.integer(5)));
    const auto kind = std::ranges::find(k_kinds, name, [](auto each) { return to_string(each); });
    if (kind == k_kinds.end()) return damaged(score.id);
    score.subject_kind = *kind;
    ASSAY_TRY(Rows subject,
              session.connection().query(subject_statement(*kind), rows.integer(6), project));
    ASSAY_TRY(const bool found, subject.next());
    if (found) score.subject_id = subject.id(0);
    return found;
}

/// The score of the current row; nothing when its subject is gone.
Result<std::optional<ScoreRecord>> read_record(Session& session, std::int64_t project,
                                               const Rows& rows) {
    ScoreRecord score;
    score.id = ScoreId(rows.id(0));
    ASSAY_TRY(score.name, session.symbol_text(rows.integer(1)));
    ASSAY_TRY(score.data_type, session.symbol_text(rows.integer(2)));
    ASSAY_TRY(score.source, session.symbol_text(rows.integer(3)));
    ASSAY_TRY(score.environment, session.symbol_text(rows.integer(4)));
    ASSAY_TRY(const bool has_subject, read_subject(session, project, rows, score));
    if (!has_subject) return std::nullopt;
    score.timestamp = time_at(rows, 7);
    score.value = real_at(rows, 8);
    score.string_value = text_at(rows, 9);
    score.comment = text_at(rows, 10);
    score.observation_id = id_at(rows, 11);
    score.config_id = id_at(rows, 12);
    score.queue_id = id_at(rows, 13);
    score.author = text_at(rows, 14);
    ASSAY_TRY(Json metadata, json_at(rows, 15));
    if (!metadata.is_null() && !metadata.is_object()) return damaged(score.id);
    if (metadata.is_object()) score.metadata = std::move(metadata);
    score.created = optional_time_at(rows, 16).value_or(score.timestamp);
    score.updated = optional_time_at(rows, 17).value_or(score.created);
    return score;
}

/// The row of what a score belongs to, made if need be.
Result<std::int64_t> ensure_subject(Session& writer, const ProjectId& project,
                                    const ScoreRecord& score, Time now) {
    ASSAY_TRY(const std::int64_t project_row, writer.ensure_project(project));
    switch (score.subject_kind) {
        case ScoreSubjectKind::trace: {
            ASSAY_TRY(const TraceRow row,
                      mention_trace(writer, project, TraceId(score.subject_id), now));
            return std::to_underlying(row);
        }
        case ScoreSubjectKind::session: {
            ASSAY_TRY(const SessionRow row,
                      ensure_session(writer, project_row, SessionId(score.subject_id),
                                     score.environment, now));
            return std::to_underlying(row);
        }
        case ScoreSubjectKind::dataset_run: break;
    }
    ASSAY_TRY(const auto row, writer.connection().find_integer(k_find_dataset_run, project_row,
                                                               StoredId(score.subject_id)));
    if (row) return *row;
    return failure(
        ErrorCode::not_found,
        fmt::format("Dataset run {} not found; the score was not stored", score.subject_id));
}

/// What is stored of a score besides what it says.
struct ScoreWriting {
    Time created;
    Time updated;
    std::optional<std::string> events = std::nullopt;  ///< when it was sent more than once
};

Result<void> add_score(Session& writer, const ProjectId& project, const ScoreRecord& score,
                       const ScoreWriting& writing) {
    Connection& connection = writer.connection();
    ASSAY_TRY(const std::int64_t subject, ensure_subject(writer, project, score, writing.updated));
    ASSAY_TRY(const std::int64_t project_row, writer.ensure_project(project));
    ASSAY_TRY(const std::int64_t kind, writer.symbol(to_string(score.subject_kind)));
    ASSAY_TRY(const auto ordinal,
              connection.find_integer(k_next_ordinal, project_row, kind, subject));
    ASSAY_TRY(const std::int64_t name, writer.symbol(score.name));
    ASSAY_TRY(const std::int64_t type, writer.symbol(score.data_type));
    ASSAY_TRY(const std::int64_t source, writer.symbol(score.source));
    ASSAY_TRY(const std::int64_t environment, writer.symbol(score.environment));
    const std::string metadata = to_text(score.metadata);
    return connection.run(k_add, project_row, kind, subject, ordinal, StoredId(score.id), name,
                          type, source, environment, to_nanoseconds(score.timestamp), score.value,
                          score.string_value, score.comment, stored_id(score.observation_id),
                          stored_id(score.config_id), stored_id(score.queue_id), score.author,
                          metadata, to_nanoseconds(writing.created),
                          to_nanoseconds(writing.updated), writing.events);
}

Result<void> update_score(Session& writer, std::int64_t project, const ScoreRecord& score,
                          const ScoreWriting& writing) {
    ASSAY_TRY(const std::int64_t name, writer.symbol(score.name));
    ASSAY_TRY(const std::int64_t type, writer.symbol(score.data_type));
    ASSAY_TRY(const std::int64_t source, writer.symbol(score.source));
    ASSAY_TRY(const std::int64_t environment, writer.symbol(score.environment));
    const std::string metadata = to_text(score.metadata);
    return writer.connection().run(
        k_update, project, StoredId(score.id), name, type, source, environment,
        to_nanoseconds(score.timestamp), score.value, score.string_value, score.comment,
        stored_id(score.observation_id), stored_id(score.config_id), stored_id(score.queue_id),
        score.author, metadata, to_nanoseconds(writing.updated), writing.events);
}

/// What was sent of a stored score so far.
Result<std::vector<EntityEvent>> events_of(Session& session, std::int64_t project,
                                           const ScoreRecord& stored) {
    ASSAY_TRY(Rows rows, session.connection().query(k_events, project, StoredId(stored.id)));
    ASSAY_TRY(const bool found, rows.next());
    if (!found || rows.is_null(1)) {
        EntityEvent only = event_of(stored);
        // What a run said of its score came before anything that anybody says.
        if (found && rows.integer(0) != 0) only.at = Time::min();
        return std::vector<EntityEvent>{std::move(only)};
    }
    return parse_events(rows.bytes(1));
}

/// Another message of a score that is there.
Result<void> merge_score(Session& writer, const ProjectId& project, const ScoreRecord& stored,
                         const ScoreRecord& score, Time now) {
    ASSAY_TRY(const std::int64_t project_row, writer.ensure_project(project));
    ASSAY_TRY(std::vector<EntityEvent> events, events_of(writer, project_row, stored));
    const std::string before = stored_events(events);
    EntityEvent said = event_of(score);
    if (before == stored_events({said})) return {};
    events.push_back(std::move(said));
    reduce_events(events, &score_field_rule);
    std::string after = stored_events(events);
    if (before == after) return {};
    ASSAY_TRY(const ScoreRecord merged, score_of(score.id, events));
    const ScoreWriting writing{stored.created, now, std::move(after)};
    const bool stays =
        merged.subject_kind == stored.subject_kind && merged.subject_id == stored.subject_id;
    if (stays) return update_score(writer, project_row, merged, writing);
    // An earlier message names another subject. The new row replaces that of the same id.
    return add_score(writer, project, merged, writing);
}

}  // namespace

std::string_view to_string(ScoreSubjectKind kind) {
    switch (kind) {
        case ScoreSubjectKind::trace: return "trace";
        case ScoreSubjectKind::session: return "session";
        case ScoreSubjectKind::dataset_run: return "dataset_run";
    }
    std::unreachable();
}

Result<std::optional<ScoreRecord>> find_score(Session& session, std::int64_t project,
                                              const ScoreId& id) {
    ASSAY_TRY(Rows rows, session.connection().query(k_by_id, project, StoredId(id)));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) return std::nullopt;
    return read_record(session, project, rows);
}

Result<std::vector<ScoreRecord>> read_score_records(Session& session, std::int64_t project,
                                                    std::span<const ScoreId> ids) {
    std::vector<ScoreRecord> scores;
    for (const ScoreId& id : ids) {
        ASSAY_TRY(auto score, find_score(session, project, id));
        if (score) scores.push_back(std::move(*score));
    }
    return scores;
}

Result<std::vector<ScoreId>> score_ids_of(Session& session, std::int64_t project,
                                          ScoreSubjectKind kind, std::int64_t subject) {
    std::vector<ScoreId> ids;
    ASSAY_TRY(const auto symbol, session.connection().find_integer(k_find_symbol, to_string(kind)));
    ASSAY_TRY(Rows rows,
              session.connection().query(k_ids_of, project, symbol.value_or(k_none), subject));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return ids;
        ids.emplace_back(rows.id(0));
    }
}

Result<std::vector<ScoreRecord>> scores_of(Session& session, std::int64_t project,
                                           ScoreSubjectKind kind, std::int64_t subject) {
    ASSAY_TRY(const auto ids, score_ids_of(session, project, kind, subject));
    return read_score_records(session, project, ids);
}

Result<void> put_score(Session& writer, const ProjectId& project, const ScoreRecord& score,
                       Time now) {
    ASSAY_TRY(const std::int64_t project_row, writer.ensure_project(project));
    ASSAY_TRY(const auto stored, find_score(writer, project_row, score.id));
    if (!stored) return add_score(writer, project, score, {now, now});
    return merge_score(writer, project, *stored, score, now);
}

Result<bool> remove_score(Session& writer, std::int64_t project, const ScoreId& id) {
    Connection& connection = writer.connection();
    std::int64_t kind = 0;
    std::int64_t subject = 0;
    {
        ASSAY_TRY(Rows rows, connection.query(k_place, project, StoredId(id)));
        ASSAY_TRY(const bool found, rows.next());
        if (!found) return false;
        kind = rows.integer(0);
        subject = rows.integer(1);
    }
    const Overwriting overwriting(writer);
    ASSAY_CHECK(connection.run(k_delete, project, StoredId(id)));
    ASSAY_CHECK(connection.run(k_delete_history, project, kind, subject, StoredId(id)));
    return true;
}

Result<void> remove_scores_of(Session& writer, std::int64_t project, ScoreSubjectKind kind,
                              std::int64_t subject) {
    Connection& connection = writer.connection();
    ASSAY_TRY(const auto symbol, connection.find_integer(k_find_symbol, to_string(kind)));
    if (!symbol) return {};
    ASSAY_CHECK(connection.run(k_delete_of, project, *symbol, subject));
    return connection.run(k_delete_history_of, project, *symbol, subject);
}

}  // namespace assay
