#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/limits.hpp"
#include "runner/cli/commands.hpp"
#include "runner/cli/conclude_run.hpp"
#include "runner/cli/ledger.hpp"
#include "runner/cli/outputs.hpp"
#include "runner/cli/prepare.hpp"
#include "runner/cli/prepare_run.hpp"
#include "runner/cli/progress.hpp"
#include "runner/cli/references.hpp"
#include "runner/cli/run_outputs.hpp"
#include "runner/engine/estimate.hpp"
#include "runner/report/judge_warnings.hpp"
#include "server/store/store.hpp"

namespace assay {
namespace {

/// A run of the same plan that ended early and was not finished by a later one.
Result<void> point_at_unfinished(const Store& store, const RunRecord& planned,
                                 const std::string& store_option) {
    ASSAY_TRY(const std::vector<RunRecord> runs, store.runs());
    const auto last = std::ranges::find(runs, planned.plan_sha256, &RunRecord::plan_sha256);
    const bool is_open =
        last != runs.end() && last->state == RunState::running && store.is_open_elsewhere(last->id);
    if (last == runs.end() || last->state == RunState::finished || is_open) return {};
    print_error(
        fmt::format("Run {} of this spec ended early. Instead of this new run you can go "
                    "on with it: assay run --resume {}{}\n",
                    last->id.value(), last->id.value(), store_option));
    return {};
}

/// The cache that the runs share; none when no spec uses it.
Result<std::unique_ptr<ReplyCache>> open_cache(const RunArguments& arguments,
                                               const std::vector<PreparedRun>& runs,
                                               const Clock& clock) {
    const bool is_used = std::ranges::any_of(runs, [](const PreparedRun& run) {
        return run.experiment.spec.execution.cache != CacheMode::off;
    });
    if (!is_used) return nullptr;
    return ReplyCache::open(cache_folder(arguments), {}, clock);
}

std::uint64_t planned_units(const std::vector<PreparedRun>& runs) {
    std::uint64_t units = 0;
    for (const PreparedRun& run : runs) {
        for (const VariantRecord& variant : run.plan.run.variants) units += variant.planned;
    }
    return units;
}

/// A budget in money sees only what has a price.
void warn_of_unpriced(const Experiment& experiment, const Clock& clock) {
    const ExperimentSpec& spec = experiment.spec;
    if (!spec.execution.budget.cost_usd) return;
    const std::vector<std::string> models = unpriced_models(experiment, clock.now());
    if (models.empty()) return;
    print_error(
        fmt::format("The budget of ${} does not see {}: the price is not known. Give it as "
                    "`price` under `providers:`, or limit `tokens` or `calls` as well.\n",
                    *spec.execution.budget.cost_usd, fmt::join(models, ", ")));
}

void warn_of_judges(const RunRecord& run) {
    for (const std::string& warning : self_judging_warnings(run)) {
        print_error(fmt::format("assay: {}\n", warning));
    }
}

Result<ExitCode> execute_runs(std::vector<PreparedRun> prepared, Store& store,
                              const RunArguments& arguments, const Clock& clock,
                              const Console& console) {
    ASSAY_TRY(const auto cache, open_cache(arguments, prepared, clock));
    const auto progress = make_progress(arguments.quiet ? ProgressMode::none : arguments.progress,
                                        planned_units(prepared), console, clock);
    std::vector<std::unique_ptr<RunOutputs>> outputs;
    std::vector<ExecutionJob> jobs;
    for (PreparedRun& run : prepared) {
        warn_of_unpriced(run.experiment, clock);
        warn_of_judges(run.plan.run);
        ASSAY_TRY(auto own, RunOutputs::open(run.experiment, run.plan.run, store));
        outputs.push_back(std::move(own));
        jobs.push_back({.experiment = &run.experiment,
                        .plan = std::move(run.plan),
                        .cache = cache.get(),
                        .outputs = outputs.back().get()});
    }
    ASSAY_TRY(std::vector<RunRecord> runs,
              execute(std::move(jobs), store, clock,
                      {.observer = progress.get(), .fail_fast = arguments.fail_fast}));
    progress->finish();
    if (cache) (void)cache->trim();  // it is only larger than it should be
    ExitCode code = ExitCode::ok;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        ASSAY_TRY(const ExitCode ended,
                  conclude_run(prepared[i].experiment.spec, std::move(runs[i]), store,
                               {.outputs = prepared[i].outputs,
                                .quiet = arguments.quiet,
                                .store_option = arguments.store_option()},
                               console));
        code = graver(code, ended);
    }
    return as_wanted(code);
}

/// What is compared with is noted before the first call.
Result<void> pin(PreparedRun& run, const RunArguments& arguments, Store& store) {
    const PinOptions options{.folder = run.experiment.spec.folder, .baseline = arguments.baseline};
    ASSAY_CHECK(pin_references(run.plan.run, options, store));
    if (run.plan.run.resumed) return {};  // it goes on with what it began with
    return pin_ledger(run.plan.run, store);
}

Result<ExitCode> resume_run(const RunArguments& given, const Console& console) {
    const SystemClock clock;
    ASSAY_TRY(const auto store, Store::open_existing(given.store, default_project_id()));
    ASSAY_TRY(RunRecord stored, store->find_run(given.resume));
    if (stored.state == RunState::finished) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("run {} has all its units; see it with: assay show {}{}",
                                   stored.id.value(), stored.id.value(), given.store_option()));
    }
    ASSAY_TRY(const RunArguments arguments, arguments_to_resume(given, stored));
    Diagnostics mistakes;
    ASSAY_TRY(auto prepared,
              prepare_run(arguments.specs.front(), arguments, BindOptions{}, clock, mistakes));
    if (!prepared) return report_mistakes(mistakes);
    ASSAY_CHECK(continue_run(prepared->plan.run, std::move(stored)));
    ASSAY_CHECK(pin(*prepared, arguments, *store));
    std::vector<PreparedRun> runs;
    runs.push_back(std::move(*prepared));
    return execute_runs(std::move(runs), *store, arguments, clock, console);
}

/// @param path  a spec, or a plan of one, which must still be the same.
Result<std::optional<PreparedRun>> prepare_spec_or_plan(const std::string& path,
                                                        RunArguments arguments, const Clock& clock,
                                                        Diagnostics& mistakes) {
    arguments.specs = {path};
    ASSAY_TRY(const auto plan, read_plan_file(path));
    if (plan) {
        ASSAY_TRY(arguments, arguments_of_plan(std::move(arguments), *plan));
    }
    ASSAY_TRY(auto run,
              prepare_run(arguments.specs.front(), arguments, BindOptions{}, clock, mistakes));
    if (!plan || !run || run->plan.run.plan_sha256 == plan->plan_sha256) return run;
    return failure(ErrorCode::invalid_argument,
                   fmt::format("{}: the spec {} or its dataset changed since this plan was made; "
                               "look at it again with `assay plan`",
                               path, arguments.specs.front()));
}

Result<ExitCode> run_specs(const RunArguments& arguments, const Console& console) {
    ASSAY_CHECK(read_env_file(arguments.env_file));
    for (const std::string& path : arguments.out) ASSAY_CHECK(check_output(path));
    if (!arguments.resume.empty()) return resume_run(arguments, console);
    const SystemClock clock;
    Diagnostics mistakes;
    std::vector<PreparedRun> runs;
    for (const std::string& spec : arguments.specs) {
        Diagnostics found;
        ASSAY_TRY(auto run, prepare_spec_or_plan(spec, arguments, clock, found));
        std::ranges::move(found, std::back_inserter(mistakes));
        if (run) runs.push_back(std::move(*run));
    }
    if (!mistakes.empty()) return report_mistakes(mistakes);
    ASSAY_CHECK(check_outputs(arguments, runs));
    ASSAY_TRY(const auto store, Store::open(arguments.store, default_project_id()));
    for (PreparedRun& run : runs) {
        ASSAY_CHECK(point_at_unfinished(*store, run.plan.run, arguments.store_option()));
        ASSAY_CHECK(pin(run, arguments, *store));
    }
    return execute_runs(std::move(runs), *store, arguments, clock, console);
}

}  // namespace

ExitCode run_command(const RunArguments& arguments, const Console& console) {
    return end_with(run_specs(arguments, console));
}

}  // namespace assay
