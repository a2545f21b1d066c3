#include <fmt/format.h>

#include "runner/cli/commands.hpp"
#include "runner/cli/conclude_run.hpp"
#include "runner/cli/ledger.hpp"
#include "runner/cli/outputs.hpp"
#include "runner/cli/prepare.hpp"
#include "runner/cli/references.hpp"
#include "runner/engine/rescore.hpp"
#include "runner/report/numbers.hpp"
#include "runner/report/program_scores.hpp"
#include "server/store/store.hpp"

namespace assay {
namespace {

/// The run as it is to be stored: the evaluators, gates and run evaluators of the spec, all else as
/// it was.
RunRecord with_evaluators_of(const Experiment& experiment, RunRecord run) {
    run.report_plan = experiment.report_plan;
    run.manifest["evaluators"] = describe_evaluators(experiment.evaluators);
    run.plan_sha256 = plan_sha256_of(run.manifest);
    // The units are stored before the programs look at them. Should that be all that is done, what
    // the programs said of the units as they were must not be taken for what they say now.
    if (run.state != RunState::finished) return run;
    for (const RunEvaluator& evaluator : run.report_plan.run_evaluators) {
        if (!is_program(evaluator)) continue;
        for (const VariantRecord& variant : run.variants) {
            keep_program_error(run, variant.name, evaluator.name,
                               "`assay rescore` was stopped before the program ran; do it again");
        }
    }
    return run;
}

void print_counts(const RescoreCounts& counts, const RunRecord& run) {
    print_error(fmt::format("Run {}: {} with an output, {} made, {} kept. No task was called.\n",
                            run.id.value(), format_some(counts.units, "unit"),
                            format_some(counts.made, "evaluation"), counts.kept));
}

Result<ExitCode> rescore_run(const RescoreArguments& arguments, const Console& console) {
    ASSAY_CHECK(read_env_file(arguments.env_file));
    for (const std::string& path : arguments.out) ASSAY_CHECK(check_output(path));
    ASSAY_TRY(const auto store, Store::open_existing(arguments.store, default_project_id()));
    ASSAY_TRY(const RunRecord stored, store->find_run(arguments.run));
    Diagnostics mistakes;
    auto experiment =
        prepare_experiment(arguments.spec, arguments.overrides, {.task_called = false}, mistakes);
    if (!experiment) return report_mistakes(mistakes);

    const SystemClock clock;
    RescoreCounts counts;
    Rescoring rescoring{.run = with_evaluators_of(*experiment, stored), .at = clock.now()};
    rescoring.units = [&](const UnitVisitor& changed) -> Result<void> {
        const UnitStream units = [&](const UnitVisitor& visit) {
            return store->for_each_unit(stored, visit, UnitParts::all);
        };
        ASSAY_TRY(counts, rescore_units(*experiment, stored.manifest, units, changed, clock));
        return {};
    };
    const PinOptions pins{.folder = experiment->spec.folder, .baseline = {}, .anew = true};
    ASSAY_CHECK(pin_references(rescoring.run, pins, *store));
    ASSAY_CHECK(pin_noise(rescoring.run, *store));
    ASSAY_CHECK(store->replace_evaluations(rescoring));
    if (!arguments.quiet) print_counts(counts, stored);
    ConcludeOptions options{.outputs = {arguments.out.begin(), arguments.out.end()},
                            .quiet = arguments.quiet,
                            .store_option = arguments.store_option(),
                            .rescored_at = rescoring.at};
    ASSAY_TRY(const ExitCode code,
              conclude_run(experiment->spec, std::move(rescoring.run), *store, options, console));
    return as_wanted(code);
}

}  // namespace

ExitCode rescore_command(const RescoreArguments& arguments, const Console& console) {
    return end_with(rescore_run(arguments, console));
}

}  // namespace assay
