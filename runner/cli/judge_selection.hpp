#pragma once

#include <string>
#include <vector>

#include "runner/engine/experiment.hpp"

namespace assay {

/// The evaluators of a spec that ask a model; with a name only that one.
/// @error invalid_argument when the spec has none; not_found when none has that name.
[[nodiscard]] Result<std::vector<const BoundEvaluator*>> judges_of(const Experiment& experiment,
                                                                   const std::string& name);

}  // namespace assay
