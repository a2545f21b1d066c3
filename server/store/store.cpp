#include "server/store/store.hpp"

#include <fmt/format.h>

#include <map>

#include "core/base/diagnostic.hpp"
#include "server/store/database.hpp"
#include "server/store/sqlite_catalogue.hpp"
#include "server/store/sqlite_trace_store.hpp"

namespace assay {
namespace {

constexpr std::size_t k_prefix_characters_min = 4;

/// What commit() needs of one variant of the run that is being written.
struct OpenVariant {
    DatasetRunRow row;
    DatasetRunId id;
    Json trace_metadata;
};

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
    return failure(
        ErrorCode::not_found,
        runs.empty()
            ? fmt::format("there is no run \"{}\": the store has no runs yet", reference)
            : fmt::format("there is no run \"{}\"{}", reference, did_you_mean(reference, known)));
}

}  // namespace

struct Store::State {
    State(std::unique_ptr<Database> opened, ProjectId of_project)
        : database(std::move(opened)),
          project(std::move(of_project)),
          catalogue(*database),
          traces(*database) {}

    std::unique_ptr<Database> database;
    ProjectId project;
    SqliteCatalogue catalogue;
    SqliteTraceStore traces;

    // The run that is being written.
    std::string experiment;
    std::string dataset_name;
    Time started;
    std::map<std::string, OpenVariant, std::less<>> variants;
};

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& folder,
                                           const ProjectId& project) {
    ASSAY_TRY(auto database, Database::open(folder, Database::Missing::create));
    return std::unique_ptr<Store>(new Store(std::make_unique<State>(std::move(database), project)));
}

Result<std::unique_ptr<Store>> Store::open_existing(const std::filesystem::path& folder,
                                                    const ProjectId& project) {
    ASSAY_TRY(auto database, Database::open(folder, Database::Missing::refuse));
    return std::unique_ptr<Store>(new Store(std::make_unique<State>(std::move(database), project)));
}

Result<void> Store::begin(const RunRecord& run) {
    ASSAY_CHECK(state_->database->transact(
        [&] { return state_->catalogue.create_run(state_->project, run); }));
    state_->experiment = run.experiment;
    state_->dataset_name = run.dataset_name;
    state_->started = run.started;
    state_->variants.clear();
    for (const VariantRecord& variant : run.variants) {
        ASSAY_TRY(const DatasetRunPlace place,
                  state_->catalogue.dataset_run(state_->project, variant.dataset_run_id));
        state_->variants[variant.name] = {place.row, variant.dataset_run_id,
                                          Json{{"experiment", run.experiment},
                                               {"run_id", run.id.value()},
                                               {"run_name", run.name},
                                               {"variant", variant.name}}};
    }
    return {};
}

Result<void> Store::commit(std::span<const UnitResult> units) {
    ASSAY_CHECK(state_->database->transact([&]() -> Result<void> {
        for (const UnitResult& unit : units) {
            const auto variant = state_->variants.find(unit.variant);
            if (variant == state_->variants.end()) {
                return failure(ErrorCode::internal,
                               fmt::format("the run that is being stored has no variant \"{}\"",
                                           unit.variant));
            }
            ASSAY_TRY(const ItemVersionRow item,
                      state_->catalogue.put_item(state_->project, state_->dataset_name, unit.item,
                                                 state_->started));
            const OpenVariant& open = variant->second;
            ASSAY_CHECK(state_->traces.put_unit(state_->project,
                                                {.dataset_run = open.row,
                                                 .dataset_run_id = open.id,
                                                 .item_version = item,
                                                 .trace_name = state_->experiment,
                                                 .metadata = &open.trace_metadata},
                                                unit));
        }
        return {};
    }));
    // The units are stored whatever becomes of the dictionary.
    (void)state_->database->train_when_due();
    return {};
}

Result<void> Store::finish(const RunRecord& run) {
    return state_->database->transact(
        [&] { return state_->catalogue.update_run(state_->project, run); });
}

Result<void> Store::put_run_scores(const DatasetRunId& run, const std::vector<Score>& scores) {
    ASSAY_TRY(const DatasetRunPlace place, state_->catalogue.dataset_run(state_->project, run));
    return state_->database->transact([&] {
        return state_->traces.put_run_scores(state_->project, place.row, run, scores,
                                             place.started);
    });
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

Result<void> Store::for_each_unit(const RunRecord& run, const UnitVisitor& visit) const {
    // One moment for all variants, also while the run is still being written.
    ASSAY_TRY(const Snapshot snapshot, Snapshot::begin(state_->database->reader().connection()));
    for (const VariantRecord& variant : run.variants) {
        ASSAY_TRY(const DatasetRunPlace place,
                  state_->catalogue.dataset_run(state_->project, variant.dataset_run_id));
        ASSAY_CHECK(state_->traces.for_each_unit(state_->project, place.row, variant.name, visit));
    }
    return {};
}

Result<std::vector<Observation>> Store::observations(const TraceId& trace) const {
    return state_->traces.observations(state_->project, trace);
}

}  // namespace assay
