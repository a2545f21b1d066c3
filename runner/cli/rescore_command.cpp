#include <fmt/format.h>

#include <algorithm>

#include "runner/cli/commands.hpp"
#include "runner/cli/conclude_run.hpp"
#include "runner/cli/deleted_content.hpp"
#include "runner/cli/ledger.hpp"
#include "runner/cli/outputs.hpp"
#include "runner/cli/prepare.hpp"
#include "runner/cli/references.hpp"
#include "runner/cli/run_outputs.hpp"
#include "runner/cli/stored_prompts.hpp"
#include "runner/engine/models_seen.hpp"
#include "runner/engine/rescore.hpp"
#include "runner/engine/self_judging.hpp"
#include "runner/report/numbers.hpp"
#include "runner/report/program_scores.hpp"
#include "server/store/store.hpp"

namespace assay {
namespace {

/// Canaries of judges that there are no more, or that are others now, say nothing any more.
void forget_canaries(const Experiment& experiment, const Json& before, Json& manifest) {
    const auto canaries = manifest.find(RunRecord::k_canaries);
    if (canaries == manifest.end()) return;
    const auto was_same = [&](const BoundEvaluator& evaluator) {
        const Json& all = before.at("evaluators");
        return std::ranges::any_of(all, [&](const Json& stored) {
            return stored.value("name", "") == evaluator.name() &&
                   stored.value("hash", "") == evaluator.hash();
        });
    };
    Json kept = Json::object();
    for (const BoundEvaluator& evaluator : experiment.evaluators) {
        const auto judged = canaries->find(evaluator.name());
        if (judged != canaries->end() && was_same(evaluator)) kept[evaluator.name()] = *judged;
    }
    *canaries = std::move(kept);
}

/// Judges that are new may ask models that the run did not know.
void add_models(const Experiment& experiment, Json& models) {
    for (const BoundEvaluator& evaluator : experiment.evaluators) {
        if (evaluator.waiting() == nullptr) continue;
        for (const std::string& model : evaluator.waiting()->models()) {
            if (!models.contains(model)) models[model] = nullptr;
        }
    }
}

/// The models that answered judges, before or now. Those of tasks are known.
void add_judges_of(const UnitResult& unit, ModelsSeen& models) {
    UnitResult judged;
    judged.evaluations = unit.evaluations;
    models.add(judged);
}

/// The run as it is to be stored: the evaluators, gates and run evaluators of the spec, all else as
/// it was.
RunRecord with_evaluators_of(const Experiment& experiment, RunRecord run) {
    run.report_plan = experiment.report_plan;
    const Json before = run.manifest;
    run.manifest["evaluators"] = describe_evaluators(experiment.evaluators);
    add_models(experiment, run.manifest["models"]);
    std::vector<std::string> variants;
    for (const VariantRecord& variant : run.variants) variants.push_back(variant.name);
    Json self_judging = describe_self_judging(experiment.spec, experiment.evaluators, variants);
    run.manifest.erase(RunRecord::k_self_judging);
    if (!self_judging.empty()) run.manifest[RunRecord::k_self_judging] = std::move(self_judging);
    forget_canaries(experiment, before, run.manifest);
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
    const auto calls = static_cast<std::uint64_t>(counts.spent.calls);
    const std::string asked =
        calls == 0 ? std::string("No task was called.")
                   : fmt::format("No task was called; judges were, in {} for {}.",
                                 format_some(calls, "call"), format_cost(counts.spent.cost));
    print_error(fmt::format("Run {}: {} with an output, {} made, {} kept. {}\n", run.id.value(),
                            format_some(counts.units, "unit"),
                            format_some(counts.made, "evaluation"), counts.kept, asked));
}

/// What judges answered before; none when the spec does not use it.
Result<std::unique_ptr<ReplyCache>> open_cache(const Experiment& experiment,
                                               const RescoreArguments& arguments,
                                               const Clock& clock) {
    if (experiment.spec.execution.cache == CacheMode::off) return nullptr;
    std::filesystem::path folder = arguments.cache_folder;
    if (folder.empty()) folder = std::filesystem::path(arguments.store) / "cache";
    return ReplyCache::open(folder, {}, clock);
}

/// Without its input a unit would get scores that it has not earned.
Result<void> visit_whole(const UnitResult& unit, const UnitVisitor& visit) {
    if (!is_content_deleted(unit.item)) return visit(unit);
    return failure(ErrorCode::invalid_argument,
                   fmt::format("the content of item \"{}\" was deleted from the dataset since; a "
                               "run that lacks it cannot be scored again",
                               unit.item.id.value()));
}

Result<ExitCode> rescore_run(const RescoreArguments& arguments, const Console& console) {
    ASSAY_CHECK(read_env_file(arguments.env_file));
    for (const std::string& path : arguments.out) ASSAY_CHECK(check_output(path));
    ASSAY_TRY(const auto store, Store::open_existing(arguments.store, default_project_id()));
    ASSAY_TRY(const RunRecord stored, store->find_run(arguments.run));
    Diagnostics mistakes;
    const LoadOptions load{.overrides = arguments.overrides,
                           .stored_prompts = stored_prompts(arguments.store)};
    auto experiment = prepare_experiment(arguments.spec, load, {.task_called = false}, mistakes);
    if (!experiment) return report_mistakes(mistakes);

    const SystemClock clock;
    RescoreCounts counts;
    Rescoring rescoring{.run = with_evaluators_of(*experiment, stored), .at = clock.now()};
    ASSAY_TRY(const auto outputs, RunOutputs::open(*experiment, rescoring.run, *store));
    ASSAY_TRY(const auto cache, open_cache(*experiment, arguments, clock));
    rescoring.units = [&](const UnitVisitor& changed) -> Result<void> {
        ModelsSeen models;
        const UnitVisitor changed_unit = [&](const UnitResult& unit) {
            add_judges_of(unit, models);
            return changed(unit);
        };
        const UnitStream units = [&](const UnitVisitor& visit) {
            return store->for_each_unit(
                stored,
                [&](const UnitResult& unit) {
                    add_judges_of(unit, models);
                    return visit_whole(unit, visit);
                },
                UnitParts::all);
        };
        ASSAY_TRY(counts,
                  rescore_units(*experiment, stored, units, changed_unit,
                                {.clock = clock, .cache = cache.get(), .outputs = outputs.get()}));
        // Of judges that were not asked again, what their canaries said before holds.
        for (const auto& [name, judged] : counts.canaries.items()) {
            rescoring.run.manifest[RunRecord::k_canaries][name] = judged;
        }
        models.complete(experiment->spec, rescoring.run.manifest);
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
