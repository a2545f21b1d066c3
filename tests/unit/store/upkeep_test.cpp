#include "server/store/upkeep.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <thread>
#include <utility>

#include "server/store/database.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {
namespace {

constexpr std::uint64_t k_group_units = 64;
constexpr int k_groups_max = 2000;           // commits that a thread of its own had time during
constexpr int k_log_pages_of_writer = 8000;  // just before a commit copies the log itself
constexpr std::chrono::seconds k_patience{30};

std::vector<UnitResult> make_group(const RunRecord& run, std::uint64_t group) {
    std::vector<UnitResult> units;
    for (std::uint64_t i = 0; i < k_group_units; ++i) {
        units.push_back(make_unit(run, "one", group * k_group_units + i));
    }
    return units;
}

bool has_dictionary(const std::filesystem::path& folder) {
    return query_file(file_of(folder), "SELECT count(*) FROM dictionaries") ==
           std::vector<std::string>{"1"};
}

}  // namespace

TEST_CASE("upkeep: the log is copied and the dictionary trained while units are stored",
          "[store]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    std::uint64_t groups = 0;
    {
        const auto store = value_of(Store::open(folder.path(), default_project_id()));
        value_of(store->begin(run));
        const auto size_before = std::filesystem::file_size(file_of(folder.path()));
        while (!has_dictionary(folder.path())) {
            REQUIRE(groups < k_groups_max);
            value_of(store->commit(run.id, make_group(run, groups), Durability::none));
            ++groups;
        }
        CHECK(std::filesystem::file_size(file_of(folder.path())) > size_before);
        value_of(store->finish(run));
    }
    CHECK(query_file(file_of(folder.path()), "PRAGMA integrity_check") ==
          std::vector<std::string>{"ok"});
    const auto store = value_of(Store::open(folder.path(), default_project_id()));
    const std::vector<UnitResult> units = read_units(*store, run);
    REQUIRE(units.size() == groups * k_group_units);
    const std::vector<UnitResult> last = make_group(run, groups - 1);
    check_same_unit(units.front(), make_group(run, 0).front());
    check_same_unit(units.back(), last.back());
}

TEST_CASE("upkeep: the log of commits that wait for the disk is copied beside them", "[store]") {
    const TemporaryFolder folder;
    const auto database = value_of(Database::open(folder.path(), Database::Missing::create));
    Connection& writer = database->writer().connection();
    int longest = 0;
    for (int i = 0; writer.log_pages() >= longest; ++i) {
        longest = writer.log_pages();
        REQUIRE(longest < k_log_pages_of_writer);
        const std::string text = std::to_string(i) + std::string(400'000, 'x');
        value_of(database->transact(
            [&] { return writer.run("INSERT INTO symbols(text) VALUES(?1)", text); }));
    }
    CHECK(longest >= CheckpointPace::k_pages);
}

TEST_CASE("upkeep: on a slow disk the log is copied less often", "[store]") {
    constexpr MonotonicTime k_start{std::chrono::seconds(100)};
    constexpr auto k_wait = std::chrono::milliseconds(20);
    CheckpointPace pace;
    CHECK_FALSE(pace.is_due(CheckpointPace::k_pages - 1, k_start));
    CHECK(pace.is_due(CheckpointPace::k_pages, k_start));

    pace.writers_waited(k_start, k_start + k_wait);
    const MonotonicTime undisturbed_until =
        k_start + k_wait + CheckpointPace::k_undisturbed_share * k_wait;
    const MonotonicTime just_before = undisturbed_until - std::chrono::nanoseconds(1);
    CHECK_FALSE(pace.is_due(CheckpointPace::k_pages, k_start + k_wait));
    CHECK_FALSE(pace.is_due(CheckpointPace::k_pages_slow - 1, just_before));
    CHECK(pace.is_due(CheckpointPace::k_pages_slow, just_before));
    CHECK(pace.is_due(CheckpointPace::k_pages, undisturbed_until));

    // The last wait counts: a disk that is quick again is used as such.
    pace.writers_waited(just_before, just_before);
    CHECK(pace.is_due(CheckpointPace::k_pages, just_before));
}

TEST_CASE("upkeep: a log gives its space back when a run ends", "[store]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    const auto log = std::filesystem::path(file_of(folder.path())) += "-wal";
    const auto other = value_of(Store::open(folder.path(), default_project_id()));
    const auto store_run = [&] {
        const auto store = value_of(Store::open(folder.path(), default_project_id()));
        value_of(store->begin(run));
        value_of(store->commit(run.id, make_group(run, 0), Durability::none));
        CHECK(std::filesystem::file_size(log) > 0);
        value_of(store->finish(run));
    };
    SECTION("at once where nobody else reads") {
        store_run();
        CHECK(std::filesystem::file_size(log) == 0);
        CHECK(read_units(*other, run).size() == k_group_units);
    }
    SECTION("later where somebody reads from it") {
        const RunRecord read = make_run("being read");
        value_of(other->begin(read));
        value_of(other->commit(read.id, make_group(read, 0)));
        bool first = true;
        std::uint64_t seen = 0;
        value_of(other->for_each_unit(read, [&](const UnitResult& /*unit*/) -> Result<void> {
            if (std::exchange(first, false)) store_run();
            ++seen;
            return {};
        }));
        CHECK(seen == k_group_units);
        CHECK(std::filesystem::file_size(log) > 0);
        CHECK(read_units(*other, run).size() == k_group_units);
    }
}

TEST_CASE("upkeep: the log is emptied at once or as soon as nobody reads from it", "[store]") {
    const TemporaryFolder folder;
    const auto log = std::filesystem::path(file_of(folder.path())) += "-wal";
    const auto database = value_of(Database::open(folder.path(), Database::Missing::create));
    const auto write = [&](const char* text) {
        value_of(database->transact([&] {
            return database->writer().connection().run("INSERT INTO symbols(text) VALUES(?1)",
                                                       text);
        }));
    };
    write("one");
    value_of(database->empty_log());
    CHECK(std::filesystem::file_size(log) == 0);
    {
        const Snapshot reading = value_of(Snapshot::begin(database->reader().connection()));
        (void)value_of(
            database->reader().connection().find_integer("SELECT count(*) FROM symbols"));
        write("two");
        value_of(database->empty_log());
        CHECK(std::filesystem::file_size(log) > 0);
    }
    const auto give_up_at = std::chrono::steady_clock::now() + k_patience;
    while (std::filesystem::file_size(log) > 0) {
        REQUIRE(std::chrono::steady_clock::now() < give_up_at);
        std::this_thread::yield();
    }
}

TEST_CASE("upkeep: where nothing can be put on the disk nothing more is committed", "[store]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    const auto store = value_of(Store::open(folder.path(), default_project_id()));
    value_of(store->begin(run));
    std::filesystem::rename(file_of(folder.path()), folder.path() / "moved");
    Result<void> committed;
    for (std::uint64_t group = 0; committed; ++group) {
        REQUIRE(group < k_groups_max);
        committed = store->commit(run.id, make_group(run, group), Durability::none);
    }
    CHECK_THAT(committed.error().message, Catch::Contains(file_of(folder.path()).string()));
    CHECK_FALSE(store->finish(run));
}

}  // namespace assay::test
