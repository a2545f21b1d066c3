#pragma once

#include "runner/cli/arguments.hpp"
#include "runner/cli/console.hpp"
#include "runner/cli/exit_code.hpp"

namespace assay {

// One function a command; each prints its result and gives the exit code.

ExitCode init_command(const InitArguments& arguments, const Console& console);
ExitCode run_command(const RunArguments& arguments, const Console& console);
ExitCode plan_command(const PlanArguments& arguments, const Console& console);
ExitCode rescore_command(const RescoreArguments& arguments, const Console& console);
ExitCode merge_command(const MergeArguments& arguments, const Console& console);
ExitCode validate_command(const ValidateArguments& arguments, const Console& console);
ExitCode schema_command(const SchemaArguments& arguments, const Console& console);
ExitCode runs_command(const RunsArguments& arguments, const Console& console);
ExitCode show_command(const ShowArguments& arguments, const Console& console);
ExitCode gate_command(const GateArguments& arguments, const Console& console);
ExitCode export_command(const ExportArguments& arguments, const Console& console);
ExitCode baseline_command(const BaselineArguments& arguments, const Console& console);
ExitCode verify_command(const VerifyArguments& arguments, const Console& console);
ExitCode noise_command(const NoiseArguments& arguments, const Console& console);
ExitCode flakes_command(const FlakesArguments& arguments, const Console& console);
ExitCode judge_command(const JudgeArguments& arguments, const Console& console);
ExitCode compare_command(const CompareArguments& arguments, const Console& console);
ExitCode evaluators_command(const EvaluatorsArguments& arguments, const Console& console);
ExitCode templates_command(const TemplatesArguments& arguments, const Console& console);
ExitCode providers_command(const ProvidersArguments& arguments, const Console& console);
ExitCode datasets_command(const DatasetsArguments& arguments, const Console& console);
ExitCode prompts_command(const PromptsArguments& arguments, const Console& console);
ExitCode traces_command(const TracesArguments& arguments, const Console& console);
ExitCode cache_command(const CacheArguments& arguments, const Console& console);
ExitCode serve_command(const ServeArguments& arguments, const Console& console);
ExitCode keys_command(const KeysArguments& arguments, const Console& console);
ExitCode doctor_command(const DoctorArguments& arguments, const Console& console);
ExitCode version_command(const VersionArguments& arguments, const Console& console);
ExitCode completion_command(const CompletionArguments& arguments, const Console& console);
ExitCode man_command(const ManArguments& arguments, const Console& console);

}  // namespace assay
