#include "runner/report/run_score_tally.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runner/report/run_evaluators.hpp"

namespace assay {
namespace {

Result<double> statistic(const RunEvaluator& evaluator, const RunScoreTally::ItemMeans& means_of) {
    ASSAY_TRY(const std::span<const double> means, means_of(text_or(evaluator, "score", "")));
    return run_statistic(evaluator, means);
}

}  // namespace

RunScoreTally::RunScoreTally(const ReportPlan& plan, int repetitions) : plan_(plan) {
    for (const RunEvaluator& evaluator : plan.run_evaluators) {
        const RunEvaluatorType* const type = find_run_evaluator_type(evaluator.type);
        if (type == nullptr) continue;
        if (type->family == RunEvaluatorFamily::repetitions) {
            trials_.emplace_back(evaluator, repetitions);
        } else if (type->family == RunEvaluatorFamily::labels) {
            LabelRule rule = label_rule_of(evaluator);
            if (std::ranges::find(labels_, rule, &LabelTally::rule) != labels_.end()) continue;
            labels_.emplace_back(std::move(rule));
        }
    }
}

void RunScoreTally::add(const UnitResult& unit) {
    for (LabelTally& tally : labels_) tally.add(unit);
    for (TrialTally& tally : trials_) tally.add(unit);
}

void RunScoreTally::end_item() {
    for (TrialTally& tally : trials_) tally.end_item();
}

void RunScoreTally::finish(VariantSummary& summary, const ItemMeans& item_means) const {
    auto trials = trials_.begin();
    for (const RunEvaluator& evaluator : plan_.run_evaluators) {
        const RunEvaluatorType* const type = find_run_evaluator_type(evaluator.type);
        if (type == nullptr) {
            // A stored plan may come from a newer version.
            summary.run_scores.push_back(
                {.name = evaluator.name,
                 .value = failure(ErrorCode::not_found,
                                  fmt::format("there is no run evaluator {}", evaluator.type)),
                 .comment = {}});
        } else if (type->family == RunEvaluatorFamily::labels) {
            finish_labels(summary, evaluator);
        } else if (type->family == RunEvaluatorFamily::program) {
            for (std::string& name : run_score_names(evaluator)) {
                summary.run_scores.push_back({.name = std::move(name), .value = {}, .comment = {}});
            }
        } else {
            const bool repeated = type->family == RunEvaluatorFamily::repetitions;
            summary.run_scores.push_back(
                {.name = evaluator.name,
                 .value = repeated ? (trials++)->value() : statistic(evaluator, item_means),
                 .comment = {}});
        }
    }
}

void RunScoreTally::finish_labels(VariantSummary& summary, const RunEvaluator& evaluator) const {
    const LabelRule rule = label_rule_of(evaluator);
    const auto tally = std::ranges::find(labels_, rule, &LabelTally::rule);
    ASSAY_ASSERT(tally != labels_.end(), "every rule has its tally");
    const std::uint64_t planned = summary.units.planned;
    Result<ConfusionMatrix> matrix = tally->matrix(planned);
    std::string comment = tally->left_out(planned);
    if (evaluator.type == k_confusion_matrix) {
        summary.matrices.push_back(
            {.name = evaluator.name, .matrix = std::move(matrix), .comment = std::move(comment)});
        return;
    }
    const std::string positive = rule.label_of(text_or(evaluator, "positive", ""));
    summary.run_scores.push_back(
        {.name = evaluator.name,
         .value = matrix ? run_classification(evaluator, *matrix, positive)
                         : Result<double>(std::unexpected(std::move(matrix.error()))),
         .comment = std::move(comment)});
}

}  // namespace assay
