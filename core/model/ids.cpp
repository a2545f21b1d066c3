#include "core/model/ids.hpp"

#include <initializer_list>

#include "core/base/hash.hpp"

namespace assay {
namespace {

std::string derive(std::initializer_list<std::string_view> parts, std::size_t digits) {
    std::string joined;
    for (const std::string_view part : parts) {
        if (!joined.empty()) joined.push_back('\0');
        joined += part;
    }
    return sha256_hex(joined, digits);
}

/// An id of something in a trace: its first half is the trace's, so that what is written together
/// stands together in an index by id. Ids of different traces are as distinct as full hashes.
std::string derive_within(const TraceId& trace, std::initializer_list<std::string_view> parts,
                          std::size_t digits) {
    const std::string begin = trace.value().substr(0, digits / 2);
    return begin + derive(parts, digits - begin.size());
}

}  // namespace

ProjectId default_project_id() { return ProjectId("default"); }

DatasetId derive_dataset_id(const ProjectId& project, std::string_view name) {
    return DatasetId(derive({"dataset", project.value(), name}, 32));
}

DatasetRunId derive_dataset_run_id(const RunId& run, std::string_view variant) {
    return DatasetRunId(derive({"dataset-run", run.value(), variant}, 32));
}

TraceId derive_trace_id(const RunId& run, const UnitKey& unit) {
    return TraceId(derive({run.value(), unit.value()}, 32));
}

ObservationId derive_observation_id(const TraceId& trace, std::string_view name) {
    return ObservationId(derive_within(trace, {"observation", trace.value(), name}, 16));
}

ScoreId derive_score_id(const TraceId& trace, std::string_view score_name, std::size_t earlier) {
    std::string name(score_name);
    if (earlier > 0) name.append(1, '\0').append(std::to_string(earlier));
    return ScoreId(derive_within(trace, {"score", trace.value(), name}, 32));
}

ScoreId derive_run_score_id(const DatasetRunId& run, std::string_view score_name) {
    return ScoreId(derive({"run-score", run.value(), score_name}, 32));
}

RunItemId derive_run_item_id(const DatasetRunId& run, const TraceId& trace) {
    return RunItemId(derive_within(trace, {"run-item", run.value(), trace.value()}, 32));
}

}  // namespace assay
