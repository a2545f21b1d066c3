#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "runner/engine/experiment.hpp"

namespace assay {

/// Loads and binds a spec and checks what only the whole program can: the run evaluators. All
/// mistakes go into `diagnostics`, which is empty at first; nothing is returned when there is one.
[[nodiscard]] std::optional<Experiment> prepare_experiment(const std::string& spec,
                                                           const LoadOptions& load,
                                                           const BindOptions& bind,
                                                           Diagnostics& diagnostics);

/// Puts the variables of a file with lines NAME=VALUE into the environment; what is set already
/// stays. "" does nothing. @error invalid_argument with file and line; file errors.
[[nodiscard]] Result<void> read_env_file(const std::string& path);

}  // namespace assay
