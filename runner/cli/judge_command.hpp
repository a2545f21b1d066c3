#pragma once

#include "core/base/error.hpp"
#include "runner/cli/arguments.hpp"
#include "runner/cli/console.hpp"
#include "runner/cli/exit_code.hpp"

namespace assay {

/// How a judge that is asked is watched: what goes to a program (`--json`) shows nothing unless it
/// was asked for.
[[nodiscard]] ProgressMode progress_of(const JudgeArguments& arguments);

// What `assay judge ACTION` can do, a file each. To add one: a function here, a line in the table
// of judge_command.cpp, its name and its options in declare_judge_command.cpp.

/// Shows what judges would be asked, without asking them.
[[nodiscard]] Result<ExitCode> preview_judges(const JudgeArguments& arguments,
                                              const Console& console);
/// Measures how often an injected text turns a judge's verdict.
[[nodiscard]] Result<ExitCode> attack_judges(const JudgeArguments& arguments,
                                             const Console& console);
/// Compares a judge with people's labels and keeps what comes of it.
[[nodiscard]] Result<ExitCode> calibrate_judge(const JudgeArguments& arguments,
                                               const Console& console);
[[nodiscard]] Result<ExitCode> list_calibrations(const JudgeArguments& arguments,
                                                 const Console& console);
[[nodiscard]] Result<ExitCode> show_calibration(const JudgeArguments& arguments,
                                                const Console& console);

}  // namespace assay
