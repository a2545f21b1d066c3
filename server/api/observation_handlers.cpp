#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>

#include "core/base/text.hpp"
#include "server/api/answer_writer.hpp"
#include "server/api/observation_json.hpp"
#include "server/api/paging.hpp"
#include "server/api/route.hpp"
#include "server/query/query.hpp"
#include "server/store/row_values.hpp"
#include "server/tracing/records.hpp"

// Observations in the two shapes that clients of different ages ask for.

namespace assay {
namespace {

constexpr std::int64_t k_v2_limit_default = 50;
constexpr std::int64_t k_v2_limit_max = 1000;
constexpr std::string_view k_smaller_page =
    "Ask for fewer observations by a smaller limit, or by GET /api/public/v2/observations, whose "
    "cursor goes on where an answer is full.";
constexpr std::string_view k_fewer_fields = "Ask for fewer groups by fields.";
constexpr std::array<std::string_view, 4> k_levels = {"DEBUG", "DEFAULT", "WARNING", "ERROR"};

/// Newest first. Together they tell any two observations apart, which a cursor needs.
std::vector<Order> newest_first() { return {{"startTime", true}, {"id", true}, {"traceId", true}}; }

/// The parameters that both lists have, as elements of a filter.
std::vector<FilterElement> elements_of(QueryParameters& parameters) {
    std::vector<FilterElement> elements;
    for (const char* const name :
         {"name", "userId", "type", "traceId", "level", "parentObservationId", "version"}) {
        if (auto text = parameters.text(name)) elements.push_back(text_is(name, std::move(*text)));
    }
    if (const auto level = parameters.text("level");
        level && std::ranges::find(k_levels, *level) == k_levels.end()) {
        parameters.refuse("level", "invalid_enum_value",
                          fmt::format("level must be one of {}", fmt::join(k_levels, ", ")));
    }
    if (const auto from = parameters.time("fromStartTime")) {
        elements.push_back(not_before("startTime", *from));
    }
    if (const auto to = parameters.time("toStartTime")) {
        elements.push_back(before("startTime", *to));
    }
    if (auto environments = parameters.list("environment"); !environments.empty()) {
        elements.push_back(any_of("environment", std::move(environments)));
    }
    return elements;
}

/// One at a time: each may hold megabytes.
Result<std::optional<ObservationRecord>> read_one(Session& reader, std::int64_t number,
                                                  RecordParts parts) {
    const ObservationRow row{number};
    ASSAY_TRY(auto records, read_observation_records(reader, std::span(&row, 1), parts));
    if (records.empty()) return std::nullopt;
    return std::move(records.front());
}

Result<ApiResponse> get_observations(const ApiContext&, const RouteCall& call, Session& reader) {
    QueryParameters parameters(call.request);
    const Page page = parameters.page();
    Query query{.view = observation_view(),
                .parameters = elements_of(parameters),
                .order = newest_first(),
                .limit = page.limit,
                .offset = page.offset()};
    if (!parameters.ok()) return parameters.refusal();
    if (const auto filter = parameters.text("filter")) {
        ASSAY_TRY(query.filter, parse_filter(*filter));
    }
    ASSAY_TRY(const FoundRows found, find_rows(reader, call.project(), query));
    ASSAY_TRY(const std::int64_t total, count_rows(reader, call.project(), query, found));
    AnswerWriter answer;
    answer.begin_list("data");
    for (const std::int64_t row : found.rows) {
        ASSAY_TRY(const auto record, read_one(reader, row, RecordParts::all));
        if (!record) continue;
        if (!answer.add(observation_v1_json(call.project(), *record))) {
            return answer_too_large(call, k_smaller_page);
        }
    }
    return page_response(std::move(answer), page, total);
}

Result<ApiResponse> get_observation(const ApiContext&, const RouteCall& call, Session& reader) {
    QueryParameters parameters(call.request);
    (void)parameters.time("startTime");  // only ever a hint where to look
    if (!parameters.ok()) return parameters.refusal();
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(const auto row, find_observation_row(reader, project,
                                                   ObservationId(call.parameter("observationId"))));
    std::optional<ObservationRecord> record;
    if (row) {
        ASSAY_TRY(record, read_one(reader, std::to_underlying(*row), RecordParts::all));
    }
    if (!record) {
        return error_response(call.errors, 404, "Observation not found within authorized project");
    }
    return json_response(200, observation_v1_json(call.project(), *record));
}

// GET /v2/observations.

ObservationGroups groups_of(const QueryParameters& parameters) {
    const auto fields = parameters.comma_list("fields");
    if (fields.empty()) return {.basic = true};
    const auto has = [&](std::string_view group) {
        return std::ranges::find(fields, group) != fields.end();
    };
    return {.basic = has("basic"),
            .time = has("time"),
            .io = has("io"),
            .metadata = has("metadata"),
            .model = has("model"),
            .usage = has("usage"),
            .prompt = has("prompt"),
            .metrics = has("metrics"),
            .trace_context = has("trace_context")};
}

/// Inputs and outputs are long: what this list may ask of them is little.
Result<void> check_content(const std::vector<FilterElement>& filter) {
    for (std::size_t i = 0; i < filter.size(); ++i) {
        const FilterElement& element = filter[i];
        const std::string column = to_lower_ascii(element.column);
        if (column != "input" && column != "output") continue;
        if (element.op == FilterOperator::equal || element.op == FilterOperator::matches) continue;
        return failure(ErrorCode::invalid_argument,
                       fmt::format("filter[{}]: the column \"{}\" takes the operators = and "
                                   "matches only",
                                   i, element.column));
    }
    return {};
}

std::string cursor_after(const ObservationRecord& last) {
    OrderedJson position;
    position["lastStartTimeTo"] = to_cursor_time(last.start);
    position["lastTraceId"] = last.trace_id.value();
    position["lastId"] = last.id.value();
    return to_cursor(position);
}

/// The values of newest_first() where a page ended.
Result<std::vector<SqlValue>> position_of(std::string_view cursor) {
    ASSAY_TRY(const Json position, parse_cursor(cursor));
    ASSAY_TRY(const Time time, cursor_time(position, "lastStartTimeTo"));
    ASSAY_TRY(const std::string id, cursor_text(position, "lastId"));
    ASSAY_TRY(const std::string trace, cursor_text(position, "lastTraceId"));
    return std::vector<SqlValue>{to_nanoseconds(time), StoredId(id), StoredId(trace)};
}

struct ListV2 {
    Query query;
    ObservationGroups groups;
    std::set<std::string> whole_metadata;
};

Result<ListV2> list_v2_of(QueryParameters& parameters) {
    ListV2 list{.query = {.view = observation_view(),
                          .parameters = elements_of(parameters),
                          .order = newest_first(),
                          .limit = parameters.limit(k_v2_limit_default, k_v2_limit_max)},
                .groups = groups_of(parameters),
                .whole_metadata = {}};
    auto& elements = list.query.parameters;
    if (auto id = parameters.text("sessionId")) elements.push_back(text_is("sessionId", *id));
    if (const auto is_root = parameters.boolean("isRootObservation")) {
        elements.push_back(is_true("isRootObservation", *is_root));
    }
    if (parameters.boolean("parseIoAsJson").value_or(false)) {
        parameters.refuse("parseIoAsJson", "custom",
                          "input and output are given as the texts they are: parseIoAsJson=true "
                          "is not supported");
    }
    for (std::string& key : parameters.comma_list("expandMetadata")) {
        list.whole_metadata.insert(std::move(key));
    }
    if (!parameters.ok()) return list;
    if (const auto filter = parameters.text("filter")) {
        ASSAY_TRY(list.query.filter, parse_filter(*filter));
        ASSAY_CHECK(check_content(list.query.filter));
    }
    if (const auto cursor = parameters.text("cursor")) {
        ASSAY_TRY(list.query.after, position_of(*cursor));
    }
    return list;
}

/// The traces of observations, each read once.
class Traces {
  public:
    explicit Traces(Session& reader) : reader_(reader) {}

    Result<const TraceRecord*> find(TraceRow row) {
        auto known = records_.find(row);
        if (known == records_.end()) {
            ASSAY_TRY(auto records, read_traces(reader_, std::span(&row, 1), RecordParts::columns));
            TraceRecord record = records.empty() ? TraceRecord() : std::move(records.front());
            known = records_.emplace(row, std::move(record)).first;
        }
        return &known->second;
    }

  private:
    Session& reader_;
    std::map<TraceRow, TraceRecord> records_;
};

Result<ApiResponse> get_observations_v2(const ApiContext&, const RouteCall& call, Session& reader) {
    QueryParameters parameters(call.request);
    ASSAY_TRY(const ListV2 list, list_v2_of(parameters));
    if (!parameters.ok()) return parameters.refusal();
    ASSAY_TRY(const FoundRows found, find_rows(reader, call.project(), list.query));
    const auto parts = list.groups.need_document() ? RecordParts::all : RecordParts::columns;
    Traces traces(reader);
    AnswerWriter answer;
    answer.begin_list("data");
    std::string cursor;
    bool has_more = found.has_more;
    for (const std::int64_t row : found.rows) {
        ASSAY_TRY(const auto record, read_one(reader, row, parts));
        if (!record) continue;
        const TraceRecord unread;
        const TraceRecord* trace = &unread;
        if (list.groups.need_trace()) {
            ASSAY_TRY(trace, traces.find(record->trace));
        }
        // A page may end before its limit: the cursor goes on there.
        const bool fits = answer.add(
            observation_v2_json(call.project(), *record, *trace, list.groups, list.whole_metadata));
        if (!fits && cursor.empty()) return answer_too_large(call, k_fewer_fields);
        has_more = has_more || !fits;
        if (!fits) break;
        cursor = cursor_after(*record);
    }
    answer.end_list();
    OrderedJson meta = OrderedJson::object();
    if (has_more) meta["cursor"] = cursor;
    answer.add_members({{"meta", meta}});
    return answer.finish();
}

constexpr std::array k_routes = {
    Route{"GET", "/api/public/observations", RouteAuth::project, ReadHandler{&get_observations},
          "The observations, newest first"},
    Route{"GET", "/api/public/observations/{observationId}", RouteAuth::project,
          ReadHandler{&get_observation}, "An observation"},
    Route{"GET", "/api/public/v2/observations", RouteAuth::project,
          ReadHandler{&get_observations_v2}, "The observations, newest first, by groups of fields"},
};

}  // namespace

std::span<const Route> observation_routes() { return k_routes; }

}  // namespace assay
