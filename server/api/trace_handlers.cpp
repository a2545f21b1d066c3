#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <span>

#include "core/base/money.hpp"
#include "core/base/text.hpp"
#include "server/api/answer_job.hpp"
#include "server/api/answer_writer.hpp"
#include "server/api/observation_json.hpp"
#include "server/api/paging.hpp"
#include "server/api/request_body.hpp"
#include "server/api/route.hpp"
#include "server/api/score_json.hpp"
#include "server/api/trace_json.hpp"
#include "server/query/query.hpp"
#include "server/store/row_values.hpp"
#include "server/tracing/records.hpp"
#include "server/tracing/removal.hpp"
#include "server/tracing/score_records.hpp"

// Traces as they are read, and their removal.

namespace assay {
namespace {

constexpr std::size_t k_deleted_traces_max = 1000;
constexpr std::string_view k_correction = "CORRECTION";
constexpr std::string_view k_smaller_page =
    "Ask for fewer traces by a smaller limit, or leave out inputs, outputs and metadata by "
    "fields=core,scores,observations,metrics.";
constexpr std::string_view k_parts_of_trace =
    "Ask for fields=core,io,metrics, and for the observations by GET "
    "/api/public/v2/observations?traceId=, the scores by GET /api/public/v3/scores?traceId=.";
constexpr std::array<std::string_view, 9> k_order_columns = {
    "id", "timestamp", "name", "userId", "release", "version", "public", "bookmarked", "sessionId"};

// Of all traces of a page at once.
constexpr const char* k_observations =
    "SELECT trace, id, start_time, latency, cost FROM observations "
    "WHERE trace IN (SELECT value FROM json_each(?1)) ORDER BY trace, start_time, observation";
constexpr const char* k_scores =
    "SELECT s.subject, s.id FROM scores s WHERE s.project = ?1 AND s.subject_kind = "
    "(SELECT symbol FROM symbols WHERE text = 'trace') AND s.subject IN "
    "(SELECT value FROM json_each(?2)) AND s.data_type NOT IN "
    "(SELECT symbol FROM symbols WHERE text = 'CORRECTION') ORDER BY s.subject, s.ordinal";

/// Which groups of keys are wanted. The core always is.
struct TraceGroups {
    bool io = true;
    bool scores = true;
    bool observations = true;
    bool metrics = true;
};

TraceGroups groups_of(const QueryParameters& parameters) {
    const auto fields = parameters.comma_list("fields");
    if (fields.empty()) return {};
    const auto has = [&](std::string_view group) {
        return std::ranges::find(fields, group) != fields.end();
    };
    return {.io = has("io"),
            .scores = has("scores"),
            .observations = has("observations"),
            .metrics = has("metrics")};
}

/// What a trace is made of, summed up.
struct TraceSummary {
    OrderedJson observations = OrderedJson::array();  ///< ids, in start order
    OrderedJson scores = OrderedJson::array();        ///< ids
    TraceTotals totals{};
};

void put_metrics(const TraceTotals& totals, const TraceGroups& groups, OrderedJson& json) {
    json["latency"] = groups.metrics ? OrderedJson(totals.latency()) : OrderedJson(-1);
    json["totalCost"] = groups.metrics ? OrderedJson(totals.cost) : OrderedJson(-1);
}

using TraceSummaries = std::map<std::int64_t, TraceSummary>;

Result<void> add_observations(Session& reader, std::string_view traces, TraceSummaries& summaries) {
    ASSAY_TRY(Rows rows, reader.connection().query(k_observations, traces));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return {};
        TraceSummary& summary = summaries[rows.integer(0)];
        summary.observations.push_back(rows.id(1));
        const Time start = time_at(rows, 2);
        const Time end = start + std::chrono::nanoseconds(rows.integer(3));
        summary.totals.add(start, end, to_usd(rows.integer(4)));
    }
}

Result<void> add_scores(Session& reader, std::int64_t project, std::string_view traces,
                        TraceSummaries& summaries) {
    ASSAY_TRY(Rows rows, reader.connection().query(k_scores, project, traces));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return {};
        summaries[rows.integer(0)].scores.push_back(rows.id(1));
    }
}

/// By the rows of the traces; a trace without anything has none.
Result<TraceSummaries> summarize(Session& reader, std::int64_t project, const FoundRows& found,
                                 const TraceGroups& groups) {
    const std::string traces = to_text(Json(found.rows));
    TraceSummaries summaries;
    if (groups.observations || groups.metrics) {
        ASSAY_CHECK(add_observations(reader, traces, summaries));
    }
    if (groups.scores) ASSAY_CHECK(add_scores(reader, project, traces, summaries));
    return summaries;
}

OrderedJson listed_trace(const ProjectId& project, const TraceRecord& trace, TraceSummary summary,
                         const TraceGroups& groups) {
    OrderedJson json =
        trace_v1_json(project, trace, groups.io ? TraceContent::given : TraceContent::left_out);
    put_metrics(summary.totals, groups, json);
    json["observations"] =
        groups.observations ? std::move(summary.observations) : OrderedJson::array();
    json["scores"] = std::move(summary.scores);
    return json;
}

/// "timestamp.desc".
Result<Order> order_of(const QueryParameters& parameters) {
    const std::string text = parameters.text("orderBy").value_or("timestamp.desc");
    const std::size_t dot = text.rfind('.');
    const std::string_view name = std::string_view(text).substr(0, dot);
    const auto column = std::ranges::find(k_order_columns, name);
    if (column == k_order_columns.end()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("Invalid order by column: {}", name));
    }
    const std::string direction =
        dot == std::string::npos ? "" : to_lower_ascii(std::string_view(text).substr(dot + 1));
    if (direction != "asc" && direction != "desc") {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("orderBy must end in \".asc\" or \".desc\": {}", text));
    }
    return Order{*column, direction == "desc"};
}

std::vector<FilterElement> elements_of(QueryParameters& parameters) {
    std::vector<FilterElement> elements;
    for (const char* const name : {"userId", "name", "sessionId", "version", "release"}) {
        if (auto text = parameters.text(name)) elements.push_back(text_is(name, std::move(*text)));
    }
    if (const auto from = parameters.time("fromTimestamp")) {
        elements.push_back(not_before("timestamp", *from));
    }
    if (const auto to = parameters.time("toTimestamp")) {
        elements.push_back(before("timestamp", *to));
    }
    if (auto tags = parameters.list("tags"); !tags.empty()) {
        elements.push_back(all_of("tags", std::move(tags)));
    }
    if (auto environments = parameters.list("environment"); !environments.empty()) {
        elements.push_back(any_of("environment", std::move(environments)));
    }
    return elements;
}

Result<ApiResponse> get_traces(const ApiContext&, const RouteCall& call, Session& reader) {
    QueryParameters parameters(call.request);
    const Page page = parameters.page();
    Query query{.view = trace_view(),
                .parameters = elements_of(parameters),
                .limit = page.limit,
                .offset = page.offset()};
    if (!parameters.ok()) return parameters.refusal();
    ASSAY_TRY(const Order order, order_of(parameters));
    query.order = {order};
    if (const auto filter = parameters.text("filter")) {
        ASSAY_TRY(query.filter, parse_filter(*filter));
    }
    const TraceGroups groups = groups_of(parameters);
    ASSAY_TRY(const FoundRows found, find_rows(reader, call.project(), query));
    ASSAY_TRY(const std::int64_t total, count_rows(reader, call.project(), query, found));
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(TraceSummaries summaries, summarize(reader, project, found, groups));
    AnswerWriter answer;
    answer.begin_list("data");
    // One at a time: each may hold megabytes.
    for (const std::int64_t number : found.rows) {
        const TraceRow row{number};
        ASSAY_TRY(const auto traces,
                  read_traces(reader, std::span(&row, 1),
                              groups.io ? RecordParts::all : RecordParts::columns));
        for (const TraceRecord& trace : traces) {
            const bool fits = answer.add(
                listed_trace(call.project(), trace, std::move(summaries[number]), groups));
            if (!fits) return answer_too_large(call, k_smaller_page);
        }
    }
    return page_response(std::move(answer), page, total);
}

/// Writes a trace's observations. @return whether they fit.
Result<bool> write_observations(Session& reader, const ProjectId& project,
                                std::span<const ObservationRow> rows, const TraceGroups& groups,
                                TraceTotals& totals, AnswerWriter& answer) {
    for (const ObservationRow& row : rows) {
        ASSAY_TRY(const auto records,
                  read_observation_records(
                      reader, std::span(&row, 1),
                      groups.observations ? RecordParts::all : RecordParts::columns));
        for (const ObservationRecord& record : records) {
            totals.add(record);
            const bool fits =
                !groups.observations || answer.add(observation_v1_json(project, record));
            if (!fits) return false;
        }
    }
    return true;
}

/// The same of its scores.
Result<bool> write_scores(Session& reader, const ProjectId& project, std::int64_t project_row,
                          TraceRow trace, AnswerWriter& answer) {
    ASSAY_TRY(const auto ids, score_ids_of(reader, project_row, ScoreSubjectKind::trace,
                                           std::to_underlying(trace)));
    // One at a time: each may hold a megabyte.
    for (const ScoreId& id : ids) {
        ASSAY_TRY(const auto score, find_score(reader, project_row, id));
        if (!score || score->data_type == k_correction) continue;
        if (!answer.add(score_v1_json(project, *score))) return false;
    }
    return true;
}

Result<ApiResponse> get_trace(const ApiContext&, const RouteCall& call, Session& reader) {
    const std::string& id = call.parameter("traceId");
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(const auto row, find_trace_row(reader, project, TraceId(id)));
    if (!row) {
        return error_response(call.errors, 404,
                              fmt::format("Trace {} not found within authorized project", id));
    }
    const TraceGroups groups = groups_of(QueryParameters(call.request));
    ASSAY_TRY(const auto traces, read_traces(reader, std::span(&*row, 1),
                                             groups.io ? RecordParts::all : RecordParts::columns));
    AnswerWriter answer;
    answer.add_members(trace_v1_json(call.project(), traces.at(0),
                                     groups.io ? TraceContent::given : TraceContent::left_out));
    std::vector<ObservationRow> observations;
    if (groups.observations || groups.metrics) {
        ASSAY_TRY(observations, observations_of(reader, project, *row));
    }
    TraceTotals totals;
    answer.begin_list("observations");
    ASSAY_TRY(bool fits,
              write_observations(reader, call.project(), observations, groups, totals, answer));
    answer.end_list();
    answer.begin_list("scores");
    if (fits && groups.scores) {
        ASSAY_TRY(fits, write_scores(reader, call.project(), project, *row, answer));
    }
    answer.end_list();
    if (!fits) return answer_too_large(call, k_parts_of_trace);
    OrderedJson metrics;
    put_metrics(totals, groups, metrics);
    answer.add_members(metrics);
    return answer.finish();
}

// Asking for it once more is no mistake: the answer to the first time may be lost.
Result<WriteJob> delete_trace(const ApiContext&, const RouteCall& call) {
    return [project = call.project(),
            id = TraceId(call.parameter("traceId"))](Session& writer) -> Result<ApiResponse> {
        ASSAY_CHECK(remove_trace(writer, project, id));
        return json_response(200, {{"message", "Trace deleted successfully"}});
    };
}

/// What is wrong with the list of traces to delete.
std::vector<Invalid> faults_of(const Json& ids) {
    if (!ids.is_array()) return {wrong_type({"traceIds"}, "array", ids)};
    if (ids.empty() || ids.size() > k_deleted_traces_max) {
        return {{ids.empty() ? "too_small" : "too_big",
                 {"traceIds"},
                 fmt::format("traceIds must have 1 to {} ids", k_deleted_traces_max)}};
    }
    std::vector<Invalid> faults;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (!ids[i].is_string()) faults.push_back(wrong_type({"traceIds", i}, "string", ids[i]));
    }
    return faults;
}

Result<WriteJob> delete_traces(const ApiContext&, const RouteCall& call) {
    ASSAY_TRY(const Json body, parse_object(call.request));
    const Json& ids = member_of(body, "traceIds");
    if (const auto faults = faults_of(ids); !faults.empty()) {
        return answer_job(invalid_data(faults));
    }
    return [project = call.project(),
            traces = ids.get<std::vector<std::string>>()](Session& writer) -> Result<ApiResponse> {
        for (const std::string& id : traces) {
            ASSAY_CHECK(remove_trace(writer, project, TraceId(id)));
        }
        return json_response(200, {{"message", "Traces deleted successfully"}});
    };
}

constexpr std::array k_routes = {
    Route{"GET", "/api/public/traces", RouteAuth::project, ReadHandler{&get_traces},
          "The traces, newest first"},
    Route{"DELETE", "/api/public/traces", RouteAuth::project, WriteHandler{&delete_traces},
          "Remove up to 1000 traces"},
    Route{"GET", "/api/public/traces/{traceId}", RouteAuth::project, ReadHandler{&get_trace},
          "A trace with its observations and scores"},
    Route{"DELETE", "/api/public/traces/{traceId}", RouteAuth::project, WriteHandler{&delete_trace},
          "Remove a trace"},
};

}  // namespace

std::span<const Route> trace_routes() { return k_routes; }

}  // namespace assay
