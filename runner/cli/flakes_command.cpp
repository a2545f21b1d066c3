#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "runner/cli/commands.hpp"
#include "runner/cli/surroundings.hpp"
#include "runner/report/numbers.hpp"
#include "server/store/store.hpp"

namespace assay {
namespace {

std::unexpected<Error> refused(std::string why) {
    return failure(ErrorCode::invalid_argument, std::move(why));
}

/// The runs of one experiment, newest first.
struct ExperimentRuns {
    std::string experiment;
    std::vector<RunRecord> runs;
};

/// @param experiment  "" = that of the newest run.
Result<ExperimentRuns> find_runs(const Store& store, const std::string& experiment) {
    ASSAY_TRY(std::vector<RunRecord> runs, store.runs());
    if (runs.empty()) return refused("there are no runs yet; make one: assay run SPEC");
    ExperimentRuns found{.experiment = experiment.empty() ? runs.front().experiment : experiment,
                         .runs = {}};
    std::vector<std::string> known;
    for (RunRecord& run : runs) {
        known.push_back(run.experiment);
        if (run.experiment == found.experiment) found.runs.push_back(std::move(run));
    }
    if (!found.runs.empty()) return found;
    return failure(ErrorCode::not_found, fmt::format("there is no run of \"{}\"{}", experiment,
                                                     did_you_mean(experiment, known)));
}

/// What a run says of one item: the values of each score, repetition by repetition.
struct ItemScores {
    bool is_there = false;
    /// By variant and score. A unit without an output has none.
    std::map<std::pair<std::string, std::string>, std::vector<std::string>> values;
    std::vector<std::string> others;  ///< some ids of other items
};

std::string value_text(const ScoreValue& value) {
    if (data_type_of(value) == ScoreDataType::numeric)
        return fmt::format("{:.6g}", as_number(value));
    return as_text(to_json(value));
}

Result<ItemScores> scores_in(const Store& store, const RunRecord& run, const std::string& item) {
    constexpr std::size_t k_names_kept = 1000;
    ItemScores scores;
    ASSAY_CHECK(store.for_each_unit(run, [&](const UnitResult& unit) -> Result<void> {
        if (unit.item.id.value() != item) {
            if (scores.others.size() < k_names_kept) scores.others.push_back(unit.item.id.value());
            return {};
        }
        scores.is_there = true;
        for (const Evaluation& evaluation : unit.evaluations) {
            for (const Score& score : evaluation.scores) {
                scores.values[{unit.variant, score.name}].push_back(value_text(score.value));
            }
        }
        return {};
    }));
    return scores;
}

/// A quarantine that names nothing would seem to work.
Result<void> check_subject(const Store& store, const ExperimentRuns& found,
                           const FlakesArguments& arguments) {
    const RunRecord& newest = found.runs.front();
    ASSAY_TRY(const ItemScores scores, scores_in(store, newest, arguments.item));
    if (!scores.is_there) {
        return refused(fmt::format("run {} of {} has no item \"{}\"{}", newest.id.value(),
                                   found.experiment, arguments.item,
                                   did_you_mean(arguments.item, scores.others)));
    }
    if (arguments.score.empty()) return {};
    std::vector<std::string> known;
    for (const ScoreColumn& column : newest.report_plan.scores) known.push_back(column.name);
    for (const auto& [subject, values] : scores.values) known.push_back(subject.second);
    if (std::ranges::find(known, arguments.score) != known.end()) return {};
    return refused(fmt::format("{} has no score \"{}\"{}", found.experiment, arguments.score,
                               did_you_mean(arguments.score, known)));
}

/// For how long, or a day, which counts to its end (UTC), or a time.
Result<Time> parse_until(const std::string& text, Time now) {
    constexpr std::size_t k_day_characters = 10;
    const std::chrono::milliseconds longest = limits::k_quarantine_age_max;
    // A bare number would be seconds, and is more likely half of a day.
    const bool has_unit = !text.empty() && text.back() >= 'a' && text.back() <= 'z';
    if (const auto age = parse_age(text); age && has_unit) {
        if (*age <= longest) return now + *age;
    } else {
        const bool is_day = text.size() == k_day_characters;
        const auto time = parse_rfc3339(is_day ? text + "T00:00:00Z" : text);
        if (!time) {
            return refused(
                fmt::format("--until: \"{}\" is neither an age (12h, 30d) nor a day "
                            "(2026-12-24)",
                            text));
        }
        const Time until = is_day ? *time + std::chrono::days(1) : *time;
        if (until <= now) return refused(fmt::format("--until: {} is over", text));
        if (until <= now + longest) return until;
    }
    return refused(
        fmt::format("--until: {} is too long for a quarantine, which should end; at "
                    "most {} days",
                    text, limits::k_quarantine_age_max.count() / 24));
}

std::string day_of(Time time) { return to_rfc3339(time).substr(0, 16).replace(10, 1, " "); }

Result<ExitCode> quarantine(const FlakesArguments& arguments) {
    if (arguments.until.empty()) {
        return refused(
            fmt::format("say until when: assay flakes quarantine {} --until 30d --reason TEXT",
                        arguments.item));
    }
    if (arguments.reason.empty()) {
        return refused("say why with --reason TEXT: whoever finds the item there will ask");
    }
    const Time now = SystemClock().now();
    ASSAY_TRY(const Time until, parse_until(arguments.until, now));
    ASSAY_TRY(const auto store, Store::open_existing(arguments.store, default_project_id()));
    ASSAY_TRY(const ExperimentRuns found, find_runs(*store, arguments.experiment));
    ASSAY_CHECK(check_subject(*store, found, arguments));
    ASSAY_CHECK(store->put_quarantine({.experiment = found.experiment,
                                       .item = DatasetItemId(arguments.item),
                                       .score = arguments.score,
                                       .until = until,
                                       .created = now,
                                       .created_by = who_acts(),
                                       .reason = arguments.reason,
                                       .released = std::nullopt,
                                       .released_by = {}}));
    print_out(terminal_safe(fmt::format(
                  "Gates of {} do not count {}{} until {} UTC, from the next run on.",
                  found.experiment, arguments.item,
                  arguments.score.empty() ? "" : " for " + arguments.score, day_of(until))) +
              "\n");
    return ExitCode::ok;
}

Result<ExitCode> release(const FlakesArguments& arguments) {
    ASSAY_TRY(const auto store, Store::open_existing(arguments.store, default_project_id()));
    ASSAY_TRY(const ExperimentRuns found, find_runs(*store, arguments.experiment));
    const Time now = SystemClock().now();
    ASSAY_CHECK(store->release({.experiment = found.experiment,
                                .item = DatasetItemId(arguments.item),
                                .score = arguments.score,
                                .until = now,
                                .created = now,
                                .created_by = {},
                                .reason = {},
                                .released = now,
                                .released_by = who_acts()}));
    print_out(terminal_safe(fmt::format("Gates of {} count {} again, from the next run on.",
                                        found.experiment, arguments.item)) +
              "\n");
    return ExitCode::ok;
}

const char* state_of(const QuarantineEntry& entry, Time now) {
    if (entry.released) return "released";
    return entry.is_active(now) ? "active" : "expired";
}

OrderedJson to_json(const QuarantineEntry& entry, Time now) {
    OrderedJson json = {{"id", entry.item.value()},
                        {"experiment", entry.experiment},
                        {"item_id", entry.item.value()},
                        {"score", entry.score.empty() ? OrderedJson() : OrderedJson(entry.score)},
                        {"state", state_of(entry, now)},
                        {"until", to_rfc3339(entry.until)},
                        {"created_at", to_rfc3339(entry.created)},
                        {"created_by", entry.created_by},
                        {"reason", entry.reason}};
    if (entry.released) {
        json["released_at"] = to_rfc3339(*entry.released);
        json["released_by"] = entry.released_by;
    }
    return json;
}

void print_entries(const std::vector<QuarantineEntry>& entries, Time now, const Console& console) {
    constexpr const char* k_row = "{:<20} {:<20} {:<15} {:<9} {:<17} {:<10} {}\n";
    constexpr std::size_t k_fixed_columns = 21 + 21 + 16 + 10 + 18 + 11;
    const std::size_t room = std::max<std::size_t>(console.columns, k_fixed_columns + 12);
    print_out(
        fmt::format(k_row, "ITEM", "EXPERIMENT", "SCORE", "STATE", "UNTIL (UTC)", "BY", "REASON"));
    for (const QuarantineEntry& each : entries) {
        const std::string score = each.score.empty() ? "all" : each.score;
        print_out(fmt::format(k_row, fit_width(terminal_safe(each.item.value()), 20),
                              fit_width(terminal_safe(each.experiment), 20),
                              fit_width(terminal_safe(score), 15), state_of(each, now),
                              day_of(each.until), fit_width(terminal_safe(each.created_by), 10),
                              fit_width(terminal_safe(each.reason), room - k_fixed_columns)));
    }
}

Result<ExitCode> list(const FlakesArguments& arguments, const Console& console) {
    auto store = Store::open_existing(arguments.store, default_project_id());
    std::vector<QuarantineEntry> entries;
    if (store) {
        ASSAY_TRY(entries, (*store)->quarantine());
    } else if (store.error().code != ErrorCode::not_found) {
        return std::unexpected(store.error());
    }
    std::erase_if(entries, [&](const QuarantineEntry& entry) {
        const bool other =
            !arguments.experiment.empty() && entry.experiment != arguments.experiment;
        return other || (entry.released && !arguments.all);
    });
    const Time now = SystemClock().now();
    if (arguments.json) {
        OrderedJson json = OrderedJson::array();
        for (const QuarantineEntry& entry : entries) json.push_back(to_json(entry, now));
        print_out(to_pretty_text(json));
    } else if (entries.empty()) {
        print_out("Nothing is in quarantine. See which items flip: assay noise SPEC\n");
    } else {
        print_entries(entries, now, console);
    }
    return ExitCode::ok;
}

/// One value of the item in one run.
struct PastValue {
    const RunRecord* run = nullptr;
    std::string variant;
    std::string score;
    std::string value;     ///< of all repetitions
    bool flipped = false;  ///< not what the run before it said on identical input
};

Result<std::vector<PastValue>> values_of(const Store& store, const ExperimentRuns& found,
                                         const FlakesArguments& arguments) {
    std::vector<PastValue> history;  // oldest first, while it is made
    std::map<std::tuple<std::string, std::string, std::string>, std::string> last;
    const std::size_t count = std::min<std::size_t>(found.runs.size(), arguments.runs);
    for (std::size_t i = count; i-- > 0;) {
        const RunRecord& run = found.runs[i];
        ASSAY_TRY(const ItemScores scores, scores_in(store, run, arguments.item));
        for (const auto& [subject, values] : scores.values) {
            const auto& [variant, score] = subject;
            if (!arguments.score.empty() && score != arguments.score) continue;
            const std::string value = fmt::format("{}", fmt::join(values, ", "));
            const auto [before, is_first] =
                last.try_emplace({run.plan_sha256, variant, score}, value);
            history.push_back({.run = &run,
                               .variant = variant,
                               .score = score,
                               .value = value,
                               .flipped = !is_first && before->second != value});
            before->second = value;
        }
    }
    std::ranges::reverse(history);
    return history;
}

Result<ExitCode> history(const FlakesArguments& arguments) {
    ASSAY_TRY(const auto store, Store::open_existing(arguments.store, default_project_id()));
    ASSAY_TRY(const ExperimentRuns found, find_runs(*store, arguments.experiment));
    ASSAY_TRY(const std::vector<PastValue> values, values_of(*store, found, arguments));
    if (values.empty()) ASSAY_CHECK(check_subject(*store, found, arguments));
    if (arguments.json) {
        OrderedJson json = OrderedJson::array();
        for (const PastValue& each : values) {
            json.push_back({{"id", each.run->id.value()},
                            {"started_at", to_rfc3339(each.run->started)},
                            {"variant", each.variant},
                            {"score", each.score},
                            {"value", each.value},
                            {"flipped", each.flipped}});
        }
        print_out(to_pretty_text(json));
        return ExitCode::ok;
    }
    constexpr const char* k_row = "{:<23} {:<17} {:<15} {:<20} {}\n";
    print_out(fmt::format(k_row, "RUN", "STARTED (UTC)", "VARIANT", "SCORE", "VALUE"));
    std::size_t flips = 0;
    for (const PastValue& each : values) {
        if (each.flipped) ++flips;
        print_out(fmt::format(k_row, each.run->id.value(), day_of(each.run->started),
                              fit_width(terminal_safe(each.variant), 15),
                              fit_width(terminal_safe(each.score), 20),
                              terminal_safe(each.value) + (each.flipped ? "  flipped" : "")));
    }
    print_out(fmt::format("{} on identical input\n", format_some(flips, "flip")));
    return ExitCode::ok;
}

Result<ExitCode> act(const FlakesArguments& arguments, const Console& console) {
    if (arguments.action == "list") return list(arguments, console);
    if (arguments.item.empty()) {
        return refused(fmt::format("name the item: assay flakes {} ITEM", arguments.action));
    }
    if (arguments.action == "quarantine") return quarantine(arguments);
    if (arguments.action == "release") return release(arguments);
    return history(arguments);
}

}  // namespace

ExitCode flakes_command(const FlakesArguments& arguments, const Console& console) {
    return end_with(act(arguments, console));
}

}  // namespace assay
