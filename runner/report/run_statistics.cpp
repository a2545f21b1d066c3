#include "runner/report/run_statistics.hpp"

#include <algorithm>
#include <optional>
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

/// A table that a variant is compared with, and which items belong together.
struct PairedReference {
    const ScoreTable& table;
    PairedItems items;
    std::string name;
};

/// From pairs where there are some, else from this run alone.
void add_detectable(const std::optional<PairedReference>& reference, const ScoreTable& table,
                    ScoreSummary& score) {
    Result<PairSpread> spread = spread_of_score(score);
    if (reference) {
        const auto pairs = pair_scores(reference->table, table, reference->items, score.name);
        auto paired = pairs ? spread_of_pairs(pairs->sample, reference->name)
                            : Result<PairSpread>(std::unexpected(pairs.error()));
        if (paired) spread = std::move(paired);
    }
    const auto detectable = spread ? detectable_of(*spread, score.items, k_target)
                                   : Result<Detectable>(std::unexpected(spread.error()));
    if (detectable) score.detectable = *detectable;
}

CompareOptions options_of(const std::string& a, const ScoreTable& b, const Report& report) {
    return {.a = a,
            .b = b.variant,
            .confidence = k_report_confidence,
            .seed = report.run.report_plan.seed};
}

void compare_with(const ReferenceRun& reference, Report& report) {
    for (const ScoreTable& table : report.tables) {
        const CompareOptions options = options_of(reference.name, table, report);
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
        const ScoreTable* const other =
            compared ? find_counterpart(*baseline->second, variant.name).table : nullptr;
        std::optional<PairedReference> reference;
        if (other != nullptr) {
            reference.emplace(*other, pair_items(*other, report.tables[i]), inputs.baseline);
        }
        for (ScoreSummary& score : variant.scores) {
            if (score.data_type == ScoreDataType::categorical) continue;
            add_detectable(reference, report.tables[i], score);
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
        const ScoreTable& first = report.tables.front();
        const CompareOptions options = options_of(first.variant, report.tables[i], report);
        std::ranges::move(compare_tables(first, report.tables[i], options),
                          std::back_inserter(report.comparisons));
    }
}

}  // namespace assay
