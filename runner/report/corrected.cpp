#include "runner/report/corrected.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/model/json_value.hpp"
#include "core/stats/cluster.hpp"
#include "core/stats/corrected.hpp"
#include "core/stats/summary.hpp"
#include "runner/report/comparison.hpp"
#include "runner/report/numbers.hpp"

namespace assay {
namespace {

bool is_right_or_wrong(const std::vector<double>& values) {
    return std::ranges::all_of(values, [](double value) { return value == 0 || value == 1; });
}

/// How often the judge said true, and how many items of their own would make that as certain:
/// repetitions make it more certain than the items, clusters less.
Result<ApparentRate> apparent_rate(const Sample& sample) {
    ASSAY_TRY(const double rate, mean(sample.values));
    const auto items = static_cast<double>(sample.values.size());
    const bool plain = sample.clusters.empty() && is_right_or_wrong(sample.values);
    if (plain || rate <= 0 || rate >= 1) return ApparentRate{.rate = rate, .items = items};
    ASSAY_TRY(const MeanEstimate estimate,
              sample.clusters.empty() ? estimate_mean(sample.values)
                                      : estimate_clustered_mean(sample.values, sample.clusters));
    const double error = estimate.standard_error;
    if (error <= 0) return ApparentRate{.rate = rate, .items = items};
    return ApparentRate{.rate = rate, .items = rate * (1 - rate) / (error * error)};
}

CorrectedScore not_corrected(std::string why) {
    CorrectedScore corrected;
    corrected.missing = std::move(why);
    return corrected;
}

CorrectedScore corrected_from(const CorrectedMean& mean, const char* method) {
    CorrectedScore corrected;
    corrected.mean = mean.mean;
    corrected.interval =
        ReportedInterval{mean.interval.low, mean.interval.high, k_calibration_confidence, method};
    corrected.clamped = mean.clamped;
    return corrected;
}

CorrectedScore correct_rate(const Sample& sample, const Calibration& calibration) {
    const auto apparent = apparent_rate(sample);
    if (!apparent) return not_corrected(apparent.error().message);
    const auto corrected =
        rogan_gladen(*apparent, calibration.accuracy(), k_calibration_confidence);
    if (!corrected) return not_corrected(corrected.error().message);
    return corrected_from(*corrected, "Rogan-Gladen with Lang and Reiczigel's interval");
}

/// By the items of the variant whose every output has a label.
CorrectedScore correct_mean(const ScoreTable& table, const ScoreSeries& series,
                            const LabelledUnits::ItemLabels& labels) {
    std::vector<double> labelled;
    std::vector<double> judged;
    std::vector<double> unlabelled;
    for (std::size_t i = 0; i < series.counts.size(); ++i) {
        if (series.counts[i] == 0) continue;
        const auto found = labels.find(table.items[i].value());
        if (found != labels.end() && found->second.count == series.counts[i]) {
            labelled.push_back(found->second.sum / found->second.count);
            judged.push_back(series.means[i]);
        } else {
            unlabelled.push_back(series.means[i]);
        }
    }
    const auto mean =
        prediction_powered_mean({.labels = labelled, .judged = judged, .unlabelled = unlabelled});
    if (!mean) return not_corrected(mean.error().message);
    const auto corrected = corrected_mean(*mean, k_calibration_confidence);
    if (!corrected) return not_corrected(corrected.error().message);
    CorrectedScore score = corrected_from(*corrected, "prediction-powered mean (PPI++)");
    score.labels = labelled.size();
    return score;
}

/// Whether the run's judge is the one that was calibrated.
bool is_of_run(const Calibration& calibration, const Json& manifest) {
    const Json* const evaluators = find_member(manifest, "evaluators");
    if (evaluators == nullptr || !evaluators->is_array()) return false;
    return std::ranges::any_of(*evaluators, [&](const Json& evaluator) {
        const Json* const name = find_member(evaluator, "name");
        const Json* const hash = find_member(evaluator, "hash");
        return name != nullptr && *name == calibration.facts.judge && hash != nullptr &&
               *hash == calibration.facts.evaluator_hash;
    });
}

}  // namespace

LabelledUnits::LabelledUnits(const std::vector<PinnedCalibration>& calibrations) {
    for (const PinnedCalibration& pinned : calibrations) {
        const bool is_numeric =
            pinned.calibration && pinned.calibration->facts.data_type == ScoreDataType::numeric;
        if (!is_numeric) continue;
        Known& known = known_.emplace_back(&pinned);
        for (const LabelledOutput& output : pinned.calibration->outputs) {
            known.labels[{output.item_id, output.output}] = as_number(output.label);
        }
    }
}

void LabelledUnits::add(const UnitResult& unit) {
    for (Known& known : known_) {
        // Most items have no label, and their outputs need no hash.
        const std::string& item = unit.item.id.value();
        const auto first = known.labels.lower_bound({item, std::string()});
        if (first == known.labels.end() || first->first.first != item) continue;
        const std::string& score = known.calibration->calibration->facts.score;
        const bool is_scored = std::ranges::any_of(unit.evaluations, [&](const auto& evaluation) {
            return std::ranges::find(evaluation.scores, score, &Score::name) !=
                   evaluation.scores.end();
        });
        const auto label = known.labels.find({item, output_digest(unit.output)});
        if (!is_scored || label == known.labels.end()) continue;
        ItemLabel& found = known.found[unit.variant][item];
        found.sum += label->second;
        ++found.count;
    }
}

const LabelledUnits::ItemLabels* LabelledUnits::find(const PinnedCalibration& calibration,
                                                     const std::string& variant) const {
    const auto known = std::ranges::find(known_, &calibration, &Known::calibration);
    if (known == known_.end()) return nullptr;
    const auto found = known->found.find(variant);
    return found == known->found.end() ? nullptr : &found->second;
}

void add_corrected(const ReportInputs& inputs, const LabelledUnits& labelled, Report& report) {
    for (const PinnedCalibration& pinned : inputs.calibrations) {
        if (!pinned.calibration) continue;
        const Calibration& calibration = *pinned.calibration;
        const auto& [type, name] = std::tie(calibration.facts.data_type, calibration.facts.score);
        if (!is_of_run(calibration, report.run.manifest)) continue;
        for (std::size_t i = 0; i < report.variants.size(); ++i) {
            VariantSummary& variant = report.variants[i];
            const auto score = std::ranges::find(variant.scores, name, &ScoreSummary::name);
            const ScoreSeries* const series = report.tables[i].find(name);
            if (score == variant.scores.end() || series == nullptr || score->corrected) continue;
            if (series->data_type != type || score->items == 0) continue;
            if (type == ScoreDataType::boolean) {
                score->corrected = correct_rate(sample_of(report.tables[i], *series), calibration);
                score->corrected->labels = calibration.whole.outputs;
            } else if (const auto* const labels = labelled.find(pinned, variant.name)) {
                score->corrected = correct_mean(report.tables[i], *series, *labels);
            } else {
                continue;
            }
            score->corrected->calibration = calibration.sha256;
        }
    }
}

std::vector<std::string> corrected_notes(const Report& report) {
    std::vector<std::string> notes;
    for (const VariantSummary& variant : report.variants) {
        for (const ScoreSummary& score : variant.scores) {
            if (!score.corrected) continue;
            const std::string subject = report.variants.size() == 1
                                            ? score.name
                                            : fmt::format("{} of {}", score.name, variant.name);
            if (!score.corrected->missing.empty()) {
                notes.push_back(
                    fmt::format("{} is not corrected: {}", subject, score.corrected->missing));
            } else if (score.corrected->clamped) {
                notes.push_back(fmt::format(
                    "{}: what the correction gives reaches beyond 0 or 1, and is cut there",
                    subject));
            }
        }
    }
    return notes;
}

}  // namespace assay
