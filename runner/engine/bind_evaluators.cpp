#include "runner/engine/bind_evaluators.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <thread>

#include "judges/calls/model_directory.hpp"
#include "judges/judges.hpp"
#include "runner/engine/self_judging.hpp"

namespace assay {
namespace {

/// Stands in where names cannot be looked up: what is bound with it is never run.
class AnyModel final : public ModelDirectory {
  public:
    Result<ModelTarget> find(std::string_view /*name*/) override { return ModelTarget{}; }
};

std::vector<std::string> evaluator_ids() {
    std::vector<std::string> ids;
    for (const EvaluatorDefinition* definition : known_evaluators()) {
        ids.emplace_back(definition->id);
    }
    return ids;
}

/// Carries what every step needs.
class EvaluatorBinder {
  public:
    EvaluatorBinder(Experiment& experiment, const EvaluatorBinding& binding)
        : experiment_(experiment), binding_(binding) {}

    void bind();

  private:
    void mistake(const EvaluatorSpec& entry, std::string_view within, std::string_view message) {
        binding_.diagnostics.push_back({binding_.places.find(entry.pointer + std::string(within)),
                                        fmt::format("evaluator \"{}\": {}", entry.name, message)});
    }
    [[nodiscard]] std::optional<BoundEvaluator> bound(const EvaluatorSpec& entry,
                                                      EvaluatorEnvironment environment);
    void add_scores(const EvaluatorSpec& entry, const BoundEvaluator& evaluator);
    void check_variants(const EvaluatorSpec& entry, const BoundEvaluator& evaluator);
    void bind_order();

    Experiment& experiment_;
    const EvaluatorBinding& binding_;
    AnyModel any_model_;
    std::map<std::string, std::string> owner_of_score_;
};

std::optional<BoundEvaluator> EvaluatorBinder::bound(const EvaluatorSpec& entry,
                                                     EvaluatorEnvironment environment) {
    const EvaluatorDefinition* const definition = find_known_evaluator(entry.type);
    if (definition == nullptr) {
        binding_.diagnostics.push_back(
            {binding_.places.find(entry.pointer),
             fmt::format("unknown evaluator \"{}\"{} (`assay evaluators` lists them)", entry.type,
                         did_you_mean(entry.type, evaluator_ids()))});
        return std::nullopt;
    }
    environment.name = entry.name;
    std::vector<ParameterMistake> mistakes;
    auto made = BoundEvaluator::bind(*definition, {entry.name, entry.parameters, entry.common},
                                     mistakes, environment);
    for (const ParameterMistake& found : mistakes) mistake(entry, found.pointer, found.message);
    return made;
}

void EvaluatorBinder::add_scores(const EvaluatorSpec& entry, const BoundEvaluator& evaluator) {
    for (const std::string& score : evaluator.score_names()) {
        const auto [at, fresh] = owner_of_score_.emplace(score, entry.name);
        if (!fresh) {
            binding_.diagnostics.push_back(
                {binding_.places.find(entry.pointer),
                 fmt::format("the score \"{}\" is already given by \"{}\"; give this evaluator "
                             "another `name`",
                             score, at->second)});
        }
        experiment_.report_plan.scores.push_back({.name = score,
                                                  .evaluator = entry.name,
                                                  .data_type = evaluator.data_type(score),
                                                  .check = evaluator.is_check()});
    }
}

/// The variants that it compares with must be there, and where it may not judge its own model none
/// may be of that model.
void EvaluatorBinder::check_variants(const EvaluatorSpec& entry, const BoundEvaluator& evaluator) {
    if (evaluator.waiting() == nullptr) return;
    std::vector<std::string> known;
    for (const VariantSpec& variant : experiment_.spec.variants) known.push_back(variant.name);
    for (const std::string& name : evaluator.waiting()->compares_with()) {
        if (std::ranges::find(known, name) != known.end()) continue;
        mistake(entry, "",
                fmt::format("it compares with the variant \"{}\", which the spec does not have{} "
                            "(it has: {})",
                            name, did_you_mean(name, known), fmt::join(known, ", ")));
    }
    if (evaluator.waiting()->allows_self_judging() != false) return;
    for (const SelfJudged& found : judged_by_themselves(experiment_.spec, evaluator, known)) {
        mistake(entry, "/allow_self_judging",
                fmt::format("{} would judge its own answers (variant \"{}\"), and "
                            "`allow_self_judging` is false; name another `provider`",
                            found.model, fmt::join(found.variants, "\", \"")));
    }
}

void EvaluatorBinder::bind() {
    const ExperimentSpec& spec = experiment_.spec;
    const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    const EvaluatorEnvironment environment{
        .folder = std::filesystem::current_path() / spec.folder,
        .workers_max = std::min(spec.execution.concurrency, cores),
        .will_run = binding_.will_run,
        .models = binding_.models != nullptr ? binding_.models : &any_model_,
        .name = {},
        .seed = spec.execution.seed};
    for (const EvaluatorSpec& entry : spec.evaluators) {
        auto evaluator = bound(entry, environment);
        if (!evaluator) continue;
        add_scores(entry, *evaluator);
        check_variants(entry, *evaluator);
        experiment_.evaluators.push_back(std::move(*evaluator));
    }
    // Who needs whom can only be told when all are there, those that the loader refused as well.
    const auto written = spec.document.find("evaluators");
    const std::size_t all = written == spec.document.end() ? 0 : written->size();
    if (experiment_.evaluators.size() == all) bind_order();
}

void EvaluatorBinder::bind_order() {
    std::vector<OrderMistake> mistakes;
    auto order = EvaluationOrder::bind(experiment_.evaluators, mistakes);
    for (const OrderMistake& found : mistakes) {
        mistake(experiment_.spec.evaluators[found.evaluator], found.mistake.pointer,
                found.mistake.message);
    }
    if (order) experiment_.order = std::move(*order);
}

}  // namespace

void bind_evaluators(Experiment& experiment, const EvaluatorBinding& binding) {
    EvaluatorBinder(experiment, binding).bind();
}

}  // namespace assay
