#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <memory>

#include "server/store/sqlite_handle.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {

// Processes that write to a store and are killed, or write at the same time.

namespace {

constexpr std::uint64_t k_group_units = 20;

std::vector<UnitResult> make_group(const RunRecord& run, std::uint64_t group) {
    std::vector<UnitResult> units;
    for (std::uint64_t i = 0; i < k_group_units; ++i) {
        units.push_back(make_unit(run, i % 2 == 0 ? "one" : "two", group * k_group_units + i));
    }
    return units;
}

/// Begins the run and commits groups of units; writes one byte to `acknowledge` after each.
/// @return an exit code.
int write_run(const std::filesystem::path& folder, const RunRecord& run, std::uint64_t groups,
              int acknowledge) {
    const auto store = Store::open(folder, default_project_id());
    if (!store) return 1;
    if (!(*store)->begin(run)) return 2;
    for (std::uint64_t group = 0; group < groups; ++group) {
        if (!(*store)->commit(run.id, make_group(run, group))) return 3;
        if (::write(acknowledge, "a", 1) != 1) return 4;
    }
    return (*store)->finish(run) ? 0 : 5;
}

/// A process that writes a run, and the acknowledgements that came from it.
class Writer {
  public:
    Writer(const std::filesystem::path& folder, const RunRecord& run, std::uint64_t groups) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        child_ = ::fork();
        REQUIRE(child_ >= 0);
        if (child_ == 0) ::_exit(write_run(folder, run, groups, ends[1]));
        REQUIRE(::close(ends[1]) == 0);
        acknowledged_end_ = ends[0];
    }
    ~Writer() { (void)::close(acknowledged_end_); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// Waits for `groups` acknowledgements, and then for `more`, and kills.
    void kill_after(std::uint64_t groups, std::chrono::microseconds more) {
        char byte = 0;
        while (acknowledged_ < groups && ::read(acknowledged_end_, &byte, 1) == 1) ++acknowledged_;
        const auto until = std::chrono::steady_clock::now() + more;
        while (std::chrono::steady_clock::now() < until) {
        }
        REQUIRE(::kill(child_, SIGKILL) == 0);
    }
    /// @return the exit code, or -1 when it was killed.
    int wait() {
        int status = 0;
        REQUIRE(::waitpid(child_, &status, 0) == child_);
        char byte = 0;
        while (::read(acknowledged_end_, &byte, 1) == 1) ++acknowledged_;
        return WIFSIGNALED(status) ? -1 : WEXITSTATUS(status);
    }
    [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }

  private:
    pid_t child_ = -1;
    int acknowledged_end_ = -1;
    std::uint64_t acknowledged_ = 0;
};

/// The groups that are stored; fails when one is not whole or not as it was written.
std::uint64_t count_groups(const Store& store, const RunRecord& run) {
    const std::vector<UnitResult> units = read_units(store, run);
    REQUIRE(units.size() % k_group_units == 0);
    for (const UnitResult& unit : units) {
        check_same_unit(unit, make_unit(run, unit.variant, unit.item.position, unit.repetition));
    }
    return units.size() / k_group_units;
}

}  // namespace

TEST_CASE("journal: an acknowledged unit survives SIGKILL at any instant", "[crash][store]") {
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    const TemporaryFolder folder;
    int killed = 0;
    for (int round = 0; round < 40; ++round) {
        const RunRecord run = make_run("round " + std::to_string(round));
        Writer writer(folder.path(), run, 1000);
        writer.kill_after(rng.next_below(8), std::chrono::microseconds(rng.next_below(4000)));
        if (writer.wait() == -1) ++killed;

        const auto store = value_of(Store::open(folder.path(), default_project_id()));
        const auto stored = store->find_run(run.name);
        if (!stored) {
            CHECK(writer.acknowledged() == 0);
            continue;
        }
        CHECK(stored->state == RunState::running);
        const std::uint64_t groups = count_groups(*store, run);
        CHECK(groups >= writer.acknowledged());
        CHECK(groups <= writer.acknowledged() + 1);
    }
    CHECK(killed >= 35);
    CHECK(query_file(file_of(folder.path()), "PRAGMA integrity_check") ==
          std::vector<std::string>{"ok"});
    // Nothing of a group that was not committed is left anywhere.
    const std::string orphans =
        "SELECT count(*) FROM traces LEFT JOIN trace_documents USING(trace) "
        "LEFT JOIN run_items USING(trace) LEFT JOIN observations USING(trace) "
        "LEFT JOIN scores ON subject = trace "
        "WHERE size IS NULL OR position IS NULL OR slot IS NULL OR ordinal IS NULL";
    CHECK(query_file(file_of(folder.path()), orphans) == std::vector<std::string>{"0"});
}

TEST_CASE("store: several processes make and fill one store at the same time", "[crash][store]") {
    const TemporaryFolder folder;
    constexpr std::uint64_t k_groups = 30;
    std::vector<RunRecord> runs;
    std::vector<std::unique_ptr<Writer>> writers;
    for (int i = 0; i < 4; ++i) runs.push_back(make_run("process " + std::to_string(i)));
    for (const RunRecord& run : runs) {
        writers.push_back(std::make_unique<Writer>(folder.path(), run, k_groups));
    }
    for (const auto& writer : writers) {
        CHECK(writer->wait() == 0);
        CHECK(writer->acknowledged() == k_groups);
    }
    const auto store = value_of(Store::open(folder.path(), default_project_id()));
    CHECK(value_of(store->runs()).size() == runs.size());
    for (const RunRecord& run : runs) CHECK(count_groups(*store, run) == k_groups);
    // All of them wrote the same items, once.
    CHECK(query_file(file_of(folder.path()), "SELECT count(*) FROM item_versions") ==
          std::vector{std::to_string(k_groups * k_group_units)});
}

TEST_CASE("store: a writer that never ends is reported after the time-out", "[crash][store]") {
    const TemporaryFolder folder;
    const auto store = value_of(Store::open(folder.path(), default_project_id()));
    const auto holder = value_of(Connection::open(file_of(folder.path()), Connection::Mode::write));
    {
        const auto held = value_of(Transaction::begin(*holder));
        const auto refused = store->begin(make_run());
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::unavailable);
        CHECK(refused.error().retryable);
        CHECK_THAT(refused.error().message, Catch::Contains("another process"));
    }
    value_of(store->begin(make_run()));
}

TEST_CASE("store: two processes race for one run and one of them wins", "[crash][store]") {
    for (int round = 0; round < 10; ++round) {
        const TemporaryFolder folder;
        const RunRecord run = make_run();
        Writer first(folder.path(), run, 1);
        Writer second(folder.path(), run, 1);
        const int codes = first.wait() + second.wait();
        CHECK(codes == 2);  // one is done, the other's begin() was refused
        const auto store = value_of(Store::open(folder.path(), default_project_id()));
        CHECK(count_groups(*store, run) == 1);
    }
}

namespace {

/// What processes count together.
struct Counters {
    std::atomic<int> executing;
    std::atomic<int> most;
    std::atomic<int> refused;
    std::atomic<int> failed;
};

/// Takes the run over as often as it can be had, and leaves it again.
void execute_in_turns(const std::filesystem::path& folder, const RunRecord& run, int times,
                      Counters& counters) {
    const auto store = Store::open(folder, default_project_id());
    for (int done = 0; store && done < times;) {
        const auto resumed = (*store)->resume(run);
        if (!resumed) {
            const bool refused = resumed.error().code == ErrorCode::already_exists;
            ++(refused ? counters.refused : counters.failed);
            if (!refused) return;
            (void)::sched_yield();
            continue;
        }
        const int now = ++counters.executing;
        if (now > counters.most) counters.most = now;
        ++done;
        if (!(*store)->commit(run.id, std::vector{make_unit(run, "one", 0)})) ++counters.failed;
        // Before finish(): what comes after it is another's turn.
        --counters.executing;
        if (!(*store)->finish(run)) ++counters.failed;
    }
    if (!store) ++counters.failed;
}

}  // namespace

TEST_CASE("journal: a run is never executed by two processes at a time", "[crash][store]") {
    void* const shared = ::mmap(nullptr, sizeof(Counters), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(shared != MAP_FAILED);
    Counters& counters = *std::construct_at(static_cast<Counters*>(shared));
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    {
        const auto store = value_of(Store::open(folder.path(), default_project_id()));
        value_of(store->begin(run));
        value_of(store->finish(run));
    }
    constexpr int k_processes = 4;
    for (int i = 0; i < k_processes; ++i) {
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child != 0) continue;
        execute_in_turns(folder.path(), run, 25, counters);
        ::_exit(0);
    }
    for (int i = 0; i < k_processes; ++i) REQUIRE(::wait(nullptr) > 0);
    CHECK(counters.most == 1);
    CHECK(counters.refused > 0);
    CHECK(counters.failed == 0);
    REQUIRE(::munmap(shared, sizeof(Counters)) == 0);
}

}  // namespace assay::test
