#pragma once

#include "configs/load_spec.hpp"
#include "runner/engine/experiment.hpp"

namespace assay {

/// What the evaluators of a spec are bound with.
struct EvaluatorBinding {
    const SourceMap& places;
    /// Of those that ask models; nullptr when the spec is not well formed: names are not looked up
    /// then, since what they stand for may be what is broken.
    ModelDirectory* models = nullptr;
    bool will_run = true;  ///< as EvaluatorEnvironment
    Diagnostics& diagnostics;
};

/// Binds the experiment's evaluators, their order and their scores. As many mistakes at once as can
/// be told.
void bind_evaluators(Experiment& experiment, const EvaluatorBinding& binding);

}  // namespace assay
