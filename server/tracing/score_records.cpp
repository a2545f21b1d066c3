#include "server/tracing/score_records.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "server/tracing/ingest.hpp"
#include "server/tracing/overwriting.hpp"

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
    "source, "
    "environment, timestamp, value, string_value, comment, observation_id, config, queue, author, "
    "metadata, created_at, updated_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
    "?13, ?14, ?15, ?16, ?17, ?18, ?19, ?19)";
// A score of a run, which has no created_at, stays one of its evaluator.
constexpr const char* k_update =
    "UPDATE scores SET name = ?3, data_type = ?4, "
    "source = CASE WHEN created_at IS NULL THEN source ELSE ?5 END, value = ?6, "
    "string_value = ?7, comment = coalesce(?8, comment), "
    "observation_id = coalesce(?9, observation_id), config = coalesce(?10, config), "
    "queue = coalesce(?11, queue), author = coalesce(?12, author), metadata = ?13, "
    "updated_at = ?14 WHERE project = ?1 AND id = ?2";
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

Time to_time(std::int64_t nanoseconds) { return Time(std::chrono::nanoseconds(nanoseconds)); }

std::int64_t nanoseconds(Time time) { return time.time_since_epoch().count(); }

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

std::optional<std::string> text_or_nothing(const Rows& rows, int column) {
    if (rows.is_null(column)) return std::nullopt;
    return std::string(rows.bytes(column));
}

std::optional<std::string> id_or_nothing(const Rows& rows, int column) {
    if (rows.is_null(column)) return std::nullopt;
    return rows.id(column);
}

std::optional<StoredId> stored_id(const std::optional<std::string>& id) {
    if (!id) return std::nullopt;
    return StoredId(*id);
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
    score.timestamp = to_time(rows.integer(7));
    if (!rows.is_null(8)) score.value = rows.real(8);
    score.string_value = text_or_nothing(rows, 9);
    score.comment = text_or_nothing(rows, 10);
    score.observation_id = id_or_nothing(rows, 11);
    score.config_id = id_or_nothing(rows, 12);
    score.queue_id = id_or_nothing(rows, 13);
    score.author = text_or_nothing(rows, 14);
    if (!rows.is_null(15)) {
        auto metadata = parse_json(rows.bytes(15));
        if (!metadata || !metadata->is_object()) return damaged(score.id);
        score.metadata = std::move(*metadata);
    }
    score.created = rows.is_null(16) ? score.timestamp : to_time(rows.integer(16));
    score.updated = rows.is_null(17) ? score.created : to_time(rows.integer(17));
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

Result<void> add_score(Session& writer, const ProjectId& project, const ScoreRecord& score,
                       Time now) {
    Connection& connection = writer.connection();
    ASSAY_TRY(const std::int64_t subject, ensure_subject(writer, project, score, now));
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
                          type, source, environment, nanoseconds(score.timestamp), score.value,
                          score.string_value, score.comment, stored_id(score.observation_id),
                          stored_id(score.config_id), stored_id(score.queue_id), score.author,
                          metadata, nanoseconds(now));
}

Result<void> update_score(Session& writer, std::int64_t project, const ScoreRecord& stored,
                          const ScoreRecord& score, Time now) {
    ASSAY_TRY(const std::int64_t name, writer.symbol(score.name));
    ASSAY_TRY(const std::int64_t type, writer.symbol(score.data_type));
    ASSAY_TRY(const std::int64_t source, writer.symbol(score.source));
    Json metadata = stored.metadata;
    metadata.update(score.metadata, true);
    const std::string metadata_text = to_text(metadata);
    return writer.connection().run(
        k_update, project, StoredId(score.id), name, type, source, score.value, score.string_value,
        score.comment, stored_id(score.observation_id), stored_id(score.config_id),
        stored_id(score.queue_id), score.author, metadata_text, nanoseconds(now));
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

Result<std::vector<ScoreRecord>> scores_of(Session& session, std::int64_t project,
                                           ScoreSubjectKind kind, std::int64_t subject) {
    std::vector<ScoreId> ids;
    ASSAY_TRY(const auto symbol, session.connection().find_integer(k_find_symbol, to_string(kind)));
    ASSAY_TRY(Rows rows,
              session.connection().query(k_ids_of, project, symbol.value_or(k_none), subject));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return read_score_records(session, project, ids);
        ids.emplace_back(rows.id(0));
    }
}

Result<void> put_score(Session& writer, const ProjectId& project, const ScoreRecord& score,
                       Time now) {
    ASSAY_TRY(const std::int64_t project_row, writer.ensure_project(project));
    ASSAY_TRY(const auto stored, find_score(writer, project_row, score.id));
    if (!stored) return add_score(writer, project, score, now);
    return update_score(writer, project_row, *stored, score, now);
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
