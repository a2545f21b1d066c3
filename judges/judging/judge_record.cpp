#include "judges/judging/judge_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay {
namespace {

/// A sum is unknown when a part of it is.
void add(std::optional<NanoUsd>& sum, const std::optional<NanoUsd>& part) {
    sum = sum && part ? std::optional(*sum + *part) : std::nullopt;
}

}  // namespace

void absorb(JudgeRecord& record, JudgeRecord part, std::string_view prefix) {
    const Time end = std::max(record.started + record.latency, part.started + part.latency);
    record.started = std::min(record.started, part.started);
    record.latency = end - record.started;
    for (const auto& [kind, tokens] : part.usage) record.usage[kind] += tokens;
    add(record.cost, part.cost);
    add(record.paid, part.paid);
    record.calls += part.calls;
    record.retries += part.retries;
    record.cached += part.cached;
    record.over_budget = record.over_budget || part.over_budget;
    if (!part.metadata.empty()) {
        (prefix.empty() ? record.metadata : record.metadata[std::string(prefix)])
            .update(part.metadata);
    }
    for (Observation& observation : part.observations) {
        if (!prefix.empty()) observation.name = fmt::format("{}:{}", prefix, observation.name);
        record.observations.push_back(std::move(observation));
    }
}

}  // namespace assay
