#include "runner/cli/trace_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "core/base/money.hpp"
#include "core/base/text.hpp"
#include "runner/report/grid.hpp"
#include "runner/report/numbers.hpp"
#include "runner/sources/document.hpp"

namespace assay {
namespace {

constexpr double k_formatted_usd_max = 1e9;  // beyond it nano-dollars would overflow
constexpr const char* k_usual_level = "DEFAULT";

std::string latency_text(double seconds) { return format_ms(seconds * 1000); }

std::string cost_text(std::optional<double> usd) {
    if (!usd) return "";
    if (std::abs(*usd) > k_formatted_usd_max) return fmt::format("${:.3g}", *usd);
    return format_cost(nanos_from_usd(*usd));
}

std::string text_or_nothing(const OrderedJson& object, const char* name) {
    return text_of(object, name).value_or("");
}

/// "2026-11-01 09:30".
std::string minute_text(const OrderedJson& object, const char* name) {
    const auto time = time_of(object, name);
    if (!time) return "";
    std::string text = to_rfc3339(*time).substr(0, 16);
    text[10] = ' ';
    return text;
}

std::string cell(std::string_view text, std::size_t columns) {
    return pad_right(fit_width(terminal_safe(text), columns), columns);
}

// --- The table ---

constexpr std::size_t k_id_columns_min = 8;
constexpr std::size_t k_id_columns_max = 36;     // a UUID
constexpr std::size_t k_name_columns_good = 16;  // less, and users and sessions are left out
constexpr std::size_t k_who_columns = 16;        // a user or a session
constexpr std::size_t k_name_columns_least = 12;
constexpr std::size_t k_number_columns = 4 + 9 + 10 + 7;
constexpr std::size_t k_fixed_columns = 16 + 2 + k_number_columns + 2;  // without id and name

/// So many bytes of each id tell all of them apart.
std::size_t distinct_length(std::span<const OrderedJson> traces) {
    std::vector<std::string> ids;
    for (const OrderedJson& trace : traces) ids.push_back(text_or_nothing(trace, "id"));
    std::ranges::sort(ids);
    std::size_t length = k_id_columns_min;
    for (std::size_t i = 1; i < ids.size(); ++i) {
        const auto differ = std::ranges::mismatch(ids[i - 1], ids[i]);
        const auto same = static_cast<std::size_t>(differ.in1 - ids[i - 1].begin());
        length = std::max(length, same + 1);
    }
    return std::min(length, k_id_columns_max);
}

/// The beginning of an id, without a mark that it was cut: it can be typed as it is.
std::string id_beginning(const std::string& id, std::size_t columns) {
    const std::string safe = terminal_safe(id);
    if (display_width(safe) <= columns) return pad_right(safe, columns);
    const bool is_ascii = std::ranges::all_of(safe, [](char c) { return (c & '\x80') == 0; });
    return is_ascii ? safe.substr(0, columns) : pad_right(fit_width(safe, columns), columns);
}

struct TableWidths {
    std::size_t id = k_id_columns_min;
    std::size_t name = 0;
    bool has_who = false;
};

TableWidths widths_for(std::span<const OrderedJson> traces, std::size_t columns) {
    TableWidths widths{.id = distinct_length(traces)};
    const auto left = [&](std::size_t taken) { return columns > taken ? columns - taken : 0; };
    const std::size_t who = 2 * (k_who_columns + 2);
    widths.has_who = left(k_fixed_columns + widths.id + who) >= k_name_columns_good;
    const std::size_t taken = k_fixed_columns + (widths.has_who ? who : 0);
    std::size_t longest = widths.id;
    for (const OrderedJson& trace : traces) {
        longest = std::max(longest, display_width(terminal_safe(text_or_nothing(trace, "id"))));
    }
    longest = std::min(longest, k_id_columns_max);
    if (left(taken + longest) >= k_name_columns_good) widths.id = longest;
    const std::size_t most = left(taken + k_name_columns_least);
    widths.id = std::clamp(most, k_id_columns_min, widths.id);
    widths.name = std::max(left(taken + widths.id), k_name_columns_least);
    return widths;
}

// --- The tree ---

constexpr std::size_t k_observation_columns = 9 + 10 + 11 + 2 + 11 + 1;  // before the tree
constexpr std::size_t k_tree_columns_min = 30;

/// Of all kinds; nothing when none were counted.
std::string tokens_text(const OrderedJson& observation) {
    const auto total = integer_of(member_of(observation, "usageDetails"), "total");
    return total ? format_count(static_cast<std::uint64_t>(std::max<std::int64_t>(*total, 0)))
                 : std::string();
}

std::string duration_text(const OrderedJson& observation) {
    const auto seconds = number_of(observation, "latency");
    return seconds ? latency_text(*seconds) : std::string();
}

/// A trace's observations, while their lines are written.
class TreeWriter {
  public:
    TreeWriter(const OrderedJson& trace, std::size_t columns)
        : observations_(list_of(trace, "observations")),
          room_(std::max(columns, k_observation_columns + k_tree_columns_min) -
                k_observation_columns) {
        std::set<std::string> ids;
        for (const OrderedJson& each : observations_) ids.insert(text_or_nothing(each, "id"));
        for (std::size_t i = 0; i < observations_.size(); ++i) {
            const auto parent = text_of(observations_[i], "parentObservationId");
            if (parent && ids.contains(*parent)) {
                children_[*parent].push_back(i);
            } else {
                roots_.push_back(i);
            }
        }
        for (const OrderedJson& score : list_of(trace, "scores")) {
            const auto observation = text_of(score, "observationId");
            if (observation) scores_[*observation].push_back(&score);
        }
    }

    [[nodiscard]] std::vector<std::string> write() {
        put("DURATION", "TOKENS", "COST", "TYPE", "OBSERVATION");
        for (const std::size_t root : roots_) write_from(root);
        // Those that are their own ancestors hang below no root.
        for (std::size_t i = 0; i < observations_.size(); ++i) write_from(i);
        return std::move(lines_);
    }

  private:
    /// An observation and what is below it. Clients may nest as deep as they like: no recursion.
    void write_from(std::size_t root) {
        std::vector<std::pair<std::size_t, std::size_t>> open = {{root, 0}};
        while (!open.empty()) {
            const auto [index, depth] = open.back();
            open.pop_back();
            if (!written_.insert(index).second) continue;
            const OrderedJson& observation = observations_[index];
            write_one(observation, depth);
            const auto below = children_.find(text_or_nothing(observation, "id"));
            if (below == children_.end()) continue;
            for (auto child = below->second.rbegin(); child != below->second.rend(); ++child) {
                open.emplace_back(*child, depth + 1);
            }
        }
    }

    void write_one(const OrderedJson& observation, std::size_t depth) {
        const std::string indent(std::min(2 * depth, room_ / 2), ' ');
        const std::string id = text_or_nothing(observation, "id");
        std::string text = text_of(observation, "name").value_or(id);
        if (const auto model = text_of(observation, "model")) text += " · " + *model;
        put(duration_text(observation), tokens_text(observation),
            cost_text(number_of(observation, "calculatedTotalCost")),
            text_or_nothing(observation, "type"), indent + text);
        const std::string level = text_of(observation, "level").value_or(k_usual_level);
        const auto status = text_of(observation, "statusMessage");
        const bool is_usual = level == k_usual_level;
        if (!is_usual || status) {
            put("", "", "", "",
                fmt::format("{}  {}{}{}", indent, is_usual ? "status" : level, status ? ": " : "",
                            status.value_or("")));
        }
        const auto scores = scores_.find(id);
        if (scores == scores_.end()) return;
        for (const OrderedJson* const score : scores->second) {
            put("", "", "", "", indent + "  score " + score_text(*score));
        }
    }

    void put(std::string_view duration, std::string_view tokens, std::string_view cost,
             std::string_view type, const std::string& text) {
        lines_.push_back(fmt::format("{} {} {}  {} {}", pad_left(duration, 9), pad_left(tokens, 9),
                                     pad_left(cost, 10), cell(type, 11),
                                     fit_width(terminal_safe(text), room_)));
    }

    const std::vector<OrderedJson>& observations_;
    std::size_t room_;
    std::vector<std::size_t> roots_;
    std::map<std::string, std::vector<std::size_t>> children_;
    std::map<std::string, std::vector<const OrderedJson*>> scores_;
    std::set<std::size_t> written_;
    std::vector<std::string> lines_;
};

}  // namespace

std::string latency_of(const OrderedJson& trace) {
    const auto seconds = number_of(trace, "latency");
    const bool is_known = seconds && *seconds >= 0 && !list_of(trace, "observations").empty();
    return is_known ? latency_text(*seconds) : std::string();
}

std::string cost_of(const OrderedJson& trace) {
    const auto usd = number_of(trace, "totalCost");
    return usd && *usd > 0 ? cost_text(usd) : std::string();
}

std::string score_text(const OrderedJson& score) {
    const OrderedJson& number = member_of(score, "value");
    const auto text = text_of(score, "stringValue");
    std::string value = text.value_or(as_text(Json(number)));
    if (text_of(score, "dataType") == "BOOLEAN") value = number != 0 ? "true" : "false";
    std::string line = fmt::format("{} {}", text_or_nothing(score, "name"), value);
    const auto comment = text_of(score, "comment");
    if (comment && !comment->empty()) line += ": " + *comment;
    return line;
}

std::vector<std::string> trace_table(std::span<const OrderedJson> traces, std::size_t columns) {
    const TableWidths widths = widths_for(traces, columns);
    std::vector<std::string> lines;
    const auto put = [&](std::string_view time, std::string_view id, std::string_view numbers,
                         std::string_view user, std::string_view session, std::string_view name) {
        const std::string who = widths.has_who ? fmt::format("{}  {}  ", cell(user, k_who_columns),
                                                             cell(session, k_who_columns))
                                               : std::string();
        lines.push_back(fmt::format("{:<16}  {}{}  {}{}", time, pad_right(id, widths.id), numbers,
                                    who, fit_width(terminal_safe(name), widths.name)));
    };
    const auto numbers = [](std::string_view observations, std::string_view latency,
                            std::string_view cost, std::string_view scores) {
        return fmt::format("{:>4} {:>8} {:>9} {:>6}", observations, latency, cost, scores);
    };
    put("TIME", "ID", numbers("OBS", "LATENCY", "COST", "SCORES"), "USER", "SESSION", "NAME");
    for (const OrderedJson& trace : traces) {
        put(minute_text(trace, "timestamp"), id_beginning(text_or_nothing(trace, "id"), widths.id),
            numbers(std::to_string(list_of(trace, "observations").size()), latency_of(trace),
                    cost_of(trace), std::to_string(list_of(trace, "scores").size())),
            text_or_nothing(trace, "userId"), text_or_nothing(trace, "sessionId"),
            text_or_nothing(trace, "name"));
    }
    return lines;
}

std::vector<std::string> observation_tree(const OrderedJson& trace, std::size_t columns) {
    return TreeWriter(trace, columns).write();
}

}  // namespace assay
