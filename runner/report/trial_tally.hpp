#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model/report_plan.hpp"
#include "core/model/unit.hpp"
#include "core/stats/repetitions.hpp"

namespace assay {

/// Computes pass_at_k or pass_hat_k of a variant as its units stream by: the mean over the items.
class TrialTally {
  public:
    /// @param repetitions  of the run: what `k` is when it is not given.
    TrialTally(const RunEvaluator& evaluator, int repetitions);

    /// Units of one item must follow each other, and end_item() must follow them.
    void add(const UnitResult& unit);
    void end_item();
    /// @error invalid_argument when an item has fewer than k values, or the score does not say
    ///        what passes.
    [[nodiscard]] Result<double> value() const;

  private:
    std::string score_;
    bool all_ = false;  ///< pass_hat_k: all of k pass
    std::uint64_t k_ = 1;
    std::optional<double> threshold_;
    std::optional<DatasetItemId> item_;  ///< the current one
    Trials trials_;                      ///< of the current item
    std::vector<double> values_;         ///< one an item
    std::uint64_t short_items_ = 0;
    std::string first_short_;
    std::string problem_;
};

}  // namespace assay
