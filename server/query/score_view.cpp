#include <array>

#include "server/query/view.hpp"

namespace assay {
namespace {

constexpr std::array<std::string_view, 2> k_score_name = {"scoreName", "Score Name"};
constexpr std::array<std::string_view, 2> k_dataset_run = {"experimentId", "Experiment ID"};
constexpr std::array<std::string_view, 1> k_author = {"Author"};
constexpr std::array<std::string_view, 2> k_trace_tags = {"tags", "Tags"};

// What is said of the project as a value of its own would make SQLite read all that the project
// has, as it knows no sizes: it stands beside what tells apart.
constexpr std::array k_columns = {
    Column{.id = "id",
           .name = "ID",
           .kind = ColumnKind::id,
           .sql = "s.id",
           .is_any_of = "s.project = ?1 AND s.id IN ($values)"},
    Column{.id = "name",
           .name = "Name",
           .aliases = k_score_name,
           .kind = ColumnKind::symbol,
           .sql = "s.name"},
    Column{.id = "timestamp", .name = "Timestamp", .kind = ColumnKind::time, .sql = "s.timestamp"},
    Column{.id = "value", .name = "Value", .kind = ColumnKind::number, .sql = "s.value"},
    // The same by a list: SQLite reads the texts as numbers, as the column holds such.
    Column{.id = "value", .name = "Value", .kind = ColumnKind::text, .sql = "s.value"},
    Column{.id = "stringValue",
           .name = "String Value",
           .kind = ColumnKind::text,
           .sql = "CASE WHEN s.data_type = (SELECT symbol FROM symbols WHERE text = 'BOOLEAN') "
                  "THEN iif(s.value <> 0, 'True', 'False') ELSE s.string_value END"},
    Column{.id = "dataType", .name = "Data Type", .kind = ColumnKind::symbol, .sql = "s.data_type"},
    Column{.id = "source", .name = "Source", .kind = ColumnKind::symbol, .sql = "s.source"},
    Column{.id = "environment",
           .name = "Environment",
           .kind = ColumnKind::symbol,
           .sql = "s.environment"},
    Column{.id = "comment", .name = "Comment", .kind = ColumnKind::text, .sql = "s.comment"},
    Column{.id = "traceId",
           .name = "Trace ID",
           .kind = ColumnKind::id,
           .sql = "(SELECT t.id FROM traces t WHERE t.trace = s.subject AND s.subject_kind = "
                  "(SELECT symbol FROM symbols WHERE text = 'trace'))",
           .is_any_of = "(s.project, s.subject_kind, s.subject) IN (SELECT ?1, (SELECT symbol "
                        "FROM symbols WHERE text = 'trace'), t.trace FROM traces t WHERE "
                        "t.project = ?1 AND t.id IN ($values))"},
    Column{.id = "observationId",
           .name = "Observation ID",
           .kind = ColumnKind::id,
           .sql = "s.observation_id"},
    Column{.id = "sessionId",
           .name = "Session ID",
           .kind = ColumnKind::id,
           .sql = "(SELECT e.id FROM sessions e WHERE e.session = s.subject AND s.subject_kind = "
                  "(SELECT symbol FROM symbols WHERE text = 'session'))",
           .is_any_of = "(s.project, s.subject_kind, s.subject) IN (SELECT ?1, (SELECT symbol "
                        "FROM symbols WHERE text = 'session'), e.session FROM sessions e WHERE "
                        "e.project = ?1 AND e.id IN ($values))"},
    Column{.id = "datasetRunId",
           .name = "Dataset Run ID",
           .aliases = k_dataset_run,
           .kind = ColumnKind::id,
           .sql = "(SELECT d.id FROM dataset_runs d WHERE d.dataset_run = s.subject AND "
                  "s.subject_kind = (SELECT symbol FROM symbols WHERE text = 'dataset_run'))",
           .is_any_of = "(s.project, s.subject_kind, s.subject) IN (SELECT ?1, (SELECT symbol "
                        "FROM symbols WHERE text = 'dataset_run'), d.dataset_run FROM "
                        "dataset_runs d WHERE d.project = ?1 AND d.id IN ($values))"},
    Column{.id = "configId", .name = "Config ID", .kind = ColumnKind::id, .sql = "s.config"},
    Column{.id = "queueId", .name = "Queue ID", .kind = ColumnKind::id, .sql = "s.queue"},
    Column{.id = "authorUserId",
           .name = "Author User ID",
           .aliases = k_author,
           .kind = ColumnKind::text,
           .sql = "s.author"},
    Column{.id = "metadata",
           .name = "Metadata",
           .kind = ColumnKind::metadata,
           .sql = "s.metadata",
           .metadata = MetadataOf::score},
    Column{.id = "createdAt",
           .name = "Created At",
           .kind = ColumnKind::time,
           .sql = "coalesce(s.created_at, s.timestamp)"},
    Column{.id = "updatedAt",
           .name = "Updated At",
           .kind = ColumnKind::time,
           .sql = "coalesce(s.updated_at, s.created_at, s.timestamp)"},
    Column{.id = "userId",
           .name = "User ID",
           .kind = ColumnKind::text,
           .sql = "(SELECT t.user_id FROM traces t WHERE t.trace = s.subject AND s.subject_kind = "
                  "(SELECT symbol FROM symbols WHERE text = 'trace'))"},
    Column{.id = "traceName",
           .name = "Trace Name",
           .kind = ColumnKind::symbol,
           .sql = "(SELECT t.name FROM traces t WHERE t.trace = s.subject AND s.subject_kind = "
                  "(SELECT symbol FROM symbols WHERE text = 'trace'))"},
    Column{.id = "traceTags",
           .name = "Trace Tags",
           .aliases = k_trace_tags,
           .kind = ColumnKind::texts,
           .sql = "SELECT tag.value AS value FROM traces t, json_each(t.tags) tag WHERE t.trace = "
                  "s.subject AND s.subject_kind = (SELECT symbol FROM symbols WHERE text = "
                  "'trace')"},
};

constexpr View k_scores = {.name = "scores",
                           .from = "scores s",
                           .row = "s.id",
                           .is_row_id = true,
                           .project = "s.project",
                           .where = "",
                           .columns = k_columns};
constexpr View k_trace_scores = {
    .name = "scores",
    .from = "scores s",
    .row = "s.id",
    .is_row_id = true,
    .project = "s.project",
    .where = "+s.subject_kind = (SELECT symbol FROM symbols WHERE text = 'trace')",
    .columns = k_columns};

}  // namespace

const View& score_view() { return k_scores; }
const View& trace_score_view() { return k_trace_scores; }

}  // namespace assay
