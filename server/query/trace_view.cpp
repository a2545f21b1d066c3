#include <array>

#include "server/query/view.hpp"

// What is computed of a trace's observations and scores is asked for each trace that the other
// conditions leave. Sums are of reals: an integer that overflows would end the statement.

namespace assay {
namespace {

using Aliases = std::array<std::string_view, 2>;
constexpr Aliases k_id_aliases = {"traceId", "Trace ID"};
constexpr Aliases k_name_aliases = {"traceName", "Trace Name"};
constexpr Aliases k_tags_aliases = {"traceTags", "Trace Tags"};
constexpr Aliases k_score_aliases = {"scores", "Scores"};
constexpr std::array<std::string_view, 3> k_token_aliases = {"tokens", "usage", "usageTotal"};
constexpr std::array<std::string_view, 2> k_bookmark_aliases = {"Bookmarked", "⭐"};
constexpr std::array<std::string_view, 1> k_user_aliases = {"user_id"};

#define OF_OBSERVATIONS(expression) \
    "(SELECT " expression " FROM observations o WHERE o.trace = t.trace)"
#define COUNT_OF_LEVEL(level)                                           \
    "(SELECT count(*) FROM observations o WHERE o.trace = t.trace AND " \
    "o.level = (SELECT symbol FROM symbols WHERE text = '" level "'))"
#define FROM_SCORES(types)                                                           \
    " FROM scores s WHERE s.project = ?1 AND s.subject_kind = "                      \
    "(SELECT symbol FROM symbols WHERE text = 'trace') AND s.subject = t.trace AND " \
    "s.name = (SELECT symbol FROM symbols WHERE text = $key) AND s.data_type IN "    \
    "(SELECT symbol FROM symbols WHERE text IN (" types "))"

constexpr const char* k_worst_level =
    "(SELECT CASE max(CASE e.text WHEN 'ERROR' THEN 3 WHEN 'WARNING' THEN 2 WHEN 'DEFAULT' THEN 1 "
    "ELSE 0 END) WHEN 3 THEN 'ERROR' WHEN 2 THEN 'WARNING' WHEN 1 THEN 'DEFAULT' WHEN 0 THEN "
    "'DEBUG' END FROM observations o JOIN symbols e ON e.symbol = o.level WHERE o.trace = t.trace)";

constexpr std::array k_columns = {
    Column{"id", "ID", k_id_aliases, ColumnKind::id, "t.id"},
    Column{"name", "Name", k_name_aliases, ColumnKind::symbol, "t.name"},
    Column{"timestamp", "Timestamp", {}, ColumnKind::time, "t.timestamp"},
    Column{"environment", "Environment", {}, ColumnKind::symbol, "t.environment"},
    Column{"userId", "User ID", k_user_aliases, ColumnKind::text, "t.user_id"},
    Column{"sessionId",
           "Session ID",
           {},
           ColumnKind::id,
           "(SELECT e.id FROM sessions e WHERE e.session = t.session)",
           "t.session IN (SELECT e.session FROM sessions e WHERE e.project = ?1 AND e.id IN "
           "($values))"},
    Column{"release", "Release", {}, ColumnKind::text, "t.release"},
    Column{"version", "Version", {}, ColumnKind::text, "t.version"},
    Column{"tags", "Tags", k_tags_aliases, ColumnKind::texts,
           "SELECT value FROM json_each(t.tags)"},
    Column{"public", "Public", {}, ColumnKind::boolean, "t.public"},
    Column{"bookmarked", "⭐️", k_bookmark_aliases, ColumnKind::boolean, "t.bookmarked"},
    Column{"createdAt", "Created At", {}, ColumnKind::time, "coalesce(t.created_at, t.timestamp)"},
    Column{"updatedAt",
           "Updated At",
           {},
           ColumnKind::time,
           "coalesce(t.updated_at, t.created_at, t.timestamp)"},
    Column{"metadata", "Metadata", {}, ColumnKind::metadata, "t.trace", nullptr, MetadataOf::trace},
    Column{"input", "Input", {}, ColumnKind::content, "assay_trace_text(t.trace, 0)"},
    Column{"output", "Output", {}, ColumnKind::content, "assay_trace_text(t.trace, 1)"},
    Column{"level", "Level", {}, ColumnKind::text, k_worst_level},
    Column{"errorCount", "Error Level Count", {}, ColumnKind::number, COUNT_OF_LEVEL("ERROR")},
    Column{
        "warningCount", "Warning Level Count", {}, ColumnKind::number, COUNT_OF_LEVEL("WARNING")},
    Column{
        "defaultCount", "Default Level Count", {}, ColumnKind::number, COUNT_OF_LEVEL("DEFAULT")},
    Column{"debugCount", "Debug Level Count", {}, ColumnKind::number, COUNT_OF_LEVEL("DEBUG")},
    Column{"observationCount",
           "Observation Count",
           {},
           ColumnKind::number,
           OF_OBSERVATIONS("count(*)")},
    Column{"latency",
           "Latency (s)",
           {},
           ColumnKind::number,
           OF_OBSERVATIONS("coalesce(max(o.start_time + coalesce(o.latency, 0)) - "
                           "min(o.start_time), 0) / 1e9")},
    Column{"inputTokens",
           "Input Tokens",
           {},
           ColumnKind::number,
           OF_OBSERVATIONS("sum(o.input_tokens + 0.0)")},
    Column{"outputTokens",
           "Output Tokens",
           {},
           ColumnKind::number,
           OF_OBSERVATIONS("sum(o.output_tokens + 0.0)")},
    Column{"totalTokens", "Total Tokens", k_token_aliases, ColumnKind::number,
           OF_OBSERVATIONS("sum(o.total_tokens + 0.0)")},
    Column{"inputCost",
           "Input Cost ($)",
           {},
           ColumnKind::number,
           OF_OBSERVATIONS("sum(o.input_cost + 0.0) / 1e9")},
    Column{"outputCost",
           "Output Cost ($)",
           {},
           ColumnKind::number,
           OF_OBSERVATIONS("sum(o.output_cost + 0.0) / 1e9")},
    Column{"totalCost",
           "Total Cost ($)",
           {},
           ColumnKind::number,
           OF_OBSERVATIONS("sum(o.cost + 0.0) / 1e9")},
    Column{"scores_avg", "Scores (numeric)", k_score_aliases, ColumnKind::numbers_by_key,
           "(SELECT avg(s.value)" FROM_SCORES("'NUMERIC', 'BOOLEAN'") ")"},
    Column{"score_categories", "Scores (categorical)", k_score_aliases, ColumnKind::texts_by_key,
           "SELECT s.string_value AS value" FROM_SCORES("'CATEGORICAL'")},
    Column{"score_booleans", "Scores (boolean)", k_score_aliases, ColumnKind::booleans_by_key,
           "(SELECT max(s.value)" FROM_SCORES("'BOOLEAN'") ")"},
};

#undef OF_OBSERVATIONS
#undef COUNT_OF_LEVEL
#undef FROM_SCORES

constexpr View k_view = {.name = "traces",
                         .from = "traces t",
                         .row = "t.trace",
                         .is_row_id = false,
                         .project = "t.project",
                         .where = "t.mentioned IS NULL",
                         .columns = k_columns,
                         .count_in_range = &count_traces};

}  // namespace

const View& trace_view() { return k_view; }

}  // namespace assay
