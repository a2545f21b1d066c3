#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/model/run.hpp"
#include "runner/report/report.hpp"
#include "runner/report/run_score_tally.hpp"
#include "runner/report/score_table.hpp"

namespace assay {

/// Adds up the units of one variant as they stream by. Keeps a number or two per item and score,
/// one per latency and what the run evaluators need, and none of the units.
class VariantTally {
  public:
    /// `plan` must outlive the tally.
    VariantTally(const VariantRecord& variant, const ReportPlan& plan, int repetitions,
                 std::vector<std::string> slices);

    /// Units of one item must follow each other.
    void add(const UnitResult& unit);
    /// Units with a final state.
    [[nodiscard]] std::uint64_t stored() const;
    /// The summary of all that was added. Call once.
    [[nodiscard]] VariantSummary finish();
    /// What was added, item by item. Call once, after finish().
    [[nodiscard]] ScoreTable take_table();

  private:
    struct ScoreTally {
        ScoreSummary summary;
        std::string evaluator;
        std::vector<double> item_means;
        double squares_within = 0;  ///< Σ (value − its item's mean)², of the items that ended
        std::uint64_t freedom_within = 0;  ///< Σ (values of an item − 1)

        // Of the current item:
        double item_sum = 0;
        std::uint64_t item_values = 0;
        double item_mean = 0;     ///< as Welford's recurrence has it
        double item_squares = 0;  ///< Σ (value − mean)²
        std::string item_category;
        bool item_varies = false;

        void add_number(double value);
        void add_category(const std::string& category);
        void end_item();
        [[nodiscard]] std::optional<double> stddev_within() const;
    };

    void add_evaluation(const Evaluation& evaluation);
    void add_score(const Score& score, const std::string& evaluator);
    void add_usage(const UnitResult& unit);
    void add_judge(const JudgeRecord& judge);
    void end_item();
    [[nodiscard]] ScoreTally& tally_of(const std::string& score, const std::string& evaluator);
    [[nodiscard]] Result<std::span<const double>> item_means_of(const std::string& score) const;

    VariantSummary summary_;
    ScoreTableBuilder table_;
    std::vector<ScoreTally> scores_;
    RunScoreTally run_scores_;
    std::vector<double> latencies_ms_;
    std::vector<double> first_tokens_ms_;
    std::optional<DatasetItemId> item_;
    NanoUsd cost_ = 0;
    NanoUsd paid_ = 0;
    bool cost_is_known_ = true;
    bool paid_is_known_ = true;
};

}  // namespace assay
