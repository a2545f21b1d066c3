#pragma once

#include "evaluators/evaluator.hpp"

namespace assay {

// Each evaluator defines its `NAME_definition` in its own file; the list is builtin.def.
#define ASSAY_EVALUATOR(name) extern const EvaluatorDefinition name##_definition;
#include "evaluators/builtin.def"
#undef ASSAY_EVALUATOR

}  // namespace assay
