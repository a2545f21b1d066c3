#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/base/files.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "runner/cli/commands.hpp"
#include "runner/cli/surroundings.hpp"
#include "runner/report/numbers.hpp"
#include "runner/report/reference_run.hpp"
#include "server/store/store.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_name_characters_max = 100;

std::unexpected<Error> refused(std::string why) {
    return failure(ErrorCode::invalid_argument, std::move(why));
}

/// Names must not look like paths, options or runs.
Result<void> check_name(const std::string& name) {
    const bool usable = std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    });
    const bool sized = !name.empty() && name.size() <= k_name_characters_max;
    if (usable && sized && name.front() != '-' && name != "latest") return {};
    return refused(
        fmt::format("\"{}\" cannot name a baseline; use up to {} letters, digits and . _ -", name,
                    k_name_characters_max));
}

/// Why a run cannot stand for the whole of its dataset; "" when it can.
std::string why_no_baseline(const RunRecord& run, const Store& store) {
    if (run.shard) {
        return fmt::format("it is shard {}/{}; merge the shards with `assay merge`",
                           run.shard->index, run.shard->count);
    }
    if (run.partial) {
        return "it took a part of the dataset (--limit, --sample, --filter); run all of it";
    }
    if (run.state == RunState::finished) return {};
    if (store.is_open_elsewhere(run.id)) return "it is still being executed";
    const char* const state =
        run.state == RunState::running ? "it was stopped" : to_string(run.state);
    return fmt::format("{}{}; go on with it: assay run --resume {}",
                       run.state == RunState::running ? "" : "it is ", state, run.id.value());
}

std::string describe(const Baseline& baseline) {
    return fmt::format("run {}, set {} by {}{}", baseline.run.value(),
                       to_rfc3339(baseline.created).substr(0, 10), baseline.created_by,
                       baseline.reason.empty() ? "" : fmt::format(": {}", baseline.reason));
}

/// What is there already is only given up when somebody says so.
Result<void> check_free(const BaselineArguments& arguments, const Store& store) {
    if (arguments.replace) return {};
    const auto known = store.find_baseline(arguments.name);
    if (known) {
        return refused(
            fmt::format("the baseline \"{}\" is {}; to give the name to another run, "
                        "add --replace",
                        arguments.name, terminal_safe(describe(*known))));
    }
    if (known.error().code != ErrorCode::not_found) return std::unexpected(known.error());
    std::error_code ignored;  // writing it will tell
    if (arguments.out.empty() || !fs::exists(arguments.out, ignored)) return {};
    return refused(fmt::format(
        "{} is there already; to write another baseline to it, add --replace", arguments.out));
}

Result<ReferenceRun> measured(const RunRecord& run, const Store& store) {
    const auto units = [&](const UnitVisitor& visit) { return store.for_each_unit(run, visit); };
    ASSAY_TRY(ReferenceRun reference, reference_from_units(run, units));
    const bool has_values = std::ranges::any_of(
        reference.tables, [](const ScoreTable& table) { return !table.scores.empty(); });
    if (has_values) return reference;
    return refused(
        fmt::format("run {} cannot be a baseline: none of its units was scored", run.id.value()));
}

Result<ExitCode> set_baseline(const BaselineArguments& arguments) {
    if (arguments.run.empty()) return refused("name the run: assay baseline set NAME RUN");
    ASSAY_CHECK(check_name(arguments.name));
    ASSAY_TRY(const auto store, Store::open_existing(arguments.store, default_project_id()));
    ASSAY_TRY(const RunRecord run, store->find_run(arguments.run));
    const std::string why = why_no_baseline(run, *store);
    if (!why.empty()) {
        return refused(fmt::format("run {} cannot be a baseline: {}", run.id.value(), why));
    }
    ASSAY_CHECK(check_free(arguments, *store));
    ASSAY_TRY(const ReferenceRun reference, measured(run, *store));
    const BaselineFacts facts{.name = arguments.name,
                              .created = SystemClock().now(),
                              .created_by = who_acts(),
                              .reason = arguments.reason};
    const std::string document = baseline_document(facts, run, reference);
    if (!arguments.out.empty()) ASSAY_CHECK(write_file_atomically(arguments.out, document));
    ASSAY_CHECK(store->put_baseline(
        {.name = facts.name,
         .sha256 = {},
         .run = run.id,
         .created = facts.created,
         .created_by = facts.created_by,
         .reason = facts.reason,
         .removed = std::nullopt,
         .removed_by = {}},
        document, arguments.replace ? Store::NameTaken::replace : Store::NameTaken::refuse));
    print_out(fmt::format("Baseline {}: run {}\n", facts.name, run.id.value()));
    if (!arguments.out.empty()) print_out(fmt::format("File: {}\n", arguments.out));
    return ExitCode::ok;
}

OrderedJson to_json(const Baseline& baseline) {
    OrderedJson json = {{"id", baseline.name},
                        {"name", baseline.name},
                        {"run_id", baseline.run.value()},
                        {"created_at", to_rfc3339(baseline.created)},
                        {"created_by", baseline.created_by},
                        {"reason", baseline.reason},
                        {"sha256", baseline.sha256}};
    if (baseline.removed) {
        json["removed_at"] = to_rfc3339(*baseline.removed);
        json["removed_by"] = baseline.removed_by;
    }
    return json;
}

void print_baselines(const std::vector<Baseline>& baselines, const Console& console) {
    constexpr std::size_t k_fixed_columns = 24 + 24 + 12 + 16;  // name, run, when, who
    const std::size_t room = std::max<std::size_t>(console.columns, k_fixed_columns + 12);
    print_out(
        fmt::format("{:<23} {:<23} {:<11} {:<15} {}\n", "BASELINE", "RUN", "SET", "BY", "REASON"));
    for (const Baseline& each : baselines) {
        std::string reason = each.reason;
        if (each.removed) {
            reason = fmt::format("(until {}, {}) {}", to_rfc3339(*each.removed).substr(0, 10),
                                 each.removed_by, reason);
        }
        print_out(fmt::format("{:<23} {:<23} {:<11} {:<15} {}\n", each.name, each.run.value(),
                              to_rfc3339(each.created).substr(0, 10),
                              fit_width(terminal_safe(each.created_by), 15),
                              fit_width(terminal_safe(reason), room - k_fixed_columns)));
    }
}

Result<ExitCode> list_baselines(const BaselineArguments& arguments, const Console& console) {
    auto store = Store::open_existing(arguments.store, default_project_id());
    std::vector<Baseline> baselines;
    if (store) {
        ASSAY_TRY(baselines, (*store)->baselines());
    } else if (store.error().code != ErrorCode::not_found) {
        return std::unexpected(store.error());
    }
    if (!arguments.all) {
        std::erase_if(baselines, [](const Baseline& each) { return each.removed.has_value(); });
    }
    if (arguments.json) {
        OrderedJson list = OrderedJson::array();
        for (const Baseline& each : baselines) list.push_back(to_json(each));
        print_out(to_pretty_text(list));
    } else if (baselines.empty()) {
        print_out(fmt::format("No baselines in {} yet. Make one: assay baseline set NAME RUN\n",
                              arguments.store));
    } else {
        print_baselines(baselines, console);
    }
    return ExitCode::ok;
}

/// The mean of a score over the items that have it; categories have none.
std::optional<double> mean_of(const ScoreSeries& series) {
    if (series.data_type == ScoreDataType::categorical) return std::nullopt;
    double sum = 0;
    std::uint64_t items = 0;
    for (std::size_t i = 0; i < series.counts.size(); ++i) {
        if (series.counts[i] == 0) continue;
        sum += series.means[i];
        ++items;
    }
    return items == 0 ? std::nullopt : std::optional(sum / static_cast<double>(items));
}

void print_tables(const ReferenceRun& reference) {
    for (const ScoreTable& table : reference.tables) {
        print_out(fmt::format("\n{}, {}\n", terminal_safe(table.variant),
                              format_some(table.items.size(), "item")));
        for (const ScoreSeries& series : table.scores) {
            const auto mean = mean_of(series);
            print_field(series.name, mean ? Json(format_number(*mean))
                                          : Json(format_some(series.categories.size(), "label")));
        }
    }
}

Result<ExitCode> show_baseline(const BaselineArguments& arguments) {
    ASSAY_TRY(const auto store, Store::open_existing(arguments.store, default_project_id()));
    ASSAY_TRY(const Baseline baseline, store->find_baseline(arguments.name));
    ASSAY_TRY(const std::string document, store->baseline_document(baseline.sha256));
    if (arguments.json) {
        print_out(document);
        return ExitCode::ok;
    }
    ASSAY_TRY(const ReferenceRun reference, reference_from_text(document, baseline.name));
    print_field("baseline", baseline.name);
    print_field("run", baseline.run.value());
    print_field("set", fmt::format("{} by {}", to_rfc3339(baseline.created), baseline.created_by));
    if (!baseline.reason.empty()) print_field("reason", baseline.reason);
    print_field("sha256", baseline.sha256);
    print_tables(reference);
    return ExitCode::ok;
}

Result<ExitCode> remove_baseline(const BaselineArguments& arguments) {
    ASSAY_TRY(const auto store, Store::open_existing(arguments.store, default_project_id()));
    ASSAY_CHECK(store->remove_baseline(arguments.name, SystemClock().now(), who_acts()));
    print_out(fmt::format("Removed the baseline {}; assay baseline list --all still shows it\n",
                          arguments.name));
    return ExitCode::ok;
}

Result<ExitCode> act(const BaselineArguments& arguments, const Console& console) {
    if (arguments.action == "list") return list_baselines(arguments, console);
    if (arguments.name.empty()) {
        return refused(fmt::format("name the baseline: assay baseline {} NAME", arguments.action));
    }
    if (arguments.action == "set") return set_baseline(arguments);
    if (arguments.action == "show") return show_baseline(arguments);
    return remove_baseline(arguments);
}

}  // namespace

ExitCode baseline_command(const BaselineArguments& arguments, const Console& console) {
    return end_with(act(arguments, console));
}

}  // namespace assay
