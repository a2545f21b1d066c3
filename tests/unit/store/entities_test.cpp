#include <catch2/catch.hpp>

#include "core/base/hash.hpp"
#include "server/store/metadata_tokens.hpp"
#include "server/store/sqlite_catalogue.hpp"
#include "server/store/sqlite_trace_store.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {

// What a run leaves behind as the entities of the tracing backend.

namespace {

DatasetItem make_item(const std::string& id, const Json& input) {
    DatasetItem item;
    item.id = DatasetItemId(id);
    item.input = input;
    item.content_hash = sha256_hex(to_text(input));
    return item;
}

struct Backend {
    explicit Backend(const TemporaryFolder& folder)
        : database(value_of(Database::open(folder.path(), Database::Missing::create))),
          catalogue(*database),
          traces(*database) {}

    ItemVersionRow put(const DatasetItem& item, Time at, const std::string& dataset) {
        std::optional<ItemVersionRow> row;
        value_of(database->transact([&]() -> Result<void> {
            ASSAY_TRY(row, catalogue.put_item(project, dataset, item, at));
            return {};
        }));
        return *row;
    }

    std::unique_ptr<Database> database;
    SqliteCatalogue catalogue;
    SqliteTraceStore traces;
    ProjectId project = default_project_id();
};

}  // namespace

TEST_CASE("catalogue: an item gets a version when its content changes and only then", "[store]") {
    const TemporaryFolder folder;
    Backend backend(folder);
    const RunRecord run = make_run();
    value_of(backend.database->transact(
        [&] { return backend.catalogue.create_run(backend.project, run); }));
    const std::string name = run.dataset_name;
    const Time start = run.started;
    const auto later = [&](int hours) { return start + std::chrono::hours(hours); };

    const ItemVersionRow first = backend.put(make_item("a", "old"), later(1), name);
    CHECK(backend.put(make_item("a", "old"), later(2), name) == first);
    const ItemVersionRow second = backend.put(make_item("a", "new"), later(3), name);
    CHECK(second != first);
    // A run that began before the change still means the old content.
    CHECK(backend.put(make_item("a", "old"), later(2), name) == first);
    CHECK(backend.put(make_item("a", "new"), later(4), name) == second);
    // Back to the old content: a third version.
    CHECK(backend.put(make_item("a", "old"), later(5), name) != first);
    (void)backend.put(make_item("b", "old"), later(1), name);

    const auto versions =
        value_of(backend.catalogue.item_versions(backend.project, name, DatasetItemId("a")));
    REQUIRE(versions.size() == 3);
    CHECK(versions[0].item.input == "old");
    CHECK(versions[0].valid_from == later(1));
    CHECK(versions[1].item.input == "new");
    CHECK(versions[1].valid_from == later(3));
    CHECK(versions[2].item.input == "old");
    CHECK(versions[2].item.content_hash == sha256_hex("\"old\""));
}

TEST_CASE("catalogue: datasets may use the same item ids", "[store]") {
    const TemporaryFolder folder;
    Backend backend(folder);
    RunRecord one = make_run("one");
    RunRecord two = make_run("two");
    two.dataset_name = "other.jsonl";
    two.dataset_id = derive_dataset_id(backend.project, two.dataset_name);
    for (const RunRecord& run : {one, two}) {
        value_of(backend.database->transact(
            [&] { return backend.catalogue.create_run(backend.project, run); }));
    }
    (void)backend.put(make_item("1", "mine"), one.started, one.dataset_name);
    (void)backend.put(make_item("1", "theirs"), one.started, two.dataset_name);
    const auto read = [&](const RunRecord& run) {
        return value_of(
            backend.catalogue.item_versions(backend.project, run.dataset_name, DatasetItemId("1")));
    };
    CHECK(read(one).at(0).item.input == "mine");
    CHECK(read(two).at(0).item.input == "theirs");
    CHECK_FALSE(backend.catalogue.item_versions(backend.project, "none", DatasetItemId("1")));
}

TEST_CASE("trace store: a unit becomes a trace with scores and a run item", "[store]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    UnitResult unit = make_unit(run, "two", 4, 1);
    unit.latency = std::chrono::milliseconds(20);
    unit.evaluations.push_back({.evaluator = "program"});
    unit.evaluations.back().scores = {{.name = "words", .value = 3.5, .comment = "three and a bit"},
                                      {.name = "team", .value = std::string("billing")},
                                      {.name = "words", .value = 4.0}};
    {
        const auto store = value_of(Store::open(folder.path(), default_project_id()));
        value_of(store->begin(run));
        value_of(store->commit(run.id, std::vector{unit}));
    }
    Backend backend(folder);
    const Trace trace = value_of(backend.traces.trace(backend.project, unit.trace_id));
    CHECK(trace.name == run.experiment);
    CHECK(trace.environment == "sdk-experiment");
    CHECK(trace.timestamp == unit.started);
    CHECK(trace.input == unit.item.input);
    CHECK(trace.output == unit.output);
    CHECK(trace.metadata == Json{{"origin", "assay-run"},
                                 {"experiment", run.experiment},
                                 {"run_id", run.id.value()},
                                 {"run_name", run.name},
                                 {"variant", "two"},
                                 {"item_id", unit.item.id.value()},
                                 {"repetition", 1}});

    const auto scores = value_of(backend.traces.scores(backend.project, unit.trace_id));
    REQUIRE(scores.size() == 4);
    CHECK(scores[0].id == derive_score_id(unit.trace_id, "exact_match"));
    CHECK((scores[0].score.value == ScoreValue(true)));
    CHECK(scores[0].timestamp == unit.started + unit.latency);
    CHECK(scores[1].score.comment == "three and a bit");
    CHECK((scores[1].score.value == ScoreValue(3.5)));
    CHECK((scores[2].score.value == ScoreValue(std::string("billing"))));
    // A name that a program gives twice is kept twice.
    CHECK(scores[3].score.name == "words");
    CHECK(scores[3].id != scores[1].id);

    const DatasetRunId dataset_run = run.variants[1].dataset_run_id;
    const auto items = value_of(backend.traces.run_items(
        backend.project,
        value_of(backend.catalogue.dataset_run(backend.project, dataset_run)).row));
    REQUIRE(items.size() == 1);
    CHECK(items[0].id == derive_run_item_id(dataset_run, unit.trace_id));
    CHECK(items[0].item_id == unit.item.id);
    CHECK(items[0].trace_id == unit.trace_id);
    CHECK(items[0].position == 4);
    CHECK(items[0].repetition == 1);

    const auto missing = backend.traces.trace(backend.project, TraceId("none"));
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::not_found);
}

TEST_CASE("trace store: ids are derived and stored as bytes", "[store]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    const UnitResult unit = make_unit(run, "one", 0);
    {
        const auto store = value_of(Store::open(folder.path(), default_project_id()));
        value_of(store->begin(run));
        value_of(store->commit(run.id, std::vector{unit}));
    }
    CHECK(query_file(file_of(folder.path()), "SELECT lower(hex(id)) FROM observations") ==
          std::vector{derive_observation_id(unit.trace_id, "task").value()});
    CHECK(query_file(file_of(folder.path()), "SELECT typeof(id) FROM traces") ==
          std::vector<std::string>{"blob"});
    CHECK(query_file(file_of(folder.path()), "SELECT typeof(id) FROM items") ==
          std::vector<std::string>{"text"});
}

TEST_CASE("trace store: observations of different traces may share an id", "[store]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    {
        const auto store = value_of(Store::open(folder.path(), default_project_id()));
        value_of(store->begin(run));
        value_of(
            store->commit(run.id, std::vector{make_unit(run, "one", 0), make_unit(run, "one", 1)}));
    }
    const auto file = file_of(folder.path());
    query_file(file, "UPDATE observations SET id = x'0123456789abcdef'");
    CHECK(query_file(file, "SELECT count(*) || ' ' || count(DISTINCT id) FROM observations") ==
          std::vector<std::string>{"2 1"});
    const auto store = value_of(Store::open(folder.path(), default_project_id()));
    for (const UnitResult& unit : read_units(*store, run)) {
        CHECK(value_of(store->observations(unit.trace_id)).size() == 1);
    }
}

TEST_CASE("trace store: what is written together stands together", "[store]") {
    constexpr std::uint64_t k_units = 4096;
    constexpr std::uint64_t k_group = 32;
    constexpr std::uintmax_t k_frame_bytes = 4096 + 24;
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    const auto log = std::filesystem::path(file_of(folder.path())) += "-wal";
    const auto write = [&](std::uint64_t from, std::uint64_t to) {
        const auto store = value_of(Store::open(folder.path(), default_project_id()));
        if (from == 0) value_of(store->begin(run));
        if (from > 0) (void)value_of(store->resume(run));
        std::vector<UnitResult> units;
        for (std::uint64_t i = from; i < to; ++i) units.push_back(make_unit(run, "one", i));
        const auto before = std::filesystem::file_size(log);
        value_of(store->commit(run.id, units));
        return (std::filesystem::file_size(log) - before) / k_frame_bytes;
    };
    write(0, k_units);
    // A page each for the beginning and the end of some 25 tables and indexes; by random ids it
    // would be 32 more for each index.
    CHECK(write(k_units, k_units + k_group) < 80);
}

TEST_CASE("trace store: metadata is found by its tokens until the unit is replaced", "[store]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    const auto store = value_of(Store::open(folder.path(), default_project_id()));
    value_of(store->begin(run));
    UnitResult unit = make_unit(run, "one", 0);
    unit.observations[0].metadata =
        Json{{"customer", "c 17"}, {"tier", 3}, {"tags", {"a", "b"}}, {"of", {{"x", 1}}}};
    value_of(store->commit(run.id, std::vector{unit, make_unit(run, "two", 0)}));

    const auto found = [&](const std::string& table, const Json& pair) {
        const std::string token = metadata_tokens(default_project_id(), pair);
        return query_file(file_of(folder.path()), "SELECT rowid FROM " + table + " WHERE " + table +
                                                      " MATCH '" + token + "'");
    };
    CHECK(found("observation_metadata", {{"customer", "c 17"}}) == std::vector<std::string>{"1"});
    CHECK(found("observation_metadata", {{"tier", 3}}) == std::vector<std::string>{"1"});
    CHECK(found("observation_metadata", {{"tier", "4"}}).empty());
    CHECK(found("trace_metadata", {{"variant", "two"}}) == std::vector<std::string>{"2"});
    CHECK(found("trace_metadata", {{"item_id", "item 0"}}).size() == 2);

    // What is structured has no token.
    const Json structured = {{"of", {{"x", 1}}}, {"tags", {"a", "b"}}};
    CHECK(metadata_tokens(default_project_id(), structured).empty());

    unit.observations[0].metadata = Json{{"customer", "c 18"}};
    value_of(store->commit(run.id, std::vector{unit}));
    CHECK(found("observation_metadata", {{"customer", "c 17"}}).empty());
    CHECK(found("observation_metadata", {{"customer", "c 18"}}).size() == 1);
    CHECK(found("trace_metadata", {{"variant", "one"}}).size() == 1);
    CHECK(metadata_tokens(ProjectId("a"), {{"k", "v"}}) !=
          metadata_tokens(ProjectId("b"), {{"k", "v"}}));
}

TEST_CASE("trace store: numbers that are aggregated stand in a covering index", "[store]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    const auto store = value_of(Store::open(folder.path(), default_project_id()));
    value_of(store->begin(run));
    UnitResult unit = make_unit(run, "one", 0);
    unit.observations[0].model = "gpt";
    unit.observations[0].cost = 1234;
    unit.observations[0].usage = {{"input", 10}, {"output", 20}, {"total", 30}};
    unit.observations[0].duration = std::chrono::nanoseconds(55);
    value_of(store->commit(run.id, std::vector{unit}));
    const std::string query =
        "SELECT count(*) || ' ' || sum(cost) || ' ' || sum(latency) || ' ' || sum(input_tokens) "
        "FROM observations WHERE project = 1 AND start_time BETWEEN 0 AND 9e18 GROUP BY model";
    CHECK(query_file(file_of(folder.path()), query) == std::vector<std::string>{"1 1234 55 10"});
    CHECK_THAT(query_file(file_of(folder.path()), "EXPLAIN QUERY PLAN " + query).at(0),
               Catch::Contains("USING COVERING INDEX observation_facts"));
}

}  // namespace assay::test
