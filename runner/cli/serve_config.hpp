#pragma once

#include "core/base/diagnostic.hpp"
#include "runner/cli/arguments.hpp"

namespace assay {

/// Fills in what the file of `--config` says and the command line does not: its keys are the
/// options. Paths in it are relative to its folder.
/// @return its mistakes.
[[nodiscard]] Diagnostics read_serve_config(ServeArguments& arguments);

}  // namespace assay
