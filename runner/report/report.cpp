#include "runner/report/report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.hpp"
#include "runner/report/corrected.hpp"
#include "runner/report/program_scores.hpp"
#include "runner/report/run_statistics.hpp"
#include "runner/report/variant_tally.hpp"

namespace assay {
namespace {

constexpr std::size_t k_failures_shown = 5;
constexpr std::size_t k_failures_kept = 1000;
constexpr std::size_t k_failure_columns = 400;

/// Counts failures by their message. Bounded: texts that are all different must not fill the
/// memory, so once k_failures_kept are known, new ones count as "other causes".
class FailureCounts {
  public:
    void add(const UnitResult& unit) {
        if (unit.status == UnitStatus::failed) add({}, unit.error);
        for (const Evaluation& evaluation : unit.evaluations) {
            if (evaluation.status == EvaluationStatus::error) {
                add(evaluation.evaluator, evaluation.message);
            }
        }
    }

    [[nodiscard]] std::vector<std::string> commonest() const {
        std::vector<std::pair<std::uint64_t, const Cause*>> order;
        for (const auto& [cause, count] : counts_) order.emplace_back(count, &cause);
        std::ranges::sort(order, [](const auto& a, const auto& b) {
            return a.first != b.first ? a.first > b.first : *a.second < *b.second;
        });
        if (order.size() > k_failures_shown) order.resize(k_failures_shown);
        std::vector<std::string> lines;
        for (const auto& [count, cause] : order) lines.push_back(sentence(count, *cause));
        return lines;
    }

  private:
    using Cause = std::pair<std::string, std::string>;  ///< evaluator ("" = the task), message

    void add(const std::string& evaluator, const std::string& message) {
        Cause cause(evaluator, fit_width(message, k_failure_columns));
        if (counts_.size() >= k_failures_kept && !counts_.contains(cause)) {
            cause.second = "other causes";
        }
        ++counts_[std::move(cause)];
    }

    static std::string sentence(std::uint64_t count, const Cause& cause) {
        const auto& [evaluator, message] = cause;
        const char* plural = count == 1 ? "" : "s";
        return evaluator.empty() ? fmt::format("{} unit{} failed: {}", count, plural, message)
                                 : fmt::format("{} evaluation{} by {} broke: {}", count, plural,
                                               evaluator, message);
    }

    std::map<Cause, std::uint64_t> counts_;
};

/// Makes the summaries of a run's variants from its stream of units.
class Summarizer {
  public:
    Summarizer(const RunRecord& run, std::vector<std::string> slices)
        : run_(run), slices_(std::move(slices)) {}

    Result<void> add(const UnitResult& unit) {
        while (!tally_ || current().name != unit.variant) {
            if (!open_next()) return misplaced(unit);
        }
        if (tally_->stored() == current().planned) {
            return failure(ErrorCode::data_loss,
                           fmt::format("run {} holds more units of variant \"{}\" than the {} it "
                                       "planned",
                                       run_.id.value(), unit.variant, current().planned));
        }
        tally_->add(unit);
        failures_.add(unit);
        return {};
    }

    [[nodiscard]] Report finish() {
        while (open_next()) continue;  // variants without a single unit are reported too
        Report report;
        report.run = run_;
        report.variants = std::move(summaries_);
        report.tables = std::move(tables_);
        report.errors = failures_.commonest();
        return report;
    }

  private:
    [[nodiscard]] const VariantRecord& current() const { return run_.variants[summaries_.size()]; }

    /// Ends the current variant and begins the next one; false when there is none.
    bool open_next() {
        if (tally_) {
            summaries_.push_back(tally_->finish());
            tables_.push_back(tally_->take_table());
        }
        tally_.reset();
        if (summaries_.size() == run_.variants.size()) return false;
        tally_.emplace(current(), run_.report_plan, run_.repetitions, slices_);
        return true;
    }

    [[nodiscard]] std::unexpected<Error> misplaced(const UnitResult& unit) const {
        return failure(ErrorCode::data_loss,
                       fmt::format("run {} holds a unit of variant \"{}\" that is not one of its "
                                   "variants or is out of order",
                                   run_.id.value(), unit.variant));
    }

    const RunRecord& run_;
    std::vector<std::string> slices_;
    std::optional<VariantTally> tally_;  ///< of the variant current()
    std::vector<VariantSummary> summaries_;
    std::vector<ScoreTable> tables_;
    FailureCounts failures_;
};

/// The paths by which gates and whoever asks tell items apart, each once.
std::vector<std::string> slices_of(const ReportPlan& plan, std::vector<std::string> slices) {
    for (const Gate& gate : plan.gates) {
        if (!gate.slice.empty()) slices.push_back(gate.slice);
    }
    std::ranges::sort(slices);
    const auto repeats = std::ranges::unique(slices);
    slices.erase(repeats.begin(), repeats.end());
    return slices;
}

}  // namespace

const char* to_string(GateStatus status) {
    switch (status) {
        case GateStatus::passed: return "passed";
        case GateStatus::failed: return "failed";
        case GateStatus::inconclusive: return "inconclusive";
    }
    std::unreachable();
}

const char* to_string(ReportStatus status) {
    switch (status) {
        case ReportStatus::passed: return "passed";
        case ReportStatus::failed: return "failed";
        case ReportStatus::inconclusive: return "inconclusive";
        case ReportStatus::incomplete: return "incomplete";
        case ReportStatus::interrupted: return "interrupted";
    }
    std::unreachable();
}

int exit_code_of(ReportStatus status) {
    switch (status) {
        case ReportStatus::passed: return 0;
        case ReportStatus::failed: return 1;
        case ReportStatus::inconclusive: return 3;
        case ReportStatus::incomplete: return 4;
        case ReportStatus::interrupted: return 130;
    }
    std::unreachable();
}

bool is_covered(const RunRecord& run, const VariantSummary& variant) {
    if (!run.stopped_early()) return variant.coverage >= run.report_plan.min_coverage;
    const UnitCounts& units = variant.units;
    const double ended = static_cast<double>(units.planned - units.skipped);
    return static_cast<double>(units.scored) >= run.report_plan.min_coverage * ended;
}

ReportStatus status_of(const RunRecord& run, const std::vector<VariantSummary>& variants,
                       const std::vector<GateVerdict>& gates) {
    std::uint64_t planned = 0;
    std::uint64_t scored = 0;
    std::uint64_t unfinished = 0;
    bool covered = true;
    for (const VariantSummary& variant : variants) {
        planned += variant.units.planned;
        scored += variant.units.scored;
        if (!run.stopped_early()) unfinished += variant.units.unfinished;
        covered = covered && is_covered(run, variant);
    }
    const auto any_gate = [&](GateStatus status) {
        return std::ranges::any_of(
            gates, [status](const GateVerdict& verdict) { return verdict.effect == status; });
    };
    if (run.state == RunState::interrupted) return ReportStatus::interrupted;
    if (run.state != RunState::finished || unfinished > 0 || (planned > 0 && scored == 0)) {
        return ReportStatus::incomplete;
    }
    if (run.shard) return ReportStatus::passed;  // its coverage is judged with the whole
    if (any_gate(GateStatus::failed)) return ReportStatus::failed;
    if (any_gate(GateStatus::inconclusive) || !covered) return ReportStatus::inconclusive;
    return ReportStatus::passed;
}

Result<Report> make_report(const RunRecord& run, const UnitStream& units,
                           const ReportInputs& inputs) {
    Summarizer summarizer(run, slices_of(run.report_plan, inputs.slices));
    LabelledUnits labelled(inputs.calibrations);
    ASSAY_CHECK(units([&](const UnitResult& unit) {
        labelled.add(unit);
        return summarizer.add(unit);
    }));
    Report report = summarizer.finish();
    for (VariantSummary& variant : report.variants) {
        take_program_scores(run, inputs.programs, variant);
    }
    add_intervals(report);
    add_corrected(inputs, labelled, report);
    add_detectable(inputs, report);
    add_references(inputs, report);
    add_comparisons(inputs, report);
    // A shard is a part of the data: gates are decided when all of them are merged.
    if (!run.shard) report.gates = decide_gates(report, inputs);
    report.status = status_of(run, report.variants, report.gates);
    return report;
}

}  // namespace assay
