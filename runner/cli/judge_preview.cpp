#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.hpp"
#include "runner/cli/judge_command.hpp"
#include "runner/cli/judge_selection.hpp"
#include "runner/cli/judged_units.hpp"
#include "runner/cli/prepare.hpp"
#include "runner/cli/prepare_run.hpp"
#include "runner/engine/other_outputs.hpp"

namespace assay {
namespace {

constexpr std::uint64_t k_previews_default = 3;
constexpr std::string_view k_unknown_output = "(the output, which is not known before the run)";

/// What a judge would be asked of one unit.
struct Preview {
    std::string judge;
    std::string item_id;
    std::string variant;
    Json questions;     ///< a list of lists of messages
    std::string error;  ///< why there are none; "" = there are
};

Preview preview(const BoundEvaluator& judge, const UnitResult& unit) {
    Preview shown{.judge = judge.name(), .item_id = unit.item.id.value(), .variant = unit.variant};
    if (compares_others_with(judge, unit.variant)) {
        shown.error = "the other variants are compared with this one";
        return shown;
    }
    const BoundEvaluator::Prepared prepared = judge.prepare(unit);
    if (!prepared.request) {
        shown.error = prepared.evaluation.message.empty() ? "it is decided without asking"
                                                          : prepared.evaluation.message;
        return shown;
    }
    auto questions = judge.waiting()->preview(*prepared.request);
    if (questions) {
        shown.questions = std::move(*questions);
    } else {
        shown.error = std::move(questions.error().message);
    }
    return shown;
}

/// A text of several lines, each safe for a terminal.
void print_text(std::string_view text) {
    for (const std::string_view line : split(text, '\n')) print_out(terminal_safe(line) + "\n");
}

void print(const Preview& shown, const Console& console) {
    const std::string rule(std::min<std::size_t>(console.columns, 80), '-');
    print_out(fmt::format("{}\n{}, item {}, variant {}\n", rule, terminal_safe(shown.judge),
                          terminal_safe(shown.item_id), terminal_safe(shown.variant)));
    if (!shown.error.empty()) {
        print_out(fmt::format("\nnot asked: {}\n", terminal_safe(shown.error)));
    }
    for (std::size_t i = 0; i < shown.questions.size(); ++i) {
        if (shown.questions.size() > 1) print_out(fmt::format("\nquestion {}\n", i + 1));
        for (const Json& message : shown.questions[i]) {
            print_out(fmt::format("\n[{}]\n", message["role"].get<std::string>()));
            print_text(as_text(message["content"]));
        }
    }
}

OrderedJson to_json(const Preview& shown) {
    OrderedJson json;
    json["id"] = fmt::format("{}/{}/{}", shown.judge, shown.item_id, shown.variant);
    json["judge"] = shown.judge;
    json["item_id"] = shown.item_id;
    json["variant"] = shown.variant;
    json["questions"] = shown.questions;
    json["error"] = shown.error.empty() ? OrderedJson(nullptr) : OrderedJson(shown.error);
    return json;
}

}  // namespace

Result<ExitCode> preview_judges(const JudgeArguments& arguments, const Console& console) {
    ASSAY_CHECK(read_env_file(arguments.run.env_file));
    const SystemClock clock;
    Diagnostics mistakes;
    RunArguments run = arguments.run;
    if (!run.limit) run.limit = k_previews_default;
    ASSAY_TRY(const auto prepared,
              prepare_run(arguments.subject, run, {.keys_needed = false}, clock, mistakes));
    if (!prepared) return report_mistakes(mistakes);
    ASSAY_TRY(const auto judges, judges_of(prepared->experiment, arguments.judge));
    OrderedJson list = OrderedJson::array();
    ASSAY_CHECK(for_each_judged_unit(
        *prepared, {.store = run.store, .run = arguments.of, .unknown = Json(k_unknown_output)},
        [&](const UnitResult& unit) -> Result<void> {
            for (const BoundEvaluator* judge : judges) {
                const Preview shown = preview(*judge, unit);
                if (arguments.json) {
                    list.push_back(to_json(shown));
                } else {
                    print(shown, console);
                }
            }
            return {};
        }));
    if (arguments.json) print_out(to_pretty_text(list));
    return ExitCode::ok;
}

}  // namespace assay
