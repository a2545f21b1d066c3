#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/model/report_plan.hpp"
#include "runner/report/label_tally.hpp"
#include "runner/report/report.hpp"
#include "runner/report/trial_tally.hpp"

namespace assay {

/// Runs the run evaluators of a plan over the units of one variant as they stream by.
class RunScoreTally {
  public:
    /// `plan` must outlive the tally.
    RunScoreTally(const ReportPlan& plan, int repetitions);

    /// Units of one item must follow each other, and end_item() must follow them.
    void add(const UnitResult& unit);
    void end_item();

    /// The item means of a score, or why there are none.
    using ItemMeans = std::function<Result<std::span<const double>>(const std::string& score)>;
    /// Puts run scores and matrices into a summary whose planned units are known.
    void finish(VariantSummary& summary, const ItemMeans& item_means) const;

  private:
    void finish_labels(VariantSummary& summary, const RunEvaluator& evaluator) const;

    const ReportPlan& plan_;
    std::vector<LabelTally> labels_;  ///< one for each way of comparing that is used
    std::vector<TrialTally> trials_;  ///< one for each evaluator over repetitions, in their order
};

}  // namespace assay
