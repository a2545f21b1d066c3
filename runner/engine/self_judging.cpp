#include "runner/engine/self_judging.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace assay {
namespace {

/// "provider:model" of the task and its steps.
std::set<std::string> models_of(const TaskSpec& task) {
    std::set<std::string> models;
    const auto add = [&](const TaskSpec& part) {
        if (part.form == TaskForm::provider) {
            models.insert(fmt::format("{}:{}", part.provider, part.model));
        }
    };
    add(task);
    for (const StepSpec& step : task.steps) add(step.task);
    return models;
}

}  // namespace

std::vector<SelfJudged> judged_by_themselves(const ExperimentSpec& spec,
                                             const BoundEvaluator& evaluator,
                                             std::span<const std::string> variants) {
    std::vector<SelfJudged> found;
    if (evaluator.waiting() == nullptr) return found;
    for (const std::string& model : evaluator.waiting()->models()) {
        if (std::ranges::find(found, model, &SelfJudged::model) != found.end()) continue;
        SelfJudged self{.evaluator = evaluator.name(), .model = model, .variants = {}};
        for (const VariantSpec& variant : spec.variants) {
            const bool is_run = std::ranges::find(variants, variant.name) != variants.end();
            if (is_run && models_of(variant.task).contains(model)) {
                self.variants.push_back(variant.name);
            }
        }
        if (!self.variants.empty()) found.push_back(std::move(self));
    }
    return found;
}

Json describe_self_judging(const ExperimentSpec& spec, std::span<const BoundEvaluator> evaluators,
                           std::span<const std::string> variants) {
    Json list = Json::array();
    for (const BoundEvaluator& evaluator : evaluators) {
        const AsyncEvaluator* const judge = evaluator.waiting();
        if (judge == nullptr || judge->allows_self_judging()) continue;
        for (const SelfJudged& self : judged_by_themselves(spec, evaluator, variants)) {
            list.push_back({{"evaluator", self.evaluator},
                            {"model", self.model},
                            {"variants", self.variants}});
        }
    }
    return list;
}

}  // namespace assay
