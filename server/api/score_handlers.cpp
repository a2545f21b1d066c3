#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <ranges>

#include "server/api/answer_writer.hpp"
#include "server/api/paging.hpp"
#include "server/api/route.hpp"
#include "server/api/score_json.hpp"
#include "server/query/query.hpp"
#include "server/store/row_values.hpp"
#include "server/tracing/ingest.hpp"
#include "server/tracing/score_records.hpp"

// Scores as they are read, in the three shapes that clients of different ages ask for, and their
// removal.

namespace assay {
namespace {

constexpr std::int64_t k_limit_default = 50;
constexpr std::int64_t k_limit_max = 100;

constexpr std::string_view k_smaller_page =
    "Ask for fewer scores by a smaller limit, or by GET /api/public/v3/scores, whose pages end "
    "when they are full.";
constexpr std::array<std::string_view, 3> k_sources = {"API", "EVAL", "ANNOTATION"};
constexpr std::array<std::string_view, 5> k_data_types = {"NUMERIC", "BOOLEAN", "CATEGORICAL",
                                                          "TEXT", "CORRECTION"};

struct NamedOperator {
    std::string_view text;
    FilterOperator op;
};
constexpr std::array k_operators = {
    NamedOperator{"<", FilterOperator::less},
    NamedOperator{"<=", FilterOperator::less_or_equal},
    NamedOperator{">", FilterOperator::greater},
    NamedOperator{">=", FilterOperator::greater_or_equal},
    NamedOperator{"=", FilterOperator::equal},
    NamedOperator{"!=", FilterOperator::unequal},
};

std::vector<Order> newest_first() { return {{"timestamp", true}, {"id", true}}; }

ApiResponse not_found(const RouteCall& call) {
    return error_response(call.errors, 404, "Score not found within authorized project");
}

void refuse_unless_one_of(QueryParameters& parameters, std::string_view name,
                          std::string_view value, std::span<const std::string_view> known) {
    if (std::ranges::find(known, value) != known.end()) return;
    parameters.refuse(name, "invalid_enum_value",
                      fmt::format("{} must be one of {}", name, fmt::join(known, ", ")));
}

// GET /scores and GET /v2/scores.

void add_value_comparison(QueryParameters& parameters, std::vector<FilterElement>& elements) {
    const auto value = parameters.number("value");
    const std::string text = parameters.text("operator").value_or("=");
    const auto known = std::ranges::find(k_operators, text, &NamedOperator::text);
    if (known == k_operators.end()) {
        parameters.refuse("operator", "invalid_enum_value",
                          "operator must be one of <, <=, >, >=, =, !=");
    } else if (value) {
        elements.push_back(compare("value", known->op, *value));
    }
}

/// The parameters that both have, as elements of a filter.
std::vector<FilterElement> elements_of(QueryParameters& parameters) {
    std::vector<FilterElement> elements;
    for (const char* const name : {"userId", "name", "source", "dataType", "configId", "sessionId",
                                   "datasetRunId", "traceId", "observationId", "queueId"}) {
        if (auto text = parameters.text(name)) elements.push_back(text_is(name, std::move(*text)));
    }
    if (const auto source = parameters.text("source")) {
        refuse_unless_one_of(parameters, "source", *source, k_sources);
    }
    if (const auto type = parameters.text("dataType")) {
        refuse_unless_one_of(parameters, "dataType", *type, k_data_types);
    }
    if (const auto from = parameters.time("fromTimestamp")) {
        elements.push_back(not_before("timestamp", *from));
    }
    if (const auto to = parameters.time("toTimestamp")) {
        elements.push_back(before("timestamp", *to));
    }
    if (auto environments = parameters.list("environment"); !environments.empty()) {
        elements.push_back(any_of("environment", std::move(environments)));
    }
    if (auto ids = parameters.comma_list("scoreIds"); !ids.empty()) {
        elements.push_back(any_of("id", std::move(ids)));
    }
    if (auto tags = parameters.list("traceTags"); !tags.empty()) {
        elements.push_back(all_of("traceTags", std::move(tags)));
    }
    add_value_comparison(parameters, elements);
    return elements;
}

/// What is told of the traces of scores, each read once.
class ScoreTraces {
  public:
    ScoreTraces(Session& reader, std::int64_t project) : reader_(reader), project_(project) {}

    /// @return null for a score of something else, or of a trace that nothing was ever said of.
    Result<OrderedJson> find(const ScoreRecord& score) {
        if (score.subject_kind != ScoreSubjectKind::trace) return OrderedJson();
        const auto known = traces_.find(score.subject_id);
        if (known != traces_.end()) return known->second;
        ASSAY_TRY(const auto row, find_trace_row(reader_, project_, TraceId(score.subject_id)));
        std::vector<TraceRecord> records;
        if (row) {
            ASSAY_TRY(records, read_traces(reader_, std::span(&*row, 1), RecordParts::columns));
        }
        OrderedJson& json = traces_[score.subject_id];
        json = score_trace_json(records.empty() ? nullptr : &records.front());
        return json;
    }

  private:
    Session& reader_;
    std::int64_t project_;
    std::map<std::string, OrderedJson> traces_;
};

enum class Version : std::uint8_t { v1, v2 };

Result<ApiResponse> list_scores(const RouteCall& call, Session& reader, Version version) {
    QueryParameters parameters(call.request);
    const Page page = parameters.page(k_limit_default, k_limit_max);
    Query query{.view = version == Version::v1 ? trace_score_view() : score_view(),
                .parameters = elements_of(parameters),
                .order = newest_first(),
                .limit = page.limit,
                .offset = page.offset()};
    if (!parameters.ok()) return parameters.refusal();
    if (const auto filter = parameters.text("filter")) {
        ASSAY_TRY(query.filter, parse_filter(std::string_view(*filter)));
    }
    ASSAY_TRY(const FoundRows found, find_rows(reader, call.project(), query));
    ASSAY_TRY(const std::int64_t total, count_rows(reader, call.project(), query));
    const auto fields = parameters.comma_list("fields");
    const bool has_traces = version == Version::v2 &&
                            (fields.empty() || std::ranges::find(fields, "trace") != fields.end());
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ScoreTraces traces(reader, project);
    AnswerWriter answer;
    answer.begin_list("data");
    for (const std::string& id : found.ids) {
        ASSAY_TRY(const auto score, find_score(reader, project, ScoreId(id)));
        if (!score) continue;
        OrderedJson json = score_v1_json(call.project(), *score);
        if (has_traces) {
            ASSAY_TRY(json["trace"], traces.find(*score));
        }
        if (!answer.add(json)) return answer_too_large(call, k_smaller_page);
    }
    return page_response(std::move(answer), page, total);
}

Result<ApiResponse> get_scores(const ApiContext&, const RouteCall& call, Session& reader) {
    return list_scores(call, reader, Version::v1);
}

Result<ApiResponse> get_scores_v2(const ApiContext&, const RouteCall& call, Session& reader) {
    return list_scores(call, reader, Version::v2);
}

Result<ApiResponse> one_score(const RouteCall& call, Session& reader, Version version) {
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(const auto score, find_score(reader, project, ScoreId(call.parameter("scoreId"))));
    if (!score) return not_found(call);
    if (version == Version::v1 && score->subject_kind != ScoreSubjectKind::trace) {
        return not_found(call);
    }
    return json_response(200, score_v1_json(call.project(), *score));
}

Result<ApiResponse> get_score(const ApiContext&, const RouteCall& call, Session& reader) {
    return one_score(call, reader, Version::v1);
}

Result<ApiResponse> get_score_v2(const ApiContext&, const RouteCall& call, Session& reader) {
    return one_score(call, reader, Version::v2);
}

// GET /v3/scores.

constexpr std::array<std::string_view, 20> k_v3_parameters = {
    "limit",         "cursor",      "fields",   "id",        "name",          "source",
    "dataType",      "environment", "configId", "queueId",   "authorUserId",  "value",
    "valueMin",      "valueMax",    "traceId",  "sessionId", "observationId", "experimentId",
    "fromTimestamp", "toTimestamp"};

void refuse_unknown(QueryParameters& parameters, const ApiRequest& request) {
    for (const std::string& name : request.query | std::views::keys) {
        if (name == "userId" || name == "traceTags") {
            parameters.refuse(name, "unrecognized_keys",
                              fmt::format("{} is no parameter of v3; use GET /api/public/v2/scores "
                                          "to find scores by what their trace says",
                                          name));
        } else if (std::ranges::find(k_v3_parameters, name) == k_v3_parameters.end()) {
            parameters.refuse(name, "unrecognized_keys",
                              fmt::format("Unrecognized query parameter \"{}\"", name));
        }
    }
}

ScoreGroups groups_of(QueryParameters& parameters) {
    constexpr std::array<std::string_view, 4> k_groups = {"core", "details", "subject",
                                                          "annotation"};
    const auto fields = parameters.comma_list("fields");
    for (const std::string& field : fields) {
        refuse_unless_one_of(parameters, "fields", field, k_groups);
    }
    const auto has = [&](std::string_view group) {
        return std::ranges::find(fields, group) != fields.end();
    };
    return {.details = has("details"), .subject = has("subject"), .annotation = has("annotation")};
}

/// A list of names that are known, in any case.
std::vector<std::string> known_list(QueryParameters& parameters, std::string_view name,
                                    std::span<const std::string_view> known) {
    std::vector<std::string> values = parameters.comma_list(name);
    for (std::string& value : values) {
        std::ranges::transform(value, value.begin(), [](char c) {
            return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        });
        refuse_unless_one_of(parameters, name, value, known);
    }
    return values;
}

void check_subjects(QueryParameters& parameters) {
    const bool has_trace = !parameters.comma_list("traceId").empty();
    const int subjects = (has_trace ? 1 : 0) +
                         (parameters.comma_list("sessionId").empty() ? 0 : 1) +
                         (parameters.comma_list("experimentId").empty() ? 0 : 1);
    if (subjects > 1) {
        parameters.refuse("traceId", "custom",
                          "At most one of traceId, sessionId and experimentId may be given");
    }
    if (!has_trace && !parameters.comma_list("observationId").empty()) {
        parameters.refuse("observationId", "custom", "observationId requires traceId");
    }
}

bool is_finite_number(const std::string& text) {
    double number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, number);
    return code == std::errc() && stop == end && std::isfinite(number);
}

/// `value`: a list of values of the one data type that is asked for.
void add_values(QueryParameters& parameters, const std::vector<std::string>& types,
                std::vector<FilterElement>& elements) {
    std::vector<std::string> values = parameters.comma_list("value");
    if (values.empty()) return;
    const std::string type = types.size() == 1 ? types.front() : "";
    if (type == "CATEGORICAL") {
        elements.push_back(any_of("stringValue", std::move(values)));
    } else if (type == "BOOLEAN") {
        for (std::string& value : values) {
            if (value != "true" && value != "false") {
                parameters.refuse("value", "custom", "A BOOLEAN value is \"true\" or \"false\"");
                return;
            }
            value = value == "true" ? "True" : "False";
        }
        elements.push_back(any_of("stringValue", std::move(values)));
    } else if (type == "NUMERIC") {
        for (const std::string& value : values) {
            if (is_finite_number(value)) continue;
            parameters.refuse("value", "custom", "A NUMERIC value is a finite number");
            return;
        }
        elements.push_back(any_of("value", std::move(values)));
    } else {
        parameters.refuse("value", "custom",
                          "value requires exactly one dataType out of NUMERIC, BOOLEAN and "
                          "CATEGORICAL");
    }
}

void add_bounds(QueryParameters& parameters, const std::vector<std::string>& types,
                std::vector<FilterElement>& elements) {
    const auto least = parameters.number("valueMin");
    const auto most = parameters.number("valueMax");
    if (!least && !most) return;
    if (types.size() != 1 || types.front() != "NUMERIC") {
        parameters.refuse(least ? "valueMin" : "valueMax", "custom",
                          "valueMin and valueMax require dataType=NUMERIC alone");
        return;
    }
    if (least) elements.push_back(compare("value", FilterOperator::greater_or_equal, *least));
    if (most) elements.push_back(compare("value", FilterOperator::less_or_equal, *most));
}

std::vector<FilterElement> v3_elements_of(QueryParameters& parameters) {
    std::vector<FilterElement> elements;
    for (const char* const name :
         {"id", "name", "environment", "configId", "queueId", "authorUserId", "traceId",
          "sessionId", "observationId", "experimentId"}) {
        if (auto values = parameters.comma_list(name); !values.empty()) {
            elements.push_back(any_of(name, std::move(values)));
        }
    }
    check_subjects(parameters);
    if (auto sources = known_list(parameters, "source", k_sources); !sources.empty()) {
        elements.push_back(any_of("source", std::move(sources)));
    }
    const auto types = known_list(parameters, "dataType", k_data_types);
    if (!types.empty()) elements.push_back(any_of("dataType", types));
    if (const auto from = parameters.time("fromTimestamp")) {
        elements.push_back(not_before("timestamp", *from));
    }
    if (const auto to = parameters.time("toTimestamp")) {
        elements.push_back(before("timestamp", *to));
    }
    add_values(parameters, types, elements);
    add_bounds(parameters, types, elements);
    return elements;
}

Result<std::vector<SqlValue>> read_cursor(std::string_view cursor) {
    ASSAY_TRY(const Json position, parse_cursor(cursor));
    ASSAY_TRY(const Time time, cursor_time(position, "lastTimestamp"));
    ASSAY_TRY(const std::string id, cursor_text(position, "lastId"));
    return std::vector<SqlValue>{to_nanoseconds(time), StoredId(id)};
}

std::string cursor_after(const ScoreRecord& last) {
    OrderedJson position;
    position["v"] = 1;
    position["lastTimestamp"] = to_cursor_time(last.timestamp);
    position["lastId"] = last.id.value();
    return to_url_cursor(position);
}

Result<ApiResponse> get_scores_v3(const ApiContext&, const RouteCall& call, Session& reader) {
    QueryParameters parameters(call.request);
    refuse_unknown(parameters, call.request);
    const std::int64_t limit = parameters.limit(k_limit_default, k_limit_max);
    const ScoreGroups groups = groups_of(parameters);
    Query query{.view = score_view(),
                .parameters = v3_elements_of(parameters),
                .order = newest_first(),
                .limit = limit};
    if (!parameters.ok()) return parameters.refusal();
    if (const auto cursor = parameters.text("cursor")) {
        ASSAY_TRY(query.after, read_cursor(*cursor));
    }
    ASSAY_TRY(const FoundRows found, find_rows(reader, call.project(), query));
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    AnswerWriter answer;
    answer.begin_list("data");
    OrderedJson meta = {{"limit", limit}};
    std::string cursor;
    bool has_more = found.has_more;
    for (const std::string& id : found.ids) {
        ASSAY_TRY(const auto score, find_score(reader, project, ScoreId(id)));
        if (!score) continue;
        // A page may end before its limit: the cursor goes on there.
        const bool fits = answer.add(score_v3_json(call.project(), *score, groups));
        has_more = has_more || !fits;
        if (!fits) break;
        cursor = cursor_after(*score);
    }
    answer.end_list();
    if (has_more && !cursor.empty()) meta["cursor"] = cursor;
    answer.add_members({{"meta", meta}});
    return answer.finish();
}

Result<WriteJob> delete_score(const ApiContext&, const RouteCall& call) {
    return [project = call.project(),
            id = ScoreId(call.parameter("scoreId"))](Session& writer) -> Result<ApiResponse> {
        ASSAY_TRY(const std::int64_t row, writer.find_project(project));
        // Asking for it once more is no mistake: the answer to the first time may be lost.
        ASSAY_CHECK(remove_score(writer, row, id));
        return json_response(202, {{"message", "Score deletion queued successfully"}});
    };
}

constexpr std::array k_routes = {
    Route{"GET", "/api/public/scores", RouteAuth::project, ReadHandler{&get_scores},
          "The scores of traces, newest first"},
    Route{"GET", "/api/public/scores/{scoreId}", RouteAuth::project, ReadHandler{&get_score},
          "A score of a trace"},
    Route{"DELETE", "/api/public/scores/{scoreId}", RouteAuth::project, WriteHandler{&delete_score},
          "Remove a score"},
    Route{"GET", "/api/public/v2/scores", RouteAuth::project, ReadHandler{&get_scores_v2},
          "The scores of traces, sessions and dataset runs, newest first"},
    Route{"GET", "/api/public/v2/scores/{scoreId}", RouteAuth::project, ReadHandler{&get_score_v2},
          "A score"},
    Route{"GET", "/api/public/v3/scores", RouteAuth::project, ReadHandler{&get_scores_v3},
          "Scores with one value of their type, by groups of fields"},
};

}  // namespace

std::span<const Route> score_routes() { return k_routes; }

}  // namespace assay
