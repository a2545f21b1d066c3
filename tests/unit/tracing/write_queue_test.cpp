#include "server/store/write_queue.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <future>
#include <latch>

#include "server/store/reader_pool.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay::test {
namespace {

WriteQueue::Job add_symbol(std::string text) {
    return [text = std::move(text)](Session& writer) -> Result<void> {
        ASSAY_CHECK(writer.symbol(text));
        return {};
    };
}

/// Hands a job in and waits until it is told.
Result<void> write(WriteQueue& queue, WriteQueue::Job job) {
    std::promise<Result<void>> told;
    REQUIRE(queue.submit(
        std::move(job), [&](Result<void> outcome) { told.set_value(std::move(outcome)); }, 1));
    return told.get_future().get();
}

std::int64_t symbols(ReaderPool& readers) {
    return readers
        .read([](Session& reader) {
            return reader.connection().find_integer("SELECT count(*) FROM symbols");
        })
        .value()
        .value();
}

}  // namespace

TEST_CASE("write queue: what was told is readable", "[tracing]") {
    const TemporaryFolder folder;
    const auto database = Database::open(folder.path(), Database::Missing::create).value();
    ReaderPool readers(*database);
    WriteQueue queue(*database);
    for (int i = 1; i <= 20; ++i) {
        REQUIRE(write(queue, add_symbol(std::to_string(i))));
        CHECK(symbols(readers) == i);
    }
}

TEST_CASE("write queue: a job that fails or throws takes nothing with it", "[tracing]") {
    const TemporaryFolder folder;
    const auto database = Database::open(folder.path(), Database::Missing::create).value();
    ReaderPool readers(*database);
    WriteQueue queue(*database);
    // The first job holds the queue until the others wait, so that they are one group.
    std::latch all_wait(1);
    std::promise<Result<void>> told[4];
    const auto hand_in = [&](std::size_t i, WriteQueue::Job job) {
        REQUIRE(queue.submit(
            std::move(job),
            [&told, i](Result<void> outcome) { told[i].set_value(std::move(outcome)); }, 1));
    };
    hand_in(0, [&](Session&) -> Result<void> {
        all_wait.wait();
        return {};
    });
    hand_in(1, add_symbol("kept"));
    hand_in(2, [](Session& writer) -> Result<void> {
        ASSAY_CHECK(writer.symbol("lost"));
        return failure(ErrorCode::already_exists, "no");
    });
    hand_in(3, [](Session& writer) -> Result<void> {
        ASSAY_CHECK(writer.symbol("lost too"));
        throw std::runtime_error("thrown");
    });
    all_wait.count_down();
    CHECK(told[0].get_future().get());
    CHECK(told[1].get_future().get());
    CHECK(told[2].get_future().get().error().code == ErrorCode::already_exists);
    CHECK(told[3].get_future().get().error().message == "thrown");
    CHECK(symbols(readers) == 1);
    // What was undone is not remembered as there.
    REQUIRE(write(queue, add_symbol("lost")));
    CHECK(symbols(readers) == 2);
}

TEST_CASE("write queue: too much waiting is refused and not told", "[tracing]") {
    const TemporaryFolder folder;
    const auto database = Database::open(folder.path(), Database::Missing::create).value();
    std::latch may_go(1);
    std::promise<void> begun;
    std::atomic<int> told = 0;
    {
        WriteQueue queue(*database);
        const auto note = [&](const Result<void>& outcome) { told += outcome ? 1 : 100; };
        const auto hold = [&](Session&) -> Result<void> {
            begun.set_value();
            may_go.wait();
            return {};
        };
        REQUIRE(queue.submit(hold, note, 1));
        begun.get_future().wait();
        CHECK(queue.submit(add_symbol("a"), note, WriteQueue::k_waiting_bytes_max));
        CHECK_FALSE(queue.submit(add_symbol("b"), note, 1));
        may_go.count_down();
    }
    CHECK(told == 2);
}

namespace {

constexpr std::size_t k_small = WriteQueue::k_small_job_bytes_max;
constexpr std::size_t k_large = k_small + 1;

/// A queue whose first job holds it until all others are handed in. What happens is noted by its
/// thread: a job's name when it runs, and with "+" when it is told.
class HeldQueue {
  public:
    explicit HeldQueue(std::size_t bytes_of_first) {
        database_ = Database::open(folder_.path(), Database::Missing::create).value();
        queue_.emplace(*database_);
        const auto hold = [&](Session&) -> Result<void> {
            begun_.set_value();
            may_go_.wait();
            return {};
        };
        hand_in("first", bytes_of_first, hold);
        begun_.get_future().wait();
    }

    void hand_in(
        const std::string& name, std::size_t bytes,
        WriteQueue::Job job = [](Session&) { return Result<void>(); }) {
        auto run = [this, name, job = std::move(job)](Session& writer) mutable {
            seen_.push_back(name);
            return job(writer);
        };
        const auto tell = [this, name](const Result<void>&) { seen_.push_back(name + "+"); };
        if (!queue_->submit(std::move(run), tell, bytes)) seen_.push_back(name + " refused");
    }

    /// @param wait  for what jobs hand in themselves.
    std::vector<std::string> let_go(const std::function<void()>& wait = [] {}) {
        may_go_.count_down();
        wait();
        queue_.reset();
        return std::move(seen_);
    }

  private:
    TemporaryFolder folder_;
    std::unique_ptr<Database> database_;
    std::vector<std::string> seen_;
    std::promise<void> begun_;
    std::latch may_go_{1};
    std::optional<WriteQueue> queue_;  // last: its thread uses the above
};

}  // namespace

TEST_CASE("write queue: a small job waits for one large one at most", "[tracing]") {
    HeldQueue queue(k_large);
    queue.hand_in("large", k_large);
    queue.hand_in("larger", 2 * k_large);
    queue.hand_in("small", k_small);
    CHECK(queue.let_go() == std::vector<std::string>{"first", "small", "first+", "small+", "large",
                                                     "larger", "large+", "larger+"});
}

TEST_CASE("write queue: small jobs without end do not keep a large one out", "[tracing]") {
    HeldQueue queue(k_small);
    queue.hand_in("large", k_large);
    std::size_t left = 3 * WriteQueue::k_group_jobs_max;
    std::promise<void> is_last;
    std::function<Result<void>(Session&)> again = [&](Session&) -> Result<void> {
        if (--left > 0) {
            queue.hand_in("small", k_small, again);
        } else {
            is_last.set_value();
        }
        return {};
    };
    queue.hand_in("small", k_small, again);
    const std::vector<std::string> seen = queue.let_go([&] { is_last.get_future().wait(); });
    const auto large = std::ranges::find(seen, "large");
    const auto small_before = std::count(seen.begin(), large, "small");
    CHECK(std::cmp_less(small_before, WriteQueue::k_group_jobs_max));
    CHECK(std::cmp_equal(std::ranges::count(seen, "small"), 3 * WriteQueue::k_group_jobs_max));
}

TEST_CASE("write queue: a transaction takes no more than its share", "[tracing]") {
    HeldQueue queue(k_small);
    for (const char* const name : {"a", "b", "c"}) {
        queue.hand_in(name, WriteQueue::k_group_bytes / 2);
    }
    CHECK(queue.let_go() ==
          std::vector<std::string>{"first", "first+", "a", "b", "a+", "b+", "c", "c+"});
}

TEST_CASE("write queue: when no transaction can begin the jobs are told", "[tracing]") {
    const TemporaryFolder folder;
    const auto database = Database::open(folder.path(), Database::Missing::create).value();
    const auto other = Database::open(folder.path(), Database::Missing::create).value();
    REQUIRE(database->writer().connection().execute_script("PRAGMA busy_timeout = 0"));
    WriteQueue queue(*database);
    REQUIRE(other->transact([&]() -> Result<void> {
        CHECK_FALSE(write(queue, add_symbol("a")));
        return {};
    }));
    CHECK(write(queue, add_symbol("a")));
}

TEST_CASE("reader pool: a query that takes too long is ended", "[tracing]") {
    const TemporaryFolder folder;
    const auto database = Database::open(folder.path(), Database::Missing::create).value();
    const auto session = database->open_reader().value();
    session->connection().limit_time({std::chrono::steady_clock::now()});
    const auto endless = session->connection().find_integer(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n");
    REQUIRE_FALSE(endless);
    CHECK(endless.error().code == ErrorCode::deadline_exceeded);
    session->connection().limit_time({});
    CHECK(session->connection().find_integer("SELECT 1").value() == 1);
}

}  // namespace assay::test
