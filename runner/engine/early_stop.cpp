#include "runner/engine/early_stop.hpp"

#include <algorithm>

namespace assay {
namespace {

std::optional<double> value_of(const UnitResult& unit, const std::string& score) {
    for (const Evaluation& evaluation : unit.evaluations) {
        for (const Score& given : evaluation.scores) {
            const bool number = data_type_of(given.value) != ScoreDataType::categorical;
            if (given.name == score && number) return as_number(given.value);
        }
    }
    return std::nullopt;
}

}  // namespace

EarlyStop::EarlyStop(const RunRecord& run)
    : run_(run), rule_(*run.report_plan.stop), quarantine_(run.manifest) {
    for (std::size_t i = 0; i < run.variants.size(); ++i) variant_of_[run.variants[i].name] = i;
    for (const Gate& gate : run.report_plan.gates) {
        if (!is_sequential(gate, run.report_plan)) continue;
        for (const auto& [name, variant] : variant_of_) {
            if (!gate.variant.empty() && gate.variant != name) continue;
            auto sequence = BettingSequence::start(gate.confidence.value_or(rule_.confidence));
            ASSAY_ASSERT(sequence.has_value(), "the spec's confidence is in (0, 1)");
            questions_.push_back({&gate, std::move(*sequence), variant});
        }
    }
}

void EarlyStop::begin(const PlannedUnit& unit) {
    if (open_.empty() || open_.back().id != unit.item->id) {
        open_.push_back({.id = unit.item->id,
                         .units_left = 0,
                         .of_variant = std::vector<Values>(run_.variants.size())});
    }
    ++open_.back().units_left;
}

void EarlyStop::end(const UnitResult& unit) {
    const auto item = std::ranges::find(open_, unit.item.id, &OpenItem::id);
    ASSAY_ASSERT(item != open_.end(), "a unit ends after it began");
    --item->units_left;
    if (const auto value = value_of(unit, rule_.score)) {
        Values& values = item->of_variant[variant_of_.at(unit.variant)];
        values.sum += *value;
        ++values.count;
    }
    // The last item may get more units yet. What ended meanwhile has no part in the decision.
    while (!decided_ && open_.size() > 1 && open_.front().units_left == 0) {
        count(open_.front());
        open_.pop_front();
    }
}

void EarlyStop::count(const OpenItem& item) {
    if (quarantine_.holds(item.id, rule_.score)) return;
    ++items_;
    for (Question& question : questions_) {
        const Values& values = item.of_variant[question.variant];
        if (values.count == 0) continue;
        possible_ = possible_ && question.sequence.add(values.sum / values.count).has_value();
    }
    decided_ = possible_ && !questions_.empty() && items_ >= rule_.min_items && all_decided();
}

bool EarlyStop::all_decided() const {
    return std::ranges::all_of(questions_, [](const Question& question) {
        const Interval ends = question.sequence.interval();
        const Gate& gate = *question.gate;
        return holds(ends.low, gate.op, gate.threshold) ==
               holds(ends.high, gate.op, gate.threshold);
    });
}

}  // namespace assay
