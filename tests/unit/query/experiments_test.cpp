#include "server/query/experiments.hpp"

#include <catch2/catch.hpp>

#include "server/tracing/score_records.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {
namespace {

/// A store with a run of two variants, "one" with two items and "two" with one.
struct RunBackend {
    TemporaryFolder folder;
    RunRecord run = make_run();
    std::unique_ptr<Database> database;

    RunBackend() {
        const auto store = value_of(Store::open(folder.path(), default_project_id()));
        value_of(store->begin(run));
        UnitResult failed = make_unit(run, "one", 1);
        failed.started = run.started + std::chrono::seconds(5);
        failed.observations.front().start = failed.started;
        failed.observations.front().duration = std::chrono::seconds(1);
        failed.observations.front().level = ObservationLevel::error;
        value_of(store->commit(
            run.id, std::vector{make_unit(run, "one", 0), failed, make_unit(run, "two", 0)}));
        database = value_of(Database::open(folder.path(), Database::Missing::refuse));
    }
    Session& reader() { return database->reader(); }
    std::int64_t project() { return value_of(reader().find_project(default_project_id())); }
    std::vector<ExperimentRecord> experiments(const ExperimentScope& scope) {
        return value_of(find_experiments(reader(), project(), scope, std::nullopt, 10));
    }
    std::vector<ExperimentItemRecord> items(const ExperimentScope& scope) {
        return value_of(find_experiment_items(reader(), project(), scope, std::nullopt, 10));
    }
};

}  // namespace

TEST_CASE("experiments: each variant of a run is one", "[query]") {
    RunBackend backend;
    const auto all = backend.experiments({.from = Time()});
    REQUIRE(all.size() == 2);
    for (const ExperimentRecord& experiment : all) {
        CHECK(experiment.start == backend.run.started);
        CHECK(experiment.head.dataset_id == backend.run.dataset_id.value());
        CHECK(experiment.head.metadata == backend.run.metadata);
        const bool is_one = experiment.id == backend.run.variants[0].dataset_run_id.value();
        CHECK(experiment.head.name == (is_one ? "first run - one" : "first run - two"));
        CHECK(experiment.items == (is_one ? 2 : 1));
        CHECK(experiment.end == backend.run.started + std::chrono::seconds(is_one ? 6 : 0));
    }
    CHECK(backend.experiments({.from = backend.run.started + std::chrono::nanoseconds(1)}).empty());
    CHECK(backend.experiments({.from = Time(), .to = backend.run.started}).empty());
    CHECK(backend.experiments({.from = Time(), .ids = {all[0].id}}).size() == 1);
    const auto is_named_two = [](const ExperimentNames& names) {
        return names.head.name.ends_with("two");
    };
    CHECK(backend.experiments({.from = Time(), .accepts = is_named_two}).size() == 1);
}

TEST_CASE("experiments: the items of a run are its units", "[query]") {
    RunBackend backend;
    const std::string id = backend.run.variants[0].dataset_run_id.value();
    const auto items = backend.items({.from = Time(), .ids = {id}});
    REQUIRE(items.size() == 2);
    CHECK(items[0].item_id == "item 1");
    CHECK(items[1].item_id == "item 0");
    CHECK(items[1].experiment_id == id);
    CHECK(items[1].place.start == backend.run.started);
    CHECK(items[1].place.trace_id == make_unit(backend.run, "one", 0).trace_id.value());

    const ExperimentItemContent content =
        value_of(read_experiment_item(backend.reader(), items[1]));
    CHECK(content.input == "item 0");
    CHECK(content.output == "answer");
    CHECK(content.expected_output == "answer");
    CHECK(content.item_metadata.is_null());
    CHECK(content.metadata.at("item_id") == "item 0");
    CHECK(content.level == "DEFAULT");
    CHECK(content.version == to_rfc3339(backend.run.started));
    const ExperimentItemContent failed = value_of(read_experiment_item(backend.reader(), items[0]));
    CHECK(failed.level == "ERROR");
    CHECK(failed.end == backend.run.started + std::chrono::seconds(6));
    CHECK(backend.items({.from = Time()}).size() == 3);
}

TEST_CASE("experiments: what clients score does not enter a run's own scores", "[query]") {
    RunBackend backend;
    const DatasetRunId id = backend.run.variants[0].dataset_run_id;
    ScoreRecord score;
    score.id = ScoreId("said");
    score.name = "remark";
    score.data_type = "TEXT";
    score.source = "EVAL";
    score.environment = "default";
    score.subject_kind = ScoreSubjectKind::dataset_run;
    score.subject_id = id.value();
    score.string_value = "fine";
    value_of(backend.database->transact([&] {
        return put_score(backend.database->writer(), default_project_id(), score, Time());
    }));
    backend.database.reset();
    {
        const auto store = value_of(Store::open(backend.folder.path(), default_project_id()));
        CHECK(value_of(store->run_scores(id)).empty());
        value_of(store->put_run_scores(id, {{.name = "mean", .value = 0.5, .comment = ""}}));
        CHECK(value_of(store->run_scores(id)).size() == 1);
    }
    backend.database = value_of(Database::open(backend.folder.path(), Database::Missing::refuse));
    const auto kept = value_of(find_score(backend.reader(), backend.project(), ScoreId("said")));
    REQUIRE(kept);
    CHECK(kept->string_value == "fine");
}

TEST_CASE("experiments: those of another project are not there", "[query]") {
    RunBackend backend;
    const std::int64_t other = backend.project() + 1;
    const ExperimentScope all{.from = Time()};
    CHECK(value_of(find_experiments(backend.reader(), other, all, std::nullopt, 10)).empty());
    CHECK(value_of(find_experiment_items(backend.reader(), other, all, std::nullopt, 10)).empty());
}

}  // namespace assay::test
