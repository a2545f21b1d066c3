#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/base/dependency_order.hpp"
#include "core/model/filter.hpp"
#include "evaluators/evaluation.hpp"

namespace assay {

/// A mistake in what an evaluator waits for.
struct OrderMistake {
    std::size_t evaluator = 0;  ///< its index
    ParameterMistake mistake;
};

/// Which evaluators of a spec come before which (`needs`), and when they run at all (`when`). A
/// `when` that names a score needs the evaluator that gives it; that need not be said twice.
class EvaluationOrder {
  public:
    /// Nobody waits for anybody.
    EvaluationOrder() = default;

    /// Resolves the names in `needs` and `when`, and makes each evaluator's hash cover those it
    /// needs: when they change, it may run on other units. All mistakes are appended; nothing is
    /// returned when there is one.
    static std::optional<EvaluationOrder> bind(std::vector<BoundEvaluator>& evaluators,
                                               std::vector<OrderMistake>& mistakes);

    /// The evaluators that come before this one; ascending, without repeats.
    [[nodiscard]] const std::vector<std::size_t>& needs(std::size_t evaluator) const;

    /// Why the evaluator is not run on the unit, or "": one that it needs gave no scores, or its
    /// condition is false.
    /// @param made  an evaluation for each evaluator; those that it needs are final.
    [[nodiscard]] std::string reason_to_skip(std::size_t evaluator, const UnitResult& unit,
                                             const std::vector<Evaluation>& made) const;

  private:
    Dependencies needs_;  ///< empty: nobody waits for anybody
    std::vector<std::optional<Filter>> conditions_;
};

}  // namespace assay
