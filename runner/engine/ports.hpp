#pragma once

#include <span>

#include "core/base/error.hpp"
#include "core/model/run.hpp"
#include "core/model/unit.hpp"

namespace assay {

/// Where finished units go. Declared here and implemented by the store, so that the engine does
/// not know SQLite. Called from one thread at a time, never from the I/O thread.
class RunJournal {
  public:
    virtual ~RunJournal() = default;

    /// Stores the run, its dataset and its dataset runs.
    /// @error already_exists when the run is there; resource_exhausted when the disk is full.
    [[nodiscard]] virtual Result<void> begin(const RunRecord& run) = 0;

    /// Stores units durably, all of them or none. A unit counts once this has returned. Storing
    /// a unit again replaces what it wrote before.
    [[nodiscard]] virtual Result<void> commit(std::span<const UnitResult> units) = 0;

    /// Records how the run ended.
    [[nodiscard]] virtual Result<void> finish(const RunRecord& run) = 0;
};

}  // namespace assay
