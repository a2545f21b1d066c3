#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runner/cli/arguments.hpp"
#include "runner/engine/experiment.hpp"

namespace assay {

/// One spec, checked to the end: what is left to do is to call.
struct PreparedRun {
    Experiment experiment;
    Plan plan;
    std::vector<std::filesystem::path> outputs;
};

/// Loads a spec, applies the command line to it and plans its units. Mistakes go into `mistakes`;
/// nothing is returned when there is one. Nothing is called.
/// @error what the command line got wrong; a dataset or run that cannot be read.
[[nodiscard]] Result<std::optional<PreparedRun>> prepare_run(const std::string& spec,
                                                             const RunArguments& arguments,
                                                             const BindOptions& options,
                                                             const Clock& clock,
                                                             Diagnostics& mistakes);

/// Refuses two specs that would write one file. @error invalid_argument.
[[nodiscard]] Result<void> check_outputs(const RunArguments& arguments,
                                         const std::vector<PreparedRun>& runs);

/// The command line as it has to be to go on with a stored run: its spec and selection, with what
/// may change (budget, outputs, concurrency) as given now.
/// @error invalid_argument when `arguments` would change which units the run has.
[[nodiscard]] Result<RunArguments> arguments_to_resume(RunArguments arguments,
                                                       const RunRecord& stored);

/// What `assay plan --out` wrote.
struct PlanFile {
    Json invocation;
    std::string plan_sha256;
};
/// The plan in a file; nothing when the file is something else, such as a spec.
/// @error invalid_argument when it is a plan that this version cannot read; file errors.
[[nodiscard]] Result<std::optional<PlanFile>> read_plan_file(const std::string& path);
/// The command line of a plan, with what may change as given now.
/// @error as arguments_to_resume.
[[nodiscard]] Result<RunArguments> arguments_of_plan(RunArguments arguments, const PlanFile& plan);

/// Where cached replies are.
[[nodiscard]] std::filesystem::path cache_folder(const RunArguments& arguments);

/// Turns a fresh plan into the rest of a stored run.
/// @error invalid_argument saying what differs when it is not the same plan.
[[nodiscard]] Result<void> continue_run(RunRecord& planned, RunRecord stored);

}  // namespace assay
