#include "server/tracing/removal.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "server/store/metadata_index.hpp"
#include "server/store/overwriting.hpp"
#include "server/store/row_values.hpp"
#include "server/tracing/entity_state.hpp"
#include "server/tracing/ingest.hpp"
#include "server/tracing/score_records.hpp"
#include "server/tracing/trace_writer.hpp"

namespace assay {
namespace {

constexpr const char* k_find =
    "SELECT trace, item_version FROM traces WHERE project = ?1 AND id = ?2";
constexpr const char* k_observations = "SELECT observation FROM observations WHERE trace = ?1";
constexpr const char* k_remove_observation = "DELETE FROM observations WHERE observation = ?1";
constexpr const char* k_unlink_scores =
    "UPDATE scores SET execution_trace = NULL WHERE project = ?1 AND execution_trace = ?2";
constexpr const char* k_is_linked =
    "SELECT 1 FROM run_items WHERE trace = ?1 AND unit_key IS NULL LIMIT 1";
constexpr const char* k_remove_links =
    "DELETE FROM run_items WHERE trace = ?1 AND unit_key IS NULL";
constexpr const char* k_remove_units = "DELETE FROM run_items WHERE project = ?1 AND trace = ?2";
constexpr const char* k_remove_document = "DELETE FROM trace_documents WHERE trace = ?1";
constexpr const char* k_remove_trace = "DELETE FROM traces WHERE trace = ?1";
constexpr const char* k_some_traces = "SELECT trace FROM traces WHERE project = ?1 LIMIT ?2";
constexpr const char* k_old_observations =
    "SELECT o.observation FROM observations o JOIN traces t ON t.trace = o.trace "
    "WHERE o.project = ?1 AND o.start_time < ?2 AND t.item_version IS NULL LIMIT ?3";
constexpr const char* k_remove_old_scores =
    "DELETE FROM scores WHERE (project, id) IN "
    "(SELECT project, id FROM scores WHERE project = ?1 AND timestamp < ?2 LIMIT ?3)";
constexpr const char* k_old_traces =
    "SELECT t.trace, t.item_version, EXISTS(SELECT 1 FROM observations o WHERE o.trace = t.trace) "
    "OR EXISTS(SELECT 1 FROM scores s WHERE s.project = t.project AND s.subject = t.trace "
    "AND s.subject_kind = (SELECT symbol FROM symbols WHERE text = 'trace')) "
    "FROM traces t WHERE t.project = ?1 AND t.timestamp < ?2 AND t.mentioned IS NULL LIMIT ?3";
constexpr const char* k_remove_old_sessions =
    "DELETE FROM sessions WHERE session IN (SELECT session FROM sessions s WHERE project = ?1 "
    "AND created_at < ?2 AND NOT EXISTS(SELECT 1 FROM traces t WHERE t.session = s.session) "
    "LIMIT ?3)";
/// What a project has besides its traces.
constexpr std::array k_remove_rest = {"DELETE FROM scores WHERE project = ?1",
                                      "DELETE FROM score_history WHERE project = ?1",
                                      "DELETE FROM sessions WHERE project = ?1",
                                      "DELETE FROM score_configs WHERE project = ?1",
                                      "DELETE FROM run_items WHERE project = ?1",
                                      "DELETE FROM dataset_runs WHERE project = ?1",
                                      "DELETE FROM runs WHERE project = ?1",
                                      "DELETE FROM item_versions WHERE project = ?1",
                                      "DELETE FROM items WHERE project = ?1",
                                      "DELETE FROM datasets WHERE project = ?1",
                                      "DELETE FROM prompts WHERE project = ?1",
                                      "DELETE FROM prompt_labels WHERE project = ?1",
                                      "DELETE FROM prompt_tags WHERE project = ?1",
                                      "DELETE FROM models WHERE project = ?1",
                                      "DELETE FROM baselines WHERE project = ?1",
                                      "DELETE FROM baseline_documents WHERE project = ?1",
                                      "DELETE FROM noise_floors WHERE project = ?1",
                                      "DELETE FROM quarantine WHERE project = ?1",
                                      "DELETE FROM judge_calibrations WHERE project = ?1"};
/// A symbol's row is never given to another text, which somebody may still remember by it.
constexpr const char* k_forget_symbols =
    "UPDATE symbols SET text = 'removed-' || symbol WHERE text NOT LIKE 'removed-%' "
    "AND symbol NOT IN (SELECT name FROM traces UNION SELECT environment FROM traces "
    "UNION SELECT environment FROM sessions UNION SELECT type FROM observations "
    "UNION SELECT name FROM observations UNION SELECT level FROM observations "
    "UNION SELECT environment FROM observations "
    "UNION SELECT model FROM observations WHERE model IS NOT NULL "
    "UNION SELECT name FROM scores UNION SELECT data_type FROM scores "
    "UNION SELECT source FROM scores UNION SELECT environment FROM scores "
    "UNION SELECT subject_kind FROM scores UNION SELECT name FROM score_history "
    "UNION SELECT data_type FROM score_history UNION SELECT source FROM score_history "
    "UNION SELECT environment FROM score_history UNION SELECT subject_kind FROM score_history)";

template <class Row>
Result<std::vector<Row>> all_rows(Result<Rows> started) {
    ASSAY_TRY(Rows rows, std::move(started));
    std::vector<Row> found;
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return found;
        found.push_back(Row(rows.integer(0)));
    }
}

Result<void> remove_observations(const IngestContext& context,
                                 std::span<const ObservationRow> rows) {
    ASSAY_TRY(const auto records, read_observation_records(context.writer, rows, RecordParts::all));
    for (const ObservationRecord& record : records) {
        const std::int64_t row = std::to_underlying(record.row);
        ASSAY_CHECK(replace_metadata(context.writer,
                                     {MetadataIndex::observations, context.project, row},
                                     record.metadata, Json()));
        ASSAY_CHECK(remove_state(context.writer, StateKind::observation, row));
        ASSAY_CHECK(context.writer.connection().run(k_remove_observation, row));
    }
    return {};
}

/// What a trace itself says; its observations and scores stay.
Result<void> silence_trace(const IngestContext& context, std::int64_t trace) {
    const TraceRow row{trace};
    ASSAY_TRY(const auto records,
              read_traces(context.writer, std::span(&row, 1), RecordParts::all));
    for (const TraceRecord& record : records) {
        ASSAY_CHECK(replace_metadata(context.writer,
                                     {MetadataIndex::traces, context.project, trace},
                                     record.metadata, Json()));
    }
    return remove_state(context.writer, StateKind::trace, trace);
}

Result<void> remove_trace_row(const IngestContext& context, std::int64_t trace, bool is_of_run) {
    Connection& connection = context.writer.connection();
    ASSAY_TRY(const auto observations,
              all_rows<ObservationRow>(connection.query(k_observations, trace)));
    ASSAY_CHECK(remove_observations(context, observations));
    ASSAY_CHECK(silence_trace(context, trace));
    ASSAY_CHECK(connection.run(k_remove_document, trace));
    ASSAY_CHECK(
        remove_scores_of(context.writer, context.project_row, ScoreSubjectKind::trace, trace));
    if (is_of_run) {
        ASSAY_CHECK(connection.run(k_unlink_scores, context.project_row, trace));
        ASSAY_CHECK(connection.run(k_remove_units, context.project_row, trace));
    }
    // What clients linked to the trace tells of a trace that is not there.
    ASSAY_TRY(const auto linked, connection.find_integer(k_is_linked, trace));
    if (linked) return leave_mention(context, trace);
    return connection.run(k_remove_trace, trace);
}

/// Traces of which only parts are old keep those that are not.
Result<std::size_t> remove_old_traces(const IngestContext& context, std::int64_t before,
                                      std::size_t count) {
    struct OldTrace {
        std::int64_t row;
        bool is_of_run;
        bool has_parts;
    };
    Connection& connection = context.writer.connection();
    std::vector<OldTrace> old;
    {
        ASSAY_TRY(Rows rows, connection.query(k_old_traces, context.project_row, before, count));
        while (true) {
            ASSAY_TRY(const bool more, rows.next());
            if (!more) break;
            old.push_back({rows.integer(0), !rows.is_null(1), rows.integer(2) != 0});
        }
    }
    for (const OldTrace& trace : old) {
        if (trace.has_parts && !trace.is_of_run) {
            ASSAY_CHECK(silence_trace(context, trace.row));
            ASSAY_CHECK(leave_mention(context, trace.row));
        } else {
            ASSAY_CHECK(remove_trace_row(context, trace.row, trace.is_of_run));
        }
    }
    return old.size();
}

}  // namespace

Result<bool> remove_trace(Session& writer, const ProjectId& project, const TraceId& id) {
    Connection& connection = writer.connection();
    ASSAY_TRY(const std::int64_t project_row, writer.find_project(project));
    std::int64_t trace = 0;
    bool is_of_run = false;
    {
        ASSAY_TRY(Rows rows, connection.query(k_find, project_row, StoredId(id)));
        ASSAY_TRY(const bool found, rows.next());
        if (!found) return false;
        trace = rows.integer(0);
        is_of_run = !rows.is_null(1);
    }
    const Overwriting overwriting(writer);
    ASSAY_CHECK(remove_trace_row({writer, project, project_row, Time()}, trace, is_of_run));
    return true;
}

Result<std::size_t> remove_older(Session& writer, const ProjectId& project, Time before,
                                 std::size_t count) {
    Connection& connection = writer.connection();
    ASSAY_TRY(const std::int64_t project_row, writer.find_project(project));
    const IngestContext context{writer, project, project_row, Time()};
    const std::int64_t time = to_nanoseconds(before);
    const Overwriting overwriting(writer);
    ASSAY_TRY(const auto observations, all_rows<ObservationRow>(connection.query(
                                           k_old_observations, project_row, time, count)));
    ASSAY_CHECK(remove_observations(context, observations));
    ASSAY_CHECK(connection.run(k_remove_old_scores, project_row, time, count));
    const auto scores = static_cast<std::size_t>(connection.changes());
    ASSAY_TRY(const std::size_t traces, remove_old_traces(context, time, count));
    ASSAY_CHECK(connection.run(k_remove_old_sessions, project_row, time, count));
    const auto sessions = static_cast<std::size_t>(connection.changes());
    return std::max({observations.size(), scores, traces, sessions});
}

Result<std::size_t> remove_project_data(Session& writer, const ProjectId& project,
                                        std::size_t count) {
    Connection& connection = writer.connection();
    ASSAY_TRY(const std::int64_t project_row, writer.find_project(project));
    const IngestContext context{writer, project, project_row, Time()};
    const Overwriting overwriting(writer);
    ASSAY_TRY(const auto traces,
              all_rows<std::int64_t>(connection.query(k_some_traces, project_row, count)));
    for (const std::int64_t trace : traces) {
        ASSAY_CHECK(connection.run(k_remove_links, trace));
        ASSAY_CHECK(remove_trace_row(context, trace, false));
    }
    if (traces.size() == count) return count;
    for (const char* const sql : k_remove_rest) {
        ASSAY_CHECK(connection.run(sql, project_row));
    }
    return traces.size();
}

Result<void> forget_unused_symbols(Session& writer) {
    const Overwriting overwriting(writer);
    ASSAY_CHECK(writer.connection().run(k_forget_symbols));
    writer.forget();
    return {};
}

}  // namespace assay
