#include "core/model/run.hpp"

#include <fmt/format.h>

namespace assay {
namespace {

std::int64_t total_of(const UsageDetails& usage) {
    const auto total = usage.find("total");
    return total == usage.end() ? 0 : total->second;
}

bool is_cached(const Observation& observation) {
    const auto cached = observation.metadata.find("cached");
    return cached != observation.metadata.end() && *cached == true;
}

std::int64_t task_tokens(const UnitResult& unit) {
    if (unit.calls == 0) return 0;
    return unit.cached == 0 ? total_of(unit.usage) : paid_tokens(unit.observations);
}

}  // namespace

const char* to_string(RunState state) {
    switch (state) {
        case RunState::running: return "running";
        case RunState::finished: return "finished";
        case RunState::incomplete: return "incomplete";
        case RunState::interrupted: return "interrupted";
    }
    std::unreachable();
}

Result<RunState> parse_run_state(std::string_view text) {
    for (const auto state :
         {RunState::running, RunState::finished, RunState::incomplete, RunState::interrupted}) {
        if (text == to_string(state)) return state;
    }
    return failure(ErrorCode::data_loss, fmt::format("\"{}\" is no run state", text));
}

std::int64_t paid_tokens(const std::vector<Observation>& observations) {
    std::int64_t tokens = 0;
    for (const Observation& observation : observations) {
        const bool is_call = observation.type != ObservationType::evaluator;
        if (is_call && !is_cached(observation)) tokens += total_of(observation.usage);
    }
    return tokens;
}

Spending spending_of(const UnitResult& unit) {
    Spending spent{.cost = unit.paid.value_or(0), .tokens = task_tokens(unit), .calls = unit.calls};
    for (const Evaluation& evaluation : unit.evaluations) {
        if (!evaluation.judge) continue;
        const JudgeRecord& judge = *evaluation.judge;
        spent +=
            {.cost = judge.paid.value_or(0), .tokens = judge.paid_tokens, .calls = judge.calls};
    }
    return spent;
}

}  // namespace assay
