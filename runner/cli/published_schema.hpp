#pragma once

#include "core/base/json.hpp"

namespace assay {

/// The JSON Schema of a spec as `assay schema experiment` prints it: the one of configs, with the
/// evaluators that exist and each one's own parameters, taken from its definition.
[[nodiscard]] OrderedJson published_experiment_schema();

}  // namespace assay
