#include "runner/cli/noise_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/base/text.hpp"
#include "runner/report/estimate_text.hpp"
#include "runner/report/grid.hpp"
#include "runner/report/numbers.hpp"

namespace assay {
namespace {

constexpr std::size_t k_items_shown = 10;
constexpr std::size_t k_values_shown = 6;
constexpr const char* k_none = "–";

bool has_several_variants(const Noise& noise) {
    return std::ranges::any_of(noise.scores, [&](const ScoreNoise& score) {
        return score.variant != noise.scores.front().variant;
    });
}

std::string name_of(const ScoreNoise& score, bool with_variant) {
    std::string name = score.score;
    if (!score.category.empty()) name += " = " + score.category;
    return terminal_safe(with_variant ? fmt::format("{}, {}", name, score.variant) : name);
}

std::string range_text(const std::vector<double>& means) {
    if (means.empty()) return k_none;
    const auto [low, high] = std::ranges::minmax(means);
    const int decimals = decimals_for(std::max(std::abs(low), std::abs(high)));
    const std::string from = format_number(low, decimals);
    const std::string to = format_number(high, decimals);
    return from == to ? from : fmt::format("{} to {}", from, to);
}

std::string floor_text(const ScoreNoise& score) {
    if (!score.floor) return k_none;
    if (score.floor->difference == 0) return "none seen";
    return fmt::format("±{}", format_number(score.floor->difference));
}

std::string flips_text(const ScoreNoise& score) {
    if (!score.category.empty()) return "";
    return fmt::format("{} of {}", format_count(score.flipped), format_count(score.items));
}

std::vector<std::string> score_lines(const Noise& noise, std::size_t columns) {
    Grid grid;
    grid.headers = {"means", "noise floor", "items that flip"};
    const bool with_variant = has_several_variants(noise);
    for (const ScoreNoise& score : noise.scores) {
        GridLine& line = grid.lines.emplace_back();
        line.label = name_of(score, with_variant);
        line.cells = {range_text(score.means), floor_text(score), flips_text(score)};
    }
    return lay_out(grid, columns);
}

/// "PASS 3, CANNOT TELL 2 of 5"
std::string verdicts_text(const GateNoise& gate) {
    std::vector<std::string> parts;
    const auto add = [&](const char* word, std::uint64_t count) {
        if (count > 0) parts.push_back(fmt::format("{} {}", word, count));
    };
    add("PASS", gate.passed);
    add("FAIL", gate.failed);
    add("CANNOT TELL", gate.undecided);
    return fmt::format("{} of {}", fmt::join(parts, ", "),
                       gate.passed + gate.failed + gate.undecided);
}

std::string gate_text(const GateNoise& gate, bool with_variant) {
    std::vector<std::string> scope;
    if (with_variant && !gate.variant.empty()) scope.push_back(gate.variant);
    if (!gate.slice.empty()) scope.push_back(gate.slice);
    const std::string about =
        scope.empty() ? gate.gate : fmt::format("{} ({})", gate.gate, fmt::join(scope, ", "));
    return fmt::format("{}: {}{}", about, verdicts_text(gate),
                       gate.moves() ? "; it moves on identical input" : "");
}

/// "true 3×, false 2×" when they repeat, else the values run by run.
std::string values_text(const FlippedItem& item) {
    std::map<std::string, int> counts;
    for (const std::string& value : item.values) ++counts[value];
    std::vector<std::pair<int, std::string>> order;
    for (const auto& [value, count] : counts) order.emplace_back(-count, value);
    std::ranges::sort(order);
    std::vector<std::string> parts;
    for (const auto& [count, value] : order) {
        if (parts.size() == k_values_shown) break;
        parts.push_back(counts.size() == item.values.size() ? value
                                                            : fmt::format("{} {}×", value, -count));
    }
    if (order.size() > parts.size()) parts.emplace_back("…");
    return fmt::format("{}", fmt::join(parts, ", "));
}

/// Appends foreign text below the others, indented.
void add_indented(const std::string& text, std::size_t columns, std::vector<std::string>& lines) {
    std::string indent = "  ";
    for (const std::string& part : wrap(terminal_safe(text), columns - 4)) {
        lines.push_back(indent + part);
        indent = "    ";
    }
}

void add_items(const Noise& noise, std::size_t columns, std::vector<std::string>& lines) {
    if (noise.flipped.empty()) return;
    lines.insert(lines.end(), {"", "Flakiest items"});
    const bool with_variant = has_several_variants(noise);
    const std::size_t shown = std::min(noise.flipped.size(), k_items_shown);
    for (std::size_t i = 0; i < shown; ++i) {
        const FlippedItem& item = noise.flipped[i];
        const std::string subject =
            with_variant ? fmt::format("{}, {}", item.score, item.variant) : item.score;
        add_indented(fmt::format("{}  {}: {}", item.item.value(), subject, values_text(item)),
                     columns, lines);
    }
    if (shown == noise.flipped.size()) return;
    lines.push_back(fmt::format("  and {} more; --json has them all",
                                format_count(noise.flipped.size() - shown)));
}

/// The first score that has noise.
const ScoreNoise* first_noisy(const Noise& noise) {
    const auto found = std::ranges::find_if(noise.scores, [](const ScoreNoise& score) {
        return score.floor && score.floor->difference > 0;
    });
    return found == noise.scores.end() ? nullptr : &*found;
}

/// What to do about it.
std::vector<std::string> advice(const Noise& noise, const std::string& store_option) {
    const ScoreNoise* const noisy = first_noisy(noise);
    if (noisy == nullptr && noise.flipped.empty()) {
        return {
            fmt::format("Nothing moved in {}. That does not say that nothing can: more runs "
                        "see rarer flips.",
                        format_some(noise.runs.size(), "run"))};
    }
    std::vector<std::string> lines;
    if (noisy != nullptr) {
        const std::string name = name_of(*noisy, has_several_variants(noise));
        lines.push_back(
            fmt::format("Identical runs break a max_drop below the noise floor by "
                        "chance: that of {} should be above {}.",
                        name, format_number(noisy->floor->difference)));
        lines.push_back(
            noisy->floor->moves_together
                ? fmt::format("The items of {} seem to move together from run to run, and neither "
                              "repetitions nor more items help against that: look for what differs "
                              "between whole runs. More --runs measure it better.",
                              name)
                : fmt::format("`repetitions: {}` would halve it; more items make it smaller too.",
                              noise.repetitions * 4));
    }
    if (!noise.flipped.empty()) {
        lines.push_back(fmt::format(
            "An item that cannot be fixed now: assay flakes quarantine {} --experiment {} --until "
            "30d --reason TEXT{}",
            terminal_safe(noise.flipped.front().item.value()), terminal_safe(noise.experiment),
            store_option));
    }
    return lines;
}

}  // namespace

std::vector<std::string> noise_lines(const Noise& noise, std::size_t columns,
                                     const std::string& store_option) {
    columns = std::max<std::size_t>(columns, 40);
    std::vector<std::string> lines = {
        fit_width(fmt::format("{}: {} of identical input", terminal_safe(noise.experiment),
                              format_some(noise.runs.size(), "run")),
                  columns),
        ""};
    std::ranges::move(score_lines(noise, columns), std::back_inserter(lines));
    lines.push_back("");
    add_indented(fmt::format("noise floor: {} of pairs of identical runs lie no further apart",
                             format_percent(k_noise_confidence)),
                 columns, lines);
    if (!noise.gates.empty()) lines.insert(lines.end(), {"", "Gates"});
    for (const GateNoise& gate : noise.gates) {
        add_indented(gate_text(gate, has_several_variants(noise)), columns, lines);
    }
    add_items(noise, columns, lines);
    lines.push_back("");
    for (const std::string& text : advice(noise, store_option)) {
        std::ranges::move(wrap(text, columns), std::back_inserter(lines));
    }
    return lines;
}

OrderedJson noise_to_json(const Noise& noise) {
    OrderedJson json = {{"id", noise.runs.back()},
                        {"experiment", noise.experiment},
                        {"runs", noise.runs},
                        {"repetitions", noise.repetitions},
                        {"confidence", k_noise_confidence},
                        {"scores", OrderedJson::array()},
                        {"gates", OrderedJson::array()},
                        {"items", OrderedJson::array()}};
    for (const ScoreNoise& score : noise.scores) {
        OrderedJson entry = {
            {"variant", score.variant},
            {"score", score.score},
            {"category", score.category.empty() ? OrderedJson() : OrderedJson(score.category)},
            {"means", score.means},
            {"noise_floor", score.floor ? OrderedJson(score.floor->difference) : OrderedJson()},
            {"run_stddev", score.floor ? OrderedJson(score.floor->run_stddev) : OrderedJson()},
            {"moves_together", score.floor && score.floor->moves_together}};
        if (score.category.empty()) {
            entry["items"] = score.items;
            entry["flipped"] = score.flipped;
        }
        json["scores"].push_back(std::move(entry));
    }
    for (const GateNoise& gate : noise.gates) {
        json["gates"].push_back(
            {{"gate", gate.gate},
             {"variant", gate.variant},
             {"slice", gate.slice.empty() ? OrderedJson() : OrderedJson(gate.slice)},
             {"passed", gate.passed},
             {"failed", gate.failed},
             {"inconclusive", gate.undecided},
             {"moves", gate.moves()}});
    }
    for (const FlippedItem& item : noise.flipped) {
        json["items"].push_back({{"item_id", item.item.value()},
                                 {"variant", item.variant},
                                 {"score", item.score},
                                 {"values", item.values},
                                 {"flip_rate", item.flip_rate}});
    }
    return json;
}

}  // namespace assay
