#include "runner/report/trial_tally.hpp"

#include <fmt/format.h>

#include "core/stats/summary.hpp"
#include "runner/report/lookup.hpp"
#include "runner/report/numbers.hpp"
#include "runner/report/run_evaluators.hpp"

namespace assay {

TrialTally::TrialTally(const RunEvaluator& evaluator, int repetitions)
    : score_(text_or(evaluator, "score", "")),
      all_(evaluator.type == "pass_hat_k"),
      k_(static_cast<std::uint64_t>(number_or(evaluator, "k", repetitions))) {
    if (evaluator.parameters.contains("threshold")) {
        threshold_ = number_or(evaluator, "threshold", 1);
    }
}

void TrialTally::add(const UnitResult& unit) {
    item_ = unit.item.id;
    const Score* const score = find_score(unit, score_);
    if (score == nullptr) return;
    const ScoreDataType type = data_type_of(score->value);
    if (type == ScoreDataType::categorical) {
        problem_ = fmt::format("{} is CATEGORICAL and does not say what passes", score_);
    } else if (type == ScoreDataType::numeric && !threshold_) {
        problem_ = fmt::format("{} is NUMERIC; `threshold` must say what passes", score_);
    } else {
        ++trials_.count;
        trials_.passed += as_number(score->value) >= threshold_.value_or(1) ? 1 : 0;
    }
}

void TrialTally::end_item() {
    if (!item_) return;
    const Result<double> estimate = all_ ? pass_hat_k(trials_, k_) : pass_at_k(trials_, k_);
    if (estimate) {
        values_.push_back(*estimate);
    } else if (short_items_++ == 0) {
        first_short_ = fmt::format("{} has {}", item_->value(), trials_.count);
    }
    item_.reset();
    trials_ = {};
}

Result<double> TrialTally::value() const {
    if (!problem_.empty()) return failure(ErrorCode::invalid_argument, problem_);
    const std::uint64_t items = values_.size() + short_items_;
    if (items == 0) {
        return failure(ErrorCode::invalid_argument, "no item has the score " + score_);
    }
    if (short_items_ == 0) return mean(values_);
    return failure(
        ErrorCode::invalid_argument,
        fmt::format("{} of {} items have fewer than k = {} values of {}: {}; a smaller "
                    "`k` needs fewer",
                    format_count(short_items_), format_count(items), k_, score_, first_short_));
}

}  // namespace assay
