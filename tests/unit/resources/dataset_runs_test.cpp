#include "server/resources/dataset_runs.hpp"

#include <catch2/catch.hpp>
#include <future>
#include <set>
#include <thread>

#include "server/resources/dataset_items.hpp"
#include "server/store/run_lock.hpp"
#include "server/store/write_queue.hpp"
#include "tests/unit/resources/resource_store.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {
namespace {

using std::chrono::seconds;

/// A dataset "d" with an item "x", and a trace "t".
class RunStore : public ResourceStore {
  public:
    RunStore() {
        dataset = value_of(put({.name = "d"})).row;
        item = value_of(put_item({.id = DatasetItemId("x"), .dataset_name = "d"})).version;
        trace = make_trace("t");
    }

    std::int64_t make_trace(const char* id) {
        return value_of(write([&](Session& writer) -> Result<std::int64_t> {
            ASSAY_CHECK(writer.connection().run(
                "INSERT INTO traces(project, id, timestamp, name, environment) "
                "VALUES(?1, ?2, 1, 0, 0)",
                row(), StoredId(std::string_view(id))));
            return writer.connection().last_row();
        }));
    }
    DatasetRunRecord ensure(const NewDatasetRun& run) {
        return value_of(write(
            [&](Session& writer) { return ensure_dataset_run(writer, row(), run, clock.now()); }));
    }
    DatasetRunRecord ensure(const char* name) { return ensure({.dataset = dataset, .name = name}); }
    RunItemId add(const DatasetRunRecord& run, std::optional<std::string> observation = {}) {
        return value_of(write([&](Session& writer) {
            return add_run_item(writer, row(),
                                {.run = run.row,
                                 .item_version = item,
                                 .trace = trace,
                                 .observation_id = std::move(observation)},
                                clock.now());
        }));
    }
    ListedRecords<RunItemRecord> items(const DatasetRunRecord& run,
                                       RunItemOrder order = RunItemOrder::as_added,
                                       ListRange range = ListRange{}) {
        return value_of(list_run_items(session(), row(), run.row, order, range));
    }
    std::optional<DatasetRunRecord> find(const char* name) {
        return value_of(find_dataset_run(session(), row(), dataset, name));
    }
    std::int64_t count(const char* sql) {
        return value_of(session().connection().find_integer(sql)).value();
    }
    Result<void> remove(const DatasetRunRecord& run) {
        return write([&](Session& writer) { return remove_dataset_run(writer, project(), run); });
    }

    DatasetRow dataset{};
    ItemVersionRow item{};
    std::int64_t trace = 0;
};

}  // namespace

TEST_CASE("dataset runs: who comes first says what a run is", "[resources]") {
    RunStore store;
    const auto made = store.ensure({.dataset = store.dataset,
                                    .name = "r - 2026-11-01T09:30:00Z",
                                    .description = "first",
                                    .metadata = Json{{"k", 1}}});
    store.clock.advance(seconds(1));
    const auto again = store.ensure({.dataset = store.dataset,
                                     .name = "r - 2026-11-01T09:30:00Z",
                                     .description = "second",
                                     .metadata = Json{{"k", 2}}});
    CHECK(again.id == made.id);
    CHECK(again.description == "first");
    CHECK(again.metadata == Json{{"k", 1}});
    CHECK(again.created == made.created);
    CHECK(again.dataset_name == "d");
    const auto found = store.find("r - 2026-11-01T09:30:00Z");
    REQUIRE(found);
    CHECK(found->id == made.id);
    CHECK_FALSE(store.find("r"));
    CHECK_FALSE(value_of(find_dataset_run(store.session(), -1, store.dataset, found->name)));

    const auto other = value_of(store.put({.name = "other"}));
    CHECK(store.ensure({.dataset = other.row, .name = "r - 2026-11-01T09:30:00Z"}).id != made.id);
    store.ensure("newer");
    const auto list = value_of(
        list_dataset_runs(store.session(), store.row(), store.dataset, {.offset = 0, .limit = 1}));
    CHECK(list.total == 2);
    REQUIRE(list.records.size() == 1);
    CHECK(list.records[0].name == "newer");
}

TEST_CASE("dataset runs: fifty clients at once make one run", "[resources]") {
    RunStore store;
    const std::int64_t project = store.row();
    const Time now = store.clock.now();
    std::array<std::promise<Result<void>>, 50> told;
    {
        WriteQueue queue(store.database());
        std::vector<std::jthread> clients;
        for (auto& promise : told) {
            clients.emplace_back([&] {
                const auto add = [&](Session& writer) -> Result<void> {
                    ASSAY_TRY(const auto run,
                              ensure_dataset_run(writer, project,
                                                 {.dataset = store.dataset, .name = "r"}, now));
                    ASSAY_CHECK(add_run_item(
                        writer, project,
                        {.run = run.row, .item_version = store.item, .trace = store.trace}, now));
                    return {};
                };
                const bool taken = queue.submit(
                    add, [&](Result<void> outcome) { promise.set_value(std::move(outcome)); }, 1);
                if (!taken) promise.set_value(failure(ErrorCode::internal, "not taken"));
            });
        }
    }
    for (auto& promise : told) CHECK(promise.get_future().get());
    CHECK(store.count("SELECT count(*) FROM dataset_runs") == 1);
    const auto items = store.items(store.find("r").value());
    CHECK(items.total == 50);
    std::set<RunItemId> ids;
    for (const RunItemRecord& item : items.records) ids.insert(item.id);
    CHECK(ids.size() == 50);
}

TEST_CASE("dataset runs: items are told in both orders", "[resources]") {
    RunStore store;
    const auto run = store.ensure("r");
    std::vector<RunItemId> ids;
    for (int i = 0; i < 3; ++i) {
        ids.push_back(store.add(run, i == 1 ? std::optional<std::string>("o") : std::nullopt));
        store.clock.advance(seconds(1));
    }
    const auto all = store.items(run);
    REQUIRE(all.records.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK(all.records[i].id == ids[i]);
    CHECK(all.records[0].item.value() == "x");
    CHECK(all.records[0].trace.value() == "t");
    CHECK(all.records[0].observation_id == std::nullopt);
    CHECK(all.records[1].observation_id == "o");
    CHECK(all.records[2].created == store.clock.now() - seconds(1));
    const auto page = store.items(run, RunItemOrder::newest_first, {.offset = 1, .limit = 1});
    CHECK(page.total == 3);
    REQUIRE(page.records.size() == 1);
    CHECK(page.records[0].id == ids[1]);
    CHECK(
        value_of(list_run_items(store.session(), -1, run.row, RunItemOrder::as_added, ListRange{}))
            .total == 0);
}

TEST_CASE("dataset runs: one that is removed takes its items and scores and no more",
          "[resources]") {
    RunStore store;
    const auto gone = store.ensure("gone");
    const auto kept = store.ensure("kept");
    for (const auto* const run : {&gone, &kept}) {
        store.add(*run);
        value_of(store.write([&](Session& writer) -> Result<void> {
            for (const char* const kind : {"dataset_run", "trace"}) {
                ASSAY_TRY(const std::int64_t symbol, writer.symbol(kind));
                const std::string id = kind + run->name;
                ASSAY_CHECK(writer.connection().run(
                    "INSERT INTO scores(project, subject_kind, subject, ordinal, id, name, "
                    "data_type, source, environment, timestamp, value) "
                    "VALUES(?1, ?2, ?3, 0, ?4, 1, 1, 1, 1, 1, 1)",
                    store.row(), symbol, std::to_underlying(run->row), StoredId(id)));
            }
            return {};
        }));
    }
    REQUIRE(store.remove(gone));
    CHECK_FALSE(store.find("gone"));
    CHECK(store.items(gone).total == 0);
    CHECK(store.items(kept).total == 1);
    CHECK(store.count("SELECT count(*) FROM scores") == 3);
    CHECK(store.count("SELECT count(*) FROM traces") == 1);
}

TEST_CASE("dataset runs: the variants of a spec's run are runs and can be removed", "[resources]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    {
        const auto store = value_of(Store::open(folder.path(), default_project_id()));
        value_of(store->begin(run));
        std::vector<UnitResult> units;
        for (const char* const variant : {"one", "two"}) {
            for (std::uint64_t position = 0; position < 3; ++position) {
                units.push_back(make_unit(run, variant, position));
            }
        }
        value_of(store->commit(run.id, units));
    }
    const auto remove = [&](const std::string& name) {
        const auto database = value_of(Database::open(folder.path(), Database::Missing::refuse));
        Session& session = database->reader();
        const auto project = value_of(session.find_project(default_project_id()));
        const auto dataset = value_of(find_dataset(session, project, run.dataset_name)).value();
        const auto found = value_of(find_dataset_run(session, project, dataset.row, name));
        REQUIRE(found);
        const auto items = value_of(
            list_run_items(session, project, found->row, RunItemOrder::as_added, ListRange{}));
        REQUIRE(items.records.size() == 3);
        CHECK(items.records[1].item == make_unit(run, "one", 1).item.id);
        return database->transact(
            [&] { return remove_dataset_run(database->writer(), default_project_id(), *found); });
    };
    {
        const auto lock = value_of(RunLock::acquire(
            {.store = folder.path(), .project = default_project_id(), .run = run.id}));
        const auto refused = remove("first run - one");
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::already_exists);
    }
    value_of(remove("first run - one"));
    {
        const auto store = value_of(Store::open(folder.path(), default_project_id()));
        const RunRecord left = value_of(store->find_run(run.id.value()));
        REQUIRE(left.variants.size() == 1);
        CHECK(left.variants[0].name == "two");
        CHECK(read_units(*store, left).size() == 3);
    }
    value_of(remove("first run - two"));
    const auto store = value_of(Store::open(folder.path(), default_project_id()));
    CHECK(value_of(store->runs()).empty());
}

TEST_CASE("dataset runs: what was recorded of an item that is deleted can be read without it",
          "[resources]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    const UnitResult written = make_unit(run, "one", 1);
    {
        const auto store = value_of(Store::open(folder.path(), default_project_id()));
        value_of(store->begin(run));
        value_of(store->commit(run.id, std::vector{make_unit(run, "one", 0), written}));
    }
    const auto stored_id = [&](Session& session, const DatasetItemId& id) {
        const auto project = value_of(session.find_project(default_project_id()));
        return value_of(find_dataset_item(session, project, id)).has_value();
    };
    {
        const auto database = value_of(Database::open(folder.path(), Database::Missing::refuse));
        REQUIRE(stored_id(database->reader(), written.item.id));
        value_of(database->transact([&]() -> Result<void> {
            Session& writer = database->writer();
            ASSAY_TRY(const std::int64_t project, writer.find_project(default_project_id()));
            ASSAY_TRY(const bool removed, remove_dataset_item(writer, project, written.item.id));
            CHECK(removed);
            return {};
        }));
        CHECK_FALSE(stored_id(database->reader(), written.item.id));
    }
    const auto store = value_of(Store::open(folder.path(), default_project_id()));
    const std::vector<UnitResult> units = read_units(*store, run);
    REQUIRE(units.size() == 2);
    CHECK(units[0].item.input == make_unit(run, "one", 0).item.input);
    CHECK(units[1].item.id == written.item.id);
    CHECK(units[1].item.input.is_null());
    CHECK(units[1].item.expected_output.is_null());
    CHECK(units[1].item.content_hash == written.item.content_hash);
    CHECK(units[1].output == written.output);
}

}  // namespace assay::test
