#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "core/base/clock.hpp"
#include "core/model/unit.hpp"
#include "evaluators/evaluation_order.hpp"
#include "runner/engine/cpu_pool.hpp"

namespace assay {

/// What a unit is scored with. All of it outlives the scoring.
struct ScoringParts {
    const std::vector<BoundEvaluator>& evaluators;
    const EvaluationOrder& order;  ///< made of those evaluators
    CpuPool& cpu;
    EvaluationContext context;  ///< of evaluators that wait; `clock` is needed by all
};

/// Runs the evaluators on the unit's output, each after those it needs: what is ready and computes
/// in one go on the CPU pool, what is ready and waits beside each other here. Fills in the
/// evaluations, an observation for each that was made, and the status. Evaluations that the unit
/// has already are kept.
///
/// @param unit  outlives the coroutine.
/// @return false when it was cancelled; the unit has no final state then.
[[nodiscard]] boost::asio::awaitable<bool> score_unit(UnitResult& unit, ScoringParts parts);

/// Whether the budget refused a judgement, which is not one that failed: the unit has no final
/// state then.
[[nodiscard]] bool was_over_budget(const UnitResult& unit);

}  // namespace assay
