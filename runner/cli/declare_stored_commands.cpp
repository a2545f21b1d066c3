// The commands on stored runs.
#include "core/model/gate.hpp"
#include "runner/cli/command_parser.hpp"
#include "runner/report/comparison.hpp"

namespace assay {
namespace {

constexpr const char* k_compare_footer =
    R"(Differences are B − A, over the items that both have. A and B are baselines, runs
(an id, the beginning of one, a name, latest) or files: a baseline, a report (.json,
not in pairs) or exported units (.jsonl). REF:VARIANT takes one variant of several.
--out writes the report of B with the comparison in it.

Examples:
  assay compare main latest
  assay compare latest:short latest:large --score exact_match
  assay compare baselines/main.json latest --slice metadata.lang --out compare.html

Exit codes: 0 compared, whatever the difference · 2 the command line is wrong, or there
is no such run, baseline or file)";

constexpr const char* k_baseline_footer =
    R"(set makes a run the baseline of that name: `baseline: main` in a gate, or
`assay run --baseline main`. No run ever moves it. A name in use is only given
anew with --replace; what it stood for stays in the history (list --all).
The file of --out can be committed and named in place of a baseline.

Examples:
  assay baseline set main latest --reason "release 2.3"
  assay baseline set main latest --out baselines/main.json
  assay baseline list
  assay baseline remove main

Exit codes: 0 done · 2 the command line is wrong, there is no such run or baseline,
or the run cannot be one)";

constexpr const char* k_noise_footer =
    R"(Runs the spec several times on identical input, without the cache, and says how much
its numbers and verdicts move: the noise floor, the gates that come out now so, now so,
the items that flip. The runs are stored as any others. The floor is kept, and later
runs say when a gate that does not hold is within it (docs/noise.md).

Examples:
  assay noise tickets.eval.yaml
  assay noise tickets.eval.yaml --runs 10 -j 8
  assay noise --of support-router

Exit codes: 0 measured, whatever the gates say · 2 the command line or the spec is wrong
4 a run is incomplete · 130 interrupted)";

constexpr const char* k_flakes_footer =
    R"(list shows the items that gates do not count, and those whose time is over.
quarantine adds one, until a day or for a while; it is still run, scored and shown.
release ends that. history shows what an item's scores were, run by run.
A run goes by what was in quarantine when it began.

Examples:
  assay flakes list
  assay flakes quarantine T-014 --until 30d --reason "two right answers, see #41"
  assay flakes quarantine T-014 --score tone --until 2026-12-24 --reason "judge wavers"
  assay flakes history T-014
  assay flakes release T-014

Exit codes: 0 done · 2 the command line is wrong, or there is no such item)";

}  // namespace

void CommandParser::add_rescore() {
    auto [sub, a] = command<RescoreArguments>(
        "rescore", "Score the stored outputs of a run with the evaluators of a spec",
        "Evaluators that are new or changed are run on the outputs that are stored, judges\n"
        "within the limits and the budget of the spec; no task is called. Scores that are\n"
        "replaced go to the history.\n\n"
        "Examples:\n  assay rescore latest tickets.eval.yaml");
    sub->add_option("RUN", a->run, "Id of the run, the beginning of one, its name, or latest")
        ->required();
    sub->add_option("SPEC", a->spec, "Experiment spec with the evaluators")->required();
    sub->add_option("--set", a->overrides, "Override a key of the spec (value in YAML)")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    sub->add_option("--env-file", a->env_file, "Read environment variables from a file")
        ->type_name("FILE");
    sub->add_option("--cache-dir", a->cache_folder,
                    "Folder of the cached replies of judges [cache within --store]")
        ->type_name("DIR");
    add_reports(sub, a->out);
    sub->add_flag("--quiet", a->quiet, "Only messages about what went wrong");
    add_store(sub, a);
}

void CommandParser::add_merge() {
    auto [sub, a] = command<MergeArguments>(
        "merge", "Put the shards of a run together and decide its gates",
        "Examples:\n  assay merge shard-1 shard-2 shard-3 --out report.json\n"
        "  assay merge shard-*.assayrun\n"
        "  assay merge shard-1:20261101-093000-3f9a1c shard-2");
    sub->add_option("SHARD", a->shards,
                    "Store folder of a shard, with :RUN when it is not the newest run there, or a "
                    "file of `assay export RUN --out FILE.assayrun`")
        ->required();
    sub->add_option("--run-name", a->run_name, "Name of the run")->type_name("NAME");
    add_reports(sub, a->out);
    sub->add_flag("--quiet", a->quiet, "Only messages about what went wrong");
    add_store(sub, a);
}

void CommandParser::add_runs() {
    auto [sub, a] = command<RunsArguments>("runs", "List the stored runs, newest first",
                                           "Examples:\n  assay runs\n  assay runs --json");
    sub->add_flag("--json", a->json, "For machines");
    add_store(sub, a);
}

void CommandParser::add_show() {
    auto [sub, a] = command<ShowArguments>(
        "show", "Show a stored run: scores, gates, errors",
        "RUN is an id, the beginning of one, a run's name, or `latest`.\n\n"
        "Examples:\n  assay show latest\n  assay show latest --failed\n"
        "  assay show latest --item T-014\n  assay show 20261101-0930 --json");
    sub->add_option("RUN", a->run, "Which run")->required();
    CLI::Option* const item =
        sub->add_option("--item", a->item,
                        "Everything about one item of the run, with what its scores were before")
            ->type_name("ID");
    CLI::Option* const failed = sub->add_flag(
        "--failed", a->failed, "The units that failed, are unscored or have a false score");
    sub->add_flag("--history", a->history, "The values that `assay rescore` replaced, newest first")
        ->excludes(item)
        ->excludes(failed);
    sub->add_flag("--json", a->json, "For machines");
    add_store(sub, a);
}

void CommandParser::add_gate() {
    auto [sub, a] = command<GateArguments>(
        "gate", "Decide the gates of a stored run again",
        "Examples:\n  assay gate latest\n  assay gate latest stricter.eval.yaml\n\n"
        "With SPEC its gates are decided, else those the run was made with.");
    sub->add_option("RUN", a->run, "Which run")->required();
    sub->add_option("SPEC", a->spec, "Take the gates from this spec");
    add_store(sub, a);
}

void CommandParser::add_export() {
    auto [sub, a] = command<ExportArguments>(
        "export", "Write reports of a stored run, or the run itself",
        "An .assayrun file holds the whole run, to be merged or, as --store, looked at "
        "elsewhere.\n\n"
        "Examples:\n  assay export latest --out report.json --out items.csv\n"
        "  assay export latest --out shard-1.assayrun");
    sub->add_option("RUN", a->run, "Which run")->required();
    sub->add_option(
           "--out", a->out,
           "The ending is the format: .json .jsonl .csv .xml .md .html .sarif .svg .assayrun "
           "(repeatable)")
        ->required()
        ->type_name("FILE")
        ->allow_extra_args(false);
    add_store(sub, a);
}

void CommandParser::add_compare() {
    auto [sub, a] = command<CompareArguments>(
        "compare", "Compare two runs item by item: what changed, and whether it is real",
        k_compare_footer);
    sub->add_option("A", a->a, "What is compared with: a baseline, a run, or a file of either")
        ->required();
    sub->add_option("B", a->b, "What is compared: a run, a baseline, or a file of either")
        ->required();
    sub->add_option("--score", a->scores, "Only this score (repeatable)")
        ->type_name("NAME")
        ->allow_extra_args(false);
    sub->add_option("--slice", a->slice, "Also for each value of this field of the items")
        ->type_name("PATH");
    sub->add_option("--confidence", a->confidence, "Of the intervals")
        ->check(CLI::Range(0.5, 0.9999).description(""))
        ->capture_default_str();
    suggestions_[sub->add_option("--method", a->method, "How intervals are made")
                     ->type_name("METHOD")
                     ->check(one_of("method", interval_methods()))
                     ->capture_default_str()] = interval_methods();
    suggestions_[sub->add_option("--test", a->test, "Which test gives the p-value")
                     ->type_name("TEST")
                     ->check(one_of("test", comparison_tests()))
                     ->capture_default_str()] = comparison_tests();
    sub->add_option("--seed", a->seed, "Of what is drawn")->capture_default_str();
    add_reports(sub, a->out);
    sub->add_flag("--json", a->json, "For machines");
    add_store(sub, a);
}

void CommandParser::add_baseline() {
    auto [sub, a] = command<BaselineArguments>(
        "baseline", "Name a run that others are compared with, list or remove such names",
        k_baseline_footer);
    const std::vector<std::string> actions = {"set", "list", "show", "remove"};
    suggestions_[sub->add_option("ACTION", a->action, "set, list, show or remove")
                     ->required()
                     ->check(one_of("action", actions))] = actions;
    sub->add_option("NAME", a->name, "The baseline's name");
    sub->add_option("RUN", a->run, "set: id of the run, the beginning of one, its name, or latest");
    sub->add_option("--reason", a->reason, "set: why, to be kept with it")->type_name("TEXT");
    sub->add_option("--out", a->out, "set: also write the baseline as a file, to be committed")
        ->type_name("FILE");
    sub->add_flag("--replace", a->replace, "set: also when the name or the file is there already");
    sub->add_flag("--all", a->all, "list: also those that were removed or replaced");
    sub->add_flag("--json", a->json, "For machines");
    add_store(sub, a);
}

void CommandParser::add_verify() {
    auto [sub, a] = command<VerifyArguments>(
        "verify", "Recompute the hashes and numbers of a stored run from its rows",
        "Exit codes: 0 all that can be checked fits · 4 something does not fit\n\n"
        "Examples:\n  assay verify latest\n  assay verify latest --json");
    sub->add_option("RUN", a->run, "Which run")->required();
    sub->add_flag("--json", a->json, "For machines");
    add_store(sub, a);
}

void CommandParser::add_noise() {
    auto [sub, a] = command<NoiseArguments>(
        "noise", "Measure how much scores and verdicts move on identical input", k_noise_footer);
    CLI::Option* const spec =
        sub->add_option("SPEC", a->run.specs, "Experiment spec (.yaml or .json)")->expected(1);
    sub->add_option("--of", a->of,
                    "Of stored runs: an experiment, or a run that others are identical to")
        ->type_name("EXPERIMENT")
        ->excludes(spec);
    sub->parse_complete_callback([a] {
        if (a->run.specs.empty() && a->of.empty()) throw CLI::RequiredError("SPEC or --of");
    });
    sub->add_option("--runs", a->runs,
                    "How many [5]; of stored ones only the N newest [all that are identical]")
        ->type_name("N")
        ->check(whole_number(2));
    add_selection(sub, &a->run);
    add_progress(sub, a->run.progress);
    sub->add_option("--out", a->out, "Write what was measured as JSON")->type_name("FILE");
    sub->add_flag("--json", a->json, "For machines");
}

void CommandParser::add_flakes() {
    auto [sub, a] = command<FlakesArguments>(
        "flakes", "Keep a ledger of flaky items that gates do not count for a while",
        k_flakes_footer);
    const std::vector<std::string> actions = {"list", "quarantine", "release", "history"};
    suggestions_[sub->add_option("ACTION", a->action, "list, quarantine, release or history")
                     ->required()
                     ->check(one_of("action", actions))] = actions;
    sub->add_option("ITEM", a->item, "Id of the item");
    sub->add_option("--experiment", a->experiment, "Whose item it is [that of the newest run]")
        ->type_name("NAME");
    sub->add_option("--score", a->score, "Only this score")->type_name("NAME");
    sub->add_option("--until", a->until, "quarantine: for how long (12h, 30d) or up to which day")
        ->type_name("WHEN");
    sub->add_option("--reason", a->reason, "quarantine: why, to be kept with it")
        ->type_name("TEXT");
    sub->add_option("--runs", a->runs, "history: so many runs at most")
        ->type_name("N")
        ->check(whole_number(1))
        ->capture_default_str();
    sub->add_flag("--all", a->all, "list: also those that were released");
    sub->add_flag("--json", a->json, "For machines");
    add_store(sub, a);
}

}  // namespace assay
