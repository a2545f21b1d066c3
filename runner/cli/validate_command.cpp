#include <fmt/format.h>

#include "runner/cli/commands.hpp"
#include "runner/cli/prepare.hpp"
#include "runner/cli/stored_dataset.hpp"
#include "runner/cli/stored_prompts.hpp"

namespace assay {
namespace {

/// Everything `run` checks before its first call, for one spec.
Result<std::optional<Plan>> check_spec(const std::string& spec, const ValidateArguments& arguments,
                                       Diagnostics& mistakes) {
    const std::string store = StoreArguments().store;
    const LoadOptions load{.overrides = arguments.overrides,
                           .stored_prompts = stored_prompts(store)};
    auto experiment = prepare_experiment(spec, load, {.keys_needed = false}, mistakes);
    if (!experiment) return std::nullopt;
    const SystemClock clock;
    ASSAY_CHECK(fix_version(experiment->spec.dataset, "", clock));
    PlanOptions options;
    options.open_stored = stored_rows(store);
    return make_plan(*experiment, std::move(options), clock, mistakes);
}

}  // namespace

ExitCode validate_command(const ValidateArguments& arguments, const Console& /*console*/) {
    if (const auto read = read_env_file(arguments.env_file); !read) {
        return report_error(read.error());
    }
    Diagnostics mistakes;
    for (const std::string& spec : arguments.specs) {
        Diagnostics found;
        const auto plan = check_spec(spec, arguments, found);
        if (!plan) found.push_back({{}, plan.error().message});
        std::ranges::move(found, std::back_inserter(mistakes));
        if (plan && *plan) {
            const RunRecord& run = (*plan)->run;
            print_out(fmt::format("{}: fine: {} items, {} variants, {} evaluators, {} gates\n",
                                  spec, (*plan)->facts.items, run.variants.size(),
                                  run.manifest["evaluators"].size(), run.report_plan.gates.size()));
        }
    }
    return mistakes.empty() ? ExitCode::ok : report_mistakes(mistakes);
}

}  // namespace assay
