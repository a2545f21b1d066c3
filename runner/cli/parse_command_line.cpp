#include "configs/judge_template.hpp"
#include "core/base/version.hpp"
#include "judges/judges.hpp"
#include "judges/provider.hpp"
#include "runner/cli/command_parser.hpp"
#include "runner/cli/console.hpp"

namespace assay {
namespace {

constexpr const char* k_run_footer = R"(Examples:
  assay run tickets.eval.yaml
  assay run tickets.eval.yaml --limit 20 --variant short
  assay run tickets.eval.yaml --out report.json --out junit.xml
  assay run specs/*.eval.yaml --out 'reports/{experiment}.xml'
  assay run tickets.eval.yaml --filter-failing latest
  assay run --resume latest
  assay run tickets.eval.yaml --set task.parameters.temperature=0.2

Exit codes: 0 all gates passed · 1 a gate failed · 2 the command line or the spec
is wrong · 3 a gate could not be decided · 4 the run is incomplete · 130 interrupted)";

constexpr const char* k_cache_footer =
    R"(ls lists the replies, the latest used first. show prints one with its request.
rm removes some. verify reads them all and names those that are damaged.
A run keeps replies with `cache: read_write` under `execution:` in its spec.

Examples:
  assay cache ls
  assay cache show 3f7a
  assay cache rm 3f7a 90b1
  assay cache rm --older-than 30d
  assay cache verify --dir recordings

Exit codes: 0 done · 2 the command line is wrong or there is no such reply
4 verify: a reply is damaged)";

constexpr const char* k_providers_footer =
    R"(list says which are configured, and what the others need. show prints the keys that a
provider has under `providers:` and the variables it reads. test makes one small call.
No key is ever printed.

Examples:
  assay providers
  assay providers show bedrock
  assay providers test openai
  assay providers test local:llama3 --spec tickets.eval.yaml

Exit codes: 0 done · 2 the command line or the spec is wrong
4 test: something is missing, or the call failed)";

constexpr const char* k_main_footer = R"(Examples:
  assay init
  assay run examples/ticket_router/tickets.eval.yaml
  assay show latest
  assay export latest --out report.md

`assay COMMAND --help` explains a command.)";

/// Commands and options of the full tool whose engine is not built yet: refused by name, so that
/// nobody takes them for a typing mistake or, worse, thinks they were obeyed.
const std::vector<std::string> k_later_commands = {"worker", "rules", "schedules", "remote",
                                                   "view"};
const std::vector<std::string> k_later_run_options = {"--server"};

}  // namespace

CommandParser::CommandParser(CommandLine& result) : result_(result) {
    app_.set_version_flag("--version", std::string(k_version));
    app_.require_subcommand(1);
    app_.footer(k_main_footer);
    app_.get_formatter()->column_width(30);
    add_init();
    add_run();
    add_plan();
    add_rescore();
    add_merge();
    add_validate();
    add_runs();
    add_show();
    add_gate();
    add_export();
    add_compare();
    add_baseline();
    add_verify();
    add_noise();
    add_flakes();
    add_judge();
    add_lists();
    add_datasets();
    add_prompts();
    add_traces();
    add_cache();
    add_serve();
    add_keys();
    add_schema();
    add_doctor();
    add_shell();
}

void CommandParser::add_init() {
    auto [sub, a] = command<InitArguments>(
        "init", "Write a spec that runs at once, its dataset and a CI job",
        "Nothing is ever overwritten.\n\nExamples:\n  assay init\n  assay init my-project");
    sub->add_option("DIR", a->folder, "Top folder of the project")->capture_default_str();
}

/// What says which units there are: shared by `run` and `plan`.
void CommandParser::add_selection(CLI::App* sub, RunArguments* a) {
    const CLI::Validator at_least_one = whole_number(1);
    sub->add_option("--set", a->overrides, "Override a key of the spec (value in YAML)")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    sub->add_option("--filter", a->filter,
                    "Only rows for which this holds, e.g. \"metadata.lang = 'de'\"")
        ->type_name("EXPR");
    sub->add_option("--filter-failing", a->filter_failing,
                    "Only items that failed in this run: failed, unscored or with a false score")
        ->type_name("RUN");
    sub->add_option("--limit", a->limit, "Only the first N rows")
        ->type_name("N")
        ->check(at_least_one);
    sub->add_option("--sample", a->sample, "Only N rows, drawn by --seed")
        ->type_name("N")
        ->check(at_least_one);
    sub->add_option("--seed", a->seed, "Seed of everything random")
        ->type_name("N")
        ->check(whole_number(0));
    sub->add_option("--repetitions", a->repetitions, "Trials per row and variant")
        ->type_name("N")
        ->check(at_least_one);
    sub->add_option("-j,--concurrency", a->concurrency, "Units in flight at a time")
        ->type_name("N")
        ->check(at_least_one);
    sub->add_option("--variant", a->variants, "Only this variant (repeatable)")
        ->type_name("NAME")
        ->allow_extra_args(false);
    sub->add_option("--shard", a->shard,
                    "Only part I of N of the units; `assay merge` puts the parts together")
        ->type_name("I/N");
    sub->add_option("--env-file", a->env_file, "Read environment variables from a file")
        ->type_name("FILE");
    sub->add_option("--cache-dir", a->cache_folder,
                    "Folder of the cached replies [cache within --store]")
        ->type_name("DIR");
    add_store(sub, a);
}

void CommandParser::add_run() {
    auto [sub, a] =
        command<RunArguments>("run", "Run a spec: score, store, report, gate", k_run_footer);
    sub->add_option("SPEC", a->specs, "Experiment specs (.yaml or .json), or plans of them");
    sub->add_option("--resume", a->resume,
                    "Go on with a run that ended early; its spec need not be named")
        ->type_name("RUN");
    sub->add_option("--baseline", a->baseline,
                    "Compare with a baseline, a run or a file of one (assay baseline --help)")
        ->type_name("REF");
    sub->parse_complete_callback([a] {
        if (a->specs.empty() && a->resume.empty()) throw CLI::RequiredError("SPEC");
    });
    add_selection(sub, a);
    sub->add_option("--budget-usd", a->budget_usd, "Stop before more than this is spent")
        ->type_name("USD")
        ->check(CLI::PositiveNumber.description(""));
    sub->add_flag("--fail-fast", a->fail_fast,
                  "Stop at the first unit that fails, is unscored or has a false check");
    sub->add_option("--run-name", a->run_name, "Name of the run")->type_name("NAME");
    sub->add_option("--tag", a->tags, "Add a tag to the run (repeatable)")
        ->type_name("TAG")
        ->allow_extra_args(false);
    sub->add_option("--metadata", a->metadata, "Add metadata to the run (repeatable)")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    add_reports(sub, a->out);
    add_progress(sub, a->progress);
    sub->add_flag("--no-cache", a->no_cache, "Take no reply from the cache and keep none");
    sub->add_flag("--quiet", a->quiet, "Only messages about what went wrong");
    sub->add_flag("--yes", a->yes, "Ask nothing (assay never does; accepted for scripts)");
}

void CommandParser::add_reports(CLI::App* sub, std::vector<std::string>& out) {
    sub->add_option("--out", out,
                    "Write a report; the ending is the format: .json .jsonl .csv .xml .md .html "
                    ".sarif .svg; or "
                    "the whole run: .assayrun (repeatable)")
        ->type_name("FILE")
        ->allow_extra_args(false);
}

void CommandParser::add_progress(CLI::App* sub, ProgressMode& progress) {
    const std::map<std::string, ProgressMode> modes = {{"auto", ProgressMode::automatic},
                                                       {"plain", ProgressMode::plain},
                                                       {"json", ProgressMode::json},
                                                       {"none", ProgressMode::none}};
    const std::vector<std::string> names = {"auto", "plain", "json", "none"};
    // The last transformation that is added comes first: it sees what was written.
    suggestions_[sub->add_option("--progress", progress, "auto, plain, json or none")
                     ->transform(CLI::Transformer(modes).description(""))
                     ->transform(one_of("mode", names))
                     ->type_name("MODE")] = names;
}

void CommandParser::add_plan() {
    auto [sub, a] = command<PlanArguments>(
        "plan", "Say what a run would call and, estimated, use; nothing is called",
        "Examples:\n  assay plan tickets.eval.yaml\n"
        "  assay plan tickets.eval.yaml --out plan.json && assay run plan.json\n"
        "  assay plan tickets.eval.yaml --difference 0.02\n"
        "  assay plan tickets.eval.yaml --units | head");
    sub->add_option("SPEC", a->run.specs, "Experiment spec (.yaml or .json)")
        ->required()
        ->expected(1);
    add_selection(sub, &a->run);
    sub->add_option("--difference", a->differences,
                    "Say how many items or repetitions it takes to find one of this size "
                    "(repeatable)")
        ->type_name("D")
        ->check(CLI::PositiveNumber.description(""))
        ->allow_extra_args(false);
    sub->add_option("--out", a->out, "Write the plan as JSON; `assay run` executes it")
        ->type_name("FILE");
    sub->add_flag("--units", a->units, "List the units with their keys, a JSON object a line");
    sub->add_flag("--json", a->json, "For machines");
}

void CommandParser::add_validate() {
    auto [sub, a] = command<ValidateArguments>(
        "validate", "Check specs and their datasets; nothing is called",
        "Examples:\n  assay validate tickets.eval.yaml\n  assay validate specs/*.eval.yaml");
    sub->add_option("SPEC", a->specs, "Experiment specs")->required();
    sub->add_option("--set", a->overrides, "Override a key of the spec")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    sub->add_option("--env-file", a->env_file, "Read environment variables from a file")
        ->type_name("FILE");
}

void CommandParser::add_lists() {
    auto [evaluators, e] = command<EvaluatorsArguments>(
        "evaluators", "List the evaluators, or explain one",
        "Examples:\n  assay evaluators\n  assay evaluators numeric_match");
    std::vector<std::string>& names =
        suggestions_[evaluators->add_option("NAME", e->name, "Explain this one")];
    for (const EvaluatorDefinition* each : known_evaluators()) names.emplace_back(each->id);
    evaluators->add_flag("--json", e->json, "For machines");
    auto [templates, t] = command<TemplatesArguments>(
        "templates", "List the prompts for judges that come with the program, or show one",
        "--out copies one, as a start for your own (docs/judges.md).\n\nExamples:\n  assay "
        "templates\n"
        "  assay templates faithfulness\n  assay templates tone --out judges/tone.yaml");
    suggestions_[templates->add_option("NAME", t->name, "Show this one")] = judge_template_ids();
    templates->add_option("--out", t->out, "Write it to this file instead")->type_name("FILE");
    templates->add_flag("--json", t->json, "For machines");
    add_providers();
}

void CommandParser::add_providers() {
    auto [sub, a] = command<ProvidersArguments>(
        "providers", "List the providers, explain one, or try one with a small call",
        k_providers_footer);
    const std::vector<std::string> actions = {"list", "show", "test"};
    suggestions_[sub->add_option("ACTION", a->action, "list, show or test")
                     ->capture_default_str()
                     ->check(one_of("action", actions))] = actions;
    std::vector<std::string>& names =
        suggestions_[sub->add_option("NAME", a->name, "A provider; test: PROVIDER:MODEL too")];
    for (const ProviderDefinition* each : builtin_providers()) names.emplace_back(each->id);
    sub->add_option("--spec", a->spec, "test: a spec whose `providers` may be named")
        ->type_name("FILE");
    sub->add_option("--env-file", a->env_file, "test: read environment variables from a file")
        ->type_name("FILE");
    sub->add_flag("--json", a->json, "For machines");
}

void CommandParser::add_cache() {
    auto [sub, a] = command<CacheArguments>("cache", "List, show, remove or check cached replies",
                                            k_cache_footer);
    const std::vector<std::string> actions = {"ls", "show", "rm", "verify"};
    suggestions_[sub->add_option("ACTION", a->action, "ls, show, rm or verify")
                     ->required()
                     ->check(one_of("action", actions))] = actions;
    sub->add_option("KEY", a->keys, "Which replies: keys, or the beginnings of keys");
    sub->add_option("--dir", a->folder, "Folder of the cache")
        ->type_name("DIR")
        ->capture_default_str();
    sub->add_option("--older-than", a->older_than, "rm: replies not used for so long: 12h, 30d")
        ->type_name("AGE");
    sub->add_flag("--all", a->all, "rm: every reply");
    sub->add_flag("--json", a->json, "For machines");
}

void CommandParser::add_schema() {
    auto [sub, a] =
        command<SchemaArguments>("schema", "Print a JSON Schema, for editors and checks",
                                 "Examples:\n  assay schema experiment > experiment.schema.json\n\n"
                                 "and as the first line of a spec:\n"
                                 "  # yaml-language-server: $schema=./experiment.schema.json");
    const std::vector<std::string> schemas = {"experiment", "report"};
    suggestions_[sub->add_option("WHICH", a->which, "experiment or report")
                     ->required()
                     ->check(CLI::IsMember(schemas))] = schemas;
}

void CommandParser::add_doctor() {
    auto [doctor, d] =
        command<DoctorArguments>("doctor", "Say what is missing or misconfigured on this machine",
                                 "Examples:\n  assay doctor");
    doctor->add_flag("--json", d->json, "For machines");
    add_store(doctor, d);
    auto [version, v] = command<VersionArguments>("version", "Print the version",
                                                  "Examples:\n  assay version --json");
    version->add_flag("--json", v->json, "For machines");
}

void CommandParser::add_shell() {
    auto [completion, c] = command<CompletionArguments>(
        "completion", "Print the script that makes a shell complete commands",
        "Examples:\n  source <(assay completion bash)\n"
        "  assay completion zsh > ~/.zfunc/_assay        # a folder of $fpath\n"
        "  assay completion fish > ~/.config/fish/completions/assay.fish");
    const std::vector<std::string> shells = {"bash", "zsh", "fish"};
    suggestions_[completion->add_option("SHELL", c->shell, "bash, zsh or fish")
                     ->required()
                     ->check(CLI::IsMember(shells).description(""))] = shells;
    command<ManArguments>("man", "Print the manual page",
                          "Examples:\n  assay man | man -l -\n"
                          "  assay man > ~/.local/share/man/man1/assay.1");
}

ArgumentInfo CommandParser::describe(const CLI::Option& option) const {
    ArgumentInfo info;
    for (const std::string& name : option.get_snames()) info.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) info.names.push_back("--" + name);
    const bool takes_value = option.get_items_expected_max() > 0;
    if (takes_value)
        info.value = info.names.empty() ? option.get_name(true) : option.get_type_name();
    info.summary = option.get_description();
    const auto suggestions = suggestions_.find(&option);
    if (suggestions != suggestions_.end()) info.suggestions = suggestions->second;
    if (info.value == "RUN") info.suggestions = {"latest"};
    info.required = option.get_required();
    info.repeatable = takes_value && option.get_expected_max() > 1;
    return info;
}

CommandInfo CommandParser::describe(CLI::App& app) const {
    CommandInfo info{.name = app.get_name(),
                     .summary = app.get_description(),
                     .footer = app.get_footer(),
                     .options = {},
                     .arguments = {}};
    for (const CLI::Option* const option : app.get_options()) {
        ArgumentInfo argument = describe(*option);
        (argument.names.empty() ? info.arguments : info.options).push_back(std::move(argument));
    }
    return info;
}

CommandTree CommandParser::describe() {
    CommandTree tree{.program = describe(app_), .commands = {}};
    for (CLI::App* const sub : app_.get_subcommands([](CLI::App*) { return true; })) {
        tree.commands.push_back(describe(*sub));
    }
    return tree;
}

namespace {

/// "--limt" among the options of the command that was being read.
std::string explain_extra(CLI::App& app, const std::string& extra) {
    std::vector<CLI::App*> chosen = app.get_subcommands();
    const bool option = extra.starts_with("-");
    if (chosen.empty() && !option) {
        std::vector<std::string> names;
        for (const CLI::App* sub : app.get_subcommands([](CLI::App*) { return true; })) {
            names.push_back(sub->get_name());
        }
        if (std::ranges::find(k_later_commands, extra) != k_later_commands.end()) {
            return fmt::format("the command \"{}\" is not available yet", extra);
        }
        return fmt::format("unknown command \"{}\"{}", extra, did_you_mean(extra, names));
    }
    if (!option) return fmt::format("unexpected argument \"{}\"", extra);
    const std::string name = extra.substr(0, extra.find('='));
    if (std::ranges::find(k_later_run_options, name) != k_later_run_options.end()) {
        return fmt::format("the option {} is not available yet", name);
    }
    std::vector<std::string> names;
    const CLI::App* const owner = chosen.empty() ? &app : chosen.front();
    for (const CLI::Option* known : owner->get_options()) {
        for (const std::string& long_name : known->get_lnames()) names.push_back("--" + long_name);
    }
    return fmt::format("unknown option {}{}", name, did_you_mean(name, names));
}

int explain(CLI::App& app, const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // help and version
    const std::vector<CLI::App*> chosen = app.get_subcommands();
    std::string message = error.what();
    const std::vector<std::string> extras = app.remaining(true);
    if (!extras.empty()) message = explain_extra(app, extras.front());
    const std::string help = chosen.empty()
                                 ? "assay --help"
                                 : fmt::format("assay {} --help", chosen.front()->get_name());
    print_error(fmt::format("assay: {}\nSee: {}\n", message, help));
    return static_cast<int>(ExitCode::usage);
}

}  // namespace

CommandTree command_tree() {
    CommandLine ignored;
    return CommandParser(ignored).describe();
}

std::variant<CommandLine, int> parse_command_line(int argc, const char* const* argv) {
    CommandLine result;
    CommandParser parser(result);
    if (argc < 2) {
        print_out(parser.app().help());
        return static_cast<int>(ExitCode::usage);
    }
    try {
        parser.app().parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return explain(parser.app(), error);
    }
    return result;
}

}  // namespace assay
