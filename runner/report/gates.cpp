#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runner/report/numbers.hpp"
#include "runner/report/report.hpp"

namespace assay {
namespace {

/// What a gate looks at in one variant: the number and what it stands for ("over 200 items"), or
/// why there is none.
struct Observed {
    std::optional<double> value;
    std::string basis;
    std::string missing;
};

Observed nothing(std::string why) { return {.value = {}, .basis = {}, .missing = std::move(why)}; }

Observed observe_category(const Gate& gate, const ScoreSummary& score) {
    if (score.data_type && *score.data_type != ScoreDataType::categorical) {
        return nothing(
            fmt::format("{} is {} and has no categories", score.name, to_string(*score.data_type)));
    }
    if (score.count == 0) return nothing(fmt::format("no unit has the score {}", score.name));
    const auto found = score.categories.find(gate.category);
    const std::uint64_t count = found == score.categories.end() ? 0 : found->second;
    return {
        .value = static_cast<double>(count) / static_cast<double>(score.count),
        .basis = fmt::format(" ({} of {})", format_count(count), format_some(score.count, "value")),
        .missing = {}};
}

Observed observe_score(const Gate& gate, const ScoreSummary& score) {
    if (!gate.category.empty()) return observe_category(gate, score);
    if (score.count == 0) return nothing(fmt::format("no unit has the score {}", score.name));
    if (score.data_type == ScoreDataType::categorical) {
        return nothing(
            fmt::format("{} is CATEGORICAL and has no mean; name a category of it", score.name));
    }
    if (!score.mean) {
        return nothing(fmt::format("the values of {} are too large to be averaged", score.name));
    }
    return {
        .value = score.mean, .basis = " over " + format_some(score.items, "item"), .missing = {}};
}

Observed observe_coverage(const VariantSummary& variant) {
    if (variant.units.planned == 0) return nothing("no units were planned");
    return {.value = variant.coverage,
            .basis = fmt::format(" ({} of {} scored)", format_count(variant.units.scored),
                                 format_some(variant.units.planned, "unit")),
            .missing = {}};
}

Observed observe_error_rate(const UnitCounts& units) {
    if (units.planned == 0) return nothing("no units were planned");
    const std::uint64_t broken = units.failed + units.unscored;
    return {.value = static_cast<double>(broken) / static_cast<double>(units.planned),
            .basis = fmt::format(" ({} of {} failed or unscored)", format_count(broken),
                                 format_some(units.planned, "unit")),
            .missing = {}};
}

Observed observe_latency(const std::optional<double>& milliseconds) {
    if (!milliseconds) return nothing("no unit has a measured latency");
    return {.value = milliseconds, .basis = {}, .missing = {}};
}

Observed observe_tokens(const UsageDetails& tokens) {
    const auto total = tokens.find("total");
    if (total == tokens.end()) return nothing("no unit reported tokens");
    return {.value = static_cast<double>(total->second), .basis = {}, .missing = {}};
}

Observed observe_measure(const std::string& measure, const VariantSummary& variant) {
    if (measure == "coverage") return observe_coverage(variant);
    if (measure == "error_rate") return observe_error_rate(variant.units);
    if (measure == "latency_p50_ms") return observe_latency(variant.latency.p50);
    if (measure == "latency_p95_ms") return observe_latency(variant.latency.p95);
    if (measure == "latency_p99_ms") return observe_latency(variant.latency.p99);
    if (measure == "tokens") return observe_tokens(variant.tokens);
    if (measure == "cost_usd") {
        if (!variant.cost) return nothing("the price of at least one call is unknown");
        return {.value = to_usd(*variant.cost), .basis = {}, .missing = {}};
    }
    return nothing(fmt::format("there is no measure {}", measure));
}

Observed observe(const Gate& gate, const VariantSummary& variant) {
    if (!gate.measure.empty()) return observe_measure(gate.measure, variant);
    for (const ScoreSummary& score : variant.scores) {
        if (score.name == gate.score) return observe_score(gate, score);
    }
    for (const auto& [name, value, comment] : variant.run_scores) {
        if (name != gate.score) continue;
        if (!value) {
            return nothing(fmt::format("{} cannot be computed: {}", name, value.error().message));
        }
        return {.value = *value,
                .basis = comment.empty() ? "" : fmt::format(" ({})", comment),
                .missing = {}};
    }
    return nothing(fmt::format("the run has no score {}", gate.score));
}

/// "exact_match", "the share of billing in team".
std::string subject_of(const Gate& gate) {
    if (!gate.measure.empty()) return gate.measure;
    if (gate.category.empty()) return gate.score;
    return fmt::format("the share of {} in {}", gate.category, gate.score);
}

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

/// A mean of repetitions carries rounding noise in its last digits, which must not decide a gate:
/// what differs from the threshold by noise only is the threshold.
double without_noise(double observed, double threshold) {
    constexpr double k_noise = 1e-12;
    const double size = std::max(std::abs(observed), std::abs(threshold));
    return std::abs(observed - threshold) <= k_noise * size ? threshold : observed;
}

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

GateVerdict decide(const Gate& gate, const VariantSummary& variant, double min_coverage) {
    GateVerdict verdict{.gate = gate,
                        .variant = variant.name,
                        .status = GateStatus::inconclusive,
                        .observed = {},
                        .reason = {}};
    const Observed seen = observe(gate, variant);
    verdict.observed = seen.value;
    if (variant.coverage < min_coverage) {
        verdict.reason = coverage_reason(variant, min_coverage);
        return verdict;
    }
    if (!seen.value) {
        verdict.reason = seen.missing;
        return verdict;
    }
    if (!std::isfinite(*seen.value)) {
        verdict.reason = fmt::format("{} is not a number", subject_of(gate));
        return verdict;
    }
    const double value = without_noise(*seen.value, gate.threshold);
    const bool passed = holds(value, gate.op, gate.threshold);
    verdict.status = passed ? GateStatus::passed : GateStatus::failed;
    const Words words = words_of(gate.op);
    verdict.reason = fmt::format("{} is {}{}, which {} the {} {}", subject_of(gate),
                                 format_against(value, gate.threshold), seen.basis,
                                 passed ? words.passed : words.failed, format_exact(gate.threshold),
                                 words.after);
    return verdict;
}

}  // namespace

std::vector<GateVerdict> decide_gates(const ReportPlan& plan,
                                      const std::vector<VariantSummary>& variants) {
    std::vector<GateVerdict> verdicts;
    for (const Gate& gate : plan.gates) {
        const std::size_t before = verdicts.size();
        for (const VariantSummary& variant : variants) {
            if (!gate.variant.empty() && gate.variant != variant.name) continue;
            verdicts.push_back(decide(gate, variant, plan.min_coverage));
        }
        if (verdicts.size() > before) continue;
        verdicts.push_back({.gate = gate,
                            .variant = gate.variant,
                            .status = GateStatus::inconclusive,
                            .observed = {},
                            .reason = gate.variant.empty()
                                          ? "the run has no variants"
                                          : "the run has no variant " + gate.variant});
    }
    return verdicts;
}

}  // namespace assay
