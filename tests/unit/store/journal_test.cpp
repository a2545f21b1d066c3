#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <functional>

#include "server/store/store.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {
namespace {

std::unique_ptr<Store> open_store(const TemporaryFolder& folder) {
    return value_of(Store::open(folder.path(), default_project_id()));
}

std::vector<std::filesystem::path> lock_files(const TemporaryFolder& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
        if (entry.path().extension() == ".lock") files.push_back(entry.path());
    }
    return files;
}

/// A process that does `work` and then stays, as long as this lives.
class OtherProcess {
  public:
    explicit OtherProcess(const std::function<bool()>& work) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        child_ = ::fork();
        REQUIRE(child_ >= 0);
        if (child_ == 0) {
            const char done = work() ? 'y' : 'n';
            (void)!::write(ends[1], &done, 1);
            while (true) (void)::pause();
        }
        char done = 0;
        REQUIRE(::read(ends[0], &done, 1) == 1);
        (void)::close(ends[0]);
        (void)::close(ends[1]);
        REQUIRE(done == 'y');
    }
    ~OtherProcess() { kill(); }
    OtherProcess(const OtherProcess&) = delete;
    OtherProcess& operator=(const OtherProcess&) = delete;

    [[nodiscard]] pid_t id() const { return child_; }
    void kill() {
        if (child_ < 0) return;
        (void)::kill(child_, SIGKILL);
        (void)::waitpid(child_, nullptr, 0);
        child_ = -1;
    }

  private:
    pid_t child_ = -1;
};

UnitResult make_paid_unit(const RunRecord& run, const std::string& variant,
                          std::uint64_t position) {
    UnitResult unit = make_unit(run, variant, position);
    unit.usage = {{"input", 7}, {"output", 3}, {"total", 10}};
    unit.observations.front().usage = unit.usage;  // the cached step told of none
    unit.cost = 500;
    unit.paid = 200;
    unit.calls = 2;
    unit.cached = 1;
    unit.time_to_first_token = std::chrono::milliseconds(12);
    return unit;
}

}  // namespace

TEST_CASE("journal: several runs are open at a time", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    std::vector<RunRecord> runs;
    for (const char* const name : {"first", "second", "third"}) runs.push_back(make_run(name));
    for (const RunRecord& run : runs) value_of(store->begin(run));
    for (std::uint64_t position = 0; position < 3; ++position) {
        for (const RunRecord& run : runs) {
            value_of(store->commit(run.id, std::vector{make_unit(run, "one", position)}));
        }
    }
    value_of(store->finish(runs[1]));
    value_of(store->commit(runs[2].id, std::vector{make_unit(runs[2], "two", 0)}));
    CHECK_FALSE(store->commit(runs[1].id, std::vector{make_unit(runs[1], "two", 0)}));
    CHECK(read_units(*store, runs[0]).size() == 3);
    CHECK(read_units(*store, runs[1]).size() == 3);
    CHECK(read_units(*store, runs[2]).size() == 4);
}

TEST_CASE("journal: a run is resumed with what is stored and what that used", "[store]") {
    const TemporaryFolder folder;
    RunRecord run = make_run();
    {
        const auto store = open_store(folder);
        value_of(store->begin(run));
        value_of(store->commit(
            run.id, std::vector{make_paid_unit(run, "one", 0), make_paid_unit(run, "two", 4)}));
        UnitResult free = make_unit(run, "one", 1);
        free.calls = 1;
        value_of(store->commit(run.id, std::vector{free}));
        run.state = RunState::interrupted;
        value_of(store->finish(run));
    }
    const auto store = open_store(folder);
    run.state = RunState::running;
    run.resumed = true;
    run.spec = Json{{"budget", 5}};
    const JournalState left = value_of(store->resume(run));
    CHECK(left.units.size() == 3);
    for (const UnitResult& unit : read_units(*store, run)) CHECK(left.units.contains(unit.key));
    CHECK_FALSE(left.units.contains(make_unit(run, "one", 2).key));
    CHECK(left.spent.cost == 400);
    CHECK(left.spent.tokens == 20);
    CHECK(left.spent.calls == 5);
    check_same_run(value_of(store->find_run(run.id.value())), run);

    value_of(store->commit(run.id, std::vector{make_unit(run, "one", 2)}));
    run.state = RunState::finished;
    value_of(store->finish(run));
    CHECK(read_units(*store, run).size() == 4);
}

TEST_CASE("journal: of a unit with called and cached steps what was called is spent", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    RunRecord run = make_run();
    value_of(store->begin(run));
    UnitResult unit = make_unit(run, "one", 0);
    unit.calls = 1;
    unit.cached = 1;
    unit.usage = {{"total", 110}};
    unit.observations = {{.name = "find", .start = run.started, .usage = {{"total", 100}}},
                         {.name = "answer", .start = run.started, .usage = {{"total", 10}}}};
    unit.observations[0].metadata = {{"cached", true}};
    value_of(store->commit(run.id, std::vector{unit}));
    value_of(store->finish(run));
    CHECK(value_of(store->resume(run)).spent.tokens == 10);
}

TEST_CASE("journal: a resumed run knows which models answered before", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    RunRecord run = make_run();
    value_of(store->begin(run));
    const auto commit = [&](std::uint64_t position, const std::string& model,
                            ObservationLevel level) {
        UnitResult unit = make_unit(run, "one", position);
        unit.observations = {{.name = "answer",
                              .type = ObservationType::generation,
                              .start = run.started,
                              .model = model,
                              .level = level}};
        value_of(store->commit(run.id, std::vector{unit}));
    };
    commit(0, "tiny-1", ObservationLevel::normal);
    commit(1, "tiny-1", ObservationLevel::normal);
    commit(2, "tiny-2", ObservationLevel::error);  // it failed: nothing answered
    value_of(store->finish(run));
    const JournalState left = value_of(store->resume(run));
    REQUIRE(left.models.size() == 1);
    CHECK(left.models[0].observation == "answer");
    CHECK(left.models[0].model == "tiny-1");
}

TEST_CASE("journal: a run that is not stored cannot be resumed", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    const auto refused = store->resume(make_run());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::not_found);
    CHECK(lock_files(folder).empty());
}

TEST_CASE("journal: a run that another process executes is refused by name", "[store]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    OtherProcess other([&] { return open_store(folder)->begin(run).has_value(); });
    // That process closed its store, so nothing holds the run.
    const auto store = open_store(folder);
    CHECK_FALSE(store->is_open_elsewhere(run.id));

    std::unique_ptr<Store> held;
    OtherProcess executing([&] {
        held = open_store(folder);
        return held->resume(run).has_value();
    });
    CHECK(store->is_open_elsewhere(run.id));
    const auto refused = store->resume(run);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::already_exists);
    CHECK_THAT(refused.error().message, Catch::Contains("run " + run.id.value() +
                                                        " is being executed by another process "
                                                        "(pid " +
                                                        std::to_string(executing.id()) + ")"));
    CHECK(store->is_open_elsewhere(run.id));
    value_of(store->begin(make_run("another run")));

    executing.kill();
    CHECK_FALSE(store->is_open_elsewhere(run.id));
    CHECK(value_of(store->find_run(run.id.value())).state == RunState::running);
    (void)value_of(store->resume(run));
    CHECK_FALSE(store->is_open_elsewhere(run.id));
}

TEST_CASE("journal: two stores of one process do not execute one run", "[store]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    const auto first = open_store(folder);
    const auto second = open_store(folder);
    value_of(first->begin(run));
    CHECK_FALSE(first->is_open_elsewhere(run.id));
    CHECK(second->is_open_elsewhere(run.id));
    CHECK(second->resume(run).error().code == ErrorCode::already_exists);
    CHECK(first->resume(run).error().code == ErrorCode::already_exists);
    value_of(first->commit(run.id, std::vector{make_unit(run, "one", 0)}));
    value_of(first->finish(run));
    CHECK_FALSE(second->is_open_elsewhere(run.id));
    CHECK(value_of(second->resume(run)).units.size() == 1);
}

TEST_CASE("journal: a run that ended leaves no lock behind", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    const RunRecord run = make_run();
    value_of(store->begin(run));
    CHECK(lock_files(folder).size() == 1);
    value_of(store->finish(run));
    CHECK(lock_files(folder).empty());
}

TEST_CASE("journal: an id of any text locks inside the store's folder", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    for (const std::string& id : {std::string("../../escaped"), std::string("a/b"),
                                  std::string(300, 'a'), std::string("zero\0byte", 9)}) {
        RunRecord run = make_run(id);
        run.id = RunId(id);
        for (VariantRecord& variant : run.variants) {
            variant.dataset_run_id = derive_dataset_run_id(run.id, variant.name);
        }
        value_of(store->begin(run));
        REQUIRE(lock_files(folder).size() == 1);
        CHECK(lock_files(folder).front().parent_path() == folder.path() / "runs" / "default");
        CHECK(open_store(folder)->is_open_elsewhere(run.id));
        value_of(store->finish(run));
    }
}

TEST_CASE("journal: the lock that a dead process left behind is taken over", "[store]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    {
        std::unique_ptr<Store> held;
        const OtherProcess other([&] {
            held = open_store(folder);
            return held->begin(run).has_value();
        });
    }
    REQUIRE(lock_files(folder).size() == 1);
    const auto store = open_store(folder);
    CHECK(value_of(store->resume(run)).units.size() == 0);
    value_of(store->finish(run));
    CHECK(lock_files(folder).empty());
}

TEST_CASE("journal: units of a run of another store become those of this run", "[store]") {
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    const TemporaryFolder shards;
    const TemporaryFolder folder;
    const auto from = open_store(shards);
    const auto into = open_store(folder);
    const RunRecord shard = make_run("shard");
    RunRecord whole = make_run("whole");
    value_of(from->begin(shard));
    std::vector<UnitResult> units;
    for (std::uint64_t position = 0; position < 70; ++position) {
        units.push_back(
            make_random_unit(shard, position % 2 == 0 ? "one" : "two", position, 0, rng));
    }
    value_of(from->commit(shard.id, units));
    value_of(into->begin(whole));
    value_of(into->copy_units(*from, shard, whole.id));

    const std::vector<UnitResult> copied = read_units(*into, whole);
    REQUIRE(copied.size() == units.size());
    for (const UnitResult& copy : copied) {
        UnitResult unit = units[copy.item.position];
        CHECK(copy.trace_id == derive_trace_id(whole.id, unit.item.position, unit.key));
        CHECK(copy.trace_id != unit.trace_id);
        unit.trace_id = copy.trace_id;
        check_same_unit(copy, unit);
        check_same_observations(value_of(into->observations(copy.trace_id)), unit.observations);
    }
    CHECK(read_units(*from, shard).size() == units.size());

    RunRecord narrow = make_run("narrow");
    narrow.variants.pop_back();
    value_of(into->begin(narrow));
    CHECK_FALSE(into->copy_units(*from, shard, narrow.id));
    CHECK_FALSE(into->copy_units(*from, shard, RunId("never begun")));
}

}  // namespace assay::test
