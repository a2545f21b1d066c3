#include <sys/resource.h>

#include <csignal>
#include <exception>

#include "runner/cli/arguments.hpp"
#include "runner/cli/commands.hpp"
#include "runner/cli/console.hpp"

namespace assay {
namespace {

/// One overload a command: the whole of what the program can do.
struct Dispatch {
    const Console& console;

    ExitCode operator()(const InitArguments& a) const { return init_command(a, console); }
    ExitCode operator()(const RunArguments& a) const { return run_command(a, console); }
    ExitCode operator()(const PlanArguments& a) const { return plan_command(a, console); }
    ExitCode operator()(const RescoreArguments& a) const { return rescore_command(a, console); }
    ExitCode operator()(const MergeArguments& a) const { return merge_command(a, console); }
    ExitCode operator()(const ValidateArguments& a) const { return validate_command(a, console); }
    ExitCode operator()(const SchemaArguments& a) const { return schema_command(a, console); }
    ExitCode operator()(const RunsArguments& a) const { return runs_command(a, console); }
    ExitCode operator()(const ShowArguments& a) const { return show_command(a, console); }
    ExitCode operator()(const GateArguments& a) const { return gate_command(a, console); }
    ExitCode operator()(const ExportArguments& a) const { return export_command(a, console); }
    ExitCode operator()(const CompareArguments& a) const { return compare_command(a, console); }
    ExitCode operator()(const BaselineArguments& a) const { return baseline_command(a, console); }
    ExitCode operator()(const VerifyArguments& a) const { return verify_command(a, console); }
    ExitCode operator()(const NoiseArguments& a) const { return noise_command(a, console); }
    ExitCode operator()(const FlakesArguments& a) const { return flakes_command(a, console); }
    ExitCode operator()(const JudgeArguments& a) const { return judge_command(a, console); }
    ExitCode operator()(const EvaluatorsArguments& a) const {
        return evaluators_command(a, console);
    }
    ExitCode operator()(const TemplatesArguments& a) const { return templates_command(a, console); }
    ExitCode operator()(const ProvidersArguments& a) const { return providers_command(a, console); }
    ExitCode operator()(const DatasetsArguments& a) const { return datasets_command(a, console); }
    ExitCode operator()(const PromptsArguments& a) const { return prompts_command(a, console); }
    ExitCode operator()(const TracesArguments& a) const { return traces_command(a, console); }
    ExitCode operator()(const CacheArguments& a) const { return cache_command(a, console); }
    ExitCode operator()(const ServeArguments& a) const { return serve_command(a, console); }
    ExitCode operator()(const KeysArguments& a) const { return keys_command(a, console); }
    ExitCode operator()(const DoctorArguments& a) const { return doctor_command(a, console); }
    ExitCode operator()(const VersionArguments& a) const { return version_command(a, console); }
    ExitCode operator()(const CompletionArguments& a) const {
        return completion_command(a, console);
    }
    ExitCode operator()(const ManArguments& a) const { return man_command(a, console); }
};

/// A request or a pipe in flight is a file descriptor, and the soft limit is often 1,024.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);  // a refusal leaves what there was
}

int run_program(int argc, const char* const* argv) {
    const auto parsed = parse_command_line(argc, argv);
    if (const int* const exit_code = std::get_if<int>(&parsed)) return *exit_code;
    const auto& command_line = std::get<CommandLine>(parsed);
    const Console console = Console::detect(command_line.no_color);
    return static_cast<int>(std::visit(Dispatch{console}, command_line.command));
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
    // A program or a pipe that closes its end is an error value here, not the end of the process.
    (void)std::signal(SIGPIPE, SIG_IGN);
    (void)std::signal(SIGXFSZ, SIG_IGN);  // so is a file that reaches its size limit
    assay::raise_descriptor_limit();
    try {
        return assay::run_program(argc, argv);
    } catch (const std::exception& error) {
        assay::print_error(std::string("assay: internal error: ") + error.what() + "\n");
        return static_cast<int>(assay::ExitCode::incomplete);
    }
}
