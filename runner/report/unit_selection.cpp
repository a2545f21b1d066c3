#include "runner/report/unit_selection.hpp"

#include <algorithm>

namespace assay {
namespace {

enum Class : int { k_failed, k_unscored, k_check, k_low, k_rest, k_not_run };

}  // namespace

UnitSelection::UnitSelection(const ReportPlan& plan, std::size_t units_max)
    : units_max_(units_max) {
    for (const ScoreColumn& column : plan.scores) {
        if (column.check) checks_.insert(column.name);
    }
}

UnitSelection::Rank UnitSelection::rank_of(const UnitResult& unit) const {
    switch (unit.status) {
        case UnitStatus::failed: return {k_failed, 0, seen_};
        case UnitStatus::unscored: return {k_unscored, 0, seen_};
        case UnitStatus::skipped: return {k_not_run, 0, seen_};
        case UnitStatus::scored: break;
    }
    bool breaks_check = false;
    double sum = 0;
    int count = 0;
    for (const Evaluation& evaluation : unit.evaluations) {
        for (const Score& score : evaluation.scores) {
            if (std::holds_alternative<std::string>(score.value)) continue;
            const double value = as_number(score.value);
            if (value == 0 && checks_.contains(score.name)) breaks_check = true;
            // Only a number from 0 to 1 says by itself how good it is; 7 may be a length.
            if (value < 0 || value > 1) continue;
            sum += value;
            ++count;
        }
    }
    const double mean = count > 0 ? sum / count : 1;
    if (breaks_check) return {k_check, mean, seen_};
    return {mean < 1 ? k_low : k_rest, mean, seen_};
}

void UnitSelection::look(const UnitResult& unit) {
    best_.insert(rank_of(unit));
    if (best_.size() > units_max_) best_.erase(std::prev(best_.end()));
    ++seen_;
}

void UnitSelection::settle() {
    std::size_t place = 0;
    for (const auto& [rank_class, mean, sequence] : best_) places_.emplace(sequence, place++);
    best_.clear();
}

std::optional<std::size_t> UnitSelection::place_of(std::uint64_t sequence) const {
    const auto found = places_.find(sequence);
    return found == places_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace assay
