#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/model/quarantine.hpp"
#include "runner/report/estimate.hpp"
#include "runner/report/known_noise.hpp"
#include "runner/report/report.hpp"

namespace assay {

/// What a gate looks at in one variant, or in one slice of it.
struct GateEvidence {
    std::optional<double> value;       ///< in the terms of the gate's form
    std::string basis;                 ///< what it stands for: " over 200 items"
    std::string missing;               ///< why there is no value
    std::optional<Estimate> estimate;  ///< when the gate has a confidence
    std::string no_estimate;           ///< why there is none although there is a value
    bool is_share = false;             ///< shown in points of a hundred
    std::optional<KnownNoise> noise;
    std::uint64_t quarantined = 0;  ///< items that are not counted
    // Of comparisons:
    std::string reference;      ///< what it is compared with, for people
    double reference_mean = 0;  ///< over the pairs
    std::uint64_t improved = 0;
    std::uint64_t regressed = 0;
    std::uint64_t unpaired = 0;
};

/// One gate on one variant.
struct GateQuestion {
    const Gate& gate;
    const VariantSummary& variant;
    const ScoreTable& table;
    std::string slice;  ///< the value; "" when the gate has none
    const Quarantine& quarantine;
};

/// Why the judge that the gate rests on cannot be trusted as far as it requires, in one sentence
/// with the remedy; or "".
[[nodiscard]] std::string unmet_requirement(const Gate& gate, const RunRecord& run,
                                            const ReportInputs& inputs);

/// Why not, in one sentence.
[[nodiscard]] std::string coverage_reason(const VariantSummary& variant, double min_coverage);

[[nodiscard]] GateEvidence gather_evidence(const GateQuestion& question, const Report& report,
                                           const ReportInputs& inputs);

/// "exact_match", "the share of billing in team", "exact_match where metadata.lang is de".
[[nodiscard]] std::string subject_of(const Gate& gate, const std::string& slice);

/// The sentence of a verdict that is decided by its numbers.
/// @param gates_decided_together  with how many others it was corrected, itself included.
[[nodiscard]] std::string verdict_sentence(const GateVerdict& verdict, const GateEvidence& evidence,
                                           std::size_t gates_decided_together);

/// "; 3 quarantined items are not counted"; or "".
[[nodiscard]] std::string quarantine_note(const GateEvidence& evidence);

/// A mean of repetitions carries rounding noise in its last digits, which must not decide a gate:
/// what differs from the threshold by noise only is the threshold.
[[nodiscard]] double without_noise(double observed, double threshold);

}  // namespace assay
