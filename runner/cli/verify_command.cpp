#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.hpp"
#include "runner/cli/commands.hpp"
#include "runner/cli/verify_run.hpp"
#include "runner/report/numbers.hpp"

namespace assay {
namespace {

const char* status_of(const VerifyCheck& check) {
    if (check.wrong > 0) return "wrong";
    return check.checked > 0 ? "ok" : "none";
}

OrderedJson to_json(const VerifyCheck& check) {
    return {{"id", check.id},       {"status", status_of(check)}, {"checked", check.checked},
            {"wrong", check.wrong}, {"problems", check.problems}, {"not_checked", check.skipped}};
}

void print_check(const VerifyCheck& check) {
    std::string counts = check.wrong > 0
                             ? fmt::format("{} of {} do not fit", format_count(check.wrong),
                                           format_count(check.checked))
                             : format_count(check.checked);
    if (!check.skipped.empty()) {
        counts = check.checked > 0 ? fmt::format("{} ({})", counts, check.skipped)
                                   : fmt::format("not checked: {}", check.skipped);
    }
    print_out(
        fmt::format("{:<6} {:<44} {}\n", status_of(check), check.what, terminal_safe(counts)));
    for (const std::string& problem : check.problems) {
        print_out(fmt::format("       {}\n", terminal_safe(problem)));
    }
    if (check.wrong > check.problems.size()) {
        print_out(
            fmt::format("       and {} more\n", format_count(check.wrong - check.problems.size())));
    }
}

Result<ExitCode> verify(const VerifyArguments& arguments) {
    ASSAY_TRY(const OpenRun open, open_run(arguments.store, arguments.run));
    const std::vector<VerifyCheck> checks = verify_run(open);
    const bool sound =
        std::ranges::all_of(checks, [](const VerifyCheck& check) { return check.wrong == 0; });
    const ExitCode code = sound ? ExitCode::ok : ExitCode::incomplete;
    if (arguments.json) {
        OrderedJson list = OrderedJson::array();
        for (const VerifyCheck& check : checks) list.push_back(to_json(check));
        print_out(to_pretty_text(list));
        return code;
    }
    for (const VerifyCheck& check : checks) print_check(check);
    print_out(
        "\nWhich version of an evaluator gave a score is what the manifest says: rows do not "
        "hold it.\n");
    print_out(sound ? fmt::format("Run {}: all that can be checked fits.\n", open.run.id.value())
                    : fmt::format("Run {}: something is not what it was; restore the store from a "
                                  "backup.\n",
                                  open.run.id.value()));
    return code;
}

}  // namespace

ExitCode verify_command(const VerifyArguments& arguments, const Console& /*console*/) {
    return end_with(verify(arguments));
}

}  // namespace assay
