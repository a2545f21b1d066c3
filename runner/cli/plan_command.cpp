#include <fmt/format.h>

#include <algorithm>

#include "core/base/files.hpp"
#include "runner/cli/commands.hpp"
#include "runner/cli/open_run.hpp"
#include "runner/cli/plan_detection.hpp"
#include "runner/cli/prepare.hpp"
#include "runner/cli/prepare_run.hpp"
#include "runner/engine/estimate.hpp"
#include "runner/engine/unit_source.hpp"
#include "runner/report/grid.hpp"
#include "runner/report/numbers.hpp"

namespace assay {
namespace {

/// What the newest finished runs of the experiment tell, if there are any.
struct Experience {
    std::string run;  ///< "" = none
    std::map<std::string, UnitHistory> units;
    std::vector<Report> reports;  ///< at most two, the newest first

    [[nodiscard]] EarlierRuns earlier() const {
        return {.newest = reports.empty() ? nullptr : &reports[0],
                .before = reports.size() < 2 ? nullptr : &reports[1]};
    }
};

UnitHistory history_of(const VariantSummary& variant) {
    UnitHistory history;
    const std::uint64_t ended = variant.units.planned - variant.units.skipped;
    if (ended == 0) return history;
    const auto units = static_cast<double>(ended);
    const auto tokens = [&](const char* kind) -> std::optional<double> {
        const auto found = variant.tokens.find(kind);
        if (found == variant.tokens.end()) return std::nullopt;
        return static_cast<double>(found->second) / units;
    };
    history.input_tokens = tokens("input");
    history.output_tokens = tokens("output");
    if (variant.cost) history.cost_usd = to_usd(*variant.cost) / units;
    const bool judged = variant.judges && variant.judges->cost;
    if (judged) history.judge_cost_usd = to_usd(*variant.judges->cost) / units;
    history.latency_ms = variant.latency.p50;
    return history;
}

Result<Experience> experience_of(const std::string& folder, const std::string& experiment) {
    Experience experience;
    const auto store = Store::open_existing(folder, default_project_id());
    if (!store) return experience;  // nothing was run here yet
    ASSAY_TRY(const std::vector<RunRecord> runs, (*store)->runs());
    for (const RunRecord& run : runs) {
        if (run.experiment != experiment || run.state != RunState::finished) continue;
        const UnitStream units = [&](const UnitVisitor& visit) {
            return (*store)->for_each_unit(run, visit);
        };
        ASSAY_TRY(Report report, make_report(run, units));
        experience.reports.push_back(std::move(report));
        if (experience.reports.size() == 2) break;
    }
    if (experience.reports.empty()) return experience;
    const Report& newest = experience.reports.front();
    experience.run = newest.run.id.value();
    for (const VariantSummary& variant : newest.variants) {
        experience.units[variant.name] = history_of(variant);
    }
    return experience;
}

std::string about(const std::optional<std::uint64_t>& tokens) {
    return tokens ? "~" + format_count(*tokens) : "unknown";
}

std::string about_cost(const std::optional<double>& usd) {
    if (!usd) return "unknown";
    return *usd == 0 ? "$0" : "~" + format_cost(nanos_from_usd(*usd));
}

std::string about_time(const std::optional<double>& seconds) {
    if (!seconds) return "unknown";
    return *seconds < 60 ? fmt::format("~{:.1f} s", *seconds)
                         : fmt::format("~{:.0f} min", *seconds / 60);
}

/// All calls by who answers, those of judges marked as such.
std::map<std::string, std::uint64_t> calls_of(const VariantEstimate& variant) {
    std::map<std::string, std::uint64_t> calls = variant.calls;
    for (const auto& [model, count] : variant.judge_calls) {
        calls[fmt::format("{} (judge)", model)] = count;
    }
    return calls;
}

Grid grid_of(const std::vector<VariantEstimate>& variants) {
    Grid grid;
    std::vector<std::string> lanes;
    bool judged = false;
    bool calls = false;
    bool calls_models = false;
    for (const VariantEstimate& variant : variants) {
        grid.headers.push_back(variant.name);
        judged |= !variant.judge_calls.empty();
        calls |= !variant.calls.empty();
        calls_models |= variant.model_calls > 0;
        for (const auto& [lane, count] : calls_of(variant)) {
            if (std::ranges::find(lanes, lane) == lanes.end()) lanes.push_back(lane);
        }
    }
    const auto add = [&](std::string label, auto cell) {
        GridLine line{.label = std::move(label), .cells = {}};
        for (const VariantEstimate& variant : variants) line.cells.push_back(cell(variant));
        grid.lines.push_back(std::move(line));
    };
    add("units", [](const VariantEstimate& variant) { return format_count(variant.units); });
    for (const std::string& lane : lanes) {
        add("calls of " + lane, [&](const VariantEstimate& variant) {
            const auto own = calls_of(variant);
            const auto count = own.find(lane);
            return count == own.end() ? std::string("–") : format_count(count->second);
        });
    }
    if (calls) {
        add("in the cache",
            [](const VariantEstimate& variant) { return format_count(variant.cached); });
    }
    if (calls_models) {
        add("input tokens", [](const VariantEstimate& variant) {
            return variant.model_calls == 0 ? "–" : about(variant.estimated_input_tokens);
        });
        add("output tokens", [](const VariantEstimate& variant) {
            return variant.model_calls == 0 ? "–" : about(variant.estimated_output_tokens);
        });
    }
    add("cost",
        [](const VariantEstimate& variant) { return about_cost(variant.estimated_cost_usd); });
    if (judged) {
        add("judges cost", [](const VariantEstimate& variant) {
            return about_cost(variant.estimated_judge_cost_usd);
        });
    }
    add("time",
        [](const VariantEstimate& variant) { return about_time(variant.estimated_seconds); });
    return grid;
}

OrderedJson to_json(const VariantEstimate& variant) {
    const auto or_null = [](const auto& value) {
        return value ? OrderedJson(*value) : OrderedJson(nullptr);
    };
    OrderedJson json;
    json["name"] = variant.name;
    json["units"] = variant.units;
    json["calls"] = calls_of(variant);
    json["cached"] = variant.cached;
    json["unseen"] = variant.unseen;
    json["estimates"] = {{"input_tokens", or_null(variant.estimated_input_tokens)},
                         {"output_tokens", or_null(variant.estimated_output_tokens)},
                         {"cost_usd", or_null(variant.estimated_cost_usd)},
                         {"judge_cost_usd", or_null(variant.estimated_judge_cost_usd)},
                         {"seconds", or_null(variant.estimated_seconds)}};
    return json;
}

/// The plan as a file that `assay run` executes.
OrderedJson plan_to_json(const RunRecord& run, const Experience& experience,
                         const std::vector<VariantEstimate>& variants,
                         const std::vector<ScoreDetection>& detections) {
    OrderedJson json;
    json["assay_plan"] = 1;
    json["experiment"] = run.experiment;
    json["plan_sha256"] = run.plan_sha256;
    json["invocation"] = run.invocation;
    json["dataset"] = run.manifest["dataset"];
    json["estimated_from"] =
        experience.run.empty() ? OrderedJson(nullptr) : OrderedJson(experience.run);
    json["variants"] = OrderedJson::array();
    for (const VariantEstimate& variant : variants) json["variants"].push_back(to_json(variant));
    json["detectable"] = OrderedJson::array();
    for (const ScoreDetection& detection : detections) {
        json["detectable"].push_back(to_json(detection));
    }
    return json;
}

void print_plan(const RunRecord& run, const Experience& experience,
                const std::vector<VariantEstimate>& variants, const Console& console) {
    std::uint64_t units = 0;
    for (const VariantEstimate& variant : variants) units += variant.units;
    std::string head = fmt::format("{} · {} units", run.experiment, format_count(units));
    if (run.shard) head += fmt::format(" (shard {}/{})", run.shard->index, run.shard->count);
    print_out(head + "\n\n");
    for (const std::string& line : lay_out(grid_of(variants), console.columns)) {
        print_out(line + "\n");
    }
    const bool has_unseen = std::ranges::any_of(
        variants, [](const VariantEstimate& variant) { return variant.unseen > 0; });
    const std::string told =
        has_unseen ? "later steps, output, cost and time" : "output, cost and time";
    const std::string source = experience.run.empty()
                                   ? "no earlier run tells about " + told
                                   : fmt::format("{} as in run {}", told, experience.run);
    print_out("\n");
    const bool judged = std::ranges::any_of(
        variants, [](const VariantEstimate& variant) { return !variant.judge_calls.empty(); });
    const std::string note = fmt::format(
        "~ is an estimate: input tokens at 4 bytes each, {}. Retries come on top.{}", source,
        judged ? " Judges are asked less often where a condition skips them." : "");
    for (const std::string& line : wrap(note, console.columns)) print_out(line + "\n");
}

Result<void> print_units(const PreparedRun& prepared) {
    ASSAY_TRY(auto items, prepared.plan.dataset.items());
    UnitSource source(prepared.experiment, std::move(items), prepared.plan.run.shard,
                      FinishedUnits());
    while (true) {
        ASSAY_TRY(const auto unit, source.next());
        if (!unit) return {};
        OrderedJson json;
        json["item_id"] = unit->item->id.value();
        json["variant"] = unit->variant->name;
        json["repetition"] = unit->repetition;
        json["key"] = unit->key.value();
        print_out(to_text(json) + "\n");
    }
}

Result<ExitCode> plan_spec(const PlanArguments& arguments, const Console& console) {
    ASSAY_CHECK(read_env_file(arguments.run.env_file));
    const SystemClock clock;
    Diagnostics mistakes;
    ASSAY_TRY(const auto prepared, prepare_run(arguments.run.specs.front(), arguments.run,
                                               {.keys_needed = false}, clock, mistakes));
    if (!prepared) return report_mistakes(mistakes);
    if (arguments.units) {
        ASSAY_CHECK(print_units(*prepared));
        return ExitCode::ok;
    }
    const RunRecord& run = prepared->plan.run;
    ASSAY_TRY(const Experience experience, experience_of(arguments.run.store, run.experiment));
    std::unique_ptr<ReplyCache> cache;
    if (reads_cache(prepared->experiment.spec.execution.cache)) {
        ASSAY_TRY(cache, ReplyCache::open(cache_folder(arguments.run), {}, clock));
    }
    ASSAY_TRY(const auto variants,
              estimate_plan(prepared->experiment, prepared->plan, cache.get(), experience.units));
    const std::vector<ScoreDetection> detections =
        plan_detection(*prepared, experience.earlier(), arguments.differences);
    const OrderedJson json = plan_to_json(run, experience, variants, detections);
    if (!arguments.out.empty()) {
        ASSAY_CHECK(write_file_atomically(arguments.out, to_pretty_text(json)));
    }
    if (arguments.json) {
        print_out(to_pretty_text(json));
        return ExitCode::ok;
    }
    print_plan(run, experience, variants, console);
    if (!detections.empty()) print_out("\n");
    for (const std::string& line : detection_lines(detections, console.columns)) {
        print_out(line + "\n");
    }
    if (!arguments.out.empty()) {
        print_out(fmt::format("Plan: {}   execute it with: assay run {}\n", arguments.out,
                              arguments.out));
    }
    return ExitCode::ok;
}

}  // namespace

ExitCode plan_command(const PlanArguments& arguments, const Console& console) {
    return end_with(plan_spec(arguments, console));
}

}  // namespace assay
