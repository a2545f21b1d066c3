#include "runner/cli/verify_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/hash.hpp"
#include "datasets/dataset.hpp"
#include "runner/cli/calibrations.hpp"
#include "runner/cli/deleted_content.hpp"
#include "runner/cli/prepare.hpp"
#include "runner/cli/references.hpp"
#include "runner/report/program_scores.hpp"
#include "runner/report/reference_run.hpp"

namespace assay {
namespace {

constexpr std::size_t k_problems_listed = 10;

/// How messages name a unit.
std::string name_of(const UnitResult& unit) {
    return fmt::format("{}, item {}, repetition {} (trace {})", unit.variant, unit.item.id.value(),
                       unit.repetition + 1, unit.trace_id.value());
}

VerifyCheck check_file(const OpenRun& open) {
    VerifyCheck check{.id = "file", .what = "the database file"};
    const auto problems = open.store->check_file();
    if (!problems) {
        check.expect(false, problems.error().message);
        return check;
    }
    check.expect(problems->empty(), problems->empty() ? "" : problems->front());
    return check;
}

/// The experiment that the run was made of, when its spec and files are still what they were.
std::optional<Experiment> experiment_of(const RunRecord& run, std::string& why_not) {
    Diagnostics mistakes;
    auto overrides = run.invocation.is_object()
                         ? run.invocation.value("overrides", std::vector<std::string>())
                         : std::vector<std::string>();
    const std::pair<const char*, const char*> shorthands[] = {{"seed", "execution.seed"},
                                                              {"repetitions", "repetitions"}};
    for (const auto& [key, path] : shorthands) {
        const bool given = run.invocation.is_object() && run.invocation.contains(key);
        if (given) overrides.push_back(fmt::format("{}={}", path, to_text(run.invocation[key])));
    }
    auto experiment = prepare_experiment(run.spec_file, {.overrides = std::move(overrides)},
                                         {.keys_needed = false}, mistakes);
    if (!experiment) {
        why_not = fmt::format("{} cannot be read any more", run.spec_file);
        return std::nullopt;
    }
    const bool recorded = std::ranges::any_of(experiment->spec.variants, [](const auto& variant) {
        return variant.task.form == TaskForm::recorded || variant.task.form == TaskForm::steps;
    });
    if (recorded) {
        why_not = "the keys of recorded outputs and of steps need rows, which are not stored";
        return std::nullopt;
    }
    std::erase_if(experiment->variants, [&](const BoundVariant& variant) {
        return std::ranges::find(run.variants, variant.name, &VariantRecord::name) ==
               run.variants.end();
    });
    const std::string dataset = as_text(run.manifest.at("dataset").at("sha256"));
    if (units_sha256_of(*experiment, dataset) == run.manifest.value("units_sha256", "")) {
        return experiment;
    }
    why_not = fmt::format("{} or a file it names is not what it was", run.spec_file);
    return std::nullopt;
}

/// Holds every unit against what it must be, while they stream by.
class UnitChecks {
  public:
    explicit UnitChecks(const OpenRun& open) : open_(open), run_(open.run) {
        experiment_ = experiment_of(run_, keys_.skipped);
        const Json evaluators = run_.manifest.value("evaluators", Json::array());
        for (const Json& evaluator : evaluators) {
            evaluators_.insert(evaluator.value("name", std::string()));
        }
    }

    void look();
    void add_to(std::vector<VerifyCheck>& checks);

  private:
    Result<void> look_at(const UnitResult& unit);
    void check_key(const UnitResult& unit);
    void check_item(const UnitResult& unit);
    Result<void> check_scores(const UnitResult& unit);
    void check_counts();
    void check_dataset();

    const OpenRun& open_;
    const RunRecord& run_;
    std::optional<Experiment> experiment_;
    std::set<std::string> evaluators_;  ///< that the manifest names
    std::map<std::string, std::uint64_t> units_of_;
    std::set<std::string> keys_seen_;
    std::set<std::string> items_seen_;
    std::uint64_t items_deleted_ = 0;
    Sha256 dataset_;  ///< of the items of the first variant

    VerifyCheck documents_{.id = "documents", .what = "units that can be read"};
    VerifyCheck keys_{.id = "unit_keys", .what = "unit keys"};
    VerifyCheck traces_{.id = "ids", .what = "ids of traces, run items and scores"};
    VerifyCheck contents_{.id = "content_hashes", .what = "content hashes of items"};
    VerifyCheck data_{.id = "dataset", .what = "hash of the dataset"};
    VerifyCheck scores_{.id = "scores", .what = "scores against their unit"};
    VerifyCheck named_{.id = "evaluators", .what = "evaluations by evaluators of the manifest"};
    VerifyCheck status_{.id = "statuses", .what = "statuses of units"};
    VerifyCheck counts_{.id = "counts", .what = "numbers of units"};
};

void UnitChecks::look() {
    const auto read = open_.store->for_each_unit(
        run_, [this](const UnitResult& unit) { return look_at(unit); }, UnitParts::all);
    if (!read) {
        documents_.expect(
            false, fmt::format("after {} units: {}", documents_.checked, read.error().message));
        counts_.skipped = "not all units could be read";
        data_.skipped = counts_.skipped;
        return;
    }
    check_counts();
    check_dataset();
}

Result<void> UnitChecks::look_at(const UnitResult& unit) {
    documents_.expect(true, {});
    ++units_of_[unit.variant];
    check_key(unit);
    check_item(unit);
    const UnitStatus expected =
        unit.status == UnitStatus::scored || unit.status == UnitStatus::unscored
            ? status_from(unit.evaluations)
            : unit.status;
    status_.expect(unit.status == expected,
                   fmt::format("{}: is {} and its evaluations make it {}", name_of(unit),
                               to_string(unit.status), to_string(expected)));
    for (const Evaluation& evaluation : unit.evaluations) {
        named_.expect(evaluators_.contains(evaluation.evaluator),
                      fmt::format("{}: the manifest has no evaluator \"{}\"", name_of(unit),
                                  evaluation.evaluator));
    }
    return check_scores(unit);
}

void UnitChecks::check_key(const UnitResult& unit) {
    traces_.expect(unit.trace_id == derive_trace_id(run_.id, unit.item.position, unit.key),
                   fmt::format("{}: the trace's id does not follow from the run and the unit's key",
                               name_of(unit)));
    const bool fresh = keys_seen_.insert(unit.key.value()).second;
    if (!experiment_) return;
    const auto variant =
        std::ranges::find(experiment_->variants, unit.variant, &BoundVariant::name);
    const bool fits = fresh && variant != experiment_->variants.end() &&
                      unit.key == unit_key(unit.item, *variant, unit.repetition,
                                           experiment_->spec.execution.seed);
    keys_.expect(fits, fmt::format("{}: the unit's key is not that of its content", name_of(unit)));
}

void UnitChecks::check_item(const UnitResult& unit) {
    if (unit.variant != run_.variants.front().name || unit.repetition != 0) return;
    if (!items_seen_.insert(unit.item.id.value()).second) return;
    if (is_content_deleted(unit.item)) {
        ++items_deleted_;
        contents_.skipped = fmt::format("the content of {} {} was deleted from the dataset since",
                                        items_deleted_, items_deleted_ == 1 ? "item" : "items");
    } else {
        contents_.expect(unit.item.content_hash == content_hash_of(unit.item),
                         fmt::format("item {}: its content has another hash than the stored {}",
                                     unit.item.id.value(), unit.item.content_hash));
    }
    dataset_.update(dataset_hash_entry(unit.item));
}

Result<void> UnitChecks::check_scores(const UnitResult& unit) {
    ASSAY_TRY(const std::vector<StoredScore> rows, open_.store->scores(unit.trace_id));
    std::map<ScoreId, const StoredScore*> stored;
    for (const StoredScore& row : rows) stored.emplace(row.id, &row);
    std::map<std::string, std::size_t> earlier;
    for (const Evaluation& evaluation : unit.evaluations) {
        std::optional<TraceId> execution;
        if (evaluation.judge) {
            execution = derive_judge_trace_id(unit.trace_id, evaluation.evaluator);
            traces_.expect(evaluation.judge->trace_id == *execution,
                           fmt::format("{}: the trace of the judge \"{}\" has another id",
                                       name_of(unit), evaluation.evaluator));
        }
        for (const Score& score : evaluation.scores) {
            const ScoreId id = derive_score_id(unit.trace_id, score.name, earlier[score.name]++);
            const auto row = stored.find(id);
            traces_.expect(row != stored.end(), fmt::format("{}: the score \"{}\" has no row {}",
                                                            name_of(unit), score.name, id.value()));
            if (row == stored.end()) continue;
            const Score& said = row->second->score;
            scores_.expect(
                said.name == score.name && said.value == score.value,
                fmt::format("{}: the row of \"{}\" says {}, the unit {}", name_of(unit), score.name,
                            to_text(to_json(said.value)), to_text(to_json(score.value))));
            traces_.expect(row->second->execution_trace == execution,
                           fmt::format("{}: the row of \"{}\" does not point to the judge's trace",
                                       name_of(unit), score.name));
        }
    }
    return {};
}

void UnitChecks::check_counts() {
    for (const VariantRecord& variant : run_.variants) {
        const std::uint64_t stored = units_of_[variant.name];
        const bool whole = run_.state == RunState::finished && !run_.stopped_early();
        counts_.expect(whole ? stored == variant.planned : stored <= variant.planned,
                       fmt::format("{}: {} units are stored and {} were planned", variant.name,
                                   stored, variant.planned));
        traces_.expect(
            variant.dataset_run_id == derive_dataset_run_id(run_.id, variant.name),
            fmt::format("{}: the dataset run's id does not follow from the run's", variant.name));
        const auto items = open_.store->run_items(variant.dataset_run_id);
        if (!items) {
            counts_.expect(false, items.error().message);
            continue;
        }
        counts_.expect(items->size() == stored, fmt::format("{}: {} run items for {} units",
                                                            variant.name, items->size(), stored));
        for (const RunItem& item : *items) {
            traces_.expect(item.id == derive_run_item_id(variant.dataset_run_id, item.trace_id),
                           fmt::format("{}, item {}: the run item's id does not follow from its "
                                       "trace",
                                       variant.name, item.item_id.value()));
        }
    }
}

void UnitChecks::check_dataset() {
    const Json dataset = run_.manifest.value("dataset", Json::object());
    const std::uint64_t items = dataset.value("items", std::uint64_t{0});
    if (items_seen_.size() != items) {
        data_.skipped = fmt::format("{} of {} items are stored", items_seen_.size(), items);
        return;
    }
    data_.expect(to_hex(dataset_.finish()) == dataset.value("sha256", std::string()),
                 "the stored items have another hash than the manifest's dataset");
}

void UnitChecks::add_to(std::vector<VerifyCheck>& checks) {
    for (VerifyCheck* check : {&documents_, &counts_, &contents_, &data_, &keys_, &traces_,
                               &status_, &named_, &scores_}) {
        checks.push_back(std::move(*check));
    }
}

VerifyCheck check_plan(const RunRecord& run) {
    VerifyCheck check{.id = "plan", .what = "hash of the plan"};
    const bool complete = run.manifest.contains("evaluators") &&
                          run.manifest.contains("units_sha256") && !run.plan_sha256.empty();
    if (!complete) {
        check.skipped = "the run was made before plans had hashes";
        return check;
    }
    check.expect(plan_sha256_of(run.manifest) == run.plan_sha256,
                 "the manifest's evaluators and units have another hash than the run's plan");
    return check;
}

/// What is stored of the run evaluators against what the units give now. Programs would have to be
/// run again.
VerifyCheck check_run_scores(const OpenRun& open) {
    VerifyCheck check{.id = "run_scores", .what = "run scores"};
    const auto report = make_report(open.run, open.units(),
                                    {.programs = open.programs, .references = {}, .baseline = {}});
    if (!report) {
        check.skipped = "the units cannot be summarised";
        return check;
    }
    std::set<std::string> of_programs;
    for (const RunEvaluator& evaluator : open.run.report_plan.run_evaluators) {
        if (!is_program(evaluator)) continue;
        for (const std::string& name : run_score_names(evaluator)) of_programs.insert(name);
    }
    for (const VariantSummary& variant : report->variants) {
        const auto& stored = open.programs.at(variant.dataset_run_id);
        if (stored.empty() && !variant.run_scores.empty()) {
            check.skipped = "none are stored: the run was stopped before";
            continue;
        }
        for (const RunScore& now : variant.run_scores) {
            const auto row = std::ranges::find(stored, now.name, &Score::name);
            if (!now.value || of_programs.contains(now.name)) continue;
            const bool same = row != stored.end() && row->value == ScoreValue(*now.value);
            check.expect(
                same,
                fmt::format("{}: {} is stored as {}, the units give {}", variant.name, now.name,
                            row == stored.end() ? "nothing" : to_text(to_json(row->value)),
                            *now.value));
        }
    }
    if (!of_programs.empty()) check.skipped = "programs were not run again";
    return check;
}

VerifyCheck check_baselines(const OpenRun& open) {
    VerifyCheck check{.id = "baselines", .what = "what it was compared with, and its calibrations"};
    const Json pins = open.run.manifest.value("baselines", Json::array());
    for (const Json& pin : pins) {
        if (!pin.at("sha256").is_string()) continue;  // it was not there then
        const std::string reference = pin.at("ref");
        const auto document = open.store->baseline_document(pin.at("sha256").get<std::string>());
        const auto read = document ? reference_from_text(*document, reference)
                                   : Result<ReferenceRun>(std::unexpected(document.error()));
        check.expect(read.has_value(), read ? "" : read.error().message);
    }
    for (const Json& pin : open.run.manifest.value(k_calibrations_key, Json::array())) {
        if (!pin.at("sha256").is_string()) continue;
        const auto document = open.store->baseline_document(pin.at("sha256").get<std::string>());
        const auto read = document ? calibration_from_text(*document, pin.at("judge"))
                                   : Result<Calibration>(std::unexpected(document.error()));
        check.expect(read.has_value(), read ? "" : read.error().message);
    }
    return check;
}

}  // namespace

void VerifyCheck::expect(bool holds, const std::string& problem) {
    ++checked;
    if (holds) return;
    ++wrong;
    if (problems.size() < k_problems_listed) problems.push_back(problem);
}

std::vector<VerifyCheck> verify_run(const OpenRun& open) {
    std::vector<VerifyCheck> checks;
    checks.push_back(check_file(open));
    UnitChecks units(open);
    units.look();
    units.add_to(checks);
    checks.push_back(check_plan(open.run));
    checks.push_back(check_run_scores(open));
    checks.push_back(check_baselines(open));
    return checks;
}

}  // namespace assay
