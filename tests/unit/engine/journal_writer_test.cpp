#include "runner/engine/journal_writer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <exception>
#include <latch>

namespace assay::test {
namespace {

namespace asio = boost::asio;
using Names = std::vector<std::string>;

/// Notes what is committed; waits before the first commit until it may, and can be told to fail.
class NotingJournal final : public RunJournal {
  public:
    Result<void> begin(const RunRecord& /*run*/) override { return {}; }
    Result<JournalState> resume(const RunRecord& /*run*/) override { return JournalState{}; }
    Result<void> finish(const RunRecord& /*run*/) override { return {}; }

    Result<void> commit(const RunId& run, std::span<const UnitResult> units,
                        Durability durability) override {
        may_commit.wait();
        ++commits;
        synced += durability == Durability::synced ? 1 : 0;
        if (commits == fails_at) return failure(ErrorCode::resource_exhausted, "the disk is full");
        std::string group = run.value() + ":";
        for (const UnitResult& unit : units) group += " " + unit.key.value();
        groups.push_back(std::move(group));
        return {};
    }

    std::latch may_commit{1};
    int fails_at = 0;
    int commits = 0;
    int synced = 0;  ///< of the commits
    Names groups;
};

UnitResult make_unit(const std::string& key) {
    UnitResult unit;
    unit.key = UnitKey(key);
    return unit;
}

/// A writer with its journal and an event loop.
struct Scene {
    ~Scene() {
        // A test that failed before it let the journal go on must not wait for it.
        if (!journal.may_commit.try_wait()) let_commit();
    }

    /// Appends without waiting; the end is noted in `ended`.
    void append(const std::string& run, const std::string& key) {
        asio::co_spawn(
            io, writer.append(RunId(run), make_unit(key)),
            [this, run, key](const std::exception_ptr& /*failed*/, const Result<UnitResult>& unit) {
                ended.push_back(unit ? run + " " + unit->key.value() : unit.error().message);
            });
        io.restart();
        io.poll();
    }
    void run_until_ended(std::size_t appended) {
        io.restart();
        while (ended.size() < appended && io.run_one() > 0) {
        }
    }
    void let_commit() { journal.may_commit.count_down(); }

    asio::io_context io;
    NotingJournal journal;
    Names ended;
    JournalWriter writer{journal, io.get_executor()};
};

}  // namespace

TEST_CASE("journal writer: who appends waits for the commit and gets the unit back", "[engine]") {
    Scene scene;
    for (const char* const key : {"1", "2", "3"}) scene.append("a", key);
    CHECK(scene.ended.empty());
    scene.let_commit();
    scene.run_until_ended(3);
    CHECK(scene.ended == Names{"a 1", "a 2", "a 3"});
}

TEST_CASE("journal writer: what arrives during a commit is the next group and of one run",
          "[engine]") {
    Scene scene;
    scene.append("a", "1");
    for (const char* const key : {"2", "3", "4", "5"}) {
        scene.append(std::string(key) < "4" ? "b" : "a", key);
    }
    scene.let_commit();
    scene.run_until_ended(5);
    // The thread may have taken the first unit alone or with the others of its run.
    std::string all;
    for (const std::string& group : scene.journal.groups) all += group + ";";
    CHECK_THAT(all, Catch::Contains("b: 2 3;"));
    CHECK(scene.ended.size() == 5);
}

TEST_CASE("journal writer: after a commit that failed nothing is accepted or committed",
          "[engine]") {
    Scene scene;
    scene.journal.fails_at = 1;
    scene.append("a", "1");
    scene.append("b", "2");
    scene.let_commit();
    scene.run_until_ended(2);
    scene.append("a", "3");
    scene.run_until_ended(3);
    CHECK(scene.ended == Names(3, "the disk is full"));
    CHECK(scene.journal.commits == 1);
}

TEST_CASE("journal writer: no commit waits for the disk", "[engine]") {
    Scene scene;
    scene.let_commit();
    for (const char* const key : {"1", "2", "3"}) scene.append("a", key);
    scene.run_until_ended(3);
    CHECK(scene.journal.commits > 0);
    CHECK(scene.journal.synced == 0);
}

}  // namespace assay::test
