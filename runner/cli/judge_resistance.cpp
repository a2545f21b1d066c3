#include "runner/cli/judge_resistance.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.hpp"
#include "core/stats/cluster.hpp"
#include "runner/report/grid.hpp"
#include "runner/report/numbers.hpp"

namespace assay {
namespace {

constexpr double k_confidence = 0.95;

/// The interval of a share when each output counts as one trial.
std::optional<Interval> interval_of_trials(const FlipShare& share, std::uint64_t outputs) {
    const std::uint64_t flips = share.flipped * outputs;
    const auto low =
        clopper_pearson({.successes = flips / share.attempts, .trials = outputs}, k_confidence);
    const auto high = clopper_pearson(
        {.successes = (flips + share.attempts - 1) / share.attempts, .trials = outputs},
        k_confidence);
    if (!low || !high) return std::nullopt;
    return Interval{.low = low->low, .high = high->high};
}

/// Attacks on one output are alike, so outputs are what was drawn. When all of them behave alike,
/// they have no standard error, and a few still tell little of others.
std::optional<Interval> interval_of(const FlipShare& share, const std::vector<double>& flips,
                                    const std::vector<std::uint32_t>& outputs) {
    constexpr double k_no_error = 1e-9;
    const auto estimate = estimate_clustered_mean(flips, outputs);
    if (!estimate || estimate->standard_error < k_no_error) {
        return interval_of_trials(share, number_clusters(outputs).count);
    }
    const auto interval = student_t_interval(*estimate, k_confidence);
    if (!interval) return std::nullopt;
    return Interval{.low = std::max(interval->low, 0.0), .high = std::min(interval->high, 1.0)};
}

OrderedJson to_json(const FlipShare& share) {
    OrderedJson json;
    json["attempts"] = share.attempts;
    json["flipped"] = share.flipped;
    json["share"] =
        share.attempts == 0
            ? OrderedJson(nullptr)
            : OrderedJson(static_cast<double>(share.flipped) / static_cast<double>(share.attempts));
    json["interval"] = nullptr;
    if (share.interval) {
        json["interval"] = {{"low", share.interval->low},
                            {"high", share.interval->high},
                            {"confidence", k_confidence}};
    }
    json["errors"] = share.errors;
    return json;
}

std::vector<std::string> cells_of(const FlipShare& share) {
    if (share.attempts == 0) return {"0", "0", "–", std::to_string(share.errors)};
    const double rate = static_cast<double>(share.flipped) / static_cast<double>(share.attempts);
    std::string text = fmt::format("{:.1f} %", rate * 100);
    if (share.interval) {
        text +=
            fmt::format(" [{:.1f}, {:.1f}]", share.interval->low * 100, share.interval->high * 100);
    }
    return {std::to_string(share.attempts), std::to_string(share.flipped), std::move(text),
            std::to_string(share.errors)};
}

}  // namespace

FlipShare share_of(const std::vector<AttackOutcome>& outcomes) {
    FlipShare share;
    std::vector<double> flips;
    std::vector<std::uint32_t> outputs;
    for (const AttackOutcome& outcome : outcomes) {
        if (!outcome.answered) {
            ++share.errors;
            continue;
        }
        ++share.attempts;
        share.flipped += outcome.flipped ? 1 : 0;
        flips.push_back(outcome.flipped ? 1 : 0);
        outputs.push_back(static_cast<std::uint32_t>(outcome.output));
    }
    if (share.attempts > 0) share.interval = interval_of(share, flips, outputs);
    return share;
}

OrderedJson to_json(const Resistance& found) {
    OrderedJson json;
    json["id"] = found.judge;
    json["outputs"] = found.outputs;
    json["passed_over"] = found.passed_over;
    json["all"] = to_json(found.all);
    json["families"] = OrderedJson::object();
    for (const auto& [family, share] : found.families) json["families"][family] = to_json(share);
    json["examples"] = found.examples;
    json["first_error"] =
        found.first_error.empty() ? OrderedJson(nullptr) : OrderedJson(found.first_error);
    return json;
}

void print(const Resistance& found, const Console& console) {
    print_out(fmt::format("{}: {} attacked", terminal_safe(found.judge),
                          format_some(found.outputs, "output")));
    if (found.passed_over > 0) {
        print_out(
            fmt::format(", {} passed over: nothing to gain, or no verdict", found.passed_over));
    }
    print_out("\n\n");
    Grid grid{.headers = {"attempts", "flipped", "share [95 %]", "no verdict"}, .lines = {}};
    for (const auto& [family, share] : found.families) {
        grid.lines.push_back({.label = terminal_safe(family), .cells = cells_of(share)});
    }
    grid.lines.push_back({.label = "all", .cells = cells_of(found.all), .opens_group = true});
    for (const std::string& line : lay_out(grid, console.columns)) print_out(line + "\n");
    if (!found.examples.empty()) print_out("\nflipped, for example:\n");
    for (const std::string& example : found.examples) {
        print_out(fmt::format("  {}\n", terminal_safe(example)));
    }
    if (!found.first_error.empty()) {
        const std::string why = "no verdict, for example: " + terminal_safe(found.first_error);
        print_out("\n");
        for (const std::string& line : wrap(why, console.columns)) print_out(line + "\n");
    }
    print_out("\n");
}

}  // namespace assay
