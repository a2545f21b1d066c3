#include "runner/report/run_statistics.hpp"

#include <algorithm>
#include <set>

#include "runner/report/detectable.hpp"
#include "runner/report/lookup.hpp"
#include "runner/report/reference_run.hpp"

namespace assay {
namespace {

void add_intervals(VariantSummary& variant, const ScoreTable& table, std::uint64_t seed) {
    std::vector<Sample> samples;
    std::vector<ScoreSummary*> scores;
    for (ScoreSummary& score : variant.scores) {
        const ScoreSeries* const series = table.find(score.name);
        if (series == nullptr || series->data_type == ScoreDataType::categorical) continue;
        samples.push_back(sample_of(table, *series));
        scores.push_back(&score);
    }
    const auto estimates = mean_estimates(samples, {.seed = seed});
    for (std::size_t i = 0; i < scores.size(); ++i) {
        if (!estimates[i]) continue;
        const auto interval = estimates[i]->interval(k_report_confidence);
        if (interval) scores[i]->interval = *interval;
    }
}

constexpr PowerTarget k_target{.confidence = k_report_confidence, .power = k_report_power};

/// From pairs where there are some, else from this run alone.
void add_detectable(const ScoreTable* reference, const std::string& with, const ScoreTable& table,
                    ScoreSummary& score) {
    Result<PairSpread> spread = spread_of_score(score);
    if (reference != nullptr) {
        const auto pairs =
            pair_scores(*reference, table, pair_items(*reference, table), score.name);
        auto paired = pairs ? spread_of_pairs(pairs->sample, with)
                            : Result<PairSpread>(std::unexpected(pairs.error()));
        if (paired) spread = std::move(paired);
    }
    const auto detectable = spread ? detectable_of(*spread, score.items, k_target)
                                   : Result<Detectable>(std::unexpected(spread.error()));
    if (detectable) score.detectable = *detectable;
}

void compare_with(const ReferenceRun& reference, Report& report) {
    for (const ScoreTable& table : report.tables) {
        const CompareOptions options{.a = reference.name,
                                     .b = table.variant,
                                     .confidence = k_report_confidence,
                                     .seed = report.run.report_plan.seed};
        std::vector<Comparison> comparisons;
        const Counterpart other = find_counterpart(reference, table.variant);
        if (other.table != nullptr) {
            comparisons = compare_tables(*other.table, table, options);
        } else if (other.summary != nullptr) {
            comparisons = compare_with_summaries(other.summary->scores, table, options);
        }
        std::ranges::move(comparisons, std::back_inserter(report.comparisons));
    }
}

}  // namespace

void add_intervals(Report& report) {
    for (std::size_t i = 0; i < report.variants.size(); ++i) {
        add_intervals(report.variants[i], report.tables[i], report.run.report_plan.seed);
    }
}

void add_detectable(const ReportInputs& inputs, Report& report) {
    const auto baseline = inputs.references.find(inputs.baseline);
    const bool compared = baseline != inputs.references.end() && baseline->second;
    for (std::size_t i = 0; i < report.variants.size(); ++i) {
        VariantSummary& variant = report.variants[i];
        const ScoreTable* const reference =
            compared ? find_counterpart(*baseline->second, variant.name).table : nullptr;
        for (ScoreSummary& score : variant.scores) {
            if (score.data_type == ScoreDataType::categorical) continue;
            add_detectable(reference, inputs.baseline, report.tables[i], score);
        }
    }
}

void add_references(const ReportInputs& inputs, Report& report) {
    for (const auto& [name, found] : inputs.references) {
        ReportedReference& reference = report.references.emplace_back();
        reference.name = name;
        if (!found) {
            reference.missing = found.error().message;
            continue;
        }
        reference.run_id = found->run_id;
        if (!found->manifest.is_null()) {
            reference.differences = manifest_differences(found->manifest, report.run.manifest);
        }
    }
}

void add_comparisons(const ReportInputs& inputs, Report& report) {
    std::set<std::string> wanted;
    if (!inputs.baseline.empty()) wanted.insert(inputs.baseline);
    for (const Gate& gate : report.run.report_plan.gates) {
        if (!gate.baseline.empty()) wanted.insert(gate.baseline);
    }
    for (const std::string& name : wanted) {
        const auto found = inputs.references.find(name);
        if (found != inputs.references.end() && found->second) compare_with(*found->second, report);
    }
    for (std::size_t i = 1; i < report.tables.size(); ++i) {
        const CompareOptions options{.a = report.tables.front().variant,
                                     .b = report.tables[i].variant,
                                     .confidence = k_report_confidence,
                                     .seed = report.run.report_plan.seed};
        std::ranges::move(compare_tables(report.tables.front(), report.tables[i], options),
                          std::back_inserter(report.comparisons));
    }
}

}  // namespace assay
