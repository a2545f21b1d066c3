#include <fmt/format.h>

#include <algorithm>

#include "core/base/hash.hpp"
#include "core/base/random.hpp"
#include "core/base/version.hpp"
#include "runner/engine/experiment.hpp"
#include "runner/engine/self_judging.hpp"
#include "runner/engine/unit_source.hpp"
#include "runner/engine/yaml_rows.hpp"

namespace assay {
namespace {

/// What is wrong with one item for this experiment, or "".
std::string check_item(const Experiment& experiment, const DatasetItem& item) {
    if (experiment.input_schema) {
        const auto violations = experiment.input_schema->validate(item.input, 1);
        if (!violations) return violations.error().message;
        if (!violations->empty()) {
            return fmt::format("the input breaks `input_schema`: {}",
                               to_string(violations->front()));
        }
    }
    for (const BoundVariant& variant : experiment.variants) {
        std::string problem = variant.task->check(item);
        if (!problem.empty()) {
            return experiment.variants.size() == 1
                       ? problem
                       : fmt::format("variant \"{}\": {}", variant.name, problem);
        }
    }
    for (const BoundEvaluator& evaluator : experiment.evaluators) {
        const std::string problem = evaluator.check_item(item);
        if (!problem.empty()) {
            return fmt::format("evaluator \"{}\": {}", evaluator.name(), problem);
        }
    }
    return {};
}

/// The task itself, or its steps.
std::vector<const TaskSpec*> parts_of(const TaskSpec& task) {
    std::vector<const TaskSpec*> parts;
    for (const StepSpec& step : task.steps) parts.push_back(&step.task);
    if (parts.empty()) parts.push_back(&task);
    return parts;
}

Json prompts_of(const ExperimentSpec& spec) {
    Json prompts = Json::array();
    for (const VariantSpec& variant : spec.variants) {
        for (const TaskSpec* const task : parts_of(variant.task)) {
            if (!task->prompt) continue;
            const auto& version = task->prompt->version;
            Json entry = {{"name", task->prompt->name},
                          {"version", version ? Json(*version) : Json()},
                          {"sha256", task->prompt->sha256}};
            if (std::ranges::find(prompts, entry) == prompts.end()) {
                prompts.push_back(std::move(entry));
            }
        }
    }
    return prompts;
}

Json models_of(const ExperimentSpec& spec) {
    Json models = Json::object();
    for (const VariantSpec& variant : spec.variants) {
        for (const TaskSpec* const task : parts_of(variant.task)) {
            if (task->form != TaskForm::provider) continue;
            models[fmt::format("{}:{}", task->provider, task->model)] = nullptr;
        }
    }
    return models;
}

/// What the spec sets of the models: by variant, and step of it, where it sets something.
Json parameters_of(const ExperimentSpec& spec) {
    Json parameters = Json::object();
    const auto add = [&](const std::string& name, const TaskSpec& task) {
        const bool is_set = task.parameters.is_object() && !task.parameters.empty();
        if (is_set) parameters[name] = task.parameters;
    };
    for (const VariantSpec& variant : spec.variants) {
        add(variant.name, variant.task);
        for (const StepSpec& step : variant.task.steps) {
            add(fmt::format("{}/{}", variant.name, step.id), step.task);
        }
    }
    return parameters;
}

/// The hash of the prices that apply to the models, of tasks and judges; null when none is known.
Json prices_sha256(const ProviderBinder& models, Time at) {
    Json prices = Json::object();
    for (const ProviderBinder::Model& model : models.models()) {
        Json price = model.prices->describe(model.model, at);
        if (!price.is_null()) prices[model.name] = std::move(price);
    }
    return prices.empty() ? Json(nullptr) : Json(sha256_hex(to_text(prices)));
}

Json manifest_of(const Experiment& experiment, const DatasetFacts& facts, Json manifest, Time now) {
    const ExperimentSpec& spec = experiment.spec;
    manifest["spec_sha256"] = spec.sha256;
    const DatasetSpec& dataset = spec.dataset;
    manifest["dataset"] = {
        {"name", dataset.name.empty() ? dataset.file : dataset.name},
        {"version", dataset.version ? Json(to_rfc3339(*dataset.version)) : Json()},
        {"sha256", facts.sha256},
        {"items", facts.items}};
    manifest["models"] = models_of(spec);
    for (const BoundEvaluator& evaluator : experiment.evaluators) {
        if (evaluator.waiting() == nullptr) continue;
        for (const std::string& model : evaluator.waiting()->models()) {
            manifest["models"][model] = nullptr;
        }
    }
    manifest["prompts"] = prompts_of(spec);
    manifest["parameters"] = parameters_of(spec);
    manifest["prices_sha256"] = prices_sha256(*experiment.models, now);
    if (!experiment.connections.empty()) manifest["connections"] = experiment.connections;
    manifest["evaluators"] = describe_evaluators(experiment.evaluators);
    std::vector<std::string> variants;
    for (const BoundVariant& variant : experiment.variants) variants.push_back(variant.name);
    Json self_judging = describe_self_judging(spec, experiment.evaluators, variants);
    if (!self_judging.empty()) manifest[RunRecord::k_self_judging] = std::move(self_judging);
    manifest["units_sha256"] = units_sha256_of(experiment, facts.sha256);
    manifest["repetitions"] = spec.repetitions;
    manifest["seed"] = spec.execution.seed;
    manifest["assay"] = k_version;
    return manifest;
}

Json metadata_of(const ExperimentSpec& spec, const PlanOptions& options) {
    Json metadata = spec.metadata.is_object() ? spec.metadata : Json::object();
    for (const auto& [key, value] : options.metadata) metadata[key] = value;
    std::vector<std::string> tags = spec.tags;
    for (const std::string& tag : options.tags) {
        if (std::ranges::find(tags, tag) == tags.end()) tags.push_back(tag);
    }
    if (!tags.empty()) metadata["tags"] = tags;
    return metadata;
}

/// File datasets are stored under the experiment's name, so that two experiments with a
/// "data.jsonl" each do not share one.
std::string dataset_name_of(const ExperimentSpec& spec) {
    if (!spec.dataset.name.empty()) return spec.dataset.name;
    return spec.experiment + "/" + spec.dataset.path.stem().string();
}

/// How many units of each variant the run has. A shard's share is only known by looking at each.
Result<std::vector<std::uint64_t>> count_units(const Experiment& experiment,
                                               const std::optional<Shard>& shard,
                                               const Dataset& dataset, const DatasetFacts& facts) {
    const auto repetitions = static_cast<std::uint64_t>(experiment.spec.repetitions);
    if (!shard) {
        return std::vector<std::uint64_t>(experiment.variants.size(), facts.items * repetitions);
    }
    std::vector<std::uint64_t> units(experiment.variants.size());
    ASSAY_TRY(auto items, dataset.items());
    UnitSource source(experiment, std::move(items), shard, FinishedUnits());
    while (true) {
        ASSAY_TRY(const auto unit, source.next());
        if (!unit) return units;
        ++units[static_cast<std::size_t>(unit->variant - experiment.variants.data())];
    }
}

RunRecord record_of(const Experiment& experiment, PlanOptions options, const DatasetFacts& facts,
                    const std::vector<std::uint64_t>& units, Time now) {
    const ExperimentSpec& spec = experiment.spec;
    RunRecord run;
    run.id = new_run_id(now);
    run.name = options.run_name.empty() ? fmt::format("{} {}", spec.experiment, to_rfc3339(now))
                                        : options.run_name;
    run.experiment = spec.experiment;
    run.description = spec.description;
    run.metadata = metadata_of(spec, options);
    run.dataset_name = dataset_name_of(spec);
    run.dataset_id = derive_dataset_id(default_project_id(), run.dataset_name);
    run.started = now;
    const DatasetSelection& selection = options.selection;
    run.partial = selection.limit || selection.sample || selection.filter || selection.item_ids;
    run.repetitions = spec.repetitions;
    for (std::size_t i = 0; i < experiment.variants.size(); ++i) {
        const std::string& name = experiment.variants[i].name;
        run.variants.push_back({.name = name,
                                .dataset_run_id = derive_dataset_run_id(run.id, name),
                                .planned = units[i]});
    }
    run.report_plan = experiment.report_plan;
    run.manifest = manifest_of(experiment, facts, std::move(options.manifest), now);
    run.spec = spec.document;
    run.spec_file = spec.file.string();
    run.plan_sha256 = plan_sha256_of(run.manifest);
    run.shard = options.shard;
    return run;
}

}  // namespace

Result<std::optional<Plan>> make_plan(const Experiment& experiment, PlanOptions options,
                                      const Clock& clock, Diagnostics& diagnostics) {
    const std::size_t mistakes_before = diagnostics.size();
    const bool rows_needed =
        std::ranges::any_of(experiment.spec.variants, [](const VariantSpec& variant) {
            return std::ranges::any_of(parts_of(variant.task), [](const TaskSpec* task) {
                return task->form == TaskForm::recorded;
            });
        });
    ASSAY_TRY(Dataset dataset, Dataset::open(experiment.spec.dataset, options.selection,
                                             {.parse_yaml = parse_yaml_rows,
                                              .open_stored = std::move(options.open_stored),
                                              .keep_row = rows_needed}));
    const auto check = [&](const DatasetItem& item) { return check_item(experiment, item); };
    ASSAY_TRY(DatasetFacts facts, dataset.validate(check, diagnostics));
    if (diagnostics.size() > mistakes_before) return std::nullopt;
    ASSAY_TRY(const auto units, count_units(experiment, options.shard, dataset, facts));
    RunRecord run = record_of(experiment, std::move(options), facts, units, clock.now());
    return Plan{std::move(run), std::move(dataset), std::move(facts)};
}

Json describe_evaluators(const std::vector<BoundEvaluator>& evaluators) {
    Json list = Json::array();
    for (const BoundEvaluator& evaluator : evaluators) {
        list.push_back({{"name", evaluator.name()},
                        {"type", evaluator.definition().id},
                        {"version", evaluator.definition().version},
                        {"hash", evaluator.hash()}});
    }
    return list;
}

std::string units_sha256_of(const Experiment& experiment, const std::string& dataset_sha256) {
    Json variants = Json::array();
    for (const BoundVariant& variant : experiment.variants) {
        variants.push_back({variant.name, variant.task->fingerprint()});
    }
    const ExperimentSpec& spec = experiment.spec;
    return sha256_hex(to_text(Json{"assay-units-1", dataset_sha256, std::move(variants),
                                   spec.repetitions, spec.execution.seed}));
}

std::string plan_sha256_of(const Json& manifest) {
    Json evaluators = Json::array();
    for (const Json& evaluator : manifest.at("evaluators")) {
        evaluators.push_back({evaluator.at("name"), evaluator.at("hash")});
    }
    return sha256_hex(
        to_text(Json{"assay-plan-1", manifest.at("units_sha256"), std::move(evaluators)}));
}

RunId new_run_id(Time now) {
    // "20261101-093000-3f9a1c"
    const std::string stamp = to_rfc3339(now);
    std::string id;
    for (const char c : stamp.substr(0, 19)) {
        if (c >= '0' && c <= '9') id += c;
        if (c == 'T') id += '-';
    }
    return RunId(id + "-" + random_hex(3));
}

UnitKey unit_key(const DatasetItem& item, const BoundVariant& variant, int repetition,
                 std::uint64_t seed) {
    const Json material = {"assay-unit-1",    item.id.value(),
                           item.content_hash, variant.task->row_fingerprint(item),
                           variant.name,      variant.task->fingerprint(),
                           repetition,        seed};
    return UnitKey(sha256_hex(to_text(material)));
}

}  // namespace assay
