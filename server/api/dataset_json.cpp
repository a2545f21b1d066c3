#include "server/api/dataset_json.hpp"

#include <fmt/format.h>

#include <utility>

#include "server/api/paging.hpp"
#include "server/ingest/client_json.hpp"

namespace assay {

OrderedJson to_json(const ProjectId& project, const DatasetRecord& dataset) {
    OrderedJson json;
    json["id"] = dataset.id.value();
    json["name"] = dataset.name;
    json["description"] = or_null(dataset.description);
    json["metadata"] = dataset.metadata;
    json["inputSchema"] = dataset.input_schema;
    json["expectedOutputSchema"] = dataset.expected_schema;
    json["projectId"] = project.value();
    json["createdAt"] = to_api_time(dataset.created);
    json["updatedAt"] = to_api_time(dataset.updated);
    return json;
}

OrderedJson to_json(const DatasetItemRecord& item) {
    OrderedJson json;
    json["id"] = item.id.value();
    json["status"] = to_string(item.status);
    json["input"] = item.input;
    json["expectedOutput"] = item.expected_output;
    json["metadata"] = item.metadata;
    json["sourceTraceId"] = or_null(item.source_trace);
    json["sourceObservationId"] = or_null(item.source_observation);
    json["datasetId"] = item.dataset_id.value();
    json["datasetName"] = item.dataset_name;
    json["createdAt"] = to_api_time(item.created);
    json["updatedAt"] = to_api_time(item.updated);
    json["mediaReferences"] = OrderedJson::array();
    return json;
}

OrderedJson to_json(const DatasetRunRecord& run) {
    OrderedJson json;
    json["id"] = run.id.value();
    json["name"] = run.name;
    json["description"] = or_null(run.description);
    json["metadata"] = run.metadata;
    json["datasetId"] = run.dataset_id.value();
    json["datasetName"] = run.dataset_name;
    json["createdAt"] = to_api_time(run.created);
    json["updatedAt"] = to_api_time(run.updated);
    return json;
}

OrderedJson to_json(const RunItemRecord& item, const DatasetRunRecord& run) {
    OrderedJson json;
    json["id"] = item.id.value();
    json["datasetRunId"] = run.id.value();
    json["datasetRunName"] = run.name;
    json["datasetItemId"] = item.item.value();
    json["traceId"] = item.trace.value();
    json["observationId"] = or_null(item.observation_id);
    json["createdAt"] = to_api_time(item.created);
    json["updatedAt"] = to_api_time(item.created);
    return json;
}

Result<DatasetRecord> dataset_named(Session& session, std::int64_t project, std::string_view name) {
    ASSAY_TRY(auto dataset, find_dataset(session, project, name));
    if (!dataset) return failure(ErrorCode::not_found, "Dataset not found");
    return std::move(*dataset);
}

Result<Json> parse_client_object(const ApiRequest& request) {
    auto body = parse_client_json(request.body);
    if (!body) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("The body is not valid JSON: {}", body.error().message));
    }
    if (body->is_object()) return std::move(*body);
    return failure(ErrorCode::invalid_argument,
                   fmt::format("The body must be an object, not {}", type_phrase(*body)));
}

}  // namespace assay
