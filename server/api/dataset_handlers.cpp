#include <array>

#include "server/api/answer_job.hpp"
#include "server/api/answer_writer.hpp"
#include "server/api/dataset_json.hpp"
#include "server/api/member_reader.hpp"
#include "server/api/paging.hpp"

// Datasets. Version 1 of the routes tells what is in a dataset, too.

namespace assay {
namespace {

constexpr std::string_view k_pages_of_items =
    "Ask for its items by pages, with GET /api/public/dataset-items.";

enum class DatasetShape : std::uint8_t { v1, v2 };

Result<WriteJob> post_dataset(const ApiContext& context, const RouteCall& call,
                              DatasetShape shape) {
    ASSAY_TRY(const Json body, parse_client_object(call.request));
    std::vector<Invalid> faults;
    MemberReader members(body, faults);
    DatasetChange change{.name = members.required_text("name"),
                         .description = given(body, "description", members.text("description")),
                         .metadata = given(body, "metadata", members.find("metadata")),
                         .input_schema = given(body, "inputSchema", members.find("inputSchema")),
                         .expected_schema = given(body, "expectedOutputSchema",
                                                  members.find("expectedOutputSchema"))};
    if (!faults.empty()) return answer_job(invalid_data(faults));
    return [&clock = context.clock, project = call.project(), change = std::move(change),
            shape](Session& writer) -> Result<ApiResponse> {
        ASSAY_TRY(const auto dataset, put_dataset(writer, project, change, clock));
        OrderedJson json = to_json(project, dataset);
        if (shape == DatasetShape::v1) {
            json["items"] = OrderedJson::array();
            json["runs"] = OrderedJson::array();
        }
        return json_response(200, json);
    };
}

Result<WriteJob> post_dataset_v1(const ApiContext& context, const RouteCall& call) {
    return post_dataset(context, call, DatasetShape::v1);
}

Result<WriteJob> post_dataset_v2(const ApiContext& context, const RouteCall& call) {
    return post_dataset(context, call, DatasetShape::v2);
}

Result<OrderedJson> run_names(Session& reader, std::int64_t project, DatasetRow dataset) {
    ASSAY_TRY(const auto runs, list_dataset_runs(reader, project, dataset, ListRange{}));
    OrderedJson names = OrderedJson::array();
    for (const DatasetRunRecord& run : runs.records) names.push_back(run.name);
    return names;
}

Result<ApiResponse> get_datasets(const RouteCall& call, Session& reader, DatasetShape shape) {
    QueryParameters parameters(call.request);
    const Page page = parameters.page();
    if (!parameters.ok()) return parameters.refusal();
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(const auto list,
              list_datasets(reader, project, {.offset = page.offset(), .limit = page.limit}));
    AnswerWriter answer;
    answer.begin_list("data");
    for (const DatasetRecord& dataset : list.records) {
        OrderedJson json = to_json(call.project(), dataset);
        if (shape == DatasetShape::v1) {
            ASSAY_TRY(json["items"],
                      dataset_item_ids(reader, {.project = project, .dataset = dataset.row}));
            ASSAY_TRY(json["runs"], run_names(reader, project, dataset.row));
        }
        if (!answer.add(json)) return answer_too_large(call, "Ask for a smaller page by limit.");
    }
    return page_response(std::move(answer), page, list.total);
}

Result<ApiResponse> get_datasets_v1(const ApiContext&, const RouteCall& call, Session& reader) {
    return get_datasets(call, reader, DatasetShape::v1);
}

Result<ApiResponse> get_datasets_v2(const ApiContext&, const RouteCall& call, Session& reader) {
    return get_datasets(call, reader, DatasetShape::v2);
}

Result<ApiResponse> get_dataset_v1(const ApiContext&, const RouteCall& call, Session& reader) {
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(const auto dataset, dataset_named(reader, project, call.parameter("name")));
    const DatasetItemQuery query{.project = project, .dataset = dataset.row};
    ASSAY_TRY(const auto versions, dataset_item_versions(reader, query, ItemOrder::newest_first));
    AnswerWriter answer;
    answer.add_members(to_json(call.project(), dataset));
    answer.begin_list("items");
    for (const ItemVersionRow version : versions) {
        ASSAY_TRY(const DatasetItemRecord item, read_item_version(reader, version));
        if (!answer.add(to_json(item))) return answer_too_large(call, k_pages_of_items);
    }
    answer.end_list();
    answer.begin_list("runs");
    ASSAY_TRY(const OrderedJson names, run_names(reader, project, dataset.row));
    for (const OrderedJson& name : names) {
        if (!answer.add(name)) return answer_too_large(call, k_pages_of_items);
    }
    answer.end_list();
    return answer.finish();
}

Result<ApiResponse> get_dataset_v2(const ApiContext&, const RouteCall& call, Session& reader) {
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(const auto dataset, dataset_named(reader, project, call.parameter("name")));
    return json_response(200, to_json(call.project(), dataset));
}

constexpr std::array k_routes = {
    Route{"GET", "/api/public/v2/datasets", RouteAuth::project, ReadHandler{&get_datasets_v2},
          "The datasets, newest first"},
    Route{"POST", "/api/public/v2/datasets", RouteAuth::project, WriteHandler{&post_dataset_v2},
          "Make the dataset of a name, or change it"},
    Route{"GET", "/api/public/v2/datasets/{name}", RouteAuth::project, ReadHandler{&get_dataset_v2},
          "A dataset"},
    Route{"GET", "/api/public/datasets", RouteAuth::project, ReadHandler{&get_datasets_v1},
          "The datasets, with the ids of their items and the names of their runs"},
    Route{"POST", "/api/public/datasets", RouteAuth::project, WriteHandler{&post_dataset_v1},
          "Make the dataset of a name, or change it"},
    Route{"GET", "/api/public/datasets/{name}", RouteAuth::project, ReadHandler{&get_dataset_v1},
          "A dataset, with its items and the names of its runs"},
};

}  // namespace

std::span<const Route> dataset_routes() { return k_routes; }

}  // namespace assay
