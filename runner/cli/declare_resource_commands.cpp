// The commands on what specs and clients share: datasets, prompts and traces.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <string_view>

#include "runner/cli/command_parser.hpp"
#include "server/client/server_access.hpp"

namespace assay {
namespace {

constexpr std::string_view k_place =
    R"(They are those of the store in --store, or of the server in --server, this program's
(`assay serve`) or any Langfuse-compatible one: with LANGFUSE_PUBLIC_KEY and
LANGFUSE_SECRET_KEY in the environment. --server at the end of the line, without an
address, takes the one in LANGFUSE_BASE_URL.
)";

constexpr const char* k_datasets_footer =
    R"(list tells the datasets, those of runs and those of clients. show tells of one, with its
runs. export prints its items as JSON lines, which a spec reads as the file of its
dataset (with `id: $.id`); --version gives them as they were at that time. import adds
the items of a file to a dataset, which is made when it is not there, and changes those
that are other than in the file: JSONL, CSV, TSV, JSON or YAML with `input`,
`expected_output`, `metadata`, `id` and `status`, as export writes them. A row without an id
has the one that a run of the file would give it. What is the same stays as it is, so do
items that the file does not have. All rows are looked at first; into a store all items
are written or none, to a server one after the other.

$PLACE
Examples:
  assay datasets
  assay datasets show support/tickets
  assay datasets export support/tickets --out tickets.jsonl
  assay datasets export support/tickets --version 2026-11-01T00:00:00Z
  assay datasets import tickets.jsonl --name support/tickets --dry-run
  assay datasets list --server https://langfuse.example.com

Exit codes: 0 done · 2 the command line or a file is wrong, or there is no such dataset or
store · 4 the server cannot be reached, or does not let the key pair in)";

constexpr const char* k_prompts_footer =
    R"(push makes a version of each file in DIR that differs from the newest version: NAME.txt and
NAME.md are texts, NAME.json and NAME.yaml lists of messages, and folders are a part of
the name. The config of a prompt stays as it was. pull writes the files, diff compares
them with what is there; both take the newest version unless --label names another.
DIR is "prompts" when it is not given. Into a store all files are pushed or none; to a
server one after the other.

$PLACE
Examples:
  assay prompts
  assay prompts show support/router --label production
  assay prompts push prompts --label staging --message "shorter"
  assay prompts diff prompts --label production --server
  assay prompts pull prompts --name support/router --server https://langfuse.example.com

Exit codes: 0 done · 1 diff: something differs · 2 the command line or a file is wrong, or there
is no such prompt or store · 4 the server cannot be reached, or does not let the key pair in)";

constexpr const char* k_traces_footer =
    R"help(list tells the newest traces, those of runs and those of clients. show draws one as a
tree of its observations; the beginning of its id is enough. export writes a JSON line
for each, as GET /api/public/traces/ID gives it: the trace with its observations and
scores.
Users and sessions are listed where the terminal has room for them; --json has all.

--filter is a condition of the filter language. Names are id, name, userId, sessionId,
environment, release, version, tags, public, bookmarked, timestamp, createdAt, updatedAt,
latency (seconds), totalCost (USD), level (the worst of its observations), errorCount,
warningCount, inputTokens, outputTokens, totalTokens, inputCost, outputCost, and
metadata.KEY, input, output, scores.NAME. The list of conditions that the API takes
as `filter`, in JSON, does as well.

$PLACE
Examples:
  assay traces
  assay traces show 3f7a01c2
  assay traces --filter "userId = 'ada' and latency > 2"
  assay traces --filter "scores.helpful < 0.5 and not environment in ('dev', 'test')"
  assay traces list --filter "timestamp >= '2026-11-01T00:00:00Z'" --server
  assay traces export --limit 1000 --out traces.jsonl --server https://langfuse.example.com

Exit codes: 0 done · 2 the command line or the filter is wrong, or there is no such trace or
store · 4 the server cannot be reached, or does not let the key pair in)help";

/// A footer with what all three say of where they look.
std::string with_place(std::string footer) {
    constexpr std::string_view k_mark = "$PLACE";
    return footer.replace(footer.find(k_mark), k_mark.size(), k_place);
}

/// The library takes the next word for the address, whatever it is.
CLI::Validator server_address() {
    return CLI::Validator(
        [](const std::string& text) {
            if (text == k_server_of_environment || is_server_url(text)) return std::string();
            return fmt::format(
                "\"{}\" is no address of a server: write it as http://HOST:PORT, or "
                "--server without one at the end of the line",
                text);
        },
        "");
}

}  // namespace

/// What the three have in common.
void CommandParser::add_source(CLI::App* sub, SourceArguments* a,
                               const std::vector<std::string>& actions) {
    suggestions_[sub->add_option("ACTION", a->action,
                                 fmt::format("one of {}", fmt::join(actions, ", ")))
                     ->capture_default_str()
                     ->check(one_of("action", actions))] = actions;
    sub->add_option("--store", a->store, "Folder of the store, or the address of a server")
        ->type_name("DIR")
        ->capture_default_str();
    sub->add_option("--server", a->server, "A running server instead of a store")
        ->type_name("URL")
        ->expected(0, 1)
        ->default_str(k_server_of_environment)
        ->check(server_address());
    sub->add_option("--project", a->project, "Project of the store, if it has several")
        ->type_name("ID");
    sub->add_flag("--json", a->json, "list, show: for machines");
}

void CommandParser::add_datasets() {
    auto [sub, a] = command<DatasetsArguments>(
        "datasets", "List datasets of a store or a server, show one, import or export its items",
        with_place(k_datasets_footer).c_str());
    add_source(sub, a, {"list", "show", "import", "export"});
    sub->get_option("--json")->description("list, show, import: for machines");
    sub->add_option("TARGET", a->target, "show, export: the dataset; import: the file")
        ->type_name("NAME|FILE");
    sub->add_option("--name", a->name, "import: the dataset")->type_name("NAME");
    sub->add_option("--version", a->version, "show, export: as it was at this time (RFC 3339)")
        ->type_name("TIME");
    sub->add_option("--out", a->out, "export: write to this file instead")->type_name("FILE");
    sub->add_flag("--dry-run", a->dry_run, "import: tell what would be done, and write nothing");
}

void CommandParser::add_prompts() {
    auto [sub, a] = command<PromptsArguments>(
        "prompts", "List prompts of a store or a server, or move them between it and files",
        with_place(k_prompts_footer).c_str());
    add_source(sub, a, {"list", "show", "push", "pull", "diff"});
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
}

void CommandParser::add_traces() {
    auto [sub, a] = command<TracesArguments>(
        "traces", "List traces of a store or a server, show one or export them",
        with_place(k_traces_footer).c_str());
    add_source(sub, a, {"list", "show", "export"});
    sub->add_option("ID", a->id, "show: the trace, or the beginning of its id");
    sub->add_option("--filter", a->filter, "list, export: those for which this holds")
        ->type_name("EXPR");
    sub->add_option("--limit", a->limit, "list, export: the newest N (list: 20 unless said)")
        ->type_name("N")
        ->check(whole_number(1));
    sub->add_option("--out", a->out, "export: write to this file instead")->type_name("FILE");
}

}  // namespace assay
