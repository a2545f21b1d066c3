#pragma once

#include <optional>
#include <span>

#include "core/model/report_plan.hpp"

namespace assay {

/// The value of a run evaluator over the item means of its score; nothing when there are none, or
/// when the statistic is not defined for so few.
[[nodiscard]] std::optional<double> run_score(const RunEvaluator& evaluator,
                                              std::span<const double> item_means);

}  // namespace assay
