#include "server/store/store.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <map>

#include "core/base/diagnostic.hpp"
#include "server/store/database.hpp"
#include "server/store/run_lock.hpp"
#include "server/store/sqlite_catalogue.hpp"
#include "server/store/sqlite_trace_store.hpp"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view k_origin = "assay-run";  // of traces, in their metadata
constexpr std::size_t k_prefix_characters_min = 4;
constexpr std::size_t k_group_units = 64;  // committed together when many come at once

/// A folder that is empty when this begins, and gone when it ends.
class ScratchFolder {
  public:
    explicit ScratchFolder(fs::path path) : path_(std::move(path)) { remove(); }
    ~ScratchFolder() { remove(); }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    [[nodiscard]] const fs::path& path() const { return path_; }

  private:
    void remove() const {
        std::error_code ignored;  // what stays is removed the next time, or refused there
        fs::remove_all(path_, ignored);
    }
    fs::path path_;
};

/// What commit() needs of one variant of an open run.
struct OpenVariant {
    DatasetRunRow row;
    DatasetRunId id;
    Json trace_metadata;
};

/// What commit() needs of an open run.
struct OpenRun {
    std::string experiment;
    std::string dataset_name;
    Time items_at;  ///< as of which the run's items are those of its dataset
    std::map<std::string, OpenVariant, std::less<>> variants;
};

/// A run that is being executed here.
struct LockedRun {
    RunLock lock;
    OpenRun run;
};

/// By name, of the evaluators that the run's manifest lists.
std::map<std::string, std::string, std::less<>> evaluator_hashes(const RunRecord& run) {
    std::map<std::string, std::string, std::less<>> hashes;
    const auto evaluators = run.manifest.find("evaluators");
    if (evaluators == run.manifest.end()) return hashes;
    for (const Json& evaluator : *evaluators) {
        const auto name = evaluator.find("name");
        const auto hash = evaluator.find("hash");
        if (name == evaluator.end() || hash == evaluator.end()) continue;
        if (name->is_string() && hash->is_string()) hashes[*name] = *hash;
    }
    return hashes;
}

/// What the run was compared with, by SHA-256.
std::vector<std::string> baseline_documents_of(const RunRecord& run) {
    std::vector<std::string> documents;
    for (const char* const key : {"baselines", "calibrations"}) {
        const auto pins = run.manifest.find(key);
        if (pins == run.manifest.end()) continue;
        for (const Json& pin : *pins) {
            const auto sha256 = pin.find("sha256");
            if (sha256 != pin.end() && sha256->is_string()) documents.push_back(*sha256);
        }
    }
    return documents;
}

std::unexpected<Error> ambiguous(std::string_view reference, const std::vector<RunRecord>& runs) {
    std::string ids;
    for (const RunRecord& run : runs) {
        ids += (ids.empty() ? "" : ", ") + run.id.value();
    }
    return failure(
        ErrorCode::invalid_argument,
        fmt::format("\"{}\" means several runs ({}); give more of the id", reference, ids));
}

std::unexpected<Error> no_run(std::string_view reference, const std::vector<RunRecord>& runs) {
    std::vector<std::string> known = {"latest"};
    for (const RunRecord& run : runs) {
        known.push_back(run.name);
        known.push_back(run.id.value());
    }
    return failure(ErrorCode::not_found,
                   runs.empty()
                       ? fmt::format("there is no run \"{}\": the store has no runs yet", reference)
                       : fmt::format("there is no run \"{}\"{} (`assay runs` lists them)",
                                     reference, did_you_mean(reference, known)));
}

}  // namespace

struct Store::State {
    State(fs::path of_folder, std::unique_ptr<Database> opened, ProjectId of_project)
        : folder(std::move(of_folder)),
          database(std::move(opened)),
          project(std::move(of_project)),
          catalogue(*database),
          traces(*database) {}

    /// The run must be stored.
    Result<OpenRun> open(const RunRecord& run);
    Result<void> put_unit(const OpenRun& run, const UnitResult& unit,
                          const Replacement* replacement = nullptr);
    Result<void> put_run_scores(const DatasetRunId& run, const std::vector<Score>& scores,
                                const Replacement* replacement = nullptr);

    fs::path folder;
    std::unique_ptr<Database> database;
    ProjectId project;
    SqliteCatalogue catalogue;
    SqliteTraceStore traces;
    std::map<RunId, LockedRun> open_runs;
};

/// A stored dataset is read as it was at the end of a millisecond; a file when the run began.
Time item_time_of(const RunRecord& run) {
    const Json::json_pointer version("/dataset/version");
    if (!run.manifest.contains(version) || !run.manifest[version].is_string()) return run.started;
    const auto time = parse_rfc3339(run.manifest[version].get_ref<const std::string&>());
    if (!time) return run.started;
    return *time + std::chrono::milliseconds(1) - std::chrono::nanoseconds(1);
}

Result<OpenRun> Store::State::open(const RunRecord& run) {
    OpenRun opened{.experiment = run.experiment,
                   .dataset_name = run.dataset_name,
                   .items_at = item_time_of(run)};
    for (const VariantRecord& variant : run.variants) {
        ASSAY_TRY(const DatasetRunPlace place,
                  catalogue.dataset_run(project, variant.dataset_run_id));
        opened.variants[variant.name] = {place.row, variant.dataset_run_id,
                                         Json{{"origin", k_origin},
                                              {"experiment", run.experiment},
                                              {"run_id", run.id.value()},
                                              {"run_name", run.name},
                                              {"variant", variant.name}}};
    }
    return opened;
}

Result<void> Store::State::put_unit(const OpenRun& run, const UnitResult& unit,
                                    const Replacement* replacement) {
    const auto variant = run.variants.find(unit.variant);
    if (variant == run.variants.end()) {
        return failure(
            ErrorCode::internal,
            fmt::format("the run that is being stored has no variant \"{}\"", unit.variant));
    }
    ASSAY_TRY(const ItemVersionRow item,
              catalogue.put_item(project, run.dataset_name, unit.item, run.items_at));
    const OpenVariant& open = variant->second;
    return traces.put_unit(project,
                           {.dataset_run = open.row,
                            .dataset_run_id = open.id,
                            .item_version = item,
                            .trace_name = run.experiment,
                            .metadata = &open.trace_metadata,
                            .replacement = replacement},
                           unit);
}

Result<void> Store::State::put_run_scores(const DatasetRunId& run, const std::vector<Score>& scores,
                                          const Replacement* replacement) {
    ASSAY_TRY(const DatasetRunPlace place, catalogue.dataset_run(project, run));
    return traces.put_run_scores(project, {.dataset_run = place.row,
                                           .dataset_run_id = run,
                                           .timestamp = place.started,
                                           .scores = &scores,
                                           .replacement = replacement});
}

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const fs::path& folder, const ProjectId& project) {
    ASSAY_TRY(auto database, Database::open(folder, Database::Missing::create));
    return std::unique_ptr<Store>(
        new Store(std::make_unique<State>(folder, std::move(database), project)));
}

Result<std::unique_ptr<Store>> Store::open_existing(const fs::path& path,
                                                    const ProjectId& project) {
    std::error_code ignored;  // what cannot be looked at is refused when it is opened
    ASSAY_TRY(auto database, fs::is_regular_file(path, ignored)
                                 ? Database::open_file(path)
                                 : Database::open(path, Database::Missing::refuse));
    return std::unique_ptr<Store>(
        new Store(std::make_unique<State>(path, std::move(database), project)));
}

Result<void> Store::begin(const RunRecord& run) {
    ASSAY_TRY(RunLock lock, RunLock::acquire({state_->folder, state_->project, run.id}));
    ASSAY_CHECK(state_->database->transact(
        [&] { return state_->catalogue.create_run(state_->project, run); }));
    ASSAY_TRY(OpenRun opened, state_->open(run));
    state_->open_runs.emplace(run.id, LockedRun{std::move(lock), std::move(opened)});
    return {};
}

Result<JournalState> Store::resume(const RunRecord& run) {
    ASSAY_TRY(RunLock lock, RunLock::acquire({state_->folder, state_->project, run.id}));
    ASSAY_CHECK(state_->database->transact(
        [&] { return state_->catalogue.update_run(state_->project, run); }));
    JournalState left;
    ASSAY_CHECK(for_each_unit(run, [&](const UnitResult& unit) -> Result<void> {
        left.units.insert(unit.key);
        if (unit.calls == 0 || unit.cached == 0) {
            left.spent += spending_of(unit);
            return {};
        }
        UnitResult whole = unit;
        ASSAY_TRY(whole.observations, observations(unit.trace_id));
        left.spent += spending_of(whole);
        return {};
    }));
    for (const VariantRecord& variant : run.variants) {
        ASSAY_TRY(const DatasetRunPlace place,
                  state_->catalogue.dataset_run(state_->project, variant.dataset_run_id));
        ASSAY_TRY(auto models,
                  state_->traces.models_that_answered(state_->project, place.row, variant.name));
        std::ranges::move(models, std::back_inserter(left.models));
    }
    ASSAY_TRY(OpenRun opened, state_->open(run));
    state_->open_runs.emplace(run.id, LockedRun{std::move(lock), std::move(opened)});
    return left;
}

Result<void> Store::commit(const RunId& run, std::span<const UnitResult> units,
                           Durability durability) {
    const auto open = state_->open_runs.find(run);
    if (open == state_->open_runs.end()) {
        return failure(ErrorCode::internal, fmt::format("run {} is not open", run.value()));
    }
    const auto put_units = [&]() -> Result<void> {
        for (const UnitResult& unit : units) {
            ASSAY_CHECK(state_->put_unit(open->second.run, unit));
        }
        return {};
    };
    ASSAY_CHECK(state_->database->transact(put_units, durability));
    // The units are stored whatever becomes of the dictionary.
    (void)state_->database->train_when_due(durability);
    return {};
}

Result<void> Store::finish(const RunRecord& run) {
    ASSAY_CHECK(state_->database->transact(
        [&] { return state_->catalogue.update_run(state_->project, run); }));
    state_->open_runs.erase(run.id);
    // What comes next is the report, which takes about as long.
    if (state_->open_runs.empty()) (void)state_->database->settle();
    return {};
}

bool Store::is_open_elsewhere(const RunId& run) const {
    return !state_->open_runs.contains(run) &&
           RunLock::is_held({state_->folder, state_->project, run});
}

Result<void> Store::put_run_scores(const DatasetRunId& run, const std::vector<Score>& scores) {
    ASSAY_TRY(const std::vector<Score> stored, run_scores(run));
    if (stored.empty() && scores.empty()) return {};  // also on a disk that is full
    return state_->database->transact([&] { return state_->put_run_scores(run, scores); });
}

Result<std::vector<Score>> Store::run_scores(const DatasetRunId& run) const {
    ASSAY_TRY(const DatasetRunPlace place, state_->catalogue.dataset_run(state_->project, run));
    return state_->traces.run_scores(state_->project, place.row);
}

Result<std::vector<RunRecord>> Store::runs() const {
    return state_->catalogue.runs(state_->project);
}

Result<RunRecord> Store::find_run(std::string_view reference) const {
    ASSAY_TRY(std::vector<RunRecord> all, runs());
    if (reference == "latest" && !all.empty()) return std::move(all.front());
    // An id is meant before a name, and a name before the beginning of an id.
    const auto select = [&](auto matches) {
        std::vector<RunRecord> found;
        std::ranges::copy_if(all, std::back_inserter(found), matches);
        return found;
    };
    auto found = select([&](const RunRecord& run) { return run.id.value() == reference; });
    if (found.empty()) found = select([&](const RunRecord& run) { return run.name == reference; });
    if (found.empty() && reference.size() >= k_prefix_characters_min) {
        found = select([&](const RunRecord& run) { return run.id.value().starts_with(reference); });
    }
    if (found.empty()) return no_run(reference, all);
    if (found.size() > 1) return ambiguous(reference, found);
    return std::move(found.front());
}

Result<void> Store::for_each_unit(const RunRecord& run, const UnitVisitor& visit,
                                  UnitParts parts) const {
    // One moment for all variants, also while the run is still being written.
    ASSAY_TRY(const Snapshot snapshot, Snapshot::begin(state_->database->reader().connection()));
    for (const VariantRecord& variant : run.variants) {
        ASSAY_TRY(const DatasetRunPlace place,
                  state_->catalogue.dataset_run(state_->project, variant.dataset_run_id));
        ASSAY_CHECK(
            state_->traces.for_each_unit(state_->project, place.row, variant.name, parts, visit));
    }
    return {};
}

Result<std::optional<Json>> Store::output(const DatasetRunId& dataset_run, std::uint64_t position,
                                          int repetition) const {
    ASSAY_TRY(const DatasetRunPlace place,
              state_->catalogue.dataset_run(state_->project, dataset_run));
    return state_->traces.output(state_->project, place.row, position, repetition);
}

Result<std::vector<Observation>> Store::observations(const TraceId& trace) const {
    return state_->traces.observations(state_->project, trace);
}

Result<std::vector<StoredScore>> Store::scores(const TraceId& trace) const {
    return state_->traces.scores(state_->project, trace);
}

Result<std::vector<RunItem>> Store::run_items(const DatasetRunId& run) const {
    ASSAY_TRY(const DatasetRunPlace place, state_->catalogue.dataset_run(state_->project, run));
    return state_->traces.run_items(state_->project, place.row);
}

Result<std::vector<std::string>> Store::check_file() const {
    std::vector<std::string> problems;
    ASSAY_TRY(Rows rows, state_->database->reader().connection().query("PRAGMA integrity_check"));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return problems;
        if (rows.bytes(0) != "ok") problems.emplace_back(rows.bytes(0));
    }
}

Result<void> Store::replace_evaluations(const Rescoring& rescoring) {
    const RunId& id = rescoring.run.id;
    ASSAY_TRY(const RunLock lock, RunLock::acquire({state_->folder, state_->project, id}));
    ASSAY_TRY(const RunRecord stored, state_->catalogue.run(state_->project, id));
    // The units gather in a store of their own, so that the transaction is short.
    const ScratchFolder scratch(lock.beside(".rescoring"));
    ASSAY_TRY(const auto gathered, Store::open(scratch.path(), state_->project));
    ASSAY_CHECK(gathered->begin(stored));
    ASSAY_CHECK(gathered->commit_all(id, rescoring.units));

    ASSAY_TRY(const OpenRun open, state_->open(stored));
    const Replacement replacement{evaluator_hashes(stored), rescoring.at};
    return state_->database->transact([&]() -> Result<void> {
        ASSAY_CHECK(gathered->for_each_unit(
            stored,
            [&](const UnitResult& unit) { return state_->put_unit(open, unit, &replacement); },
            UnitParts::all));
        for (const auto& [run, scores] : rescoring.run_scores) {
            ASSAY_CHECK(state_->put_run_scores(run, scores, &replacement));
        }
        return state_->catalogue.update_run(state_->project, rescoring.run);
    });
}

Result<std::vector<PastScore>> Store::score_history(const TraceId& trace) const {
    return state_->traces.score_history(state_->project, trace);
}

Result<std::vector<PastScore>> Store::run_score_history(const DatasetRunId& run) const {
    ASSAY_TRY(const DatasetRunPlace place, state_->catalogue.dataset_run(state_->project, run));
    return state_->traces.run_score_history(state_->project, place.row);
}

Result<void> Store::copy_units(const Store& from, const RunRecord& run, const RunId& into) {
    return commit_all(into, [&](const UnitVisitor& visit) {
        return from.for_each_unit(
            run,
            [&](const UnitResult& unit) {
                UnitResult copy = unit;
                copy.trace_id = derive_trace_id(into, unit.item.position, unit.key);
                for (Evaluation& evaluation : copy.evaluations) {
                    if (!evaluation.judge) continue;
                    evaluation.judge->trace_id =
                        derive_judge_trace_id(copy.trace_id, evaluation.evaluator);
                }
                return visit(copy);
            },
            UnitParts::all);
    });
}

Result<void> Store::put_baseline(Baseline baseline, std::string_view document, NameTaken taken) {
    return state_->database->transact([&]() -> Result<void> {
        const ProjectId& project = state_->project;
        ASSAY_TRY(baseline.sha256, state_->catalogue.put_baseline_document(project, document));
        Result<void> added = state_->catalogue.add_baseline(project, baseline);
        const bool in_use = !added && added.error().code == ErrorCode::already_exists;
        if (!in_use || taken == NameTaken::refuse) return added;
        ASSAY_CHECK(state_->catalogue.remove_baseline(project, baseline.name, baseline.created,
                                                      baseline.created_by));
        return state_->catalogue.add_baseline(project, baseline);
    });
}

Result<std::string> Store::put_baseline_document(std::string_view document) {
    std::string sha256;
    ASSAY_CHECK(state_->database->transact([&]() -> Result<void> {
        ASSAY_TRY(sha256, state_->catalogue.put_baseline_document(state_->project, document));
        return {};
    }));
    return sha256;
}

Result<std::string> Store::baseline_document(std::string_view sha256) const {
    return state_->catalogue.baseline_document(state_->project, sha256);
}

Result<Baseline> Store::find_baseline(std::string_view name) const {
    ASSAY_TRY(std::vector<Baseline> all, baselines());
    std::vector<std::string> names;
    for (Baseline& baseline : all) {
        if (baseline.removed) continue;
        if (baseline.name == name) return std::move(baseline);
        names.push_back(baseline.name);
    }
    return failure(ErrorCode::not_found,
                   fmt::format("there is no baseline \"{}\"{}", name, did_you_mean(name, names)));
}

Result<std::vector<Baseline>> Store::baselines() const {
    return state_->catalogue.baselines(state_->project);
}

Result<void> Store::remove_baseline(std::string_view name, Time at, std::string_view by) {
    ASSAY_TRY(const Baseline found, find_baseline(name));
    return state_->database->transact(
        [&] { return state_->catalogue.remove_baseline(state_->project, found.name, at, by); });
}

Result<std::string> Store::put_calibration(StoredCalibration calibration,
                                           std::string_view document) {
    ASSAY_CHECK(state_->database->transact([&]() -> Result<void> {
        const ProjectId& project = state_->project;
        ASSAY_TRY(calibration.sha256, state_->catalogue.put_baseline_document(project, document));
        return state_->catalogue.add_calibration(project, calibration);
    }));
    return calibration.sha256;
}

Result<std::vector<StoredCalibration>> Store::calibrations() const {
    return state_->catalogue.calibrations(state_->project);
}

Result<void> Store::copy_baseline_documents(const Store& from, const RunRecord& run) {
    for (const std::string& sha256 : baseline_documents_of(run)) {
        ASSAY_TRY(const std::string document, from.baseline_document(sha256));
        ASSAY_TRY(const std::string copied, put_baseline_document(document));
        ASSAY_ASSERT(copied == sha256, "what is read is what was kept");
    }
    return {};
}

Result<void> Store::put_noise(std::span<const MeasuredNoise> noise) {
    return state_->database->transact([&]() -> Result<void> {
        for (const MeasuredNoise& each : noise) {
            ASSAY_CHECK(state_->catalogue.put_noise(state_->project, each));
        }
        return {};
    });
}

Result<std::vector<MeasuredNoise>> Store::noise(std::string_view experiment) const {
    return state_->catalogue.noise(state_->project, experiment);
}

Result<void> Store::put_quarantine(const QuarantineEntry& entry) {
    QuarantineEntry earlier = entry;
    earlier.released = entry.created;
    earlier.released_by = entry.created_by;
    return state_->database->transact([&]() -> Result<void> {
        ASSAY_CHECK(state_->catalogue.release(state_->project, earlier));
        return state_->catalogue.add_quarantine(state_->project, entry);
    });
}

Result<void> Store::release(const QuarantineEntry& entry) {
    ASSAY_ASSERT(entry.released.has_value(), "a release has its time");
    return state_->database->transact([&]() -> Result<void> {
        ASSAY_TRY(const int released, state_->catalogue.release(state_->project, entry));
        if (released > 0) return {};
        return failure(ErrorCode::not_found,
                       fmt::format("the item \"{}\" is not in quarantine", entry.item.value()));
    });
}

Result<std::vector<QuarantineEntry>> Store::quarantine() const {
    return state_->catalogue.quarantine(state_->project);
}

Result<void> Store::export_run(const RunRecord& run, const fs::path& file) const {
    // Its own name, since another process may be exporting to the same file.
    const ScratchFolder scratch(fs::path(file) += fmt::format(".{}.tmp", ::getpid()));
    {
        ASSAY_TRY(const auto packed, Store::open(scratch.path(), state_->project));
        ASSAY_CHECK(packed->begin(run));
        ASSAY_CHECK(packed->copy_units(*this, run, run.id));
        ASSAY_CHECK(packed->copy_baseline_documents(*this, run));
        for (const VariantRecord& variant : run.variants) {
            ASSAY_TRY(const auto scores, run_scores(variant.dataset_run_id));
            ASSAY_CHECK(packed->put_run_scores(variant.dataset_run_id, scores));
        }
        ASSAY_CHECK(packed->finish(run));
    }
    return Database::pack(scratch.path(), file);
}

Result<void> Store::commit_all(const RunId& run, const UnitStream& units) {
    std::vector<UnitResult> group;
    ASSAY_CHECK(units([&](const UnitResult& unit) -> Result<void> {
        group.push_back(unit);
        if (group.size() < k_group_units) return {};
        ASSAY_CHECK(commit(run, group));
        group.clear();
        return {};
    }));
    return commit(run, group);
}

}  // namespace assay
