#include "runner/report/gate_evidence.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/stats/paired.hpp"
#include "core/stats/sequential.hpp"
#include "core/stats/summary.hpp"
#include "core/stats/unpaired.hpp"
#include "runner/report/comparison.hpp"
#include "runner/report/lookup.hpp"
#include "runner/report/numbers.hpp"
#include "runner/report/reference_run.hpp"

namespace assay {
namespace {

GateEvidence nothing(std::string why) {
    GateEvidence evidence;
    evidence.missing = std::move(why);
    return evidence;
}

GateEvidence something(double value, std::string basis) {
    GateEvidence evidence;
    evidence.value = value;
    evidence.basis = std::move(basis);
    return evidence;
}

GateEvidence observe_category(const Gate& gate, const ScoreSummary& score) {
    if (score.data_type && *score.data_type != ScoreDataType::categorical) {
        return nothing(
            fmt::format("{} is {} and has no categories", score.name, to_string(*score.data_type)));
    }
    if (score.count == 0) return nothing(fmt::format("no unit has the score {}", score.name));
    const auto found = score.categories.find(gate.category);
    const std::uint64_t count = found == score.categories.end() ? 0 : found->second;
    return something(
        static_cast<double>(count) / static_cast<double>(score.count),
        fmt::format(" ({} of {})", format_count(count), format_some(score.count, "value")));
}

GateEvidence observe_score(const Gate& gate, const ScoreSummary& score) {
    if (!gate.category.empty()) return observe_category(gate, score);
    if (score.count == 0) return nothing(fmt::format("no unit has the score {}", score.name));
    if (score.data_type == ScoreDataType::categorical) {
        return nothing(
            fmt::format("{} is CATEGORICAL and has no mean; name a category of it", score.name));
    }
    if (!score.mean) {
        return nothing(fmt::format("the values of {} are too large to be averaged", score.name));
    }
    return something(*score.mean, " over " + format_some(score.items, "item"));
}

GateEvidence observe_coverage(const VariantSummary& variant) {
    if (variant.units.planned == 0) return nothing("no units were planned");
    return something(variant.coverage,
                     fmt::format(" ({} of {} scored)", format_count(variant.units.scored),
                                 format_some(variant.units.planned, "unit")));
}

GateEvidence observe_error_rate(const UnitCounts& units) {
    if (units.planned == 0) return nothing("no units were planned");
    const std::uint64_t broken = units.failed + units.unscored;
    return something(static_cast<double>(broken) / static_cast<double>(units.planned),
                     fmt::format(" ({} of {} failed or unscored)", format_count(broken),
                                 format_some(units.planned, "unit")));
}

GateEvidence observe_latency(const std::optional<double>& milliseconds) {
    if (!milliseconds) return nothing("no unit has a measured latency");
    return something(*milliseconds, "");
}

GateEvidence observe_tokens(const UsageDetails& tokens) {
    const auto total = tokens.find("total");
    if (total == tokens.end()) return nothing("no unit reported tokens");
    return something(static_cast<double>(total->second), "");
}

GateEvidence observe_measure(const std::string& measure, const VariantSummary& variant) {
    if (measure == "coverage") return observe_coverage(variant);
    if (measure == "error_rate") return observe_error_rate(variant.units);
    if (measure == "latency_p50_ms") return observe_latency(variant.latency.p50);
    if (measure == "latency_p95_ms") return observe_latency(variant.latency.p95);
    if (measure == "latency_p99_ms") return observe_latency(variant.latency.p99);
    if (measure == "tokens") return observe_tokens(variant.tokens);
    if (measure == "judge_tokens") {
        return observe_tokens(variant.judges.value_or(JudgeTotals()).tokens);
    }
    if (measure == "judge_cost_usd") {
        const auto cost = variant.judges.value_or(JudgeTotals()).cost;
        if (!cost) return nothing("the price of at least one call of a judge is unknown");
        return something(to_usd(*cost), "");
    }
    if (measure == "cost_usd") {
        if (!variant.cost) return nothing("the price of at least one call is unknown");
        return something(to_usd(*variant.cost), "");
    }
    return nothing(fmt::format("there is no measure {}", measure));
}

/// From the summary: what gates without an interval and without slices need.
GateEvidence observe(const Gate& gate, const VariantSummary& variant) {
    if (!gate.measure.empty()) return observe_measure(gate.measure, variant);
    for (const ScoreSummary& score : variant.scores) {
        if (score.name == gate.score) return observe_score(gate, score);
    }
    for (const auto& [name, value, comment] : variant.run_scores) {
        if (name != gate.score) continue;
        if (!value) {
            return nothing(fmt::format("{} cannot be computed: {}", name, value.error().message));
        }
        return something(*value, comment.empty() ? "" : fmt::format(" ({})", comment));
    }
    return nothing(fmt::format("the run has no score {}", gate.score));
}

/// Whether the item in this row is one of those that the gate asks about, quarantined or not.
bool is_asked_about(const GateQuestion& question, const ScoreSeries& series, std::size_t row) {
    if (series.counts[row] == 0) return false;
    if (question.gate.slice.empty()) return true;
    const SliceColumn* const column = question.table.find_slice(question.gate.slice);
    return column == nullptr || column->values[column->of_item[row]] == question.slice;
}

bool is_quarantined(const GateQuestion& question, std::size_t row) {
    return question.quarantine.holds(question.table.items[row], question.gate.score);
}

std::uint64_t count_quarantined(const GateQuestion& question) {
    const ScoreSeries* const series = question.table.find(question.gate.score);
    std::uint64_t count = 0;
    for (std::size_t row = 0; series != nullptr && row < series->counts.size(); ++row) {
        if (is_quarantined(question, row) && is_asked_about(question, *series, row)) ++count;
    }
    return count;
}

/// The item values of a score, or the shares of one of its categories, in a slice.
Result<Sample> sample_of(const GateQuestion& question) {
    const auto& [gate, variant, table, slice, quarantine] = question;
    const ScoreSeries* const series = table.find(gate.score);
    if (series == nullptr) {
        return failure(ErrorCode::not_found, fmt::format("no unit has the score {}", gate.score));
    }
    const bool categorical = series->data_type == ScoreDataType::categorical;
    if (categorical == gate.category.empty()) {
        return failure(ErrorCode::invalid_argument,
                       categorical
                           ? fmt::format("{} is CATEGORICAL and has no mean; name a category of it",
                                         gate.score)
                           : fmt::format("{} is {} and has no categories", gate.score,
                                         to_string(*series->data_type)));
    }
    const std::vector<double> values =
        categorical ? series->shares_of(gate.category) : series->means;
    Sample sample{.values = {},
                  .clusters = {},
                  .is_share = categorical || series->data_type == ScoreDataType::boolean};
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!is_asked_about(question, *series, i) || is_quarantined(question, i)) continue;
        sample.values.push_back(values[i]);
        if (!table.clusters.empty()) sample.clusters.push_back(table.clusters[i]);
    }
    return sample;
}

EstimateOptions options_of(const Gate& gate, const Report& report) {
    return {.method = gate.method, .seed = report.run.report_plan.seed};
}

void take_estimate(Result<Estimate> estimate, GateEvidence& evidence) {
    if (estimate) {
        evidence.estimate = std::move(*estimate);
    } else {
        evidence.no_estimate = estimate.error().message;
    }
}

/// Of a run that may have ended for what was seen: the interval that allows it. The values come in
/// the order in which the items were taken.
Result<Estimate> sequential_estimate(const GateQuestion& question, std::uint64_t seed) {
    const ScoreTable& table = question.table;
    const ScoreSeries& series = *table.find(question.gate.score);
    std::vector<std::pair<std::uint64_t, double>> ranked;
    for (std::size_t i = 0; i < series.counts.size(); ++i) {
        if (series.counts[i] == 0 || is_quarantined(question, i)) continue;
        const double value = series.means[i];
        if (value < 0 || value > 1) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("`stop` needs values between 0 and 1, and {} has {} for the "
                                       "item {}",
                                       series.name, value, table.items[i].value()));
        }
        ranked.emplace_back(random_rank(table.items[i], seed), value);
    }
    std::ranges::sort(ranked);
    std::vector<double> values;
    for (const auto& [rank, value] : ranked) values.push_back(value);
    ASSAY_TRY(const double average, mean(values));
    Estimate estimate{.value = average,
                      .items = values.size(),
                      .method = "betting confidence sequence",
                      .interval_at = {},
                      .p_value_of = {},
                      .is_sequential = true};
    estimate.interval_at = [values = std::move(values)](double level) -> Result<Interval> {
        ASSAY_TRY(BettingSequence sequence, BettingSequence::start(level));
        for (const double value : values) ASSAY_CHECK(sequence.add(value));
        return sequence.interval();
    };
    return estimate;
}

/// The mean over the items of a slice, or of all of them, with its interval.
GateEvidence observe_sample(const GateQuestion& question, const Report& report) {
    const auto sample = sample_of(question);
    if (!sample) return nothing(sample.error().message);
    const auto average = mean(sample->values);
    if (!average) return nothing(fmt::format("no item has the score {}", question.gate.score));
    GateEvidence evidence =
        something(*average, " over " + format_some(sample->values.size(), "item"));
    evidence.is_share = sample->is_share;
    if (!question.gate.confidence) return evidence;
    const ReportPlan& plan = report.run.report_plan;
    take_estimate(is_sequential(question.gate, plan)
                      ? sequential_estimate(question, plan.seed)
                      : mean_estimate(*sample, options_of(question.gate, report)),
                  evidence);
    return evidence;
}

/// What a variant is compared with: values of items, or only a summary.
struct Reference {
    std::string name;
    const ScoreTable* table = nullptr;
    const VariantSummary* summary = nullptr;
};

Result<Reference> reference_in(const Report& report, const Gate& gate) {
    for (std::size_t i = 0; i < report.variants.size(); ++i) {
        const VariantSummary& other = report.variants[i];
        if (other.name != gate.versus) continue;
        if (!is_covered(report.run, other)) {
            return failure(
                ErrorCode::invalid_argument,
                fmt::format("{}: {}", other.name,
                            coverage_reason(other, report.run.report_plan.min_coverage)));
        }
        return Reference{.name = other.name, .table = &report.tables[i], .summary = nullptr};
    }
    return failure(ErrorCode::not_found, "the run has no variant " + gate.versus);
}

Result<Reference> find_reference(const GateQuestion& question, const Report& report,
                                 const ReportInputs& inputs) {
    const Gate& gate = question.gate;
    if (!gate.versus.empty()) return reference_in(report, gate);
    const auto found = inputs.references.find(gate.baseline);
    if (found == inputs.references.end()) {
        return failure(ErrorCode::not_found,
                       fmt::format("there is no baseline {0}; make one: assay baseline set {0} RUN",
                                   gate.baseline));
    }
    if (!found->second) return std::unexpected(found->second.error());
    const ReferenceRun& run = *found->second;
    const std::string unfit = why_unfit(report.run, run, gate.score, gate.allow_changed);
    if (!unfit.empty()) return failure(ErrorCode::invalid_argument, unfit);
    const std::string& wanted = question.variant.name;
    const auto [table, summary] = find_counterpart(run, wanted);
    if (table == nullptr && summary == nullptr) {
        return failure(ErrorCode::not_found, fmt::format("{} has no variant {}", run.name, wanted));
    }
    return Reference{.name = run.name, .table = table, .summary = summary};
}

PairedItems counted_pairs(const GateQuestion& question, const ScoreTable& reference) {
    const auto all = pair_items(reference, question.table,
                                {.path = question.gate.slice, .value = question.slice});
    PairedItems counted{.in_a = {}, .in_b = {}, .unpaired = all.unpaired, .changed = all.changed};
    const auto is_held = [&](const DatasetItemId& item) {
        return question.quarantine.holds(item, question.gate.score);
    };
    std::erase_if(counted.unpaired, is_held);
    std::erase_if(counted.changed, is_held);
    for (std::size_t i = 0; i < all.in_b.size(); ++i) {
        if (is_quarantined(question, all.in_b[i])) continue;
        counted.in_a.push_back(all.in_a[i]);
        counted.in_b.push_back(all.in_b[i]);
    }
    return counted;
}

Result<Estimate> comparison_estimate(const Gate& gate, const PairedSample& sample,
                                     const Report& report) {
    const EstimateOptions options = options_of(gate, report);
    return gate.form == GateForm::relative ? relative_estimate(sample, options)
                                           : difference_estimate(sample, options);
}

GateEvidence observe_pairs(const GateQuestion& question, const Report& report,
                           const Reference& reference) {
    const Gate& gate = question.gate;
    const PairedItems items = counted_pairs(question, *reference.table);
    const auto paired =
        pair_scores(*reference.table, question.table, items, gate.score, gate.category);
    if (!paired) return nothing(paired.error().message);
    const PairedSample& sample = paired->sample;
    const auto mean_a = mean(sample.a);
    const auto mean_b = mean(sample.b);
    if (!mean_a || !mean_b || sample.a.size() < 2) {
        return nothing(fmt::format("{} of {} and {} in common, and 2 are needed",
                                   format_some(sample.a.size(), "item"), reference.name,
                                   sample.a.size() == 1 ? "is" : "are"));
    }
    const bool relative = gate.form == GateForm::relative;
    if (relative && *mean_a <= 0) {
        return nothing(fmt::format("the mean of {} is {}, and a share of it means nothing",
                                   reference.name, format_exact(*mean_a)));
    }
    GateEvidence evidence = something(relative ? *mean_b / *mean_a - 1 : *mean_b - *mean_a, "");
    evidence.is_share = sample.is_share;
    evidence.reference = reference.name;
    evidence.reference_mean = *mean_a;
    evidence.unpaired = paired->unpaired.size();
    const auto changes = differences(sample.a, sample.b);
    for (std::size_t i = 0; changes && i < changes->size(); ++i) {
        if ((*changes)[i] > 0) ++evidence.improved;
        if ((*changes)[i] < 0) ++evidence.regressed;
    }
    evidence.basis = fmt::format(" over {}", format_some(sample.a.size(), "pair"));
    if (gate.confidence) take_estimate(comparison_estimate(gate, sample, report), evidence);
    return evidence;
}

/// Against a summary: not in pairs, and so less sharp.
GateEvidence observe_apart(const GateQuestion& question, const Reference& reference) {
    const Gate& gate = question.gate;
    const ScoreSummary* const a = find_score(*reference.summary, gate.score);
    const auto sample = sample_of(question);
    if (a == nullptr || !a->mean) {
        return nothing(fmt::format("{} has no mean of {}", reference.name, gate.score));
    }
    if (!sample) return nothing(sample.error().message);
    const bool simple =
        gate.category.empty() && gate.slice.empty() && gate.form == GateForm::difference;
    if (!simple) {
        return nothing(
            fmt::format("{} is a report, which has no values of items: name a baseline "
                        "or a run instead",
                        reference.name));
    }
    const SampleSummary of_a = {
        .count = a->items, .mean = *a->mean, .stddev = a->stddev.value_or(0)};
    const SampleSummary of_b = {.count = sample->values.size(),
                                .mean = mean(sample->values).value_or(0),
                                .stddev = sample_stddev(sample->values).value_or(0)};
    GateEvidence evidence = something(of_b.mean - of_a.mean, ", not in pairs");
    evidence.is_share = sample->is_share;
    evidence.reference = reference.name;
    evidence.unpaired = of_a.count + of_b.count;
    if (!gate.confidence) return evidence;
    const auto difference = welch(of_a, of_b);
    if (!difference) {
        evidence.no_estimate = difference.error().message;
        return evidence;
    }
    evidence.estimate =
        Estimate{.value = difference->mean,
                 .items = of_b.count,
                 .method = "Welch's t",
                 .interval_at = [difference = *difference](
                                    double level) { return student_t_interval(difference, level); },
                 .p_value_of = {}};
    return evidence;
}

/// @param any_left_out  the summary, which has all items, is not what the gate asks about.
GateEvidence observe(const GateQuestion& question, const Report& report, const ReportInputs& inputs,
                     bool any_left_out) {
    const Gate& gate = question.gate;
    if (!gate.is_comparison()) {
        const bool summarised = gate.slice.empty() && !gate.confidence && !any_left_out;
        return summarised ? observe(gate, question.variant) : observe_sample(question, report);
    }
    const auto reference = find_reference(question, report, inputs);
    if (!reference) return nothing(reference.error().message);
    return reference->table != nullptr ? observe_pairs(question, report, *reference)
                                       : observe_apart(question, *reference);
}

}  // namespace

std::string coverage_reason(const VariantSummary& variant, double min_coverage) {
    const UnitCounts& units = variant.units;
    std::vector<std::string> causes;
    if (units.failed > 0) causes.push_back(format_count(units.failed) + " failed");
    if (units.unscored > 0) causes.push_back(format_count(units.unscored) + " unscored");
    if (units.skipped > 0) causes.push_back(format_count(units.skipped) + " not run");
    if (causes.empty()) return "no units were planned";
    return fmt::format("coverage is {}, below the {} required: of {}, {}",
                       format_against(variant.coverage, min_coverage), format_exact(min_coverage),
                       format_some(units.planned, "unit"), fmt::join(causes, ", "));
}

GateEvidence gather_evidence(const GateQuestion& question, const Report& report,
                             const ReportInputs& inputs) {
    const std::uint64_t quarantined = count_quarantined(question);
    GateEvidence evidence = observe(question, report, inputs, quarantined > 0);
    evidence.quarantined = quarantined;
    evidence.noise = noise_of(question.gate, question.variant.name, report.run.manifest);
    return evidence;
}

std::string quarantine_note(const GateEvidence& evidence) {
    if (evidence.quarantined == 0) return "";
    return fmt::format("; {} {} not counted", format_some(evidence.quarantined, "quarantined item"),
                       evidence.quarantined == 1 ? "is" : "are");
}

}  // namespace assay
