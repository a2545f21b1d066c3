#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <ranges>
#include <span>

#include "server/api/answer_writer.hpp"
#include "server/api/experiment_conditions.hpp"
#include "server/api/paging.hpp"
#include "server/api/route.hpp"
#include "server/api/score_json.hpp"
#include "server/api/trace_json.hpp"
#include "server/query/experiments.hpp"
#include "server/tracing/score_records.hpp"

// Experiments and their items, whether an SDK told of them on its observations or a dataset run
// holds them.

namespace assay {
namespace {

constexpr std::int64_t k_limit_default = 50;
constexpr std::int64_t k_limit_max = 100;
constexpr std::int64_t k_score_limit_max = 50;

constexpr std::array<std::string_view, 3> k_experiment_fields = {"core", "metadata", "scores"};
constexpr std::array<std::string_view, 7> k_item_fields = {
    "core", "dataset", "io", "metadata", "itemMetadata", "experimentMetadata", "scores"};

/// What both lists are asked for.
struct ListRequest {
    ExperimentScope scope{};
    std::vector<std::string> fields{};
    std::size_t limit = 0;
    std::size_t score_limit = 0;

    [[nodiscard]] bool has(std::string_view field) const {
        return std::ranges::find(fields, field) != fields.end();
    }
};

/// @param ids  the parameter with the ids of experiments.
ListRequest read_request(QueryParameters& parameters, std::span<const std::string_view> fields,
                         std::string_view ids) {
    ListRequest request{.fields = parameters.comma_list("fields")};
    for (const std::string& field : request.fields) {
        if (std::ranges::find(fields, field) != fields.end()) continue;
        parameters.refuse("fields", "invalid_enum_value",
                          fmt::format("fields may have {}", fmt::join(fields, ", ")));
    }
    if (!parameters.text("fromStartTime")) {
        parameters.refuse("fromStartTime", "invalid_type", "fromStartTime is required");
    } else if (const auto from = parameters.time("fromStartTime")) {
        request.scope.from = *from;
    }
    if (const auto to = parameters.time("toStartTime")) request.scope.to = *to;
    if (!parameters.text("filter")) request.scope.ids = parameters.comma_list(ids);
    request.limit = static_cast<std::size_t>(parameters.limit(k_limit_default, k_limit_max));
    request.score_limit = static_cast<std::size_t>(
        parameters.integer("scoreLimit", 1, k_score_limit_max).value_or(k_score_limit_max));
    return request;
}

/// The newest scores of a subject.
Result<OrderedJson> scores_json(Session& reader, const ProjectId& project, ScoreSubjectKind kind,
                                std::int64_t subject, std::size_t limit) {
    ASSAY_TRY(const std::int64_t row, reader.find_project(project));
    ASSAY_TRY(const auto ids, score_ids_of(reader, row, kind, subject));
    OrderedJson list = OrderedJson::array();
    for (const ScoreId& id : ids | std::views::reverse | std::views::take(limit)) {
        ASSAY_TRY(const auto score, find_score(reader, row, id));
        if (!score) continue;
        list.push_back(
            score_v3_json(project, *score, {.details = true, .subject = true, .annotation = true}));
    }
    return list;
}

OrderedJson place_of(const ExperimentRecord& record) {
    OrderedJson position;
    position["v"] = 1;
    position["lastTime"] = to_cursor_time(record.latest);
    position["lastExperimentId"] = record.id;
    return position;
}

OrderedJson place_of(const ExperimentItemRecord& item) {
    OrderedJson position;
    position["v"] = 1;
    position["lastTime"] = to_cursor_time(item.place.start);
    position["lastTraceId"] = item.place.trace_id;
    position["lastId"] = item.place.id;
    position["lastExperimentId"] = item.experiment_id;
    return position;
}

/// A page of what was found, which may end before its limit: the cursor goes on there.
/// @param found  one more than the limit when there is more.
template <class Record, class ToJson>
Result<ApiResponse> list_response(const RouteCall& call, const std::vector<Record>& found,
                                  std::size_t limit, const ToJson& to_json) {
    AnswerWriter answer;
    answer.begin_list("data");
    std::size_t given = 0;
    for (; given < std::min(found.size(), limit); ++given) {
        ASSAY_TRY(const OrderedJson json, to_json(found[given]));
        if (answer.add(json)) continue;
        if (given == 0) return answer_too_large(call, "Ask for fewer groups by fields.");
        break;
    }
    answer.end_list();
    OrderedJson meta = OrderedJson::object();
    if (given < found.size()) meta["cursor"] = to_url_cursor(place_of(found[given - 1]));
    answer.add_members({{"meta", meta}});
    return answer.finish();
}

// GET /experiments.

Result<std::optional<ExperimentPlace>> experiment_after(const QueryParameters& parameters) {
    const auto cursor = parameters.text("cursor");
    if (!cursor) return std::nullopt;
    ASSAY_TRY(const Json position, parse_cursor(*cursor));
    ExperimentPlace place;
    ASSAY_TRY(place.latest, cursor_time(position, "lastTime"));
    ASSAY_TRY(place.id, cursor_text(position, "lastExperimentId"));
    return place;
}

Result<OrderedJson> experiment_json(Session& reader, const ProjectId& project,
                                    const ExperimentRecord& record, const ListRequest& request) {
    OrderedJson json;
    json["id"] = record.id;
    json["name"] = record.head.name;
    json["description"] = or_null(record.head.description);
    json["startTime"] = to_api_time(record.start);
    json["endTime"] = to_api_time(record.end);
    json["itemCount"] = record.items;
    json["datasetId"] = or_null(record.head.dataset_id);
    if (request.has("metadata")) json["metadata"] = record.head.metadata;
    if (!request.has("scores")) return json;
    json["scores"] = OrderedJson::array();
    if (record.head.dataset_run) {
        ASSAY_TRY(json["scores"], scores_json(reader, project, ScoreSubjectKind::dataset_run,
                                              *record.head.dataset_run, request.score_limit));
    }
    return json;
}

Result<ApiResponse> get_experiments(const ApiContext&, const RouteCall& call, Session& reader) {
    QueryParameters parameters(call.request);
    ListRequest request = read_request(parameters, k_experiment_fields, "id");
    if (!parameters.ok()) return parameters.refusal();
    ASSAY_TRY(request.scope.accepts,
              experiment_conditions(parameters, ExperimentList::experiments));
    ASSAY_TRY(const auto after, experiment_after(parameters));
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(const auto found,
              find_experiments(reader, project, request.scope, after, request.limit + 1));
    return list_response(call, found, request.limit, [&](const ExperimentRecord& record) {
        return experiment_json(reader, call.project(), record, request);
    });
}

// GET /experiment-items.

Result<std::optional<ExperimentItemPlace>> item_after(const QueryParameters& parameters) {
    const auto cursor = parameters.text("cursor");
    if (!cursor) return std::nullopt;
    ASSAY_TRY(const Json position, parse_cursor(*cursor));
    ExperimentItemPlace place;
    ASSAY_TRY(place.start, cursor_time(position, "lastTime"));
    ASSAY_TRY(place.trace_id, cursor_text(position, "lastTraceId"));
    ASSAY_TRY(place.id, cursor_text(position, "lastId"));
    return place;
}

void put_content(OrderedJson& json, const ExperimentItemRecord& item,
                 const ExperimentItemContent& content, const ListRequest& request) {
    if (request.has("dataset")) {
        json["experimentDatasetId"] = or_null(item.head.dataset_id);
        json["experimentItemVersion"] = or_null(content.version);
    }
    if (request.has("io")) {
        json["input"] = content_json(content.input);
        json["output"] = content_json(content.output);
        json["expectedOutput"] = content.expected_output;
    }
    if (request.has("metadata")) json["metadata"] = parsed_metadata(content.metadata);
    if (request.has("itemMetadata")) json["experimentItemMetadata"] = content.item_metadata;
    if (request.has("experimentMetadata")) {
        json["experimentMetadata"] = item.head.metadata;
        json["experimentDescription"] = or_null(item.head.description);
    }
}

Result<OrderedJson> item_json(Session& reader, const ProjectId& project,
                              const ExperimentItemRecord& item, const ListRequest& request) {
    ASSAY_TRY(const ExperimentItemContent content, read_experiment_item(reader, item));
    OrderedJson json;
    json["id"] = item.place.id;
    json["traceId"] = item.place.trace_id;
    json["startTime"] = to_api_time(item.place.start);
    json["endTime"] = to_api_time(content.end);
    json["level"] = content.level;
    json["environment"] = content.environment;
    json["experimentId"] = item.experiment_id;
    json["experimentName"] = item.head.name;
    json["experimentItemId"] = item.item_id;
    put_content(json, item, content, request);
    if (request.has("scores")) {
        ASSAY_TRY(json["scores"], scores_json(reader, project, ScoreSubjectKind::trace,
                                              std::to_underlying(item.trace), request.score_limit));
    }
    return json;
}

Result<ApiResponse> get_experiment_items(const ApiContext&, const RouteCall& call,
                                         Session& reader) {
    QueryParameters parameters(call.request);
    ListRequest request = read_request(parameters, k_item_fields, "experimentId");
    if (request.fields.empty()) request.fields = {"core", "dataset"};
    if (!parameters.ok()) return parameters.refusal();
    ASSAY_TRY(request.scope.accepts, experiment_conditions(parameters, ExperimentList::items));
    ASSAY_TRY(const auto after, item_after(parameters));
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(const auto found,
              find_experiment_items(reader, project, request.scope, after, request.limit + 1));
    return list_response(call, found, request.limit, [&](const ExperimentItemRecord& item) {
        return item_json(reader, call.project(), item, request);
    });
}

constexpr std::array k_routes = {
    Route{"GET", "/api/public/experiments", RouteAuth::project, ReadHandler{&get_experiments},
          "Experiments and dataset runs, newest first"},
    Route{"GET", "/api/public/experiment-items", RouteAuth::project,
          ReadHandler{&get_experiment_items}, "The items of experiments, newest first"},
};

}  // namespace

std::span<const Route> experiment_routes() { return k_routes; }

}  // namespace assay
