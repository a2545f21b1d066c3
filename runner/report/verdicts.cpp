#include "runner/report/verdicts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runner/report/numbers.hpp"

namespace assay {
namespace {

bool same_gate(const Gate& a, const Gate& b) {
    return a.text == b.text && a.variant == b.variant && a.slice == b.slice;
}

/// Gates with a verdict as grave as this.
std::ptrdiff_t count_gates(const Report& report, Severity severity) {
    return std::ranges::count_if(by_gate(report.gates), [severity](const Verdicts& verdicts) {
        return std::ranges::any_of(verdicts, [severity](const GateVerdict& verdict) {
            return severity_of(verdict) == severity;
        });
    });
}

/// "2 of 5 gates failed", or "".
std::string gates_that(const Report& report, Severity severity, const char* what) {
    const auto count = count_gates(report, severity);
    if (count == 0) return {};
    return fmt::format("{} of {} {}", count, format_some(by_gate(report.gates).size(), "gate"),
                       what);
}

std::string failed_text(const Report& report) {
    const auto undecided = count_gates(report, Severity::warning);
    return gates_that(report, Severity::error, "failed") +
           (undecided == 0 ? "" : fmt::format(", {} could not be decided", undecided));
}

std::string passed_text(const Report& report) {
    if (const auto& shard = report.run.shard) {
        return fmt::format(
            "this is shard {}/{}; `assay merge` puts all together and decides "
            "the gates",
            shard->index, shard->count);
    }
    if (report.gates.empty()) return "there are no gates";
    const std::string warned = gates_that(report, Severity::note, "only warned");
    return warned.empty() ? "every gate holds" : "every gate that counts holds; " + warned;
}

std::string undecided_text(const Report& report) {
    const double required = report.run.report_plan.min_coverage;
    const auto thin = std::ranges::count_if(
        report.variants, [&](const auto& variant) { return variant.coverage < required; });
    std::string text = gates_that(report, Severity::warning, "could not be decided");
    if (thin == 0) return text;
    if (!text.empty()) text += "; ";
    return text + fmt::format("coverage is below the {} required in {}", format_exact(required),
                              format_some(static_cast<std::uint64_t>(thin), "variant"));
}

std::string unfinished_text(const Report& report) {
    if (!report.run.reason.empty()) return report.run.reason;
    std::uint64_t planned = 0;
    std::uint64_t unfinished = 0;
    for (const VariantSummary& variant : report.variants) {
        planned += variant.units.planned;
        unfinished += variant.units.unfinished;
    }
    if (unfinished == 0) {
        return report.run.state == RunState::finished ? "no unit was scored"
                                                      : "the run has not ended";
    }
    return fmt::format("{} of {} have no final state", format_count(unfinished),
                       format_some(planned, "unit"));
}

}  // namespace

Severity severity_of(const GateVerdict& verdict) {
    if (verdict.effect == GateStatus::failed) return Severity::error;
    if (verdict.effect == GateStatus::inconclusive) return Severity::warning;
    return verdict.status == GateStatus::passed ? Severity::none : Severity::note;
}

Severity severity_of(const Verdicts& verdicts) {
    Severity gravest = Severity::none;
    for (const GateVerdict& verdict : verdicts) gravest = std::max(gravest, severity_of(verdict));
    return gravest;
}

const char* word_of(GateStatus status) {
    switch (status) {
        case GateStatus::passed: return "PASS";
        case GateStatus::failed: return "FAIL";
        case GateStatus::inconclusive: return "CANNOT TELL";
    }
    std::unreachable();
}

std::string effect_note(const GateVerdict& verdict) {
    if (verdict.effect == verdict.status) return {};
    if (verdict.effect == GateStatus::failed) return "counts as failed";
    if (verdict.gate.tier != GateTier::critical) {
        return fmt::format("{}: changes nothing", to_string(verdict.gate.tier));
    }
    return verdict.gate.on_inconclusive == OnInconclusive::pass ? "counts as passed"
                                                                : "only a warning";
}

std::string slice_text(const GateVerdict& verdict) {
    const std::string& path = verdict.gate.slice;
    if (path.empty()) return {};
    const std::size_t dot = path.rfind('.');
    return fmt::format("{} = {}", dot == std::string::npos ? path : path.substr(dot + 1),
                       verdict.slice.empty() ? "\"\"" : verdict.slice);
}

std::string scope_of(const GateVerdict& verdict, const Report& report) {
    const std::string slice = slice_text(verdict);
    const bool only_variant =
        report.variants.size() == 1 && report.variants.front().name == verdict.variant;
    if (only_variant) return slice;
    return slice.empty() ? verdict.variant : verdict.variant + ", " + slice;
}

std::vector<Verdicts> by_gate(const std::vector<GateVerdict>& verdicts) {
    std::vector<Verdicts> gates;
    for (auto begin = verdicts.begin(); begin != verdicts.end();) {
        const auto end = std::find_if(begin, verdicts.end(), [&](const GateVerdict& verdict) {
            return !same_gate(verdict.gate, begin->gate);
        });
        gates.emplace_back(begin, end);
        begin = end;
    }
    return gates;
}

std::string verdict_word(const Report& report) {
    switch (report.status) {
        case ReportStatus::passed: return report.run.shard ? "DONE" : "PASSED";
        case ReportStatus::failed: return "FAILED";
        case ReportStatus::inconclusive: return "CANNOT TELL";
        case ReportStatus::incomplete: return "INCOMPLETE";
        case ReportStatus::interrupted: return "INTERRUPTED";
    }
    std::unreachable();
}

std::string verdict_text(const Report& report) {
    switch (report.status) {
        case ReportStatus::passed: return passed_text(report);
        case ReportStatus::failed: return failed_text(report);
        case ReportStatus::inconclusive: return undecided_text(report);
        case ReportStatus::incomplete:
        case ReportStatus::interrupted: return unfinished_text(report);
    }
    std::unreachable();
}

}  // namespace assay
