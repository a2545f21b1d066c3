#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/limits.hpp"
#include "core/stats/multiplicity.hpp"
#include "runner/report/gate_evidence.hpp"
#include "runner/report/numbers.hpp"
#include "runner/report/report.hpp"

namespace assay {
namespace {

/// A verdict on its way: what was seen, and what the other gates have to say to it.
struct Decision {
    GateVerdict verdict;
    GateEvidence evidence;
    bool is_open = false;  ///< the data are there, and the interval decides nothing
    std::size_t together = 1;
};

enum class Side : std::uint8_t { satisfies, violates, both };

/// Where an interval lies. Ends that differ from the threshold by noise only are the threshold.
Side side_of(const ReportedInterval& interval, const Gate& gate) {
    const bool low = holds(without_noise(interval.low, gate.threshold), gate.op, gate.threshold);
    const bool high = holds(without_noise(interval.high, gate.threshold), gate.op, gate.threshold);
    if (low && high) return Side::satisfies;
    return !low && !high ? Side::violates : Side::both;
}

/// `=` has no interval that could decide for it.
bool decides_by_interval(const Gate& gate) {
    return gate.confidence && gate.op != GateOperator::equal;
}

void decide_by_value(Decision& decision) {
    GateVerdict& verdict = decision.verdict;
    decision.evidence.value = without_noise(*decision.evidence.value, verdict.gate.threshold);
    const bool passed = holds(*decision.evidence.value, verdict.gate.op, verdict.gate.threshold);
    verdict.status = passed ? GateStatus::passed : GateStatus::failed;
}

void decide_by_interval(Decision& decision, double confidence) {
    GateVerdict& verdict = decision.verdict;
    decision.is_open = true;
    verdict.status = GateStatus::inconclusive;
    const auto interval = decision.evidence.estimate->interval(confidence);
    if (!interval) {
        decision.evidence.no_estimate = interval.error().message;
        return;
    }
    verdict.interval = *interval;
    const Side side = side_of(*interval, verdict.gate);
    decision.is_open = side == Side::both;
    if (side != Side::both) {
        verdict.status = side == Side::satisfies ? GateStatus::passed : GateStatus::failed;
    }
}

Decision decide(const GateQuestion& question, const Report& report, const ReportInputs& inputs) {
    const Gate& gate = question.gate;
    Decision decision;
    decision.verdict.gate = gate;
    decision.verdict.variant = question.variant.name;
    decision.verdict.slice = question.slice;
    GateVerdict& verdict = decision.verdict;
    decision.evidence = gather_evidence(question, report, inputs);
    const GateEvidence& evidence = decision.evidence;
    verdict.observed = evidence.value;
    if (!is_covered(report.run, question.variant)) {
        verdict.reason = coverage_reason(question.variant, report.run.report_plan.min_coverage);
        return decision;
    }
    if (std::string unmet = unmet_requirement(gate, report.run, inputs); !unmet.empty()) {
        verdict.reason = std::move(unmet);
        return decision;
    }
    if (!evidence.value) {
        verdict.reason = evidence.missing + quarantine_note(evidence);
        return decision;
    }
    if (!std::isfinite(*evidence.value)) {
        verdict.reason = fmt::format("{} is not a number", subject_of(gate, question.slice));
        return decision;
    }
    if (!decides_by_interval(gate)) {
        decide_by_value(decision);
    } else if (evidence.estimate) {
        decide_by_interval(decision, *gate.confidence);
    } else {
        decision.is_open = true;
    }
    return decision;
}

/// The slices of a gate in this variant; one without a name when the gate has none.
Result<std::vector<std::string>> slices_of(const Gate& gate, const ScoreTable& table) {
    if (gate.slice.empty()) return std::vector<std::string>{""};
    const SliceColumn* const column = table.find_slice(gate.slice);
    if (column == nullptr || column->values.empty()) {
        return failure(ErrorCode::not_found, fmt::format("no item has a {}", gate.slice));
    }
    if (column->values.size() > limits::k_slices_max) {
        return failure(
            ErrorCode::resource_exhausted,
            fmt::format("{} has {} values, and a gate decides {} slices at most", gate.slice,
                        format_count(column->values.size()), limits::k_slices_max));
    }
    if (column->values.size() == 1 && column->values.front() == "(none)") {
        return failure(ErrorCode::not_found, fmt::format("no item has a {}", gate.slice));
    }
    std::vector<std::string> values = column->values;
    std::ranges::sort(values);
    return values;
}

Decision undecided(const Gate& gate, const std::string& variant, std::string why) {
    Decision decision;
    decision.verdict.gate = gate;
    decision.verdict.variant = variant;
    decision.verdict.reason = std::move(why);
    return decision;
}

void decide_variant(const Gate& gate, std::size_t variant, const Report& report,
                    const ReportInputs& inputs, std::vector<Decision>& decisions) {
    const VariantSummary& summary = report.variants[variant];
    const ScoreTable& table = report.tables[variant];
    const auto slices = slices_of(gate, table);
    if (!slices) {
        decisions.push_back(undecided(gate, summary.name, slices.error().message));
        return;
    }
    const Quarantine quarantine(report.run.manifest);
    for (const std::string& slice : *slices) {
        const GateQuestion question{.gate = gate,
                                    .variant = summary,
                                    .table = table,
                                    .slice = slice,
                                    .quarantine = quarantine};
        decisions.push_back(decide(question, report, inputs));
    }
}

std::vector<Decision> decide_gate(const Gate& gate, const Report& report,
                                  const ReportInputs& inputs) {
    std::vector<Decision> decisions;
    for (std::size_t i = 0; i < report.variants.size(); ++i) {
        const std::string& name = report.variants[i].name;
        const bool meant = gate.variant.empty() ? name != gate.versus : name == gate.variant;
        if (meant) decide_variant(gate, i, report, inputs, decisions);
    }
    if (decisions.empty()) {
        decisions.push_back(undecided(gate, gate.variant,
                                      gate.variant.empty()
                                          ? "the run has no variants"
                                          : "the run has no variant " + gate.variant));
    }
    return decisions;
}

/// Whether the decision is one of those that are corrected for each other.
bool is_of_family(const Decision& decision, Correction correction) {
    const Gate& gate = decision.verdict.gate;
    return gate.correction == correction && gate.tier != GateTier::advisory &&
           decision.verdict.p_value.has_value();
}

/// What speaks against the rule: the p-value of its threshold when the estimate lies beyond it.
double p_against(const Decision& decision) {
    const Gate& gate = decision.verdict.gate;
    const bool kept = holds(without_noise(decision.evidence.estimate->value, gate.threshold),
                            gate.op, gate.threshold);
    return kept ? 1.0 : *decision.verdict.p_value;
}

/// Gates that fail must do so among all that were looked at; a set of gates that pass needs no
/// correction, since all of them have to (docs/statistics.md argues it).
void correct_family(std::vector<Decision>& decisions, Correction correction) {
    std::vector<Decision*> family;
    std::vector<double> p_values;
    for (Decision& decision : decisions) {
        if (!is_of_family(decision, correction)) continue;
        family.push_back(&decision);
        p_values.push_back(p_against(decision));
    }
    if (family.size() < 2 || correction == Correction::none) return;
    const auto adjusted =
        correction == Correction::holm ? holm(p_values) : benjamini_hochberg(p_values);
    ASSAY_ASSERT(adjusted.has_value(), "p-values are in [0, 1]");
    for (std::size_t i = 0; i < family.size(); ++i) {
        Decision& decision = *family[i];
        decision.together = family.size();
        if (decision.verdict.status != GateStatus::failed) continue;
        const double level = 1 - *decision.verdict.gate.confidence;
        const double share = p_values[i] / (*adjusted)[i];  // of the level that is left to it
        if (share < 1) decide_by_interval(decision, 1 - level * share);
    }
}

GateStatus effect_of(const Decision& decision) {
    const Gate& gate = decision.verdict.gate;
    if (gate.tier == GateTier::advisory) return GateStatus::passed;
    if (decision.verdict.status != GateStatus::inconclusive) return decision.verdict.status;
    if (decision.is_open) {
        switch (gate.on_inconclusive) {
            case OnInconclusive::fail: return GateStatus::failed;
            case OnInconclusive::pass:
            case OnInconclusive::warn: return GateStatus::passed;
            case OnInconclusive::cannot_tell: break;
        }
    }
    return gate.tier == GateTier::supporting ? GateStatus::passed : GateStatus::inconclusive;
}

void add_p_value(Decision& decision) {
    if (!decision.evidence.estimate || !decision.verdict.interval) return;
    if (decision.evidence.estimate->is_sequential) return;
    const auto p = decision.evidence.estimate->p_value(decision.verdict.gate.threshold);
    if (p) decision.verdict.p_value = *p;
}

void add_reason(Decision& decision) {
    GateVerdict& verdict = decision.verdict;
    if (!verdict.reason.empty()) return;
    const bool by_interval = decides_by_interval(verdict.gate);
    if (by_interval && !verdict.interval) {
        verdict.reason = fmt::format(
            "{} is {}{}, and there is no interval: {}{}", subject_of(verdict.gate, verdict.slice),
            format_number(*decision.evidence.value), decision.evidence.basis,
            decision.evidence.no_estimate, quarantine_note(decision.evidence));
        return;
    }
    verdict.reason = verdict_sentence(verdict, decision.evidence, decision.together);
}

}  // namespace

double without_noise(double observed, double threshold) {
    constexpr double k_noise = 1e-12;
    const double size = std::max(std::abs(observed), std::abs(threshold));
    return std::abs(observed - threshold) <= k_noise * size ? threshold : observed;
}

std::vector<GateVerdict> decide_gates(const Report& report, const ReportInputs& inputs) {
    std::vector<Decision> decisions;
    for (const Gate& gate : report.run.report_plan.gates) {
        std::ranges::move(decide_gate(gate, report, inputs), std::back_inserter(decisions));
    }
    for (Decision& decision : decisions) add_p_value(decision);
    for (const Correction correction : {Correction::holm, Correction::bh}) {
        correct_family(decisions, correction);
    }
    std::vector<GateVerdict> verdicts;
    for (Decision& decision : decisions) {
        add_reason(decision);
        decision.verdict.effect = effect_of(decision);
        verdicts.push_back(std::move(decision.verdict));
    }
    return verdicts;
}

}  // namespace assay
