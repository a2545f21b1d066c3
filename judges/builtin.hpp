#pragma once

#include "evaluators/evaluator.hpp"

namespace assay {

// Each judge defines its `NAME_definition` in its own file in forms/; the list is builtin.def.
#define ASSAY_JUDGE(name) extern const EvaluatorDefinition name##_definition;
#include "judges/builtin.def"
#undef ASSAY_JUDGE

}  // namespace assay
