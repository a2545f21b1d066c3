#include <array>

#include "core/base/text.hpp"
#include "server/api/answer_job.hpp"
#include "server/api/answer_writer.hpp"
#include "server/api/dataset_json.hpp"
#include "server/api/member_reader.hpp"
#include "server/api/paging.hpp"
#include "server/api/request_body.hpp"

// Dataset items.

namespace assay {
namespace {

constexpr std::size_t k_item_body_bytes_max = 9U << 19U;  // 4.5 MB
constexpr std::string_view k_no_item = "Dataset item not found";

constexpr std::array<std::string_view, 2> k_statuses = {"ACTIVE", "ARCHIVED"};

/// A value as clients mean it: "" is none, and a text that is JSON is what it says.
std::optional<Json> item_value(const Json& body, const char* name) {
    const Json& value = member_of(body, name);
    if (!value.is_string()) return given(body, name, value);
    const auto& text = value.get_ref<const std::string&>();
    if (text.empty()) return Json();
    auto parsed = parse_json(text);
    return parsed ? std::move(*parsed) : value;
}

std::optional<DatasetItemId> item_id_of(MemberReader& members) {
    auto id = members.text("id");
    if (!id) return std::nullopt;
    const std::size_t characters = count_code_points(*id);
    if (characters == 0) members.refuse("id", "too_small", "id must not be empty");
    if (characters > limits::k_dataset_id_characters_max) {
        members.refuse("id", "too_big", "id must have at most 255 characters");
    }
    return DatasetItemId(std::move(*id));
}

DatasetItemChange read_change(const Json& body, MemberReader& members) {
    DatasetItemChange change{
        .id = item_id_of(members),
        .dataset_name = members.text("datasetName"),
        .input = item_value(body, "input"),
        .expected_output = item_value(body, "expectedOutput"),
        .metadata = item_value(body, "metadata"),
        .source_trace = given(body, "sourceTraceId", members.text("sourceTraceId")),
        .source_observation =
            given(body, "sourceObservationId", members.text("sourceObservationId"))};
    if (const auto status = members.choice("status", k_statuses)) {
        change.status = *status == k_statuses[0] ? ItemStatus::active : ItemStatus::archived;
    }
    if (!change.id && !change.dataset_name) (void)members.required_text("datasetName");
    return change;
}

Result<WriteJob> post_item(const ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(const Json body, parse_client_object(call.request));
    std::vector<Invalid> faults;
    MemberReader members(body, faults);
    DatasetItemChange change = read_change(body, members);
    if (!faults.empty()) return answer_job(invalid_data(faults));
    return [&clock = context.clock, project = call.project(),
            change = std::move(change)](Session& writer) -> Result<ApiResponse> {
        ASSAY_TRY(const auto item, put_dataset_item(writer, project, change, clock.now()));
        return json_response(200, to_json(item));
    };
}

Result<ApiResponse> get_items(const ApiContext&, const RouteCall& call, Session& reader) {
    QueryParameters parameters(call.request);
    const Page page = parameters.page();
    DatasetItemQuery query{.source_trace = parameters.text("sourceTraceId"),
                           .source_observation = parameters.text("sourceObservationId"),
                           .at = parameters.time("version")};
    const auto name = parameters.text("datasetName");
    if (query.at && !name) {
        parameters.refuse("version", "custom", "version needs a datasetName");
    }
    if (!parameters.ok()) return parameters.refusal();
    ASSAY_TRY(query.project, reader.find_project(call.project()));
    if (name) {
        ASSAY_TRY(const auto dataset, dataset_named(reader, query.project, *name));
        query.dataset = dataset.row;
    }
    ASSAY_TRY(const auto list,
              list_dataset_items(reader, query, {.offset = page.offset(), .limit = page.limit}));
    AnswerWriter answer;
    answer.begin_list("data");
    for (const ItemVersionRow version : list.records) {
        ASSAY_TRY(const DatasetItemRecord item, read_item_version(reader, version));
        if (!answer.add(to_json(item))) {
            return answer_too_large(call, "Ask for a smaller page by limit.");
        }
    }
    return page_response(std::move(answer), page, list.total);
}

Result<ApiResponse> get_item(const ApiContext&, const RouteCall& call, Session& reader) {
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(const auto item,
              find_dataset_item(reader, project, DatasetItemId(call.parameter("datasetItemId"))));
    if (!item) return error_response(call.errors, 404, k_no_item);
    return json_response(200, to_json(*item));
}

Result<WriteJob> delete_item(const ApiContext&, const RouteCall& call) {
    return [project = call.project(), errors = call.errors,
            id = DatasetItemId(call.parameter("datasetItemId"))](
               Session& writer) -> Result<ApiResponse> {
        ASSAY_TRY(const std::int64_t row, writer.find_project(project));
        ASSAY_TRY(const bool is_removed, remove_dataset_item(writer, row, id));
        if (!is_removed) return error_response(errors, 404, k_no_item);
        return json_response(200, {{"message", "Dataset item successfully deleted"}});
    };
}

constexpr std::array k_routes = {
    Route{"GET", "/api/public/dataset-items", RouteAuth::project, ReadHandler{&get_items},
          "The active items of a dataset, or of all, newest first"},
    Route{"POST", "/api/public/dataset-items", RouteAuth::project, WriteHandler{&post_item},
          "Make a dataset item, or change the one of an id", ErrorShape::named,
          k_item_body_bytes_max},
    Route{"GET", "/api/public/dataset-items/{datasetItemId}", RouteAuth::project,
          ReadHandler{&get_item}, "A dataset item"},
    Route{"DELETE", "/api/public/dataset-items/{datasetItemId}", RouteAuth::project,
          WriteHandler{&delete_item}, "Delete a dataset item with all its versions"},
};

}  // namespace

std::span<const Route> dataset_item_routes() { return k_routes; }

}  // namespace assay
