#pragma once

#include "runner/cli/arguments.hpp"
#include "runner/cli/console.hpp"
#include "runner/sources/dataset_source.hpp"

namespace assay {

/// Adds the items of a file to a dataset, which is made when it is not there, and changes those
/// that are other than in the file. All rows are looked at before anything is written. What the
/// file does not have stays as it is.
[[nodiscard]] Result<ExitCode> import_dataset(const DatasetsArguments& arguments,
                                              const Console& console, DatasetSource& source);

}  // namespace assay
