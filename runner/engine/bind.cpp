#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "evaluators/code_program.hpp"
#include "runner/engine/experiment.hpp"
#include "runner/engine/steps_task.hpp"

namespace assay {
namespace {

std::vector<std::string> evaluator_ids() {
    std::vector<std::string> ids;
    for (const EvaluatorDefinition* definition : builtin_evaluators()) {
        ids.emplace_back(definition->id);
    }
    return ids;
}

std::string environment_value(std::string_view name) {
    if (name.empty()) return {};
    const char* const value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::string() : value;
}

/// Carries what every step of the binding needs.
class Binder {
  public:
    Binder(const SourceMap& places, const BindOptions& options, Diagnostics& diagnostics)
        : places_(places), options_(options), diagnostics_(diagnostics) {}

    void mistake(std::string_view pointer, std::string message) {
        diagnostics_.push_back({places_.find(pointer), std::move(message)});
    }

    void bind_evaluators(Experiment& experiment);
    void bind_gates(Experiment& experiment);
    /// nullptr after a mistake, which is reported.
    [[nodiscard]] std::unique_ptr<UnitTask> bound_task(Experiment& experiment,
                                                       const TaskSpec& task);
    void bind_variants(Experiment& experiment);
    void bind_input_schema(Experiment& experiment);

  private:
    void bind_order(Experiment& experiment);
    static void add_program(Experiment& experiment, const TaskSpec& task);
    [[nodiscard]] std::shared_ptr<Provider> provider_for(Experiment& experiment,
                                                         const TaskSpec& task);
    [[nodiscard]] std::optional<ProviderSettings> model_settings(const Experiment& experiment,
                                                                 const TaskSpec& task,
                                                                 const ProviderDefinition*& kind);
    const SourceMap& places_;
    const BindOptions& options_;
    Diagnostics& diagnostics_;
    // One provider per name in the spec, per program, and one for all services, whose name is "".
    std::map<std::string, std::shared_ptr<Provider>> named_;
};

void Binder::bind_evaluators(Experiment& experiment) {
    std::map<std::string, std::string> owner_of_score;
    const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    const EvaluatorEnvironment environment{
        .folder = std::filesystem::current_path() / experiment.spec.folder,
        .workers_max = std::min(experiment.spec.execution.concurrency, cores),
        .will_run = options_.keys_needed};
    for (const EvaluatorSpec& entry : experiment.spec.evaluators) {
        const EvaluatorDefinition* const definition = find_evaluator(entry.type);
        if (definition == nullptr) {
            mistake(entry.pointer,
                    fmt::format("unknown evaluator \"{}\"{} (`assay evaluators` "
                                "lists them)",
                                entry.type, did_you_mean(entry.type, evaluator_ids())));
            continue;
        }
        std::vector<ParameterMistake> mistakes;
        auto bound = BoundEvaluator::bind(*definition, {entry.name, entry.parameters, entry.common},
                                          mistakes, environment);
        for (ParameterMistake& found : mistakes) {
            mistake(entry.pointer + found.pointer,
                    fmt::format("evaluator \"{}\": {}", entry.name, found.message));
        }
        if (!bound) continue;
        for (const std::string& score : bound->score_names()) {
            const auto [at, fresh] = owner_of_score.emplace(score, entry.name);
            if (!fresh) {
                mistake(entry.pointer, fmt::format("the score \"{}\" is already given by \"{}\"; "
                                                   "give this evaluator another `name`",
                                                   score, at->second));
            }
            experiment.report_plan.scores.push_back({.name = score,
                                                     .evaluator = entry.name,
                                                     .data_type = bound->data_type(score),
                                                     .check = bound->is_check()});
        }
        experiment.evaluators.push_back(std::move(*bound));
    }
    // Who needs whom can only be told when all are there, those that the loader refused as well.
    const Json& document = experiment.spec.document;
    const auto written = document.find("evaluators");
    const std::size_t all = written == document.end() ? 0 : written->size();
    if (experiment.evaluators.size() == all) bind_order(experiment);
}

void Binder::bind_order(Experiment& experiment) {
    std::vector<OrderMistake> mistakes;
    auto order = EvaluationOrder::bind(experiment.evaluators, mistakes);
    for (OrderMistake& found : mistakes) {
        const EvaluatorSpec& entry = experiment.spec.evaluators[found.evaluator];
        mistake(entry.pointer + found.mistake.pointer,
                fmt::format("evaluator \"{}\": {}", entry.name, found.mistake.message));
    }
    if (order) experiment.order = std::move(*order);
}

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

std::optional<ProviderSettings> Binder::model_settings(const Experiment& experiment,
                                                       const TaskSpec& task,
                                                       const ProviderDefinition*& kind) {
    ProviderSettings settings;
    settings.name = task.provider;
    std::string type = task.provider;
    const auto named = experiment.spec.providers.find(task.provider);
    if (named != experiment.spec.providers.end()) {
        const ProviderSpec& connection = named->second;
        type = connection.type;
        settings.base_url = connection.base_url;
        settings.api_key = connection.api_key;
        settings.headers = connection.headers;
        settings.options = connection.options;
        settings.price_input_usd = connection.price_input_usd;
        settings.price_output_usd = connection.price_output_usd;
    }
    kind = find_provider(type);
    ASSAY_ASSERT(kind != nullptr, "the spec's loader refuses unknown providers");
    if (settings.base_url.empty()) settings.base_url = environment_value(kind->base_url_variable);
    const bool default_url = settings.base_url.empty();
    if (default_url) settings.base_url = kind->default_base_url;
    if (settings.api_key.empty()) {
        settings.api_key = Secret(environment_value(kind->api_key_variable));
    }
    if (settings.base_url.empty()) {
        mistake(task.pointer, fmt::format("the provider \"{}\" needs a `base_url`: name it under "
                                          "`providers:`",
                                          task.provider));
        return std::nullopt;
    }
    const bool key_missing = settings.api_key.empty() && kind->key_required && default_url;
    const bool is_called = options_.keys_needed && options_.task_called &&
                           experiment.spec.execution.cache != CacheMode::replay;
    if (key_missing && is_called) {
        mistake(task.pointer, fmt::format("the provider \"{}\" needs a key: set {} or name an "
                                          "`api_key` under `providers:`",
                                          task.provider, kind->api_key_variable));
        return std::nullopt;
    }
    return settings;
}

/// A program that lies beside the spec is one of its own files; one from elsewhere is installed.
void Binder::add_program(Experiment& experiment, const TaskSpec& task) {
    std::vector<std::string> files = task.command;
    const std::filesystem::path& folder = experiment.spec.folder;
    if (std::filesystem::path(files.front()).is_relative()) files.insert(files.begin(), "");
    const std::string hash = fingerprint_of_command(files, folder);
    if (hash.empty()) return;
    experiment.connections[fmt::format("{}", fmt::join(task.command, " "))] = {
        {"kind", "command"}, {"files_sha256", hash}};
}

std::shared_ptr<Provider> Binder::provider_for(Experiment& experiment, const TaskSpec& task) {
    const bool program = task.form == TaskForm::command;
    const std::string name = program ? to_text(Json({task.command, task.once})) : task.provider;
    if (const auto known = named_.find(name); known != named_.end()) return known->second;

    const ProviderDefinition* kind = find_provider("command");
    std::optional<ProviderSettings> settings;
    if (program) {
        settings.emplace();
        settings->name = "command";
        settings->command = task.command;
        settings->folder = experiment.spec.folder;
        settings->once = task.once;
        settings->workers_max = experiment.spec.execution.concurrency;
    } else if (task.form == TaskForm::http) {
        settings.emplace();
        settings->name = "http";
        kind = find_provider("http");
    } else {
        settings = model_settings(experiment, task, kind);
    }
    if (!settings) return nullptr;
    auto made = kind->make(std::move(*settings));
    if (!made) {
        mistake(task.pointer, made.error().message);
        return nullptr;
    }
    std::shared_ptr<Provider> provider = std::move(*made);
    if (task.form == TaskForm::provider) experiment.connections[name] = provider->identity();
    if (program) add_program(experiment, task);
    named_.emplace(name, provider);
    experiment.providers.push_back(provider);
    return provider;
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
    auto provider = provider_for(experiment, task);
    if (!provider) return nullptr;
    return make_provider_task(task, std::move(provider), experiment.spec.execution.retries);
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
    Binder binder(loaded.places, options, diagnostics);
    // As many mistakes at once as can be told without guessing: the evaluators stand on their own,
    // the rest needs a spec that is well formed, and gates need every score.
    binder.bind_evaluators(experiment);
    if (!well_formed) return std::nullopt;
    binder.bind_input_schema(experiment);
    binder.bind_variants(experiment);
    if (!diagnostics.empty()) return std::nullopt;
    binder.bind_gates(experiment);
    if (!diagnostics.empty()) return std::nullopt;
    return experiment;
}

}  // namespace assay
