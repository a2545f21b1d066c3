#include "judges/judges.hpp"

#include <algorithm>
#include <iterator>

#include "judges/builtin.hpp"

namespace assay {

const std::vector<const EvaluatorDefinition*>& builtin_judges() {
    static const std::vector<const EvaluatorDefinition*> k_definitions = {
#define ASSAY_JUDGE(name) &name##_definition,
#include "judges/builtin.def"
#undef ASSAY_JUDGE
    };
    return k_definitions;
}

const std::vector<const EvaluatorDefinition*>& known_evaluators() {
    static const std::vector<const EvaluatorDefinition*> k_definitions = [] {
        std::vector<const EvaluatorDefinition*> all;
        std::ranges::merge(builtin_evaluators(), builtin_judges(), std::back_inserter(all), {},
                           &EvaluatorDefinition::id, &EvaluatorDefinition::id);
        return all;
    }();
    return k_definitions;
}

const EvaluatorDefinition* find_known_evaluator(std::string_view id) {
    const auto& all = known_evaluators();
    const auto found = std::ranges::find(all, id, &EvaluatorDefinition::id);
    return found == all.end() ? nullptr : *found;
}

}  // namespace assay
