// `assay judge`: its actions and their options.
#include "runner/cli/command_parser.hpp"

namespace assay {
namespace {

constexpr const char* k_judge_footer =
    R"(preview shows what the judges of the spec would be asked about the first outputs;
nothing is called. attack puts texts behind outputs that try to talk a judge into
another verdict, and says how often one does (docs/judges.md).

calibrate lets a judge judge outputs that people have labelled, and says how far the two
agree. Labels are a .jsonl, .csv, .tsv or .json file with a row each: `id` (of the item)
and `label`, or `input`, `output` and `label`. Outputs that the file does not hold come
from a stored run, or from the dataset when the task is `recorded`. What comes of it is
kept for gates with `requires` (docs/calibration.md); list and show tell it.

Examples:
  assay judge preview tickets.eval.yaml --limit 3
  assay judge attack tickets.eval.yaml --run latest --limit 10
  assay judge calibrate tickets.eval.yaml --labels labels.csv --run latest
  assay judge calibrate tickets.eval.yaml --labels labels.jsonl --judge tone --out tone.json
  assay judge list
  assay judge show tone

Exit codes: 0 done, however well they agree · 2 the command line, the spec or the labels
are wrong · 4 the judge could not be asked · 130 interrupted)";

}  // namespace

void CommandParser::add_judge() {
    auto [sub, a] =
        command<JudgeArguments>("judge", "Find out how far a judge can be trusted", k_judge_footer);
    const std::vector<std::string> actions = {"preview", "attack", "calibrate", "list", "show"};
    suggestions_[sub->add_option("ACTION", a->action, "preview, attack, calibrate, list or show")
                     ->required()
                     ->check(one_of("action", actions))] = actions;
    sub->add_option("SPEC", a->subject, "Experiment spec (.yaml or .json); show: the judge's name");
    sub->add_option("--judge", a->judge, "Only this one of the spec's judges")->type_name("NAME");
    sub->add_option("--labels", a->labels, "calibrate: what people said (.jsonl .csv .tsv .json)")
        ->type_name("FILE");
    sub->add_option("--score", a->score, "calibrate: which of the judge's scores [its first]")
        ->type_name("NAME");
    sub->add_option("--run", a->of,
                    "Whose outputs are judged, RUN or RUN:VARIANT; default: `recorded`")
        ->type_name("RUN");
    sub->add_option("--attacks", a->attacks, "attack: these instead of the shipped ones (.yaml)")
        ->type_name("FILE");
    sub->add_option("--slice", a->slices,
                    "calibrate: also for each value of this field of the items (repeatable)")
        ->type_name("PATH")
        ->allow_extra_args(false);
    sub->add_option("--order", a->order,
                    "calibrate: categories from lowest to highest; far disagreements weigh more")
        ->type_name("A,B,C")
        ->delimiter(',')
        ->allow_extra_args(false);
    sub->add_option("--out", a->out, "calibrate: write what came of it (.json or .md)")
        ->type_name("FILE");
    sub->add_flag("--json", a->json, "For machines");
    add_selection(sub, &a->run);
    add_progress(sub, a->run.progress);
    sub->add_flag("--no-cache", a->run.no_cache, "Take no reply from the cache and keep none");
    sub->add_flag("--quiet", a->run.quiet, "Only messages about what went wrong");
}

}  // namespace assay
