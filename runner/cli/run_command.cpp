#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "core/base/text.hpp"
#include "runner/cli/commands.hpp"
#include "runner/cli/prepare.hpp"
#include "runner/cli/progress.hpp"
#include "runner/report/report.hpp"
#include "runner/report/writers.hpp"
#include "server/store/store.hpp"

namespace assay {
namespace {

/// The options that are shorthands for spec keys, as overrides, so that the stored spec says what
/// was really run.
std::vector<std::string> overrides_of(const RunArguments& arguments) {
    std::vector<std::string> overrides = arguments.overrides;
    if (arguments.repetitions) {
        overrides.push_back(fmt::format("repetitions={}", *arguments.repetitions));
    }
    if (arguments.concurrency) {
        overrides.push_back(fmt::format("execution.concurrency={}", *arguments.concurrency));
    }
    if (arguments.seed) overrides.push_back(fmt::format("execution.seed={}", *arguments.seed));
    return overrides;
}

/// Keeps only the variants that the command line names.
Result<void> narrow_variants(Experiment& experiment, const std::vector<std::string>& wanted) {
    if (wanted.empty()) return {};
    std::vector<std::string> known;
    for (const BoundVariant& variant : experiment.variants) known.push_back(variant.name);
    for (const std::string& name : wanted) {
        if (std::ranges::find(known, name) != known.end()) continue;
        return failure(ErrorCode::invalid_argument,
                       fmt::format("--variant {}: the spec has no such variant{} (it has: {})",
                                   name, did_you_mean(name, known), fmt::join(known, ", ")));
    }
    const auto unwanted = [&](const std::string& name) {
        return std::ranges::find(wanted, name) == wanted.end();
    };
    std::erase_if(experiment.variants,
                  [&](const BoundVariant& variant) { return unwanted(variant.name); });
    std::erase_if(experiment.report_plan.gates, [&](const Gate& gate) {
        return !gate.variant.empty() && unwanted(gate.variant);
    });
    return {};
}

Result<std::map<std::string, std::string>> metadata_of(const std::vector<std::string>& entries) {
    std::map<std::string, std::string> metadata;
    for (const std::string& entry : entries) {
        const std::size_t equals = entry.find('=');
        if (equals == std::string::npos || equals == 0) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("--metadata {}: write it as KEY=VALUE", entry));
        }
        metadata[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
    return metadata;
}

/// The items of an earlier run that are worth another look.
Result<std::set<std::string>> failing_items(const std::string& folder,
                                            const std::string& reference) {
    ASSAY_TRY(const auto store, Store::open_existing(folder, default_project_id()));
    ASSAY_TRY(const RunRecord run, store->find_run(reference));
    std::set<std::string> items;
    ASSAY_CHECK(store->for_each_unit(run, [&](const UnitResult& unit) -> Result<void> {
        if (is_failing(unit)) items.insert(unit.item.id.value());
        return {};
    }));
    if (!items.empty()) return items;
    return failure(ErrorCode::invalid_argument,
                   fmt::format("--filter-failing {}: nothing failed in that run", reference));
}

Result<PlanOptions> plan_options_of(const RunArguments& arguments, const Experiment& experiment) {
    PlanOptions options;
    options.run_name = arguments.run_name;
    options.tags = arguments.tags;
    ASSAY_TRY(options.metadata, metadata_of(arguments.metadata));
    options.selection.limit = arguments.limit;
    if (arguments.sample) {
        options.selection.sample = {.size = *arguments.sample,
                                    .seed = experiment.spec.execution.seed};
    }
    if (arguments.filter) {
        auto filter = Filter::parse(*arguments.filter);
        if (!filter) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("--filter: {}", filter.error().message));
        }
        options.selection.filter = std::move(*filter);
    }
    if (!arguments.filter_failing.empty()) {
        ASSAY_TRY(options.selection.item_ids,
                  failing_items(arguments.store, arguments.filter_failing));
    }
    options.manifest = describe_surroundings(experiment.spec.folder);
    return options;
}

constexpr std::string_view k_experiment_placeholder = "{experiment}";

std::vector<std::filesystem::path> output_paths(const std::vector<std::string>& written,
                                                const std::string& experiment) {
    std::vector<std::filesystem::path> paths;
    for (std::string path : written) {
        const std::size_t at = path.find(k_experiment_placeholder);
        if (at != std::string::npos) {
            path.replace(at, k_experiment_placeholder.size(), experiment);
        }
        paths.emplace_back(std::move(path));
    }
    return paths;
}

Result<void> append_step_summary(const Report& report) {
    const char* const path = std::getenv("GITHUB_STEP_SUMMARY");
    if (path == nullptr || *path == '\0') return {};
    std::ofstream stream(path, std::ios::app | std::ios::binary);
    stream << report_to_markdown(report);
    stream.close();
    if (stream) return {};
    return failure(ErrorCode::unavailable,
                   fmt::format("cannot append the summary to GITHUB_STEP_SUMMARY ({})", path));
}

void annotate_gates(const Report& report) {
    if (!in_github_actions()) return;
    for (const GateVerdict& verdict : report.gates) {
        if (verdict.status == GateStatus::passed) continue;
        print_error(
            github_annotation({verdict.gate.place, fmt::format("{} ({}): {}", verdict.gate.text,
                                                               verdict.variant, verdict.reason)}) +
            "\n");
    }
}

/// ASSAY_EXIT_GATE_FAILED lets a CI job give a failed gate another code.
ExitCode as_wanted(ExitCode code) {
    const char* const wanted = std::getenv("ASSAY_EXIT_GATE_FAILED");
    if (code != ExitCode::gate_failed || wanted == nullptr) return code;
    const std::string_view text(wanted);
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool usable =
        error == std::errc() && end == text.data() + text.size() && value >= 0 && value <= 255;
    if (usable) return static_cast<ExitCode>(value);
    print_error(
        fmt::format("assay: ASSAY_EXIT_GATE_FAILED is \"{}\", which is no exit code from 0 to 255; "
                    "using 1\n",
                    text));
    return code;
}

/// What comes after the last unit: numbers from the journal, files, the table, the exit code.
Result<ExitCode> conclude(const RunRecord& run, Store& store, const RunArguments& arguments,
                          const std::vector<std::filesystem::path>& outputs,
                          const Console& console) {
    const UnitStream units = [&](const UnitVisitor& visit) {
        return store.for_each_unit(run, visit);
    };
    ASSAY_TRY(const Report report, make_report(run, units));
    for (const VariantSummary& variant : report.variants) {
        std::vector<Score> scores;
        for (const auto& [name, value, comment] : variant.run_scores) {
            if (value) scores.push_back({.name = name, .value = *value, .comment = comment});
        }
        ASSAY_CHECK(store.put_run_scores(variant.dataset_run_id, scores));
    }
    for (const auto& path : outputs) ASSAY_CHECK(write_report(path, report, units));
    ASSAY_CHECK(append_step_summary(report));
    annotate_gates(report);
    if (!arguments.quiet) {
        print_out(report_to_table(report, {.columns = console.columns, .color = console.color}));
        for (const auto& path : outputs) print_out(fmt::format("Report: {}\n", path.string()));
    }
    if (!run.reason.empty())
        print_error(fmt::format("assay: the run is {}: {}\n", to_string(run.state), run.reason));
    return static_cast<ExitCode>(exit_code_of(report.status));
}

/// One spec, checked to the end: what is left to do is to call.
struct PreparedRun {
    Experiment experiment;
    Plan plan;
    std::vector<std::filesystem::path> outputs;
};

Result<std::optional<PreparedRun>> prepare_run(const std::string& spec,
                                               const RunArguments& arguments, const Clock& clock,
                                               Diagnostics& mistakes) {
    auto experiment = prepare_experiment(spec, overrides_of(arguments), BindOptions{}, mistakes);
    if (!experiment) return std::nullopt;
    ASSAY_CHECK(narrow_variants(*experiment, arguments.variants));
    ASSAY_TRY(PlanOptions options, plan_options_of(arguments, *experiment));
    ASSAY_TRY(auto plan, make_plan(*experiment, std::move(options), clock, mistakes));
    if (!plan) return std::nullopt;
    auto outputs = output_paths(arguments.out, plan->run.experiment);
    return PreparedRun{std::move(*experiment), std::move(*plan), std::move(outputs)};
}

/// Two specs must not write one file.
Result<void> check_outputs(const RunArguments& arguments, const std::vector<PreparedRun>& runs) {
    std::map<std::filesystem::path, std::string> owners;
    for (const PreparedRun& run : runs) {
        const std::string& experiment = run.plan.run.experiment;
        for (std::size_t i = 0; i < run.outputs.size(); ++i) {
            const auto [owner, fresh] = owners.emplace(run.outputs[i], experiment);
            if (fresh) continue;
            const bool named = arguments.out[i].find(k_experiment_placeholder) != std::string::npos;
            return failure(ErrorCode::invalid_argument,
                           named ? fmt::format("--out {}: two specs are called \"{}\"; give one "
                                               "another `experiment`",
                                               arguments.out[i], experiment)
                                 : fmt::format("--out {}: with several specs the name needs "
                                               "{{experiment}} in it",
                                               arguments.out[i]));
        }
    }
    return {};
}

Result<ExitCode> execute_run(PreparedRun prepared, Store& store, const RunArguments& arguments,
                             const Clock& clock, const Console& console) {
    const auto& variants = prepared.plan.run.variants;
    const std::uint64_t planned = variants.size() * variants.front().planned;
    const auto mode = arguments.quiet ? ProgressMode::none : arguments.progress;
    Progress progress(planned, mode, console, clock);
    ASSAY_TRY(const RunRecord run,
              execute(prepared.experiment, std::move(prepared.plan), store, clock,
                      {.observer = &progress, .fail_fast = arguments.fail_fast}));
    progress.finish();
    return conclude(run, store, arguments, prepared.outputs, console);
}

/// Of several exit codes the one that counts (SPEC section 2).
ExitCode graver(ExitCode a, ExitCode b) {
    constexpr std::array k_order = {ExitCode::interrupted, ExitCode::incomplete,
                                    ExitCode::gate_failed, ExitCode::undecided};
    for (const ExitCode code : k_order) {
        if (a == code || b == code) return code;
    }
    return a == ExitCode::ok ? b : a;
}

Result<ExitCode> run_specs(const RunArguments& arguments, const Console& console) {
    ASSAY_CHECK(read_env_file(arguments.env_file));
    for (const std::string& path : arguments.out) ASSAY_CHECK(check_report_path(path));
    const SystemClock clock;
    Diagnostics mistakes;
    std::vector<PreparedRun> runs;
    for (const std::string& spec : arguments.specs) {
        Diagnostics found;
        ASSAY_TRY(auto run, prepare_run(spec, arguments, clock, found));
        std::ranges::move(found, std::back_inserter(mistakes));
        if (run) runs.push_back(std::move(*run));
    }
    if (!mistakes.empty()) return report_mistakes(mistakes);
    ASSAY_CHECK(check_outputs(arguments, runs));
    ASSAY_TRY(const auto store, Store::open(arguments.store, default_project_id()));

    ExitCode code = ExitCode::ok;
    for (PreparedRun& run : runs) {
        ASSAY_TRY(const ExitCode ended,
                  execute_run(std::move(run), *store, arguments, clock, console));
        code = graver(code, ended);
        if (code == ExitCode::interrupted) break;
    }
    return as_wanted(code);
}

}  // namespace

ExitCode run_command(const RunArguments& arguments, const Console& console) {
    return end_with(run_specs(arguments, console));
}

}  // namespace assay
