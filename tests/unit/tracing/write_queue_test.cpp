#include "server/store/write_queue.hpp"

#include <catch2/catch.hpp>
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
