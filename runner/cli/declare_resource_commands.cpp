// The commands on what specs and clients share: datasets, prompts and traces.
#include "runner/cli/command_parser.hpp"

namespace assay {
namespace {

constexpr const char* k_datasets_footer =
    R"(list tells the datasets of the store, those of runs and those of clients. show tells of
one, with its runs. export prints its items as JSON lines, which a spec reads as the
file of its dataset (with `id: $.id`); --version gives them as they were at that time.

Examples:
  assay datasets
  assay datasets show support/tickets
  assay datasets export support/tickets --out tickets.jsonl
  assay datasets export support/tickets --version 2026-11-01T00:00:00Z

Exit codes: 0 done · 2 the command line is wrong, or there is no such dataset or store)";

constexpr const char* k_prompts_footer =
    R"(push makes a version of each file in DIR that differs from the newest version: NAME.txt and
NAME.md are texts, NAME.json and NAME.yaml lists of messages, and folders are a part of
the name. The config of a prompt stays as it was. pull writes the files, diff compares
them with what is stored; both take the newest version unless --label names another.
DIR is "prompts" when it is not given.

Examples:
  assay prompts
  assay prompts show support/router --label production
  assay prompts push prompts --label staging --message "shorter"
  assay prompts diff prompts --label production
  assay prompts pull prompts --name support/router

Exit codes: 0 done · 1 diff: something differs · 2 the command line or a file is wrong, or there
is no such prompt or store)";

constexpr const char* k_traces_footer =
    R"(list tells the newest traces of the store, those of runs and those of clients. show draws
one as a tree of its observations; the beginning of its id is enough. export writes a
JSON line for each, as GET /api/public/traces/ID gives it: the trace with its
observations and scores. --filter takes what the API's parameter `filter` takes: a
JSON list of conditions that all hold, each with type, column, operator and value.
Users and sessions are listed where the terminal has room for them; --json has all.

Examples:
  assay traces
  assay traces show 3f7a01c2
  assay traces --filter '[{"type": "string", "column": "userId", "operator": "=",
    "value": "ada"}]'
  assay traces --filter '[{"type": "number", "column": "latency", "operator": ">",
    "value": 2}, {"type": "string", "column": "level", "operator": "=", "value": "ERROR"}]'
  assay traces export --limit 1000 --out traces.jsonl

Exit codes: 0 done · 2 the command line or the filter is wrong, or there is no such trace or
store)";

}  // namespace

void CommandParser::add_datasets() {
    auto [sub, a] = command<DatasetsArguments>(
        "datasets", "List the datasets of a store, show one or export its items",
        k_datasets_footer);
    const std::vector<std::string> actions = {"list", "show", "export"};
    suggestions_[sub->add_option("ACTION", a->action, "list, show or export")
                     ->capture_default_str()
                     ->check(one_of("action", actions))] = actions;
    sub->add_option("NAME", a->name, "show, export: the dataset");
    sub->add_option("--version", a->version, "show, export: as it was at this time (RFC 3339)")
        ->type_name("TIME");
    sub->add_option("--out", a->out, "export: write to this file instead")->type_name("FILE");
    sub->add_option("--project", a->project, "Project of the store")
        ->type_name("ID")
        ->capture_default_str();
    sub->add_flag("--json", a->json, "list, show: for machines");
    add_store(sub, a);
}

void CommandParser::add_prompts() {
    auto [sub, a] = command<PromptsArguments>(
        "prompts", "List the prompts of a store, or move them between it and files",
        k_prompts_footer);
    const std::vector<std::string> actions = {"list", "show", "push", "pull", "diff"};
    suggestions_[sub->add_option("ACTION", a->action, "list, show, push, pull or diff")
                     ->capture_default_str()
                     ->check(one_of("action", actions))] = actions;
    sub->add_option("TARGET", a->target, "show: the prompt; push, pull, diff: the folder of files")
        ->type_name("NAME|DIR");
    sub->add_option("--name", a->names, "push, pull, diff: this prompt only (repeatable)")
        ->type_name("NAME")
        ->expected(1);
    sub->add_option("--label", a->labels,
                    "push: for what is pushed (repeatable); else: the version that has it")
        ->type_name("LABEL")
        ->expected(1);
    sub->add_option("--version", a->version, "show: this version")
        ->type_name("N")
        ->check(whole_number(1));
    sub->add_option("--message", a->message, "push: kept with the versions")->type_name("TEXT");
    sub->add_option("--project", a->project, "Project of the store")
        ->type_name("ID")
        ->capture_default_str();
    sub->add_flag("--json", a->json, "list, show: for machines");
    add_store(sub, a);
}

void CommandParser::add_traces() {
    auto [sub, a] = command<TracesArguments>(
        "traces", "List the traces of a store, show one or export them", k_traces_footer);
    const std::vector<std::string> actions = {"list", "show", "export"};
    suggestions_[sub->add_option("ACTION", a->action, "list, show or export")
                     ->capture_default_str()
                     ->check(one_of("action", actions))] = actions;
    sub->add_option("ID", a->id, "show: the trace, or the beginning of its id");
    sub->add_option("--filter", a->filter, "list, export: those for which this holds")
        ->type_name("JSON");
    sub->add_option("--limit", a->limit, "list, export: the newest N (list: 20 unless said)")
        ->type_name("N")
        ->check(whole_number(1));
    sub->add_option("--out", a->out, "export: write to this file instead")->type_name("FILE");
    sub->add_option("--project", a->project, "Project of the store")
        ->type_name("ID")
        ->capture_default_str();
    sub->add_flag("--json", a->json, "list, show: for machines");
    add_store(sub, a);
}

}  // namespace assay
