#pragma once

#include <cstdint>

#include "runner/engine/experiment.hpp"

namespace assay {

struct RescoreCounts {
    std::uint64_t units = 0;  ///< with an output
    std::uint64_t made = 0;   ///< evaluations
    std::uint64_t kept = 0;   ///< evaluations that the store had already
    Spending spent;           ///< by judges
    Json canaries;            ///< of the judges that were asked, as in a manifest; null = none
};

/// What a rescore works with. All of it outlives the work.
struct RescoreParts {
    const Clock& clock;
    ReplyCache* cache = nullptr;       ///< nullptr = none, whatever the spec says
    StoredOutputs* outputs = nullptr;  ///< what evaluators that compare may read
    bool canaries = true;              ///< whether judges are held to theirs
    /// Told of each unit that came out different, after `changed`; nobody watches for a stop.
    ExecutionObserver* observer = nullptr;
};

/// Runs the evaluators of an experiment on stored outputs. An evaluation is made when its evaluator
/// is new, has another hash than the run's manifest names or broke before; all others are kept. No
/// task is called; judges are, within the limits and the budget of the spec.
///
/// @param run      as it is stored.
/// @param stored   its units, with observations.
/// @param changed  gets each unit that came out different, from the calling thread, in any order.
/// @error the stream's and the visitor's own; resource_exhausted when the budget is used up: what
///        judges answered until then is in the cache.
[[nodiscard]] Result<RescoreCounts> rescore_units(const Experiment& experiment,
                                                  const RunRecord& run, const UnitStream& stored,
                                                  const UnitVisitor& changed,
                                                  const RescoreParts& parts);

}  // namespace assay
