// What a gate decided, in one sentence with the numbers in it.
#include <fmt/format.h>

#include <cmath>

#include "runner/report/estimate_text.hpp"
#include "runner/report/gate_evidence.hpp"
#include "runner/report/numbers.hpp"

namespace assay {
namespace {

/// The words around the threshold: "which is below the 0.85 required".
struct Words {
    const char* passed;
    const char* failed;
    const char* after;
};

Words words_of(GateOperator op) {
    switch (op) {
        case GateOperator::greater_equal: return {"meets", "is below", "required"};
        case GateOperator::greater: return {"is above", "is not above", "required"};
        case GateOperator::less_equal: return {"is within", "is above", "allowed"};
        case GateOperator::less: return {"is below", "is not below", "limit"};
        case GateOperator::equal: return {"is", "is not", "required"};
    }
    std::unreachable();
}

/// The unit in which a difference is told: points of a hundred of shares, percent of relative
/// ones, else the score's own.
struct Scale {
    double factor = 1;
    int decimals = 4;
    const char* unit = "";
};

Scale scale_of(const Gate& gate, const GateEvidence& evidence) {
    if (gate.form == GateForm::relative) return {.factor = 100, .decimals = 1, .unit = " %"};
    if (evidence.is_share) return {.factor = 100, .decimals = 1, .unit = " points"};
    return {};
}

std::string with_minus(std::string digits) {
    if (digits.starts_with('-')) digits.replace(0, 1, "−");
    return digits;
}

/// "2 points", "1 point", "0.05".
std::string amount(double value, double against, const Scale& scale) {
    const std::string digits = format_against(std::abs(value) * scale.factor,
                                              std::abs(against) * scale.factor, scale.decimals);
    const bool one_point = digits == "1" && std::string_view(scale.unit) == " points";
    return digits + (one_point ? " point" : scale.unit);
}

std::string interval_text(const ReportedInterval& interval, double threshold, const Scale& scale) {
    const auto end = [&](double value) {
        return with_minus(
            format_against(value * scale.factor, threshold * scale.factor, scale.decimals));
    };
    return fmt::format("{} interval {} to {}", format_percent(interval.confidence),
                       end(interval.low), end(interval.high));
}

/// Behind FAIL and CANNOT TELL that others had a part in.
std::string correction_note(const GateVerdict& verdict, std::size_t together) {
    const bool widened = verdict.interval && verdict.gate.confidence &&
                         verdict.interval->confidence > *verdict.gate.confidence;
    if (!widened) return "";
    const char* const method =
        verdict.gate.correction == Correction::bh ? "Benjamini and Hochberg" : "Holm";
    if (verdict.status == GateStatus::failed) {
        return fmt::format("; corrected for {} gates ({})", together, method);
    }
    return fmt::format("; alone it would fail, but one of {} gates often does by chance ({})",
                       together, method);
}

/// How far the verdict is from what an identical run could say, in the terms of the gate's form.
struct Distance {
    double of_verdict = 0;
    double by_chance = 0;
};

Distance distance_of(const GateVerdict& verdict, const GateEvidence& evidence) {
    const double value = *evidence.value;
    const double floor = evidence.noise->floor;
    switch (verdict.gate.form) {
        case GateForm::value: return {std::abs(value - verdict.gate.threshold), floor};
        case GateForm::difference: return {std::abs(value), floor};
        case GateForm::relative:
            return {std::abs(value), floor / std::abs(evidence.reference_mean)};
    }
    std::unreachable();
}

/// Behind a verdict that does not hold and may come out otherwise in an identical run.
std::string noise_note(const GateVerdict& verdict, const GateEvidence& evidence) {
    if (!evidence.noise || verdict.status == GateStatus::passed) return "";
    const auto [distance, by_chance] = distance_of(verdict, evidence);
    if (distance > by_chance) return "";
    const Scale scale =
        verdict.gate.form == GateForm::value ? Scale{} : scale_of(verdict.gate, evidence);
    return fmt::format("; that is within the noise of identical runs (±{}, {})",
                       amount(by_chance, distance, scale),
                       format_some(evidence.noise->runs, "run"));
}

std::string value_sentence(const GateVerdict& verdict, const GateEvidence& evidence) {
    const Gate& gate = verdict.gate;
    const Words words = words_of(gate.op);
    const std::string interval =
        verdict.interval ? fmt::format(" ({})", interval_text(*verdict.interval, gate.threshold,
                                                              {.factor = 1, .decimals = 4}))
                         : "";
    const std::string told =
        fmt::format("{} is {}{}{}", subject_of(gate, verdict.slice),
                    format_against(*evidence.value, gate.threshold), evidence.basis, interval);
    if (verdict.status == GateStatus::inconclusive) {
        return fmt::format("{}: the interval lies on both sides of the {} {}", told,
                           format_exact(gate.threshold), words.after);
    }
    return fmt::format("{}, which {} the {} {}", told,
                       verdict.status == GateStatus::passed ? words.passed : words.failed,
                       format_exact(gate.threshold), words.after);
}

/// "within the 2 points allowed", by the side on which the threshold lies.
std::string margin_words(const GateVerdict& verdict, double observed, const Scale& scale) {
    const Gate& gate = verdict.gate;
    const bool upper = gate.op == GateOperator::less_equal;
    const bool is_allowance = upper ? gate.threshold >= 0 : gate.threshold < 0;
    const std::string margin = amount(gate.threshold, gate.threshold, scale);
    if (verdict.status == GateStatus::inconclusive) {
        return is_allowance
                   ? fmt::format("the interval reaches beyond the {} allowed", margin)
                   : fmt::format("the interval lies on both sides of the {} required", margin);
    }
    const bool passed = verdict.status == GateStatus::passed;
    const bool on_the_good_side = upper ? observed <= 0 : observed >= 0;
    if (is_allowance && passed && on_the_good_side) {
        return fmt::format("no {} beyond the {} allowed", upper ? "rise" : "drop", margin);
    }
    if (is_allowance) {
        return fmt::format("{} the {} allowed", passed ? "within" : "more than", margin);
    }
    return fmt::format("{} the {} required", passed ? "at least" : "less than", margin);
}

std::string change_text(const GateVerdict& verdict, const GateEvidence& evidence,
                        const Scale& scale) {
    const double value = *evidence.value;
    const std::string subject = subject_of(verdict.gate, verdict.slice);
    if (value == 0) return fmt::format("{} did not change against {}", subject, evidence.reference);
    // A drop of 2.04 points is told beside 2 allowed so that it is seen to be more.
    const double beside = value * verdict.gate.threshold > 0 ? verdict.gate.threshold : 0;
    return fmt::format("{} {} by {} against {}", subject, value > 0 ? "rose" : "fell",
                       amount(value, beside, scale), evidence.reference);
}

std::string difference_sentence(const GateVerdict& verdict, const GateEvidence& evidence) {
    const Scale scale = scale_of(verdict.gate, evidence);
    std::vector<std::string> facts;
    if (verdict.interval) {
        facts.push_back(interval_text(*verdict.interval, verdict.gate.threshold, scale));
    }
    if (evidence.basis.starts_with(" over")) {
        facts.push_back(fmt::format("{} worse, {} better of {}",
                                    format_some(evidence.regressed, "item"),
                                    format_count(evidence.improved), evidence.basis.substr(6)));
    } else {
        facts.emplace_back("not in pairs");
    }
    if (evidence.unpaired > 0 && facts.back() != "not in pairs") {
        facts.push_back(format_some(evidence.unpaired, "item") + " without a pair");
    }
    return fmt::format("{} ({}): {}", change_text(verdict, evidence, scale), fmt::join(facts, "; "),
                       margin_words(verdict, *evidence.value, scale));
}

}  // namespace

std::string subject_of(const Gate& gate, const std::string& slice) {
    std::string subject = gate.measure.empty() ? gate.score : gate.measure;
    if (!gate.category.empty()) {
        subject = fmt::format("the share of {} in {}", gate.category, gate.score);
    }
    if (!gate.slice.empty()) subject += fmt::format(" where {} is {}", gate.slice, slice);
    return subject;
}

std::string verdict_sentence(const GateVerdict& verdict, const GateEvidence& evidence,
                             std::size_t gates_decided_together) {
    const std::string sentence = verdict.gate.form == GateForm::value
                                     ? value_sentence(verdict, evidence)
                                     : difference_sentence(verdict, evidence);
    return sentence + correction_note(verdict, gates_decided_together) +
           noise_note(verdict, evidence) + quarantine_note(evidence);
}

}  // namespace assay
