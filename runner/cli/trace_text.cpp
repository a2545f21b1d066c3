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
#include "server/api/score_json.hpp"
#include "server/api/trace_json.hpp"

namespace assay {
namespace {

constexpr double k_formatted_usd_max = 1e9;  // beyond it nano-dollars would overflow
constexpr std::string_view k_usual_level = "DEFAULT";

std::string latency_text(double seconds) { return format_ms(seconds * 1000); }

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
std::size_t distinct_length(std::span<const StoredTrace> traces) {
    std::vector<std::string_view> ids;
    for (const StoredTrace& trace : traces) ids.emplace_back(trace.record.id.value());
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

TableWidths widths_for(std::span<const StoredTrace> traces, std::size_t columns) {
    TableWidths widths{.id = distinct_length(traces)};
    const auto left = [&](std::size_t taken) { return columns > taken ? columns - taken : 0; };
    const std::size_t who = 2 * (k_who_columns + 2);
    widths.has_who = left(k_fixed_columns + widths.id + who) >= k_name_columns_good;
    const std::size_t taken = k_fixed_columns + (widths.has_who ? who : 0);
    std::size_t longest = widths.id;
    for (const StoredTrace& trace : traces) {
        longest = std::max(longest, display_width(terminal_safe(trace.record.id.value())));
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
std::string tokens_text(const ObservationRecord& observation) {
    const auto total = observation.usage_details.find("total");
    if (total == observation.usage_details.end() || !total->is_number_integer()) return "";
    return format_count(
        static_cast<std::uint64_t>(std::max<std::int64_t>(total->get<std::int64_t>(), 0)));
}

/// A trace's observations, while their lines are written.
class TreeWriter {
  public:
    TreeWriter(const StoredTrace& trace, std::size_t columns)
        : trace_(trace),
          room_(std::max(columns, k_observation_columns + k_tree_columns_min) -
                k_observation_columns) {
        std::set<std::string_view> ids;
        for (const ObservationRecord& each : trace.observations) ids.insert(each.id.value());
        for (std::size_t i = 0; i < trace.observations.size(); ++i) {
            const auto& parent = trace.observations[i].parent_id;
            if (parent && ids.contains(*parent)) {
                children_[*parent].push_back(i);
            } else {
                roots_.push_back(i);
            }
        }
        for (const ScoreRecord& score : trace.scores) {
            if (score.observation_id) scores_[*score.observation_id].push_back(&score);
        }
    }

    [[nodiscard]] std::vector<std::string> write() {
        put("DURATION", "TOKENS", "COST", "TYPE", "OBSERVATION");
        for (const std::size_t root : roots_) write_from(root);
        // Those that are their own ancestors hang below no root.
        for (std::size_t i = 0; i < trace_.observations.size(); ++i) write_from(i);
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
            const ObservationRecord& observation = trace_.observations[index];
            write_one(observation, depth);
            const auto below = children_.find(observation.id.value());
            if (below == children_.end()) continue;
            for (auto child = below->second.rbegin(); child != below->second.rend(); ++child) {
                open.emplace_back(*child, depth + 1);
            }
        }
    }

    void write_one(const ObservationRecord& observation, std::size_t depth) {
        const std::string indent(std::min(2 * depth, room_ / 2), ' ');
        std::string text = observation.name.value_or(observation.id.value());
        if (observation.model) text += " · " + *observation.model;
        const auto latency =
            observation.end ? latency_text(seconds_between(observation.start, *observation.end))
                            : std::string();
        put(latency, tokens_text(observation), cost_text(observation.total_cost), observation.type,
            indent + text);
        const bool is_usual = observation.level == k_usual_level;
        if (!is_usual || observation.status_message) {
            put("", "", "", "",
                fmt::format("{}  {}{}{}", indent, is_usual ? "status" : observation.level,
                            observation.status_message ? ": " : "",
                            observation.status_message.value_or("")));
        }
        const auto scores = scores_.find(observation.id.value());
        if (scores == scores_.end()) return;
        for (const ScoreRecord* const score : scores->second) {
            put("", "", "", "", indent + "  score " + score_text(*score));
        }
    }

    void put(std::string_view duration, std::string_view tokens, std::string_view cost,
             std::string_view type, const std::string& text) {
        lines_.push_back(fmt::format("{} {} {}  {} {}", pad_left(duration, 9), pad_left(tokens, 9),
                                     pad_left(cost, 10), cell(type, 11),
                                     fit_width(terminal_safe(text), room_)));
    }

    const StoredTrace& trace_;
    std::size_t room_;
    std::vector<std::size_t> roots_;
    std::map<std::string_view, std::vector<std::size_t>> children_;
    std::map<std::string_view, std::vector<const ScoreRecord*>> scores_;
    std::set<std::size_t> written_;
    std::vector<std::string> lines_;
};

}  // namespace

double StoredTrace::latency_seconds() const {
    if (observations.empty()) return 0;
    Time first = Time::max();
    Time last = Time::min();
    for (const ObservationRecord& each : observations) {
        first = std::min(first, each.start);
        last = std::max(last, each.end.value_or(each.start));
    }
    return seconds_between(first, last);
}

std::optional<double> StoredTrace::cost_usd() const {
    std::optional<double> cost;
    for (const ObservationRecord& each : observations) {
        if (each.total_cost) cost = cost.value_or(0) + *each.total_cost;
    }
    return cost;
}

std::string StoredTrace::latency() const {
    return observations.empty() ? std::string() : latency_text(latency_seconds());
}

std::string minute_text(Time time) {
    std::string text = to_rfc3339(time).substr(0, 16);
    text[10] = ' ';
    return text;
}

std::string cost_text(std::optional<double> usd) {
    if (!usd) return "";
    if (std::abs(*usd) > k_formatted_usd_max) return fmt::format("${:.3g}", *usd);
    return format_cost(nanos_from_usd(*usd));
}

std::string score_text(const ScoreRecord& score) {
    const Json value(score_v3_json(default_project_id(), score, {})["value"]);
    std::string text = fmt::format("{} {}", score.name, as_text(value));
    if (score.comment && !score.comment->empty()) text += ": " + *score.comment;
    return text;
}

std::vector<std::string> trace_table(std::span<const StoredTrace> traces, std::size_t columns) {
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
    for (const StoredTrace& trace : traces) {
        const TraceRecord& record = trace.record;
        put(minute_text(record.timestamp), id_beginning(record.id.value(), widths.id),
            numbers(std::to_string(trace.observations.size()), trace.latency(),
                    cost_text(trace.cost_usd()), std::to_string(trace.scores.size())),
            record.user_id.value_or(""), record.session_id.value_or(""), record.name.value_or(""));
    }
    return lines;
}

std::vector<std::string> observation_tree(const StoredTrace& trace, std::size_t columns) {
    return TreeWriter(trace, columns).write();
}

}  // namespace assay
