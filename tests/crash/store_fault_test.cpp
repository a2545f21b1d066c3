#include <algorithm>
#include <catch2/catch.hpp>

#include "server/store/sqlite_handle.hpp"
#include "tests/crash/fault_vfs.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {

// Every operation on the disk fails once, or for good, or is the last one before a power loss.

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t k_groups = 4;
constexpr std::uint64_t k_group_units = 3;

std::vector<UnitResult> make_group(const RunRecord& run, std::uint64_t group) {
    std::vector<UnitResult> units;
    for (std::uint64_t i = 0; i < k_group_units; ++i) {
        units.push_back(make_unit(run, i == 0 ? "two" : "one", group * k_group_units + i));
    }
    return units;
}

/// What the store said it has, and how it behaved.
struct Acknowledged {
    bool begun = false;
    bool finished = false;
    std::vector<std::uint64_t> groups;
    bool after_the_failure = false;  ///< something was, although the disk no longer worked
    bool all = true;                 ///< every step worked

    template <class T>
    bool take(const FaultVfs& disk, bool had_failed, const Result<T>& result) {
        if (!result) all = false;
        if (result && had_failed && disk.has_failed()) after_the_failure = true;
        return result.has_value();
    }
};

/// A process's work on a run: begins it or goes on with it, stores every group that is not
/// acknowledged yet, and ends it. Goes on after failures, as long as there is a store.
void execute(const fs::path& folder, const RunRecord& run, const FaultVfs& disk,
             Acknowledged& said) {
    const auto step = [&](const auto& write) {
        const bool had_failed = disk.has_failed();
        return said.take(disk, had_failed, write());
    };
    const auto store = Store::open(folder, default_project_id());
    if (!store) {
        said.all = false;
        return;
    }
    if (said.begun) {
        step([&] { return (*store)->resume(run); });
    } else {
        said.begun = step([&] { return (*store)->begin(run); });
    }
    for (std::uint64_t group = 0; group < k_groups; ++group) {
        if (std::ranges::find(said.groups, group) != said.groups.end()) continue;
        const bool stored = step([&] { return (*store)->commit(run.id, make_group(run, group)); });
        if (stored) said.groups.push_back(group);
    }
    RunRecord ended = run;
    ended.state = RunState::finished;
    said.finished = step([&] { return (*store)->finish(ended); });
}

/// Everything acknowledged is there, nothing is there in part, and the store works.
/// @param earlier_units  of runs that were finished before.
void check_store(const fs::path& folder, const RunRecord& run, const Acknowledged& said,
                 std::size_t earlier_units) {
    const FaultVfs disk;  // does not wait for the real one
    const auto store = value_of(Store::open(folder, default_project_id()));
    CHECK(query_file(file_of(folder), "PRAGMA integrity_check") == std::vector<std::string>{"ok"});
    const auto stored = store->find_run(run.id.value());
    REQUIRE((stored || !said.begun));
    std::map<std::string, UnitResult> units;
    if (stored) {
        if (said.finished) CHECK(stored->state == RunState::finished);
        for (UnitResult& unit : read_units(*store, run)) units[unit.key.value()] = std::move(unit);
    }
    std::size_t of_groups = 0;
    for (std::uint64_t group = 0; group < k_groups; ++group) {
        const std::vector<UnitResult> written = make_group(run, group);
        const auto is_there = [&](const UnitResult& unit) {
            return units.contains(unit.key.value());
        };
        const auto there = std::ranges::count_if(written, is_there);
        const bool whole = there == static_cast<std::ptrdiff_t>(written.size());
        CHECK((there == 0 || whole));
        if (std::ranges::find(said.groups, group) != said.groups.end()) REQUIRE(whole);
        if (!whole) continue;
        of_groups += written.size();
        for (const UnitResult& unit : written) check_same_unit(units.at(unit.key.value()), unit);
    }
    CHECK(units.size() == of_groups);
    std::size_t of_others = 0;
    for (const RunRecord& other : value_of(store->runs())) {
        if (other.id != run.id) of_others += read_units(*store, other).size();
    }
    CHECK(of_others == earlier_units);
    const RunRecord next = make_run("the next run");
    value_of(store->begin(next));
    value_of(store->commit(next.id, make_group(next, 0)));
    value_of(store->finish(next));
}

void copy_files(const fs::path& from, const fs::path& to) {
    for (const auto& entry : fs::directory_iterator(from)) {
        if (entry.is_regular_file()) fs::copy_file(entry.path(), to / entry.path().filename());
    }
}

void prepare_nothing(const fs::path& /*folder*/) {}

/// A store that has some runs already.
void prepare_store(const fs::path& folder) {
    static const TemporaryFolder made;
    if (!fs::exists(file_of(made.path()))) {
        const auto store = value_of(Store::open(made.path(), default_project_id()));
        const RunRecord run = make_run("an earlier run");
        value_of(store->begin(run));
        for (std::uint64_t group = 0; group < k_groups; ++group) {
            value_of(store->commit(run.id, make_group(run, group)));
        }
        value_of(store->finish(run));
    }
    copy_files(made.path(), folder);
}

/// A store that the first version of the format wrote.
void prepare_version_1(const fs::path& folder) {
    static const TemporaryFolder made;
    if (!fs::exists(file_of(made.path()))) {
        query_file(file_of(made.path()),
                   read_text(fs::path(ASSAY_SOURCE_DIR) / "tests/unit/store/data/version_1.sql"));
        query_file(file_of(made.path()), "PRAGMA journal_mode = WAL");
    }
    copy_files(made.path(), folder);
}

/// What is in the folder before the work begins.
struct Beginning {
    void (*prepare)(const fs::path& folder);
    std::size_t units;  ///< of earlier runs
};

constexpr Beginning k_nothing{&prepare_nothing, 0};
constexpr Beginning k_store{&prepare_store, k_groups* k_group_units};
constexpr Beginning k_version_1{&prepare_version_1, 6};

/// Fails operation 1, 2, 3 ... of the work until no failure happens any more.
/// @return how many operations there are.
std::uint64_t fail_each(const Beginning& beginning, FaultVfs::Failing how) {
    const RunRecord run = make_run();
    for (std::uint64_t operation = 1;; ++operation) {
        INFO("operation " << operation);
        const TemporaryFolder folder;
        beginning.prepare(folder.path());
        Acknowledged said;
        bool happened = false;
        {
            FaultVfs disk;
            disk.fail(operation, how);
            execute(folder.path(), run, disk, said);
            happened = disk.has_failed();
        }
        if (how != FaultVfs::Failing::once) CHECK_FALSE(said.after_the_failure);
        check_store(folder.path(), run, said, beginning.units);
        if (!happened) {
            CHECK(said.all);
            return operation - 1;
        }
    }
}

}  // namespace

TEST_CASE("store: each failed disk operation is an error and loses nothing", "[crash][store]") {
    const Beginning beginning = GENERATE(k_nothing, k_store, k_version_1);
    const auto how = GENERATE(FaultVfs::Failing::once, FaultVfs::Failing::for_good,
                              FaultVfs::Failing::writes_for_good);
    CHECK(fail_each(beginning, how) > 30);
}

TEST_CASE("store: a failure while recovering from a failure loses nothing", "[crash][store]") {
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    const RunRecord run = make_run();
    int second_failures = 0;
    for (int round = 0; round < 60; ++round) {
        const TemporaryFolder folder;
        prepare_store(folder.path());
        Acknowledged said;
        for (int failures = 0; failures < 3; ++failures) {
            FaultVfs disk;
            disk.fail(1 + rng.next_below(60),
                      failures == 0 ? FaultVfs::Failing::for_good : FaultVfs::Failing::once);
            execute(folder.path(), run, disk, said);
            if (failures > 0 && disk.has_failed()) ++second_failures;
        }
        check_store(folder.path(), run, said, k_store.units);
    }
    CHECK(second_failures > 20);
}

TEST_CASE("store: a power loss at any operation loses nothing that was acknowledged",
          "[crash][store]") {
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    const RunRecord run = make_run();
    const Beginning beginning = GENERATE(k_nothing, k_store, k_version_1);
    std::uint64_t operation = 1;
    for (bool happened = true; happened; ++operation) {
        INFO("operation " << operation);
        const TemporaryFolder folder;
        const TemporaryFolder survivor;
        beginning.prepare(folder.path());
        Acknowledged said;
        {
            FaultVfs disk;
            disk.fail(operation, FaultVfs::Failing::for_good);
            execute(folder.path(), run, disk, said);
            happened = disk.has_failed();
            disk.lose_power(folder.path(), survivor.path(), rng);
        }
        check_store(survivor.path(), run, said, beginning.units);
    }
    CHECK(operation > 30);
}

namespace {

/// Gives every unit of the run another score and the run another description.
Result<void> rescore(const fs::path& folder, const RunRecord& run) {
    ASSAY_TRY(const auto store, Store::open(folder, default_project_id()));
    RunRecord after = run;
    after.description = "scored again";
    const auto change = [&](const UnitVisitor& visit) {
        return store->for_each_unit(
            run,
            [&](const UnitResult& unit) {
                UnitResult changed = unit;
                changed.evaluations[0].scores[0].value = false;
                return visit(changed);
            },
            UnitParts::all);
    };
    return store->replace_evaluations(
        {.run = after,
         .units = change,
         .run_scores = {{run.variants[0].dataset_run_id, {{.name = "f1", .value = 0.5}}}},
         .at = run.started});
}

/// The run was scored again as a whole, or not at all.
/// @return whether it was.
bool is_rescored(const fs::path& folder, const RunRecord& run) {
    const FaultVfs disk;
    const auto store = value_of(Store::open(folder, default_project_id()));
    CHECK(query_file(file_of(folder), "PRAGMA integrity_check") == std::vector<std::string>{"ok"});
    const bool rescored = !value_of(store->find_run(run.id.value())).description.empty();
    const std::vector<UnitResult> units = read_units(*store, run);
    CHECK(units.size() == k_groups * k_group_units);
    for (const UnitResult& unit : units) {
        CHECK(unit.evaluations[0].scores[0].value == ScoreValue(!rescored));
        CHECK(value_of(store->score_history(unit.trace_id)).size() == (rescored ? 1 : 0));
    }
    CHECK(value_of(store->run_scores(run.variants[0].dataset_run_id)).size() == (rescored ? 1 : 0));
    return rescored;
}

}  // namespace

TEST_CASE("store: scoring again happens as a whole or not at all", "[crash][store]") {
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    const RunRecord run = make_run("an earlier run");  // of prepare_store()
    const bool loses_power = GENERATE(false, true);
    std::uint64_t operation = 1;
    bool was_done = false;
    for (bool happened = true; happened; ++operation) {
        INFO("operation " << operation << (loses_power ? ", power loss" : ""));
        const TemporaryFolder folder;
        const TemporaryFolder survivor;
        prepare_store(folder.path());
        bool acknowledged = false;
        {
            FaultVfs disk;
            disk.fail(operation,
                      loses_power ? FaultVfs::Failing::for_good : FaultVfs::Failing::once);
            acknowledged = rescore(folder.path(), run).has_value();
            happened = disk.has_failed();
            if (loses_power) disk.lose_power(folder.path(), survivor.path(), rng);
        }
        was_done = is_rescored(loses_power ? survivor.path() : folder.path(), run);
        if (acknowledged) CHECK(was_done);
    }
    CHECK(was_done);
    CHECK(operation > 30);
}

TEST_CASE("store: after a failed sync nothing is acknowledged before a new start",
          "[crash][store]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    Acknowledged said;
    {
        FaultVfs disk;
        const auto store = value_of(Store::open(folder.path(), default_project_id()));
        value_of(store->begin(run));
        value_of(store->commit(run.id, make_group(run, 0)));
        disk.fail_syncs(FaultVfs::Failing::once);
        CHECK_FALSE(store->commit(run.id, make_group(run, 1)));
        REQUIRE(disk.has_failed());
        // The disk works again, but nobody knows what is on it.
        const auto refused = store->commit(run.id, make_group(run, 2));
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::unavailable);
        CHECK_THAT(refused.error().message, Catch::Contains(file_of(folder.path()).string()) &&
                                                Catch::Contains("check the disk"));
        CHECK_FALSE(store->finish(run));
        CHECK_FALSE(store->begin(make_run("another run")));
        CHECK(read_units(*store, run).size() == k_group_units);
        said = {.begun = true, .groups = {0}};
    }
    {
        const FaultVfs disk;
        execute(folder.path(), run, disk, said);
        CHECK(said.all);
    }
    check_store(folder.path(), run, said, 0);
}

TEST_CASE("store: a log that could not be put on the disk ends all writing", "[crash][store]") {
    const TemporaryFolder folder;
    FaultVfs disk;
    const auto connection =
        value_of(Connection::open(file_of(folder.path()), Connection::Mode::create));
    value_of(connection->execute_script(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE t(a)"));
    CHECK(connection->log_pages() > 0);
    value_of(connection->sync(Connection::File::log));
    CHECK(Transaction::begin(*connection));

    const auto file = GENERATE(Connection::File::log, Connection::File::database);
    disk.fail_syncs(FaultVfs::Failing::once);
    CHECK_FALSE(connection->sync(file));
    REQUIRE(disk.has_failed());
    value_of(connection->sync(file));  // says nothing about what was lost
    const auto refused = Transaction::begin(*connection);
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, Catch::Contains("check the disk"));
}

}  // namespace assay::test
