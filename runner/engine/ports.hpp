#pragma once

#include <optional>
#include <span>
#include <string>

#include "core/base/error.hpp"
#include "core/base/files.hpp"
#include "core/base/json.hpp"
#include "core/model/run.hpp"
#include "core/model/unit.hpp"
#include "runner/engine/finished_units.hpp"

namespace assay {

/// What a run left behind when it ended early.
struct JournalState {
    FinishedUnits units;
    Spending spent;                     ///< by those units
    std::vector<ModelAnswered> models;  ///< each once
};

/// Where finished units go. Declared here and implemented by the store, so that the engine does
/// not know SQLite. Called from one thread at a time, never from the I/O thread. Several runs may
/// be open at a time.
class RunJournal {
  public:
    virtual ~RunJournal() = default;

    /// Stores the run, its dataset and its dataset runs, and opens it.
    /// @error already_exists when the run is there; resource_exhausted when the disk is full.
    [[nodiscard]] virtual Result<void> begin(const RunRecord& run) = 0;

    /// Opens a run that was begun before, to go on with it; what is stored of the run is replaced
    /// by `run`.
    /// @error not_found when it is not there; already_exists when another process has it open.
    [[nodiscard]] virtual Result<JournalState> resume(const RunRecord& run) = 0;

    /// Stores units of an open run, all of them or none. A unit counts once this has returned: it
    /// outlives this process, however that ends. Storing a unit again replaces what it wrote
    /// before.
    /// @param durability  `synced`: a power loss undoes nothing that was committed until now;
    ///                    `none`: nothing that was until limits::k_journal_sync_interval ago.
    [[nodiscard]] virtual Result<void> commit(const RunId& run, std::span<const UnitResult> units,
                                              Durability durability) = 0;

    /// Records how the run ended, and closes it; all of it survives a power loss then.
    [[nodiscard]] virtual Result<void> finish(const RunRecord& run) = 0;
};

/// Outputs that are stored already. Declared here and implemented by the store. Called from the I/O
/// thread, meanwhile the journal is written to on another.
class StoredOutputs {
  public:
    virtual ~StoredOutputs() = default;

    /// @return nothing when the unit is not stored; null when it has no output.
    [[nodiscard]] virtual Result<std::optional<Json>> output_of(const DatasetRunId& dataset_run,
                                                                std::uint64_t position,
                                                                int repetition) = 0;
    /// Of another run. @param run  as the spec names it: RUN or RUN:VARIANT.
    /// @error not_found when it has no output for the item.
    [[nodiscard]] virtual Result<Json> output_of_run(const std::string& run,
                                                     const std::string& item_id,
                                                     int repetition) = 0;
};

}  // namespace assay
