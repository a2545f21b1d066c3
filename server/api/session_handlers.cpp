#include <array>
#include <span>

#include "server/api/answer_writer.hpp"
#include "server/api/paging.hpp"
#include "server/api/route.hpp"
#include "server/api/trace_json.hpp"
#include "server/query/query.hpp"
#include "server/store/row_values.hpp"
#include "server/tracing/records.hpp"

// Sessions: traces that clients gave the same sessionId.

namespace assay {
namespace {

/// Of one session; the rest is found by GET /traces?sessionId=.
constexpr std::int64_t k_traces_max = 1000;
constexpr std::string_view k_pages_of_traces =
    "Ask for the session's traces page by page, by GET /api/public/traces?sessionId=.";

constexpr const char* k_session =
    "SELECT s.id, s.created_at, e.text FROM sessions s JOIN symbols e ON e.symbol = s.environment "
    "WHERE s.session = ?1";

Result<OrderedJson> session_json(Session& reader, const ProjectId& project, SessionRow row) {
    ASSAY_TRY(Rows rows, reader.connection().query(k_session, std::to_underlying(row)));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) return OrderedJson();
    OrderedJson json;
    json["id"] = rows.id(0);
    json["createdAt"] = to_api_time(time_at(rows, 1));
    json["projectId"] = project.value();
    json["environment"] = rows.bytes(2);
    return json;
}

Result<ApiResponse> get_sessions(const ApiContext&, const RouteCall& call, Session& reader) {
    QueryParameters parameters(call.request);
    const Page page = parameters.page();
    Query query{.view = session_view(),
                .order = {{"createdAt", true}},
                .limit = page.limit,
                .offset = page.offset()};
    if (const auto from = parameters.time("fromTimestamp")) {
        query.parameters.push_back(not_before("createdAt", *from));
    }
    if (const auto to = parameters.time("toTimestamp")) {
        query.parameters.push_back(before("createdAt", *to));
    }
    if (auto environments = parameters.list("environment"); !environments.empty()) {
        query.parameters.push_back(any_of("environment", std::move(environments)));
    }
    if (!parameters.ok()) return parameters.refusal();
    if (const auto filter = parameters.text("filter")) {
        ASSAY_TRY(query.filter, parse_filter(std::string_view(*filter)));
    }
    ASSAY_TRY(const FoundRows found, find_rows(reader, call.project(), query));
    ASSAY_TRY(const std::int64_t total, count_rows(reader, call.project(), query));
    OrderedJson data = OrderedJson::array();
    for (const std::int64_t row : found.rows) {
        ASSAY_TRY(OrderedJson json, session_json(reader, call.project(), SessionRow(row)));
        data.push_back(std::move(json));
    }
    return page_response(std::move(data), page, total);
}

/// Writes the traces of a session in the order in which they began. @return whether they fit.
Result<bool> write_traces(Session& reader, const ProjectId& project, const std::string& id,
                          AnswerWriter& answer) {
    const Query query{.view = trace_view(),
                      .parameters = {text_is("sessionId", id)},
                      .order = {{"timestamp", false}},
                      .limit = k_traces_max};
    ASSAY_TRY(const FoundRows found, find_rows(reader, project, query));
    // One at a time: each may hold megabytes.
    for (const std::int64_t number : found.rows) {
        const TraceRow row{number};
        ASSAY_TRY(const auto traces, read_traces(reader, std::span(&row, 1), RecordParts::all));
        for (const TraceRecord& trace : traces) {
            if (!answer.add(trace_v1_json(project, trace))) return false;
        }
    }
    return true;
}

Result<ApiResponse> get_session(const ApiContext&, const RouteCall& call, Session& reader) {
    const std::string& id = call.parameter("sessionId");
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(const auto row, find_session_row(reader, project, SessionId(id)));
    if (!row) {
        return error_response(call.errors, 404, "Session not found within authorized project");
    }
    AnswerWriter answer;
    ASSAY_TRY(const OrderedJson session, session_json(reader, call.project(), *row));
    answer.add_members(session);
    answer.begin_list("traces");
    ASSAY_TRY(const bool fit, write_traces(reader, call.project(), id, answer));
    if (!fit) return answer_too_large(call, k_pages_of_traces);
    answer.end_list();
    return answer.finish();
}

constexpr std::array k_routes = {
    Route{"GET", "/api/public/sessions", RouteAuth::project, ReadHandler{&get_sessions},
          "The sessions, newest first"},
    Route{"GET", "/api/public/sessions/{sessionId}", RouteAuth::project, ReadHandler{&get_session},
          "A session with its traces"},
};

}  // namespace

std::span<const Route> session_routes() { return k_routes; }

}  // namespace assay
