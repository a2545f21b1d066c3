#include "server/api/score_json.hpp"

#include <string_view>

#include "server/api/paging.hpp"

namespace assay {
namespace {

constexpr std::string_view k_true = "True";
constexpr std::string_view k_false = "False";

/// The id of the subject if it is of this kind.
OrderedJson subject_if(const ScoreRecord& score, ScoreSubjectKind kind) {
    return score.subject_kind == kind ? OrderedJson(score.subject_id) : OrderedJson(nullptr);
}

/// `value` and `stringValue`, those of them that the data type has.
void put_values(OrderedJson& json, const ScoreRecord& score) {
    const std::string& type = score.data_type;
    const double number = score.value.value_or(0);
    if (type != "TEXT") json["value"] = type == "CORRECTION" ? 0 : number;
    if (type == "BOOLEAN") {
        json["stringValue"] = number != 0 ? k_true : k_false;
    } else if (type != "NUMERIC") {
        json["stringValue"] = score.string_value.value_or("");
    }
}

OrderedJson typed_value(const ScoreRecord& score) {
    if (score.data_type == "NUMERIC") return score.value.value_or(0);
    if (score.data_type == "BOOLEAN") return score.value.value_or(0) != 0;
    return score.string_value.value_or("");
}

OrderedJson subject_json(const ScoreRecord& score) {
    OrderedJson json;
    switch (score.subject_kind) {
        case ScoreSubjectKind::session: json["kind"] = "session"; break;
        case ScoreSubjectKind::dataset_run: json["kind"] = "experiment"; break;
        case ScoreSubjectKind::trace:
            json["kind"] = score.observation_id ? "observation" : "trace";
            break;
    }
    json["id"] = score.observation_id.value_or(score.subject_id);
    if (score.observation_id) json["traceId"] = score.subject_id;
    return json;
}

}  // namespace

OrderedJson score_v1_json(const ProjectId& project, const ScoreRecord& score) {
    OrderedJson json;
    json["id"] = score.id.value();
    json["projectId"] = project.value();
    json["traceId"] = subject_if(score, ScoreSubjectKind::trace);
    json["sessionId"] = subject_if(score, ScoreSubjectKind::session);
    json["observationId"] = or_null(score.observation_id);
    json["datasetRunId"] = subject_if(score, ScoreSubjectKind::dataset_run);
    json["name"] = score.name;
    json["source"] = score.source;
    json["dataType"] = score.data_type;
    put_values(json, score);
    json["comment"] = or_null(score.comment);
    json["metadata"] = score.metadata;
    json["authorUserId"] = or_null(score.author);
    json["configId"] = or_null(score.config_id);
    json["queueId"] = or_null(score.queue_id);
    json["timestamp"] = to_api_time(score.timestamp);
    json["createdAt"] = to_api_time(score.created);
    json["updatedAt"] = to_api_time(score.updated);
    json["environment"] = score.environment;
    return json;
}

OrderedJson score_trace_json(const TraceRecord* trace) {
    if (trace == nullptr) return nullptr;
    OrderedJson json;
    json["userId"] = or_null(trace->user_id);
    json["tags"] = trace->tags;
    json["environment"] = trace->environment;
    json["sessionId"] = or_null(trace->session_id);
    return json;
}

OrderedJson score_v3_json(const ProjectId& project, const ScoreRecord& score,
                          const ScoreGroups& groups) {
    OrderedJson json;
    json["id"] = score.id.value();
    json["projectId"] = project.value();
    json["name"] = score.name;
    json["dataType"] = score.data_type;
    json["value"] = typed_value(score);
    json["source"] = score.source;
    json["timestamp"] = to_api_time(score.timestamp);
    json["environment"] = score.environment;
    json["createdAt"] = to_api_time(score.created);
    json["updatedAt"] = to_api_time(score.updated);
    if (groups.details) {
        json["comment"] = or_null(score.comment);
        json["configId"] = or_null(score.config_id);
        json["metadata"] = score.metadata;
    }
    if (groups.subject) json["subject"] = subject_json(score);
    if (groups.annotation) {
        json["authorUserId"] = or_null(score.author);
        json["queueId"] = or_null(score.queue_id);
    }
    return json;
}

}  // namespace assay
