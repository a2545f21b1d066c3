#include "runner/cli/judge_command.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "runner/cli/commands.hpp"

namespace assay {
namespace {

struct Action {
    std::string_view name;
    Result<ExitCode> (*run)(const JudgeArguments& arguments, const Console& console);
};

constexpr std::array k_actions = {
    Action{"preview", &preview_judges}, Action{"attack", &attack_judges},
    Action{"calibrate", &calibrate_judge}, Action{"list", &list_calibrations},
    Action{"show", &show_calibration}};

}  // namespace

ProgressMode progress_of(const JudgeArguments& arguments) {
    const ProgressMode asked = arguments.run.progress;
    const bool is_silent =
        arguments.run.quiet || (arguments.json && asked == ProgressMode::automatic);
    return is_silent ? ProgressMode::none : asked;
}

ExitCode judge_command(const JudgeArguments& arguments, const Console& console) {
    const auto* const action = std::ranges::find(k_actions, arguments.action, &Action::name);
    ASSAY_ASSERT(action != k_actions.end(), "the parser knows the same actions");
    return end_with(action->run(arguments, console));
}

}  // namespace assay
