#include "core/model/run.hpp"

#include <fmt/format.h>

namespace assay {

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

Spending spending_of(const UnitResult& unit) {
    const auto total = unit.usage.find("total");
    return {.cost = unit.paid.value_or(0),
            .tokens = total == unit.usage.end() || unit.calls == 0 ? 0 : total->second,
            .calls = unit.calls};
}

}  // namespace assay
