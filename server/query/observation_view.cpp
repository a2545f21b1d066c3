#include <array>

#include "server/query/view.hpp"

// What belongs to the trace of an observation is asked by subqueries: a join would let SQLite begin
// with the traces, of which the order by time knows nothing.

namespace assay {
namespace {

#define OF_TRACE(column) "(SELECT t." column " FROM traces t WHERE t.trace = o.trace)"
#define IN_TRACES(condition) \
    "o.trace IN (SELECT t.trace FROM traces t WHERE t.project = ?1 AND " condition ")"
#define OF_EXPERIMENT(member)                   \
    "(CASE WHEN o.experiment IS NOT NULL THEN " \
    "assay_experiment_member(o.observation, '" member "') END)"
#define FROM_SCORES(types)                                                           \
    " FROM scores s WHERE s.project = ?1 AND s.subject_kind = "                      \
    "(SELECT symbol FROM symbols WHERE text = 'trace') AND s.subject = o.trace AND " \
    "s.observation_id = o.id AND "                                                   \
    "s.name = (SELECT symbol FROM symbols WHERE text = $key) AND s.data_type IN "    \
    "(SELECT symbol FROM symbols WHERE text IN (" types "))"

using Aliases = std::array<std::string_view, 2>;
constexpr Aliases k_id_aliases = {"spanId", "Span ID"};
constexpr Aliases k_parent_aliases = {"parentSpanId", "Parent Span ID"};
constexpr Aliases k_tags_aliases = {"tags", "Tags"};
constexpr Aliases k_release_aliases = {"traceRelease", "Trace Release"};
constexpr Aliases k_score_aliases = {"scores", "Scores"};
constexpr Aliases k_model_aliases = {"providedModelName", "Provided Model Name"};
constexpr Aliases k_model_id_aliases = {"internalModelId", "Internal Model ID"};
constexpr std::array<std::string_view, 3> k_token_aliases = {"tokens", "usage", "usageTotal"};

constexpr std::array k_columns = {
    Column{"id", "ID", k_id_aliases, ColumnKind::id, "o.id",
           "o.observation IN (SELECT e.observation FROM observations e WHERE e.project = ?1 AND "
           "e.id IN ($values))"},
    Column{
        "traceId", "Trace ID", {}, ColumnKind::id, OF_TRACE("id"), IN_TRACES("t.id IN ($values)")},
    Column{"parentObservationId", "Parent Observation ID", k_parent_aliases, ColumnKind::id,
           "o.parent_id"},
    Column{"type", "Type", {}, ColumnKind::symbol, "o.type"},
    Column{"name", "Name", {}, ColumnKind::symbol, "o.name"},
    Column{"level", "Level", {}, ColumnKind::symbol, "o.level"},
    Column{"statusMessage", "Status Message", {}, ColumnKind::text, "o.status_message"},
    Column{"environment", "Environment", {}, ColumnKind::symbol, "o.environment"},
    Column{"version", "Version", {}, ColumnKind::text, "o.version"},
    Column{"startTime", "Start Time", {}, ColumnKind::time, "o.start_time"},
    Column{"endTime", "End Time", {}, ColumnKind::time, "(o.start_time + o.latency)"},
    Column{
        "completionStartTime", "Completion Start Time", {}, ColumnKind::time, "o.completion_start"},
    Column{"createdAt", "Created At", {}, ColumnKind::time, "coalesce(o.created_at, o.start_time)"},
    Column{"updatedAt",
           "Updated At",
           {},
           ColumnKind::time,
           "coalesce(o.updated_at, o.created_at, o.start_time)"},
    Column{"isRootObservation",
           "Is Root Observation",
           {},
           ColumnKind::boolean,
           "(o.parent_id IS NULL OR coalesce(o.app_root, 0) = 1)"},
    Column{"hasParentObservation",
           "Has Parent Observation",
           {},
           ColumnKind::boolean,
           "(o.parent_id IS NOT NULL)"},
    Column{"positionInTrace", "Position in Trace", {}, ColumnKind::position},
    Column{"model", "Model", k_model_aliases, ColumnKind::symbol, "o.model"},
    Column{"modelId", "Model ID", k_model_id_aliases, ColumnKind::id, "o.model_id"},
    Column{"promptName", "Prompt Name", {}, ColumnKind::text, "o.prompt_name"},
    Column{"promptVersion", "Prompt Version", {}, ColumnKind::number, "o.prompt_version"},
    Column{"metadata",
           "Metadata",
           {},
           ColumnKind::metadata,
           "o.observation",
           nullptr,
           MetadataOf::observation},
    Column{"input", "Input", {}, ColumnKind::content, "assay_observation_text(o.observation, 0)"},
    Column{"output", "Output", {}, ColumnKind::content, "assay_observation_text(o.observation, 1)"},
    Column{"latency", "Latency (s)", {}, ColumnKind::number, "o.latency / 1e9"},
    Column{"timeToFirstToken",
           "Time To First Token (s)",
           {},
           ColumnKind::number,
           "(o.completion_start - o.start_time) / 1e9"},
    Column{"tokensPerSecond",
           "Tokens per second",
           {},
           ColumnKind::number,
           "o.output_tokens / nullif(o.latency / 1e9, 0)"},
    Column{"inputTokens", "Input Tokens", {}, ColumnKind::number, "o.input_tokens"},
    Column{"outputTokens", "Output Tokens", {}, ColumnKind::number, "o.output_tokens"},
    Column{"totalTokens", "Total Tokens", k_token_aliases, ColumnKind::number, "o.total_tokens"},
    Column{"inputCost", "Input Cost ($)", {}, ColumnKind::number, "o.input_cost / 1e9"},
    Column{"outputCost", "Output Cost ($)", {}, ColumnKind::number, "o.output_cost / 1e9"},
    Column{"totalCost", "Total Cost ($)", {}, ColumnKind::number, "o.cost / 1e9"},
    Column{"traceName", "Trace Name", {}, ColumnKind::symbol, OF_TRACE("name")},
    Column{"userId",
           "User ID",
           {},
           ColumnKind::text,
           OF_TRACE("user_id"),
           IN_TRACES("t.user_id IN ($values)")},
    Column{"sessionId",
           "Session ID",
           {},
           ColumnKind::id,
           "(SELECT e.id FROM traces t JOIN sessions e ON e.session = t.session "
           "WHERE t.trace = o.trace)",
           "o.trace IN (SELECT t.trace FROM sessions e JOIN traces t ON t.session = e.session "
           "WHERE e.project = ?1 AND e.id IN ($values))"},
    Column{"release", "Release", k_release_aliases, ColumnKind::text, OF_TRACE("release")},
    Column{"traceVersion", "Trace Version", {}, ColumnKind::text, OF_TRACE("version")},
    Column{"traceTags", "Trace Tags", k_tags_aliases, ColumnKind::texts,
           "SELECT j.value FROM traces t, json_each(t.tags) j WHERE t.trace = o.trace"},
    Column{"experimentId", "Experiment ID", {}, ColumnKind::text, "o.experiment"},
    Column{"experimentName", "Experiment Name", {}, ColumnKind::text, OF_EXPERIMENT("name")},
    Column{"experimentDatasetId",
           "Experiment Dataset ID",
           {},
           ColumnKind::text,
           OF_EXPERIMENT("datasetId")},
    Column{"scores_avg", "Scores (numeric)", k_score_aliases, ColumnKind::numbers_by_key,
           "(SELECT avg(s.value)" FROM_SCORES("'NUMERIC', 'BOOLEAN'") ")"},
    Column{"score_categories", "Scores (categorical)", k_score_aliases, ColumnKind::texts_by_key,
           "SELECT s.string_value AS value" FROM_SCORES("'CATEGORICAL'")},
    Column{"score_booleans", "Scores (boolean)", k_score_aliases, ColumnKind::booleans_by_key,
           "(SELECT max(s.value)" FROM_SCORES("'BOOLEAN'") ")"},
};

#undef OF_TRACE
#undef IN_TRACES
#undef OF_EXPERIMENT
#undef FROM_SCORES

constexpr View k_view = {.name = "observations",
                         .from = "observations o",
                         .row = "o.observation",
                         .is_row_id = false,
                         .project = "o.project",
                         .where = "",
                         .columns = k_columns};

}  // namespace

const View& observation_view() { return k_view; }

}  // namespace assay
