#include "core/model/ids.hpp"

#include <fmt/format.h>

#include <initializer_list>

#include "core/base/hash.hpp"

namespace assay {
namespace {

constexpr std::size_t k_trace_digits = 32;

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
std::string derive_within(const TraceId& trace, std::initializer_list<std::string_view> parts) {
    const std::string begin = trace.value().substr(0, k_trace_digits / 2);
    return begin + derive(parts, k_trace_digits - begin.size());
}

}  // namespace

ProjectId default_project_id() { return ProjectId("default"); }

DatasetId derive_dataset_id(const ProjectId& project, std::string_view name) {
    return DatasetId(derive({"dataset", project.value(), name}, 32));
}

DatasetRunId derive_dataset_run_id(const RunId& run, std::string_view variant) {
    return DatasetRunId(derive({"dataset-run", run.value(), variant}, 32));
}

TraceId derive_trace_id(const RunId& run, std::uint64_t position, const UnitKey& unit) {
    return TraceId(fmt::format("{}{:08x}{}", sha256_hex(run.value(), 8),
                               static_cast<std::uint32_t>(position),
                               derive({run.value(), unit.value()}, 16)));
}

TraceId derive_judge_trace_id(const TraceId& trace, std::string_view evaluator) {
    return TraceId(derive_within(trace, {"judge", trace.value(), evaluator}));
}

ObservationId derive_observation_id(const TraceId& trace, std::string_view name) {
    // Half of 16 digits would not tell apart enough: 4 of the trace's, which are those of the run
    // and of the 256 items around this one, put it near enough to its neighbours.
    const std::string& id = trace.value();
    const std::string begin = id.size() == k_trace_digits ? id.substr(0, 2) + id.substr(12, 2) : "";
    return ObservationId(begin + derive({"observation", id, name}, 16 - begin.size()));
}

ScoreId derive_score_id(const TraceId& trace, std::string_view score_name, std::size_t earlier) {
    std::string name(score_name);
    if (earlier > 0) name.append(1, '\0').append(std::to_string(earlier));
    return ScoreId(derive_within(trace, {"score", trace.value(), name}));
}

ScoreId derive_run_score_id(const DatasetRunId& run, std::string_view score_name) {
    return ScoreId(derive({"run-score", run.value(), score_name}, 32));
}

RunItemId derive_run_item_id(const DatasetRunId& run, const TraceId& trace) {
    return RunItemId(derive_within(trace, {"run-item", run.value(), trace.value()}));
}

}  // namespace assay
