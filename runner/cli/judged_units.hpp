#pragma once

#include <string>

#include "runner/cli/prepare_run.hpp"

namespace assay {

/// Where the outputs that judges are to look at come from.
struct OutputSource {
    std::string store;
    std::string run;  ///< RUN or RUN:VARIANT; "" = the dataset, with a task that is `recorded`
    /// Stands for the outputs of other tasks when no run is named; null = that is an error.
    Json unknown;
};

/// Calls `visit` for each unit of a prepared spec, with its output and nothing else of what a run
/// finds out. No task is run.
/// @error not_found: no such run; invalid_argument: outputs that nobody knows, with the remedy; the
///        visitor's own.
[[nodiscard]] Result<void> for_each_judged_unit(const PreparedRun& prepared,
                                                const OutputSource& source,
                                                const UnitVisitor& visit);

}  // namespace assay
