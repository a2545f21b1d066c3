#include <fmt/format.h>

#include <algorithm>

#include "runner/engine/bind_evaluators.hpp"
#include "runner/engine/experiment.hpp"
#include "runner/engine/steps_task.hpp"

namespace assay {
namespace {

/// Carries what every step of the binding needs.
class Binder {
  public:
    Binder(const SourceMap& places, Diagnostics& diagnostics)
        : places_(places), diagnostics_(diagnostics) {}

    void mistake(std::string_view pointer, std::string message) {
        diagnostics_.push_back({places_.find(pointer), std::move(message)});
    }

    void bind_gates(Experiment& experiment);
    /// nullptr after a mistake, which is reported.
    [[nodiscard]] std::unique_ptr<UnitTask> bound_task(Experiment& experiment,
                                                       const TaskSpec& task);
    void bind_variants(Experiment& experiment);
    void bind_input_schema(Experiment& experiment);

  private:
    const SourceMap& places_;
    Diagnostics& diagnostics_;
};

void Binder::bind_gates(Experiment& experiment) {
    const ExperimentSpec& spec = experiment.spec;
    ReportPlan& plan = experiment.report_plan;
    plan.min_coverage = spec.execution.min_coverage;
    plan.run_evaluators = spec.run_evaluators;
    plan.gates = spec.gates;
    plan.stop = spec.stop;
    plan.seed = spec.execution.seed;
    for (Gate& gate : plan.gates) {
        if (!is_sequential(gate, plan)) continue;
        // Looked at after every item, a mean alone would decide by chance.
        if (!gate.confidence) gate.confidence = plan.stop->confidence;
    }

    std::vector<std::string> known;
    for (const ScoreColumn& column : plan.scores) known.push_back(column.name);
    for (const RunEvaluator& evaluator : plan.run_evaluators) {
        for (const std::string& name : run_score_names(evaluator)) {
            if (std::ranges::find(known, name) != known.end()) {
                mistake(evaluator.pointer, fmt::format("the score \"{}\" exists already; give this "
                                                       "run evaluator another `name`",
                                                       name));
            }
            known.push_back(name);
        }
    }
    std::vector<std::string> choices = known;
    std::ranges::copy(gate_measures(), std::back_inserter(choices));
    for (const Gate& gate : plan.gates) {
        const bool exists =
            gate.score.empty() || std::ranges::find(known, gate.score) != known.end();
        if (exists) continue;
        diagnostics_.push_back(
            {gate.place, fmt::format("the gate \"{}\" names the score \"{}\", which no evaluator "
                                     "produces{}",
                                     gate.text, gate.score, did_you_mean(gate.score, choices))});
    }
}

std::unique_ptr<UnitTask> Binder::bound_task(Experiment& experiment, const TaskSpec& task) {
    if (task.form == TaskForm::recorded) return make_recorded_task(task);
    if (task.form == TaskForm::steps) {
        std::vector<std::unique_ptr<UnitTask>> steps;
        for (const StepSpec& step : task.steps) {
            steps.push_back(bound_task(experiment, step.task));
            if (!steps.back()) return nullptr;
        }
        return make_steps_task(task, std::move(steps));
    }
    auto answers = experiment.models->for_task(task);
    if (!answers) {
        mistake(task.pointer, answers.error().message);
        return nullptr;
    }
    auto made = make_provider_task(task, std::move(*answers));
    if (!made) {
        mistake(task.pointer, made.error().message);
        return nullptr;
    }
    return std::move(*made);
}

void Binder::bind_variants(Experiment& experiment) {
    for (const VariantSpec& variant : experiment.spec.variants) {
        auto task = bound_task(experiment, variant.task);
        if (task) experiment.variants.push_back({variant.name, std::move(task)});
    }
}

void Binder::bind_input_schema(Experiment& experiment) {
    const Json& schema = experiment.spec.dataset.input_schema;
    if (schema.is_null()) return;
    auto compiled = JsonSchema::compile(schema);
    if (!compiled) {
        mistake("/dataset/input_schema", compiled.error().message);
        return;
    }
    experiment.input_schema.emplace(std::move(*compiled));
}

}  // namespace

std::optional<Experiment> bind_experiment(LoadedSpec loaded, const BindOptions& options,
                                          Diagnostics& diagnostics) {
    const bool well_formed = loaded.diagnostics.empty();
    std::ranges::move(loaded.diagnostics, std::back_inserter(diagnostics));
    Experiment experiment;
    experiment.spec = std::move(loaded.spec);
    experiment.models = std::make_unique<ProviderBinder>(
        experiment.spec,
        ProviderBinder::KeysNeeded{.by_tasks = options.keys_needed && options.task_called,
                                   .by_judges = options.keys_needed});
    ProviderBinder& models = *experiment.models;
    models.check(experiment.spec, loaded.places, diagnostics);
    const bool models_known = diagnostics.empty();
    Binder binder(loaded.places, diagnostics);
    // As many mistakes at once as can be told without guessing: the evaluators stand on their own,
    // the rest needs a spec that is well formed, and gates need every score.
    bind_evaluators(experiment, {.places = loaded.places,
                                 .models = models_known ? &models : nullptr,
                                 .will_run = options.keys_needed,
                                 .diagnostics = diagnostics});
    if (!well_formed) return std::nullopt;
    binder.bind_input_schema(experiment);
    if (models_known) binder.bind_variants(experiment);
    if (!diagnostics.empty()) return std::nullopt;
    experiment.providers = models.providers();
    experiment.connections = models.identities();
    binder.bind_gates(experiment);
    if (!diagnostics.empty()) return std::nullopt;
    return experiment;
}

}  // namespace assay
