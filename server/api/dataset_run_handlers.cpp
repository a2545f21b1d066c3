#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "server/api/answer_job.hpp"
#include "server/api/answer_writer.hpp"
#include "server/api/dataset_json.hpp"
#include "server/api/member_reader.hpp"
#include "server/api/paging.hpp"
#include "server/ingest/fields.hpp"
#include "server/tracing/ingest.hpp"

// Dataset runs, which clients make by adding items to them.

namespace assay {
namespace {

/// What a request says of a run and of an item of it.
struct RunItemWish {
    std::string run_name;
    std::optional<std::string> run_description;
    Json metadata = Json::object();
    DatasetItemId item;
    std::optional<std::string> trace_id;
    std::optional<std::string> observation_id;
    std::optional<Time> dataset_version;
    std::optional<Time> created;
};

constexpr std::array<std::string_view, 8> k_known_members = {
    "runName", "runDescription", "metadata",       "datasetItemId",
    "traceId", "observationId",  "datasetVersion", "createdAt"};

/// What is no object is kept in one.
Json run_metadata(const Json& value, std::optional<Time> dataset_version) {
    Json metadata = Json::object();
    if (value.is_object()) metadata = value;
    if (!value.is_object() && !value.is_null()) metadata["metadata"] = value;
    if (dataset_version) metadata["dataset_version"] = to_api_time(*dataset_version);
    return metadata;
}

/// "" is no id.
std::optional<std::string> entity_id(MemberReader& members, const char* name) {
    const auto id = members.text(name);
    if (!id || id->empty()) return std::nullopt;
    if (const auto fault = find_id_fault(*id)) {
        members.refuse(name, "custom", fmt::format("{} {}", name, *fault));
    }
    return id;
}

RunItemWish read_wish(const Json& body, MemberReader& members) {
    RunItemWish wish{.run_name = members.required_text("runName"),
                     .run_description = members.text("runDescription"),
                     .item = DatasetItemId(members.required_text("datasetItemId")),
                     .trace_id = entity_id(members, "traceId"),
                     .observation_id = entity_id(members, "observationId"),
                     .dataset_version = members.time("datasetVersion"),
                     .created = members.time("createdAt")};
    wish.metadata = run_metadata(members.find("metadata"), wish.dataset_version);
    if (!wish.trace_id && !wish.observation_id) {
        members.refuse("traceId", "custom", "observationId or traceId must be provided");
    }
    for (const auto& [name, value] : body.items()) {
        if (std::ranges::find(k_known_members, name) != k_known_members.end()) continue;
        members.refuse("", "unrecognized_keys", fmt::format("Unrecognized key: \"{}\"", name));
    }
    return wish;
}

/// The trace that is meant. One that is named need not be there yet.
Result<TraceId> trace_of(Session& writer, std::int64_t project, const RunItemWish& wish) {
    if (wish.trace_id) return TraceId(*wish.trace_id);
    ASSAY_TRY(const auto row,
              find_observation_row(writer, project, ObservationId(*wish.observation_id)));
    if (!row) return failure(ErrorCode::not_found, "Observation not found");
    ASSAY_TRY(const auto records,
              read_observation_records(writer, std::array{*row}, RecordParts::columns));
    if (records.empty()) return failure(ErrorCode::not_found, "Observation not found");
    return records.front().trace_id;
}

Result<ApiResponse> add(Session& writer, const ProjectId& project, const RunItemWish& wish,
                        Time now) {
    ASSAY_TRY(const std::int64_t row, writer.find_project(project));
    ASSAY_TRY(const auto item, find_dataset_item(writer, row, wish.item, wish.dataset_version));
    if (!item || item->status != ItemStatus::active) {
        return failure(ErrorCode::not_found, "Dataset item not found");
    }
    ASSAY_TRY(const TraceId trace, trace_of(writer, row, wish));
    const Time created = wish.created.value_or(now);
    ASSAY_TRY(const auto run, ensure_dataset_run(writer, row,
                                                 {.dataset = item->dataset,
                                                  .name = wish.run_name,
                                                  .description = wish.run_description,
                                                  .metadata = wish.metadata},
                                                 created));
    ASSAY_TRY(const TraceRow trace_row, mention_trace(writer, project, trace, now));
    ASSAY_TRY(const auto id, add_run_item(writer, row,
                                          {.run = run.row,
                                           .item_version = item->version,
                                           .trace = std::to_underlying(trace_row),
                                           .observation_id = wish.observation_id},
                                          created));
    return json_response(200, to_json({.id = id,
                                       .item = item->id,
                                       .trace = trace,
                                       .observation_id = wish.observation_id,
                                       .created = created},
                                      run));
}

Result<WriteJob> post_run_item(const ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(const Json body, parse_client_object(call.request));
    std::vector<Invalid> faults;
    MemberReader members(body, faults);
    RunItemWish wish = read_wish(body, members);
    if (!faults.empty()) return answer_job(invalid_data(faults));
    return [&clock = context.clock, project = call.project(), wish = std::move(wish)](
               Session& writer) { return add(writer, project, wish, clock.now()); };
}

std::unexpected<Error> no_run() { return failure(ErrorCode::not_found, "Dataset run not found"); }

Result<ApiResponse> get_run_items(const ApiContext&, const RouteCall& call, Session& reader) {
    QueryParameters parameters(call.request);
    const Page page = parameters.page();
    const auto dataset_id = parameters.text("datasetId");
    const auto run_name = parameters.text("runName");
    const RunItemPeriod period{.from = parameters.time("fromTimestamp"),
                               .to = parameters.time("toTimestamp")};
    if (!dataset_id) parameters.refuse("datasetId", "invalid_type", "datasetId is missing");
    if (!run_name) parameters.refuse("runName", "invalid_type", "runName is missing");
    if (!parameters.ok()) return parameters.refusal();
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(const auto dataset, find_dataset(reader, project, DatasetId(*dataset_id)));
    if (!dataset) return no_run();
    ASSAY_TRY(const auto run, find_dataset_run(reader, project, dataset->row, *run_name));
    if (!run) return no_run();
    ASSAY_TRY(const auto list,
              list_run_items(reader, project, run->row, RunItemOrder::newest_first,
                             {.offset = page.offset(), .limit = page.limit}, period));
    OrderedJson data = OrderedJson::array();
    for (const RunItemRecord& item : list.records) data.push_back(to_json(item, *run));
    return page_response(std::move(data), page, list.total);
}

Result<ApiResponse> get_runs(const ApiContext&, const RouteCall& call, Session& reader) {
    QueryParameters parameters(call.request);
    const Page page = parameters.page();
    if (!parameters.ok()) return parameters.refusal();
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(const auto dataset, dataset_named(reader, project, call.parameter("name")));
    ASSAY_TRY(const auto list, list_dataset_runs(reader, project, dataset.row,
                                                 {.offset = page.offset(), .limit = page.limit}));
    OrderedJson data = OrderedJson::array();
    for (const DatasetRunRecord& run : list.records) data.push_back(to_json(run));
    return page_response(std::move(data), page, list.total);
}

constexpr std::string_view k_pages_of_items =
    "Ask for its items by pages, with GET /api/public/dataset-run-items.";

/// The run that a path names.
Result<DatasetRunRecord> run_named(Session& session, std::int64_t project,
                                   const std::string& dataset_name, const std::string& run_name) {
    ASSAY_TRY(const auto dataset, find_dataset(session, project, dataset_name));
    if (!dataset) return no_run();
    ASSAY_TRY(auto run, find_dataset_run(session, project, dataset->row, run_name));
    if (!run) return no_run();
    return std::move(*run);
}

Result<ApiResponse> get_run(const ApiContext&, const RouteCall& call, Session& reader) {
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(const auto run,
              run_named(reader, project, call.parameter("name"), call.parameter("runName")));
    ASSAY_TRY(const auto items,
              list_run_items(reader, project, run.row, RunItemOrder::as_added, ListRange{}));
    AnswerWriter answer;
    answer.add_members(to_json(run));
    answer.begin_list("datasetRunItems");
    for (const RunItemRecord& item : items.records) {
        if (!answer.add(to_json(item, run))) return answer_too_large(call, k_pages_of_items);
    }
    answer.end_list();
    return answer.finish();
}

Result<WriteJob> delete_run(const ApiContext&, const RouteCall& call) {
    return [project = call.project(), dataset_name = call.parameter("name"),
            run_name = call.parameter("runName")](Session& writer) -> Result<ApiResponse> {
        ASSAY_TRY(const std::int64_t row, writer.find_project(project));
        ASSAY_TRY(const auto run, run_named(writer, row, dataset_name, run_name));
        ASSAY_CHECK(remove_dataset_run(writer, project, run));
        return json_response(200, {{"message", "Dataset run successfully deleted"}});
    };
}

constexpr std::array k_routes = {
    Route{"GET", "/api/public/dataset-run-items", RouteAuth::project, ReadHandler{&get_run_items},
          "The items of a dataset run, newest first"},
    Route{"POST", "/api/public/dataset-run-items", RouteAuth::project, WriteHandler{&post_run_item},
          "Add an item to a dataset run, which it makes"},
    Route{"GET", "/api/public/datasets/{name}/runs", RouteAuth::project, ReadHandler{&get_runs},
          "The runs of a dataset, newest first"},
    Route{"GET", "/api/public/datasets/{name}/runs/{runName}", RouteAuth::project,
          ReadHandler{&get_run}, "A dataset run, with its items"},
    Route{"DELETE", "/api/public/datasets/{name}/runs/{runName}", RouteAuth::project,
          WriteHandler{&delete_run},
          "Delete a dataset run with its items and scores; its traces stay"},
};

}  // namespace

std::span<const Route> dataset_run_routes() { return k_routes; }

}  // namespace assay
