#pragma once

#include <cstdint>

#include "runner/engine/experiment.hpp"

namespace assay {

struct RescoreCounts {
    std::uint64_t units = 0;  ///< with an output
    std::uint64_t made = 0;   ///< evaluations
    std::uint64_t kept = 0;   ///< evaluations that the store had already
};

/// Runs the evaluators of an experiment on stored outputs. An evaluation is made when its evaluator
/// is new, has another hash than the run's manifest names or broke before; all others are kept. No
/// task is called.
///
/// @param manifest  of the stored run.
/// @param stored    its units, with observations.
/// @param changed   gets each unit that came out different, from the calling thread, in any order.
/// @error the stream's and the visitor's own.
[[nodiscard]] Result<RescoreCounts> rescore_units(const Experiment& experiment,
                                                  const Json& manifest, const UnitStream& stored,
                                                  const UnitVisitor& changed, const Clock& clock);

}  // namespace assay
