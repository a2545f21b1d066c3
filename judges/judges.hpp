#pragma once

#include <string_view>
#include <vector>

#include "evaluators/evaluator.hpp"

namespace assay {

/// The evaluators that ask models, sorted by id: the list is judges/builtin.def.
[[nodiscard]] const std::vector<const EvaluatorDefinition*>& builtin_judges();

/// All that a spec may name under `evaluators`: the built-in evaluators and the judges, sorted by
/// id.
[[nodiscard]] const std::vector<const EvaluatorDefinition*>& known_evaluators();
/// nullptr when there is none of that name.
[[nodiscard]] const EvaluatorDefinition* find_known_evaluator(std::string_view id);

}  // namespace assay
