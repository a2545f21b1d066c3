#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "configs/spec.hpp"
#include "core/model/run.hpp"
#include "runner/cli/console.hpp"
#include "runner/report/report.hpp"
#include "server/store/store.hpp"

namespace assay {

struct ConcludeOptions {
    std::vector<std::filesystem::path> outputs;  ///< report files to write
    bool quiet = false;                          ///< no table
    std::string store_option = {};               ///< StoreArguments::store_option()
    /// The run was scored anew: run scores that change go to the history.
    std::optional<Time> rescored_at = std::nullopt;
};

/// A run with its numbers, and whether its run scores could be stored.
struct CompletedRun {
    Report report;
    Result<void> kept;
};
/// What comes after the last unit, but for telling people: the programs that look at all units,
/// numbers from the journal.
[[nodiscard]] Result<CompletedRun> complete_run(const ExperimentSpec& spec, RunRecord run,
                                                Store& store,
                                                const std::optional<Time>& rescored_at = {});

/// What comes after the last unit: the programs that look at all units, numbers from the journal,
/// files, the table, annotations.
/// @return the exit code of the report.
[[nodiscard]] Result<ExitCode> conclude_run(const ExperimentSpec& spec, RunRecord run, Store& store,
                                            const ConcludeOptions& options, const Console& console);

/// Of several exit codes the one that counts (SPEC section 2).
[[nodiscard]] ExitCode graver(ExitCode a, ExitCode b);
/// ASSAY_EXIT_GATE_FAILED lets a CI job give a failed gate another code.
[[nodiscard]] ExitCode as_wanted(ExitCode code);

}  // namespace assay
