#include "runner/engine/models_seen.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

namespace assay {

void ModelsSeen::add(const ModelAnswered& answered) {
    if (!answered.asked.empty()) {
        judges_.emplace(answered.asked, answered.model);
    } else {
        seen_.emplace(answered.variant, answered.observation, answered.model);
    }
}

void ModelsSeen::add(const UnitResult& unit) {
    for (const Observation& observation : unit.observations) {
        const bool answered = observation.type == ObservationType::generation &&
                              observation.level != ObservationLevel::error;
        if (!answered) continue;
        seen_.emplace(unit.variant, observation.name, observation.model);
    }
    for (const Evaluation& evaluation : unit.evaluations) {
        if (!evaluation.judge) continue;
        for (const Observation& call : evaluation.judge->observations) {
            if (call.level == ObservationLevel::error) continue;
            judges_.emplace(call.metadata.value(k_asked_model, ""), call.model);
        }
    }
}

void ModelsSeen::complete(const ExperimentSpec& spec, Json& manifest) const {
    std::map<std::string, std::set<std::string>> resolved;
    for (const auto& [asked, model] : judges_) resolved[asked].insert(model);
    for (const VariantSpec& variant : spec.variants) {
        const TaskSpec& task = variant.task;
        for (const auto& [name, step, model] : seen_) {
            if (name != variant.name) continue;
            const TaskSpec* asked = task.form == TaskForm::provider ? &task : nullptr;
            for (const StepSpec& each : task.steps) {
                const bool meant = each.id == step && each.task.form == TaskForm::provider;
                if (meant) asked = &each.task;
            }
            if (asked == nullptr) continue;
            resolved[fmt::format("{}:{}", asked->provider, asked->model)].insert(model);
        }
    }
    for (const auto& [asked, models] : resolved) {
        manifest["models"][asked] = fmt::format("{}", fmt::join(models, ", "));
    }
}

}  // namespace assay
