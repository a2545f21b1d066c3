#include "evaluators/builtin.hpp"

#include <algorithm>

namespace assay {

const std::vector<const EvaluatorDefinition*>& builtin_evaluators() {
    static const std::vector<const EvaluatorDefinition*> k_definitions = {
#define ASSAY_EVALUATOR(name) &name##_definition,
#include "evaluators/builtin.def"
#undef ASSAY_EVALUATOR
    };
    return k_definitions;
}

const EvaluatorDefinition* find_evaluator(std::string_view id) {
    const auto& all = builtin_evaluators();
    const auto found = std::ranges::find(all, id, &EvaluatorDefinition::id);
    return found == all.end() ? nullptr : *found;
}

}  // namespace assay
