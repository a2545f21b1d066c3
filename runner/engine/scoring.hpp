#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "core/base/clock.hpp"
#include "core/model/unit.hpp"
#include "evaluators/evaluation_order.hpp"
#include "runner/engine/cpu_pool.hpp"

namespace assay {

/// Runs the evaluators on the unit's output, each after those it needs: what is ready and computes
/// in one go on the CPU pool, what is ready and waits beside each other here. Fills in the
/// evaluations, an observation for each that was made, and the status. Evaluations that the unit
/// has already are kept.
///
/// @param unit,evaluators,order,cpu,clock  outlive the coroutine; the evaluators are those of which
///        `order` was made.
/// @return false when it was cancelled; the unit has no final state then.
[[nodiscard]] boost::asio::awaitable<bool> score_unit(UnitResult& unit,
                                                      const std::vector<BoundEvaluator>& evaluators,
                                                      const EvaluationOrder& order, CpuPool& cpu,
                                                      const Clock& clock, Deadline deadline);

}  // namespace assay
