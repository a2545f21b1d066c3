// The commands that read stored runs and need no file of their own: runs, gate, export.
#include <fmt/format.h>

#include "core/base/text.hpp"
#include "runner/cli/commands.hpp"
#include "runner/cli/open_run.hpp"
#include "runner/cli/outputs.hpp"
#include "runner/cli/prepare.hpp"
#include "runner/cli/stored_prompts.hpp"
#include "runner/report/program_scores.hpp"
#include "runner/report/report.hpp"
#include "runner/report/writers.hpp"

namespace assay {
namespace {

/// As it is stored, but a run whose process died is "stopped": nothing executes it any more.
struct ListedRun {
    RunRecord record;
    std::string state;
    bool resumable = false;
};

ListedRun listed(const Store& store, RunRecord run) {
    const bool is_executed = run.state == RunState::running && store.is_open_elsewhere(run.id);
    const bool died = run.state == RunState::running && !is_executed;
    std::string state = died ? "stopped" : to_string(run.state);
    const bool resumable = run.state != RunState::finished && !is_executed;
    return {.record = std::move(run), .state = std::move(state), .resumable = resumable};
}

OrderedJson run_to_json(const ListedRun& run_listed) {
    const RunRecord& run = run_listed.record;
    OrderedJson variants = OrderedJson::array();
    std::uint64_t planned = 0;
    for (const VariantRecord& variant : run.variants) {
        planned += variant.planned;
        variants.push_back({{"name", variant.name},
                            {"dataset_run_id", variant.dataset_run_id.value()},
                            {"planned", variant.planned}});
    }
    OrderedJson json;
    json["id"] = run.id.value();
    json["name"] = run.name;
    json["experiment"] = run.experiment;
    json["state"] = run_listed.state;
    json["resumable"] = run_listed.resumable;
    json["partial"] = run.partial;
    json["started_at"] = to_rfc3339(run.started);
    json["finished_at"] = run.finished ? OrderedJson(to_rfc3339(*run.finished)) : OrderedJson();
    json["planned"] = planned;
    json["metadata"] = OrderedJson(run.metadata);
    json["variants"] = std::move(variants);
    return json;
}

void print_runs(const std::vector<ListedRun>& runs, const Console& console) {
    constexpr std::size_t k_fixed_columns = 22 + 13 + 8 + 18;  // id, state, units, started
    const std::size_t room = console.columns > k_fixed_columns + 12
                                 ? console.columns - k_fixed_columns
                                 : std::size_t{12};
    print_out(fmt::format("{:<22} {:<12} {:>7}  {:<16}  {}\n", "RUN", "STATE", "UNITS", "STARTED",
                          "EXPERIMENT"));
    for (const auto& [run, state, resumable] : runs) {
        std::uint64_t planned = 0;
        for (const VariantRecord& variant : run.variants) planned += variant.planned;
        std::string started = to_rfc3339(run.started).substr(0, 16);
        started[10] = ' ';
        print_out(fmt::format("{:<22} {:<12} {:>7}  {}  {}\n", run.id.value(), state, planned,
                              started, fit_width(terminal_safe(run.experiment), room - 1)));
    }
}

Result<ExitCode> list_runs(const RunsArguments& arguments, const Console& console) {
    auto store = Store::open_existing(arguments.store, default_project_id());
    std::vector<ListedRun> runs;
    if (store) {
        ASSAY_TRY(std::vector<RunRecord> stored, (*store)->runs());
        for (RunRecord& run : stored) runs.push_back(listed(**store, std::move(run)));
    } else if (store.error().code != ErrorCode::not_found) {
        return std::unexpected(store.error());
    }
    if (arguments.json) {
        OrderedJson list = OrderedJson::array();
        for (const ListedRun& run : runs) list.push_back(run_to_json(run));
        print_out(to_pretty_text(list));
        return ExitCode::ok;
    }
    if (runs.empty()) {
        print_out(fmt::format("No runs are stored in {} yet. Make one: assay run SPEC\n",
                              arguments.store));
        return ExitCode::ok;
    }
    print_runs(runs, console);
    const auto resumable = std::ranges::find(runs, true, &ListedRun::resumable);
    if (resumable != runs.end()) {
        print_out(fmt::format("\nWhat is not finished can go on: assay run --resume {}{}\n",
                              resumable->record.id.value(), arguments.store_option()));
    }
    return ExitCode::ok;
}

/// Whether the run had the same one: what another program said must not pass for this one's.
bool has_run(const RunEvaluator& evaluator, const RunRecord& run) {
    return std::ranges::any_of(run.report_plan.run_evaluators, [&](const RunEvaluator& known) {
        return known.name == evaluator.name && known.type == evaluator.type &&
               known.parameters == evaluator.parameters;
    });
}

/// Takes the gates, and what else decides them, from another spec. Every score they name must be
/// one that the run has.
Result<bool> take_gates(OpenRun& open, const GateArguments& arguments, Diagnostics& mistakes) {
    RunRecord& run = open.run;
    const std::string& spec = arguments.spec;
    auto experiment = prepare_experiment(spec, {.stored_prompts = stored_prompts(arguments.store)},
                                         {.keys_needed = false}, mistakes);
    if (!experiment) return false;
    std::vector<std::string> known;
    for (const ScoreColumn& column : run.report_plan.scores) known.push_back(column.name);
    for (const RunEvaluator& evaluator : experiment->report_plan.run_evaluators) {
        std::ranges::move(run_score_names(evaluator), std::back_inserter(known));
        if (is_program(evaluator) && !has_run(evaluator, run)) {
            forget_program(evaluator, run, open.programs);
        }
    }
    for (const Gate& gate : experiment->report_plan.gates) {
        const bool exists =
            gate.score.empty() || std::ranges::find(known, gate.score) != known.end();
        if (exists) continue;
        mistakes.push_back({gate.place, fmt::format("the run has no score \"{}\"{}", gate.score,
                                                    did_you_mean(gate.score, known))});
    }
    run.report_plan.gates = std::move(experiment->report_plan.gates);
    run.report_plan.run_evaluators = std::move(experiment->report_plan.run_evaluators);
    run.report_plan.min_coverage = experiment->report_plan.min_coverage;
    open.spec_folder = std::filesystem::path(spec).parent_path();
    return mistakes.empty();
}

Result<ExitCode> gate_run(const GateArguments& arguments, const Console& console) {
    ASSAY_TRY(OpenRun open, open_run(arguments.store, arguments.run));
    if (!arguments.spec.empty()) {
        Diagnostics mistakes;
        ASSAY_TRY(const bool usable, take_gates(open, arguments, mistakes));
        if (!usable) return report_mistakes(mistakes);
    }
    ASSAY_TRY(const Report report, open.report());
    print_out(report_to_table(report, {.columns = console.columns,
                                       .color = console.color,
                                       .store_option = arguments.store_option()}));
    return static_cast<ExitCode>(exit_code_of(report.status));
}

Result<ExitCode> export_run(const ExportArguments& arguments) {
    for (const std::string& path : arguments.out) ASSAY_CHECK(check_output(path));
    ASSAY_TRY(const OpenRun open, open_run(arguments.store, arguments.run));
    ASSAY_TRY(const Report report, open.report());
    for (const std::string& path : arguments.out) {
        ASSAY_CHECK(write_output(path, report, *open.store));
        announce_output(path);
    }
    return ExitCode::ok;
}

}  // namespace

ExitCode runs_command(const RunsArguments& arguments, const Console& console) {
    return end_with(list_runs(arguments, console));
}

ExitCode gate_command(const GateArguments& arguments, const Console& console) {
    return end_with(gate_run(arguments, console));
}

ExitCode export_command(const ExportArguments& arguments, const Console& /*console*/) {
    return end_with(export_run(arguments));
}

}  // namespace assay
