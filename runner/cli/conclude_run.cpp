#include "runner/cli/conclude_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>

#include "runner/cli/outputs.hpp"
#include "runner/cli/references.hpp"
#include "runner/cli/run_programs.hpp"
#include "runner/report/findings.hpp"
#include "runner/report/judge_warnings.hpp"
#include "runner/report/report.hpp"
#include "runner/report/writers.hpp"

namespace assay {
namespace {

Result<void> append_step_summary(const Report& report) {
    const char* const path = std::getenv("GITHUB_STEP_SUMMARY");
    if (path == nullptr || *path == '\0') return {};
    std::ofstream stream(path, std::ios::app | std::ios::binary);
    stream << report_to_markdown(report);
    stream.close();
    if (stream) return {};
    return failure(ErrorCode::unavailable,
                   fmt::format("cannot append the summary to GITHUB_STEP_SUMMARY ({})", path));
}

/// What GitHub calls it: a gate that changes nothing is only noticed.
const char* annotation_level(Severity severity) {
    switch (severity) {
        case Severity::none:
        case Severity::note: return "notice";
        case Severity::warning: return "warning";
        case Severity::error: return "error";
    }
    std::unreachable();
}

void annotate_gates(const Report& report) {
    if (!in_github_actions()) return;
    for (const Finding& finding : findings_of(report)) {
        print_error(github_annotation({finding.place, finding.message},
                                      annotation_level(finding.severity)) +
                    "\n");
    }
}

/// Keeps the run scores of every variant: those of programs as they were given, since nothing can
/// compute them again, and the others for whoever reads the store.
Result<void> keep_run_scores(const Report& report, const ProgramScores& programs,
                             const std::optional<Time>& rescored_at, Store& store) {
    ProgramScores all;
    for (const VariantSummary& variant : report.variants) {
        const auto given = programs.find(variant.dataset_run_id);
        std::vector<Score>& scores = all[variant.dataset_run_id];
        if (given != programs.end()) scores = given->second;
        for (const auto& [name, value, comment] : variant.run_scores) {
            const bool kept = std::ranges::find(scores, name, &Score::name) != scores.end();
            if (!value || kept) continue;
            scores.push_back({.name = name, .value = *value, .comment = comment});
        }
    }
    if (rescored_at) {
        const UnitStream no_units = [](const UnitVisitor& /*visit*/) { return Result<void>(); };
        return store.replace_evaluations({.run = report.run,
                                          .units = no_units,
                                          .run_scores = std::move(all),
                                          .at = *rescored_at});
    }
    for (const auto& [dataset_run, scores] : all) {
        ASSAY_CHECK(store.put_run_scores(dataset_run, scores));
    }
    return {};
}

/// After a run that is incomplete: by resuming it, or anew when all its units ended and none was
/// scored, since a unit that failed has ended.
std::string how_to_go_on(const RunRecord& run, const std::string& store_option) {
    const std::string id = run.id.value() + store_option;
    if (run.state != RunState::finished) {
        const bool over_budget = run.reason.starts_with("the budget");
        return fmt::format("What has finished is stored. Go on {}: assay run --resume {}\n",
                           over_budget ? "once the budget is larger" : "with", id);
    }
    return fmt::format("Look closer: assay show {} --failed   Then run again: assay run {}{}\n", id,
                       run.spec_file, store_option);
}

}  // namespace

ExitCode as_wanted(ExitCode code) {
    const char* const wanted = std::getenv("ASSAY_EXIT_GATE_FAILED");
    if (code != ExitCode::gate_failed || wanted == nullptr) return code;
    const std::string_view text(wanted);
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool usable =
        error == std::errc() && end == text.data() + text.size() && value >= 0 && value <= 255;
    if (usable) return static_cast<ExitCode>(value);
    print_error(
        fmt::format("assay: ASSAY_EXIT_GATE_FAILED is \"{}\", which is no exit code from 0 to 255; "
                    "using 1\n",
                    text));
    return code;
}

ExitCode graver(ExitCode a, ExitCode b) {
    constexpr std::array k_order = {ExitCode::interrupted, ExitCode::incomplete,
                                    ExitCode::gate_failed, ExitCode::undecided};
    for (const ExitCode code : k_order) {
        if (a == code || b == code) return code;
    }
    return a == ExitCode::ok ? b : a;
}

Result<CompletedRun> complete_run(const ExperimentSpec& spec, RunRecord run, Store& store,
                                  const std::optional<Time>& rescored_at) {
    const UnitStream units = [&](const UnitVisitor& visit) {
        return store.for_each_unit(run, visit);
    };
    const Json manifest = run.manifest;
    ASSAY_TRY(const ProgramScores programs, run_programs(spec, run, store));
    // Why a program gave no score. After a rescore that is stored with the run scores.
    if (run.manifest != manifest && !rescored_at) ASSAY_CHECK(store.finish(run));
    ReportInputs inputs{.programs = programs, .references = {}, .baseline = {}};
    read_references(run, std::filesystem::path(run.spec_file).parent_path(), store, inputs);
    ASSAY_TRY(Report report, make_report(run, units, inputs));
    Result<void> kept = keep_run_scores(report, programs, rescored_at, store);
    return CompletedRun{std::move(report), std::move(kept)};
}

Result<ExitCode> conclude_run(const ExperimentSpec& spec, RunRecord run, Store& store,
                              const ConcludeOptions& options, const Console& console) {
    ASSAY_TRY(const CompletedRun completed,
              complete_run(spec, std::move(run), store, options.rescored_at));
    const auto& [report, kept] = completed;
    // What is known is shown first, also when the disk has no room for more.
    for (const auto& path : options.outputs) ASSAY_CHECK(write_output(path, report, store));
    ASSAY_CHECK(append_step_summary(report));
    annotate_gates(report);
    if (!options.quiet) {
        print_out(report_to_table(report, {.columns = console.columns,
                                           .color = console.color,
                                           .store_option = options.store_option}));
        for (const auto& path : options.outputs) announce_output(path);
    }
    for (const std::string& warning : canary_warnings(report.run)) {
        print_error(fmt::format("assay: {}\n", warning));
    }
    if (!report.run.reason.empty()) {
        print_error(fmt::format("assay: the run is {}: {}\n", to_string(report.run.state),
                                report.run.reason));
    }
    if (report.status == ReportStatus::incomplete || report.status == ReportStatus::interrupted) {
        print_error(how_to_go_on(report.run, options.store_option));
    }
    ASSAY_CHECK(kept);
    return static_cast<ExitCode>(exit_code_of(report.status));
}

}  // namespace assay
