#include "core/base/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>

#include "tests/support/run_task.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;

/// Coroutines that meet: each says that it came and waits for all.
struct Meeting {
    int expected = 0;
    int came = 0;
    std::vector<std::unique_ptr<Wakeup>> waiting;

    asio::awaitable<bool> come(Deadline deadline) {
        waiting.push_back(std::make_unique<Wakeup>(co_await asio::this_coro::executor));
        Wakeup& own = *waiting.back();
        if (++came == expected) {
            for (const auto& each : waiting) each->notify();
        }
        co_return co_await own.wait(deadline) == Wakeup::Cause::notified;
    }
};

asio::awaitable<void> meet(Meeting& meeting, std::string& log) {
    const bool met = co_await meeting.come(test::in(std::chrono::seconds(10)));
    log += met ? "+" : "-";
}

asio::awaitable<void> append(std::string& log) {
    log += "a";
    co_return;
}

asio::awaitable<void> break_down() {
    throw std::runtime_error("broken");
    co_return;
}

asio::awaitable<int> join(TaskGroup& group) {
    int joins = 0;
    while (co_await group.next()) ++joins;
    co_return joins;
}

TEST_CASE("task group: coroutines run beside each other and are joined") {
    asio::io_context io;
    TaskGroup group(io.get_executor());
    Meeting meeting{.expected = 3};
    std::string log;
    for (int i = 0; i < 3; ++i) group.spawn(meet(meeting, log));
    const int joins = test::run_task(io, join(group));
    CHECK(log == "+++");
    CHECK(joins >= 1);
    CHECK(joins <= 3);
    CHECK_FALSE(test::run_task(io, group.next()));
    CHECK_FALSE(group.is_cancelled());
}

TEST_CASE("task group: it can be filled again while it is joined") {
    asio::io_context io;
    TaskGroup group(io.get_executor());
    std::string log;
    const auto fill = [](TaskGroup& own, std::string& written) -> asio::awaitable<int> {
        own.spawn(append(written));
        int joins = 0;
        while (co_await own.next()) {
            if (++joins < 3) own.spawn(append(written));
        }
        co_return joins;
    };
    CHECK(test::run_task(io, fill(group, log)) == 3);
    CHECK(log == "aaa");
}

TEST_CASE("task group: cancelling who waits cancels all and still joins them") {
    asio::io_context io;
    TaskGroup group(io.get_executor());
    Meeting meeting{.expected = 4};
    std::string log;
    for (int i = 0; i < 3; ++i) group.spawn(meet(meeting, log));
    asio::cancellation_signal cancellation;
    bool joined = false;
    const auto wait = [](TaskGroup& own, bool& done) -> asio::awaitable<void> {
        done = co_await join(own) >= 1;
    };
    asio::co_spawn(io, wait(group, joined),
                   asio::bind_cancellation_slot(cancellation.slot(), [](std::exception_ptr) {}));
    while (meeting.came < 3) io.run_one();
    CHECK(log.empty());
    cancellation.emit(asio::cancellation_type::terminal);
    io.run();
    CHECK(log == "---");
    CHECK(joined);
    CHECK(group.is_cancelled());
}

TEST_CASE("task group: what a coroutine lets out comes when all have ended") {
    asio::io_context io;
    TaskGroup group(io.get_executor());
    std::string log;
    group.spawn(break_down());
    group.spawn(append(log));
    CHECK_THROWS_AS(test::run_task(io, join(group)), std::runtime_error);
    CHECK(log == "a");
    CHECK_FALSE(test::run_task(io, group.next()));
}

}  // namespace
}  // namespace assay
