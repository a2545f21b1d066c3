#include "runner/report/variant_tally.hpp"

#include <algorithm>
#include <cmath>

#include "core/stats/summary.hpp"

namespace assay {
namespace {

std::optional<double> value_of(const Result<double>& result) {
    return result ? std::optional(*result) : std::nullopt;
}

LatencySummary percentiles_of(const std::vector<double>& milliseconds) {
    return {.p50 = value_of(percentile(milliseconds, 50)),
            .p95 = value_of(percentile(milliseconds, 95)),
            .p99 = value_of(percentile(milliseconds, 99))};
}

std::int64_t tokens_of(const UsageDetails& usage, const char* kind) {
    const auto found = usage.find(kind);
    return found == usage.end() ? 0 : found->second;
}

/// With the sum where a provider did not give it.
void add_tokens(const UsageDetails& usage, UsageDetails& sums) {
    for (const auto& [kind, tokens] : usage) sums[kind] += tokens;
    if (!usage.empty() && !usage.contains("total")) {
        sums["total"] += tokens_of(usage, "input") + tokens_of(usage, "output");
    }
}

/// An unknown part makes the sum unknown.
void add_cost(const std::optional<NanoUsd>& cost, std::optional<NanoUsd>& sum) {
    sum = sum && cost ? std::optional(*sum + *cost) : std::nullopt;
}

}  // namespace

VariantTally::VariantTally(const VariantRecord& variant, const ReportPlan& plan, int repetitions,
                           std::vector<std::string> slices)
    : table_(variant.name, std::move(slices)), run_scores_(plan, repetitions) {
    summary_.name = variant.name;
    summary_.dataset_run_id = variant.dataset_run_id;
    summary_.units.planned = variant.planned;
    for (const ScoreColumn& column : plan.scores) {
        ScoreTally& tally = scores_.emplace_back();
        tally.summary.name = column.name;
        tally.summary.data_type = column.data_type;
        tally.evaluator = column.evaluator;
    }
}

std::uint64_t VariantTally::stored() const {
    const UnitCounts& units = summary_.units;
    return units.scored + units.failed + units.unscored + units.skipped;
}

void VariantTally::add(const UnitResult& unit) {
    if (item_ != unit.item.id) {
        end_item();
        item_ = unit.item.id;
        table_.begin_item(unit.item);
    }
    switch (unit.status) {
        case UnitStatus::scored: ++summary_.units.scored; break;
        case UnitStatus::failed: ++summary_.units.failed; break;
        case UnitStatus::unscored: ++summary_.units.unscored; break;
        case UnitStatus::skipped: ++summary_.units.skipped; break;
    }
    if (unit.status == UnitStatus::failed || unit.status == UnitStatus::unscored) {
        table_.add_broken();
    }
    for (const Evaluation& evaluation : unit.evaluations) add_evaluation(evaluation);
    run_scores_.add(unit);
    add_usage(unit);
}

void VariantTally::add_evaluation(const Evaluation& evaluation) {
    if (evaluation.judge) add_judge(*evaluation.judge);
    if (evaluation.status == EvaluationStatus::scored) {
        for (const Score& score : evaluation.scores) add_score(score, evaluation.evaluator);
        return;
    }
    const bool skipped = evaluation.status == EvaluationStatus::skipped;
    for (ScoreTally& tally : scores_) {
        if (tally.evaluator != evaluation.evaluator) continue;
        ++(skipped ? tally.summary.skipped : tally.summary.errors);
    }
}

void VariantTally::add_score(const Score& score, const std::string& evaluator) {
    ScoreTally& tally = tally_of(score.name, evaluator);
    ScoreSummary& summary = tally.summary;
    if (!summary.data_type) summary.data_type = data_type_of(score.value);
    const bool categorical = *summary.data_type == ScoreDataType::categorical;
    const std::string* category = std::get_if<std::string>(&score.value);
    if (categorical != (category != nullptr)) {
        ++summary.errors;  // a value that is not of the score's type is no score
        return;
    }
    ++summary.count;
    table_.add(score.name, *summary.data_type, score.value);
    if (categorical) {
        ++summary.categories[*category];
        tally.add_category(*category);
    } else {
        tally.add_number(as_number(score.value));
    }
}

/// Source: Welford, Technometrics 4 (1962) 419–420.
void VariantTally::ScoreTally::add_number(double value) {
    item_sum += value;
    ++item_values;
    const double from_mean = value - item_mean;
    item_mean += from_mean / static_cast<double>(item_values);
    item_squares += from_mean * (value - item_mean);
    item_varies |= item_values > 1 && from_mean != 0;
}

void VariantTally::ScoreTally::add_category(const std::string& category) {
    if (++item_values == 1) item_category = category;
    item_varies |= category != item_category;
}

void VariantTally::ScoreTally::end_item() {
    if (item_values == 0) return;
    ++summary.items;
    if (summary.data_type != ScoreDataType::categorical) {
        item_means.push_back(item_sum / static_cast<double>(item_values));
    }
    if (item_values > 1) {
        ++summary.repetitions.items;
        if (item_varies) ++summary.repetitions.varying;
        squares_within += item_squares;
        freedom_within += item_values - 1;
    }
    item_sum = item_mean = item_squares = 0;
    item_values = 0;
    item_varies = false;
}

std::optional<double> VariantTally::ScoreTally::stddev_within() const {
    if (freedom_within == 0 || summary.data_type == ScoreDataType::categorical) return {};
    const double stddev = std::sqrt(squares_within / static_cast<double>(freedom_within));
    return std::isfinite(stddev) ? std::optional(stddev) : std::nullopt;
}

VariantTally::ScoreTally& VariantTally::tally_of(const std::string& score,
                                                 const std::string& evaluator) {
    const auto found = std::ranges::find_if(
        scores_, [&](const ScoreTally& tally) { return tally.summary.name == score; });
    if (found != scores_.end()) return *found;
    // A program may give scores that the spec does not announce; they are shown, after the others.
    ScoreTally& tally = scores_.emplace_back();
    tally.summary.name = score;
    tally.evaluator = evaluator;
    return tally;
}

void VariantTally::add_usage(const UnitResult& unit) {
    const bool answered = unit.status == UnitStatus::scored || unit.status == UnitStatus::unscored;
    if (answered && unit.cached == 0) {  // the cache has no latency
        if (unit.latency.count() > 0) latencies_ms_.push_back(to_ms(unit.latency));
        if (unit.time_to_first_token) first_tokens_ms_.push_back(to_ms(*unit.time_to_first_token));
    }
    add_tokens(unit.usage, summary_.tokens);
    summary_.calls += static_cast<std::uint64_t>(unit.calls);
    summary_.retried += static_cast<std::uint64_t>(unit.retries);
    summary_.cached += static_cast<std::uint64_t>(unit.cached);
    // Without a call nothing was bought, so there is nothing to know.
    if (!unit.cost && unit.calls + unit.cached > 0) cost_is_known_ = false;
    if (!unit.paid && unit.calls > 0) paid_is_known_ = false;
    cost_ += unit.cost.value_or(0);
    paid_ += unit.paid.value_or(0);
}

void VariantTally::add_judge(const JudgeRecord& judge) {
    if (!summary_.judges) summary_.judges.emplace();
    JudgeTotals& totals = *summary_.judges;
    totals.calls += static_cast<std::uint64_t>(judge.calls);
    totals.cached += static_cast<std::uint64_t>(judge.cached);
    totals.retried += static_cast<std::uint64_t>(judge.retries);
    add_tokens(judge.usage, totals.tokens);
    add_cost(judge.cost, totals.cost);
    add_cost(judge.paid, totals.paid);
}

void VariantTally::end_item() {
    run_scores_.end_item();
    for (ScoreTally& tally : scores_) tally.end_item();
}

Result<std::span<const double>> VariantTally::item_means_of(const std::string& score) const {
    const auto found = std::ranges::find(
        scores_, score, [](const ScoreTally& tally) { return tally.summary.name; });
    if (found == scores_.end() || found->summary.items == 0) {
        return failure(ErrorCode::not_found, "no item has the score " + score);
    }
    if (found->item_means.empty()) {
        return failure(ErrorCode::invalid_argument, score + " is CATEGORICAL and has no numbers");
    }
    return found->item_means;
}

VariantSummary VariantTally::finish() {
    end_item();
    UnitCounts& units = summary_.units;
    units.unfinished = units.planned - stored();
    units.skipped = units.planned - units.scored - units.failed - units.unscored;
    if (units.planned > 0) {
        summary_.coverage = static_cast<double>(units.scored) / static_cast<double>(units.planned);
    }
    run_scores_.finish(summary_, [this](const std::string& score) { return item_means_of(score); });
    for (ScoreTally& tally : scores_) {
        tally.summary.mean = value_of(mean(tally.item_means));
        tally.summary.stddev = value_of(sample_stddev(tally.item_means));
        tally.summary.repetitions.stddev = tally.stddev_within();
        summary_.scores.push_back(std::move(tally.summary));
    }
    summary_.latency = percentiles_of(latencies_ms_);
    summary_.time_to_first_token = percentiles_of(first_tokens_ms_);
    if (cost_is_known_) summary_.cost = cost_;
    if (paid_is_known_) summary_.paid = paid_;
    return std::move(summary_);
}

ScoreTable VariantTally::take_table() { return table_.finish(); }

}  // namespace assay
