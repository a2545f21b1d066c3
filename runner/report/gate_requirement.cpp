// Whether the judge behind a gate agrees with people as far as the gate requires.
#include <fmt/format.h>

#include <algorithm>

#include "core/model/json_value.hpp"
#include "runner/report/estimate_text.hpp"
#include "runner/report/gate_evidence.hpp"
#include "runner/report/numbers.hpp"

namespace assay {
namespace {

/// The name of a statistic in a calibration.
const char* figure_of(JudgeStatistic statistic) {
    switch (statistic) {
        case JudgeStatistic::kappa: return "kappa";
        case JudgeStatistic::accuracy: return "accuracy";
        case JudgeStatistic::sensitivity: return "sensitivity";
        case JudgeStatistic::specificity: return "specificity";
        case JudgeStatistic::correlation: return "pearson";
    }
    std::unreachable();
}

/// What to do, as the end of a sentence. A run goes by what there was when it began.
std::string how_to_calibrate(const JudgeRequirement& requirement, const RunRecord& run) {
    const std::string spec = run.spec_file.empty() ? "SPEC" : run.spec_file;
    return fmt::format(
        "calibrate it, then run or rescore: assay judge calibrate {} --judge {} "
        "--labels FILE",
        spec, requirement.judge);
}

/// The hash that the run's manifest names for an evaluator; "" when it has none of that name.
std::string hash_in_run(const std::string& judge, const Json& manifest) {
    const Json* const evaluators = find_member(manifest, "evaluators");
    if (evaluators == nullptr || !evaluators->is_array()) return {};
    for (const Json& evaluator : *evaluators) {
        const Json* const name = find_member(evaluator, "name");
        const Json* const hash = find_member(evaluator, "hash");
        const bool usable = name != nullptr && hash != nullptr && hash->is_string();
        if (usable && *name == judge) return hash->get<std::string>();
    }
    return {};
}

/// The calibration that the gate asks for: of its own score where there are several of the judge.
/// nullptr when there is none.
const PinnedCalibration* find_pinned(const Gate& gate, const ReportInputs& inputs) {
    const PinnedCalibration* found = nullptr;
    for (const PinnedCalibration& each : inputs.calibrations) {
        const bool meant =
            each.judge == gate.requirement->judge && each.file == gate.requirement->calibration;
        if (!meant) continue;
        const bool of_score = each.calibration && each.calibration->facts.score == gate.score;
        if (found == nullptr || of_score) found = &each;
        if (of_score) break;
    }
    return found;
}

std::string shortfall(const JudgeRequirement::Minimum& minimum, const JudgeRequirement& requirement,
                      const Calibration& calibration) {
    const char* const name = to_string(minimum.statistic);
    const AgreementFigure* const figure = calibration.whole.find(figure_of(minimum.statistic));
    if (figure == nullptr) {
        return fmt::format("the calibration of the judge {} has no {}: its scores are {}{}",
                           requirement.judge, name, to_string(calibration.facts.data_type),
                           minimum.statistic == JudgeStatistic::kappa
                               ? " and its labels may all be the same"
                               : "");
    }
    const std::string labels = format_some(calibration.whole.outputs, "label");
    if (!requirement.lower_bound) {
        if (figure->value >= minimum.value) return {};
        return fmt::format(
            "the judge {} agrees with people to a {} of {} ({}), which is below the "
            "{} required; improve the judge and calibrate it again",
            requirement.judge, name, format_against(figure->value, minimum.value), labels,
            format_exact(minimum.value));
    }
    if (!figure->interval) {
        return fmt::format(
            "the judge {} has a {} of {}, and {} are too few for an interval; label "
            "more outputs and calibrate it again",
            requirement.judge, name, format_number(figure->value), labels);
    }
    if (figure->interval->low >= minimum.value) return {};
    const bool may_do = figure->value >= minimum.value;
    return fmt::format(
        "the judge {} agrees with people to a {} of {} {} ({}), whose lower bound is "
        "below the {} required; {}",
        requirement.judge, name, format_against(figure->value, minimum.value),
        format_interval_against(*figure->interval, minimum.value), labels,
        format_exact(minimum.value),
        may_do ? "label more outputs and calibrate it again"
               : "improve the judge and calibrate it again");
}

}  // namespace

std::string unmet_requirement(const Gate& gate, const RunRecord& run, const ReportInputs& inputs) {
    if (!gate.requirement) return {};
    const JudgeRequirement& requirement = *gate.requirement;
    const PinnedCalibration* const pinned = find_pinned(gate, inputs);
    if (pinned == nullptr) {
        return fmt::format("the judge {} is not calibrated; {}", requirement.judge,
                           how_to_calibrate(requirement, run));
    }
    if (!pinned->calibration) {
        return fmt::format("{}; {}", pinned->calibration.error().message,
                           how_to_calibrate(requirement, run));
    }
    const Calibration& calibration = *pinned->calibration;
    if (hash_in_run(requirement.judge, run.manifest) != calibration.facts.evaluator_hash) {
        return fmt::format("the judge {} has changed since it was calibrated on {}; {}",
                           requirement.judge, to_rfc3339(calibration.facts.made).substr(0, 10),
                           how_to_calibrate(requirement, run));
    }
    for (const JudgeRequirement::Minimum& minimum : requirement.minimums) {
        std::string short_of = shortfall(minimum, requirement, calibration);
        if (!short_of.empty()) return short_of;
    }
    return {};
}

}  // namespace assay
