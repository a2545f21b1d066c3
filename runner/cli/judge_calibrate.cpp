// `assay judge calibrate`: what people labelled becomes a dataset of recorded outputs, the judge
// judges it in a run like any other, and the two are compared.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/files.hpp"
#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "runner/cli/judge_command.hpp"
#include "runner/cli/label_file.hpp"
#include "runner/cli/labelled_outputs.hpp"
#include "runner/cli/prepare.hpp"
#include "runner/cli/prepare_run.hpp"
#include "runner/cli/progress.hpp"
#include "runner/cli/run_outputs.hpp"
#include "runner/report/calibration.hpp"
#include "runner/report/lookup.hpp"
#include "runner/report/numbers.hpp"
#include "runner/report/score_table.hpp"
#include "server/store/store.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr const char* k_tag = "calibration";

std::unexpected<Error> refused(std::string why) {
    return failure(ErrorCode::invalid_argument, std::move(why));
}

Result<void> check_arguments(const JudgeArguments& arguments) {
    if (arguments.subject.empty()) {
        return refused("name the spec: assay judge calibrate SPEC --labels FILE");
    }
    if (arguments.labels.empty()) {
        return refused("name what people said: --labels FILE, with an `id` and a `label` a row");
    }
    const bool known =
        arguments.out.empty() || arguments.out.ends_with(".json") || arguments.out.ends_with(".md");
    if (known) return {};
    return refused(fmt::format("--out {}: the ending is the format, .json or .md", arguments.out));
}

/// The evaluator that is meant: by its name, else the only one that asks somebody.
Result<std::size_t> find_judge(const Experiment& experiment, const std::string& wanted) {
    std::vector<std::string> names;
    std::vector<std::size_t> waiting;
    for (std::size_t i = 0; i < experiment.evaluators.size(); ++i) {
        const BoundEvaluator& evaluator = experiment.evaluators[i];
        names.push_back(evaluator.name());
        if (evaluator.name() == wanted) return i;
        if (evaluator.waits()) waiting.push_back(i);
    }
    if (!wanted.empty()) {
        return refused(fmt::format("--judge {}: the spec has no such evaluator{}", wanted,
                                   did_you_mean(wanted, names)));
    }
    if (waiting.size() == 1) return waiting.front();
    if (names.size() == 1) return std::size_t{0};
    return refused(fmt::format("say which evaluator is calibrated: --judge, one of {}",
                               fmt::join(names, ", ")));
}

/// The judge and what it needs, as the spec has them.
Json evaluators_for(const Experiment& experiment, std::size_t judge) {
    std::set<std::size_t> taken = {judge};
    std::vector<std::size_t> open = {judge};
    while (!open.empty()) {
        const std::size_t next = open.back();
        open.pop_back();
        for (const std::size_t needed : experiment.order.needs(next)) {
            if (taken.insert(needed).second) open.push_back(needed);
        }
    }
    const Json& written = experiment.spec.document.at("evaluators");
    Json evaluators = Json::array();
    for (const std::size_t index : taken) evaluators.push_back(written.at(index));
    return evaluators;
}

/// The dataset of a calibration: a file in the store's folder while its run is not finished.
class LabelledDataset {
  public:
    static Result<LabelledDataset> write(const std::vector<LabelledItem>& items,
                                         const std::string& store) {
        std::string text;
        for (const LabelledItem& item : items) text += to_text(item.row()) + "\n";
        const fs::path folder = fs::absolute(store) / "calibrations";
        LabelledDataset dataset(folder / fmt::format("labelled-{}.jsonl", sha256_hex(text, 12)));
        ASSAY_CHECK(write_file_atomically(dataset.path_, text));
        return dataset;
    }

    [[nodiscard]] const fs::path& path() const { return path_; }

    void remove() const {
        std::error_code ignored;  // it is only in the way
        fs::remove(path_, ignored);
        fs::remove(path_.parent_path(), ignored);  // unless another calibration is there
    }

  private:
    explicit LabelledDataset(fs::path path) : path_(std::move(path)) {}

    fs::path path_;
};

/// The command line without what picks among a dataset's rows and a spec's variants: neither of
/// them is what is judged.
RunArguments without_selection(RunArguments run) {
    run.filter.reset();
    run.filter_failing.clear();
    run.limit.reset();
    run.sample.reset();
    run.repetitions.reset();
    run.variants.clear();
    run.shard.clear();
    return run;
}

/// What `run` would be told: the spec with its judge alone, on outputs that are there.
RunArguments arguments_for(const JudgeArguments& given, const Experiment& experiment,
                           std::size_t judge, const fs::path& dataset) {
    RunArguments run = without_selection(given.run);
    run.limit = given.run.limit;  // of the labels
    run.sample = given.run.sample;
    run.specs = {given.subject};
    run.tags.emplace_back(k_tag);
    run.run_name = fmt::format("calibration of {}", experiment.evaluators[judge].name());
    const Json rows = {{"file", dataset.string()}, {"id", "$.id"}};
    const Json task = {{"recorded", "$.output"}};
    const auto set = [&run](const char* key, const Json& value) {
        run.overrides.push_back(fmt::format("{}={}", key, to_text(value)));
    };
    // A name of its own: what asks for the newest run of an experiment does not mean this one.
    set("experiment", experiment.spec.experiment + " calibration");
    set("dataset", rows);
    set("task", task);
    set("evaluators", evaluators_for(experiment, judge));
    for (const char* const key : {"variants", "matrix", "repetitions", "run_evaluators", "gates",
                                  "gate_defaults", "stop"}) {
        set(key, nullptr);
    }
    return run;
}

/// What the judge said of the items, from the units of its run.
struct Judged {
    std::vector<LabelledOutput> outputs;
    UnjudgedCounts unjudged;
    std::optional<ScoreDataType> data_type;
    std::string first_error;
};

class JudgedReader {
  public:
    JudgedReader(const std::vector<LabelledItem>& items, std::string score,
                 const std::vector<std::string>& slices)
        : score_(std::move(score)), slices_(slices) {
        for (const LabelledItem& item : items) items_.emplace(item.row_id, &item);
    }

    Result<void> add(const UnitResult& unit) {
        const auto found = items_.find(unit.item.id.value());
        ASSAY_ASSERT(found != items_.end(), "the run has the items that were written");
        const Score* const score = find_score(unit, score_);
        if (score == nullptr) return count_unjudged(unit);
        const LabelledItem& item = *found->second;
        const ScoreDataType type = data_type_of(score->value);
        auto label = label_value(item.label, type);
        if (!label) {
            return refused(fmt::format("{}: the label {}, and {} is {}", item.place,
                                       label.error().message, score_, to_string(type)));
        }
        judged_.data_type = type;
        LabelledOutput& output = judged_.outputs.emplace_back(
            LabelledOutput{.item_id = item.item.id.value(),
                           .output = output_digest(item.output),
                           .label = std::move(*label),
                           .judged = score->value,
                           .comment = fit_width(score->comment, k_comment_columns),
                           .slices = {}});
        for (const std::string& path : slices_) {
            output.slices.push_back(slice_value(unit.item, path));
        }
        return {};
    }

    [[nodiscard]] Judged take() { return std::move(judged_); }

  private:
    static constexpr std::size_t k_comment_columns = 1'000;

    Result<void> count_unjudged(const UnitResult& unit) {
        for (const Evaluation& evaluation : unit.evaluations) {
            if (evaluation.status != EvaluationStatus::error) continue;
            if (judged_.first_error.empty()) judged_.first_error = evaluation.message;
            ++judged_.unjudged.errors;
            return {};
        }
        ++(unit.status == UnitStatus::failed ? judged_.unjudged.no_output
                                             : judged_.unjudged.skipped);
        return {};
    }

    std::string score_;
    const std::vector<std::string>& slices_;
    std::map<std::string, const LabelledItem*> items_;
    Judged judged_;
};

/// One calibration on its way.
class Calibrating {
  public:
    Calibrating(const JudgeArguments& arguments, const Console& console)
        : arguments_(arguments), console_(console) {}

    Result<ExitCode> go() {
        ASSAY_CHECK(check_arguments(arguments_));
        ASSAY_CHECK(read_env_file(arguments_.run.env_file));
        ASSAY_TRY(labels_, read_label_file(arguments_.labels));
        ASSAY_TRY(const bool usable, look_at_spec());
        if (!usable) return ExitCode::usage;
        ASSAY_TRY(auto found, find_labelled_items(labels_, arguments_, *whole_));
        items_ = std::move(found.items);
        facts_.unjudged.no_output = found.no_output;
        ASSAY_CHECK(check_labels());
        // Only now: what is wrong with the labels makes no store.
        ASSAY_TRY(store_, Store::open(arguments_.run.store, default_project_id()));
        ASSAY_TRY(const LabelledDataset dataset,
                  LabelledDataset::write(items_, arguments_.run.store));
        ASSAY_TRY(const auto run, judge_all(dataset.path()));
        if (!run) return ExitCode::usage;
        if (run->state != RunState::finished) return unfinished(*run);
        dataset.remove();
        return conclude(*run);
    }

  private:
    /// Which evaluator is calibrated, and what it gives.
    Result<bool> look_at_spec() {
        Diagnostics mistakes;
        ASSAY_TRY(whole_,
                  prepare_run(arguments_.subject, without_selection(arguments_.run),
                              {.keys_needed = false, .task_called = false}, clock_, mistakes));
        if (!whole_) {
            (void)report_mistakes(mistakes);
            return false;
        }
        const Experiment& experiment = whole_->experiment;
        ASSAY_TRY(judge_, find_judge(experiment, arguments_.judge));
        const BoundEvaluator& judge = experiment.evaluators[judge_];
        const EvaluatorSpec& written = experiment.spec.evaluators[judge_];
        facts_.judge = judge.name();
        facts_.type = written.type;
        const auto model = written.parameters.find("provider");
        if (model != written.parameters.end()) facts_.model = as_text(*model);
        ASSAY_TRY(facts_.score, score_of(judge));
        facts_.labels_file = labels_.name;
        facts_.labels_sha256 = labels_.sha256;
        facts_.slices = arguments_.slices;
        facts_.order = arguments_.order;
        facts_.seed = experiment.spec.execution.seed;
        return true;
    }

    [[nodiscard]] Result<std::string> score_of(const BoundEvaluator& judge) const {
        const std::vector<std::string> names = judge.score_names();
        if (arguments_.score.empty()) return names.front();
        if (std::ranges::find(names, arguments_.score) != names.end()) return arguments_.score;
        return refused(fmt::format("--score {}: the judge {} gives {}", arguments_.score,
                                   judge.name(), fmt::join(names, ", ")));
    }

    /// As far as the type of the score is known, before anybody is paid.
    Result<void> check_labels() const {
        const auto type = whole_->experiment.evaluators[judge_].data_type(facts_.score);
        if (!type) return {};
        for (const LabelledItem& item : items_) {
            const auto label = label_value(item.label, *type);
            if (label) continue;
            return refused(fmt::format("{}: the label {}, and {} is {}", item.place,
                                       label.error().message, facts_.score, to_string(*type)));
        }
        return {};
    }

    /// Nothing after mistakes, which are told.
    Result<std::optional<RunRecord>> judge_all(const fs::path& dataset) {
        const RunArguments arguments =
            arguments_for(arguments_, whole_->experiment, judge_, dataset);
        Diagnostics mistakes;
        ASSAY_TRY(auto prepared,
                  prepare_run(arguments_.subject, arguments, BindOptions{}, clock_, mistakes));
        if (!prepared) {
            (void)report_mistakes(mistakes);
            return std::nullopt;
        }
        const auto judge =
            std::ranges::find(prepared->experiment.evaluators, facts_.judge, &BoundEvaluator::name);
        ASSAY_ASSERT(judge != prepared->experiment.evaluators.end(), "it was left in");
        facts_.evaluator_hash = judge->hash();
        std::unique_ptr<ReplyCache> cache;
        if (prepared->experiment.spec.execution.cache != CacheMode::off) {
            ASSAY_TRY(cache, ReplyCache::open(cache_folder(arguments), {}, clock_));
        }
        RunRecord& run = prepared->plan.run;
        ASSAY_TRY(const auto outputs, RunOutputs::open(prepared->experiment, run, *store_));
        const auto progress =
            make_progress(progress_of(arguments_), run.variants.front().planned, console_, clock_);
        std::vector<ExecutionJob> jobs;
        jobs.push_back({.experiment = &prepared->experiment,
                        .plan = std::move(prepared->plan),
                        .cache = cache.get(),
                        .outputs = outputs.get()});
        ASSAY_TRY(std::vector<RunRecord> runs,
                  execute(std::move(jobs), *store_, clock_, {.observer = progress.get()}));
        progress->finish();
        return std::optional(std::move(runs.front()));
    }

    [[nodiscard]] ExitCode unfinished(const RunRecord& run) const {
        print_error(fmt::format(
            "assay: the judge's run {} is {}{}; do the same again: with `execution.cache` no reply "
            "is paid for twice\n",
            run.id.value(), to_string(run.state), run.reason.empty() ? "" : ": " + run.reason));
        return run.state == RunState::interrupted ? ExitCode::interrupted : ExitCode::incomplete;
    }

    Result<ExitCode> conclude(const RunRecord& run) {
        JudgedReader reader(items_, facts_.score, facts_.slices);
        ASSAY_CHECK(
            store_->for_each_unit(run, [&](const UnitResult& unit) { return reader.add(unit); }));
        Judged judged = reader.take();
        if (judged.outputs.size() < 2) {
            print_error(fmt::format(
                "assay: nothing to compare: {} of {} gave a value{}\n", judged.outputs.size(),
                format_some(items_.size(), "labelled output"),
                judged.first_error.empty() ? "" : "; the judge says: " + judged.first_error));
            return ExitCode::incomplete;
        }
        facts_.data_type = *judged.data_type;
        facts_.unjudged.errors += judged.unjudged.errors;
        facts_.unjudged.skipped += judged.unjudged.skipped;
        facts_.unjudged.no_output += judged.unjudged.no_output;
        facts_.run_id = run.id.value();
        facts_.made = clock_.now();
        ASSAY_TRY(const Calibration calibration, calibrate(facts_, std::move(judged.outputs)));
        const std::string document = calibration_document(calibration);
        if (!is_partial()) ASSAY_CHECK(keep(calibration, document));
        return tell(calibration, document);
    }

    /// A try on a part of the labels must not stand in for all of them.
    [[nodiscard]] bool is_partial() const { return arguments_.run.limit || arguments_.run.sample; }

    Result<void> keep(const Calibration& calibration, const std::string& document) {
        const auto sha256 = store_->put_calibration({.judge = facts_.judge,
                                                     .evaluator_hash = facts_.evaluator_hash,
                                                     .score = facts_.score,
                                                     .outputs = calibration.whole.outputs,
                                                     .made = facts_.made,
                                                     .sha256 = {}},
                                                    document);
        if (!sha256) return std::unexpected(sha256.error());
        return {};
    }

    Result<ExitCode> tell(const Calibration& calibration, const std::string& document) const {
        if (arguments_.out.ends_with(".json")) {
            ASSAY_CHECK(write_file_atomically(arguments_.out, document));
        } else if (!arguments_.out.empty()) {
            ASSAY_CHECK(
                write_file_atomically(arguments_.out, calibration_to_markdown(calibration)));
        }
        if (is_partial()) {
            print_error(
                "Not kept for gates and reports: only a part of the labels was compared.\n");
        }
        if (arguments_.json) {
            print_out(document);
        } else if (!arguments_.run.quiet) {
            print_out(calibration_to_text(calibration, console_.columns));
            if (labels_.unlabelled > 0) {
                print_out(fmt::format("{} without a label {} left out.\n",
                                      format_some(labels_.unlabelled, "row"),
                                      labels_.unlabelled == 1 ? "was" : "were"));
            }
        }
        return ExitCode::ok;
    }

    const JudgeArguments& arguments_;
    const Console& console_;
    SystemClock clock_;
    LabelFile labels_;
    std::optional<PreparedRun> whole_;  ///< the spec as it is
    std::size_t judge_ = 0;
    CalibrationFacts facts_;
    std::vector<LabelledItem> items_;
    std::unique_ptr<Store> store_;
};

}  // namespace

Result<ExitCode> calibrate_judge(const JudgeArguments& arguments, const Console& console) {
    return Calibrating(arguments, console).go();
}

}  // namespace assay
