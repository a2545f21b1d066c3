#pragma once

#include "runner/cli/arguments.hpp"
#include "runner/cli/console.hpp"
#include "runner/cli/open_run.hpp"

namespace assay {

/// A value that a score had before, as lists for machines have it.
[[nodiscard]] OrderedJson past_score_to_json(const PastScore& past);

/// Lists the values that scores of the run, of its units and of its variants, had before, newest
/// first. @error as Store::score_history.
[[nodiscard]] Result<ExitCode> show_history(const OpenRun& open, const ShowArguments& arguments,
                                            const Console& console);

}  // namespace assay
