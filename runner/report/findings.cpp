#include "runner/report/findings.hpp"

#include <fmt/format.h>

#include "core/base/hash.hpp"
#include "runner/report/judge_warnings.hpp"

namespace assay {
namespace {

constexpr std::size_t k_fingerprint_digits = 32;

std::string message_of(const GateVerdict& verdict, const Report& report) {
    const std::string scope = scope_of(verdict, report);
    const std::string note = effect_note(verdict);
    return fmt::format("{}{}: {}{}", verdict.gate.text,
                       scope.empty() ? "" : fmt::format(" ({})", scope), verdict.reason,
                       note.empty() ? "" : fmt::format(" ({})", note));
}

/// Where the gate stands; the spec as a whole when it comes from the command line.
Place place_of(const Gate& gate, const RunRecord& run) {
    const bool in_a_file = !gate.place.file.empty() && !gate.place.file.starts_with("--");
    return in_a_file ? gate.place : Place{.file = run.spec_file, .line = 0, .column = 0};
}

}  // namespace

std::string rule_of(const Gate& gate) {
    return gate.variant.empty() ? gate.text : fmt::format("{} of {}", gate.text, gate.variant);
}

std::vector<Finding> findings_of(const Report& report) {
    std::vector<Finding> findings;
    for (const GateVerdict& verdict : report.gates) {
        const Severity severity = severity_of(verdict);
        if (severity == Severity::none) continue;
        const std::string rule = rule_of(verdict.gate);
        const Json identity = {report.run.experiment, rule, verdict.variant, verdict.slice};
        findings.push_back({.severity = severity,
                            .status = verdict.status,
                            .rule = rule,
                            .message = message_of(verdict, report),
                            .place = place_of(verdict.gate, report.run),
                            .fingerprint = sha256_hex(to_text(identity), k_fingerprint_digits)});
    }
    for (const std::string& warning : judge_warnings(report.run)) {
        const Json identity = {report.run.experiment, "judges", warning};
        findings.push_back({.severity = Severity::warning,
                            .status = GateStatus::inconclusive,
                            .rule = "judges",
                            .message = warning,
                            .place = {.file = report.run.spec_file, .line = 0, .column = 0},
                            .fingerprint = sha256_hex(to_text(identity), k_fingerprint_digits)});
    }
    return findings;
}

}  // namespace assay
