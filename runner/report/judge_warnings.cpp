#include "runner/report/judge_warnings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "core/model/json_value.hpp"

namespace assay {
namespace {

constexpr std::size_t k_canaries_shown = 3;

std::string self_judging_warning(const Json& entry) {
    const auto variants = entry.value("variants", std::vector<std::string>());
    return fmt::format(
        "the judge of \"{}\" is {}, the model under test in {}: models tend to prefer their own "
        "answers (name another `provider`, or set `allow_self_judging: true`)",
        entry.value("evaluator", ""), entry.value("model", ""), fmt::join(variants, ", "));
}

std::string name_of(const Json& canary) {
    const auto named = canary.find("canary");
    return named == canary.end() ? std::string("?") : as_text(*named);
}

std::string canary_warning(const std::string& evaluator, const Json& canaries) {
    if (canaries.contains("error")) {
        return fmt::format("the canaries of \"{}\" could not be judged: {}", evaluator,
                           as_text(canaries["error"]));
    }
    const auto failed = canaries.find("failed");
    if (failed == canaries.end() || !failed->is_array() || failed->empty()) return {};
    std::vector<std::string> shown;
    for (const Json& canary : *failed) {
        if (shown.size() == k_canaries_shown) break;
        const auto got = canary.find("got");
        const auto error = canary.find("error");
        const std::string said = error != canary.end() ? as_text(*error)
                                 : got != canary.end() ? to_text(*got)
                                                       : std::string("nothing");
        const auto expected = canary.find("expected");
        shown.push_back(
            fmt::format("{}: expected {}, got {}", name_of(canary),
                        expected == canary.end() ? std::string("?") : to_text(*expected), said));
    }
    const std::size_t more = failed->size() - shown.size();
    return fmt::format(
        "{} of {} canaries of \"{}\" came out wrong, so its scores are not to be "
        "believed ({}{})",
        failed->size(), canaries.value("judged", failed->size()), evaluator, fmt::join(shown, "; "),
        more == 0 ? std::string() : fmt::format("; and {} more", more));
}

}  // namespace

std::vector<std::string> self_judging_warnings(const RunRecord& run) {
    std::vector<std::string> warnings;
    for (const Json& entry : run.manifest.value(RunRecord::k_self_judging, Json::array())) {
        warnings.push_back(self_judging_warning(entry));
    }
    return warnings;
}

std::vector<std::string> canary_warnings(const RunRecord& run) {
    std::vector<std::string> warnings;
    const Json canaries = run.manifest.value(RunRecord::k_canaries, Json::object());
    for (const auto& [evaluator, judged] : canaries.items()) {
        std::string warning = canary_warning(evaluator, judged);
        if (!warning.empty()) warnings.push_back(std::move(warning));
    }
    return warnings;
}

std::vector<std::string> judge_warnings(const RunRecord& run) {
    std::vector<std::string> warnings = self_judging_warnings(run);
    std::ranges::move(canary_warnings(run), std::back_inserter(warnings));
    return warnings;
}

}  // namespace assay
