#include "server/api/memory_budget.hpp"

#include <atomic>
#include <boost/asio.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <exception>
#include <list>
#include <vector>

namespace assay::test {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::minutes k_long{10};

void rethrow(const std::exception_ptr& failed) {
    if (failed) std::rethrow_exception(failed);
}

}  // namespace

TEST_CASE("memory budget: who finds too little left waits in the order of coming", "[api]") {
    asio::io_context io;
    MemoryBudget budget(10);
    std::vector<int> order;
    std::list<MemoryBudget::Share> held;
    const auto take = [&](int name, std::size_t bytes) -> asio::awaitable<void> {
        auto share = co_await budget.wait_for(bytes, k_long);
        order.push_back(name);
        held.push_back(std::move(share.value()));
    };
    auto first = budget.try_take(7);
    REQUIRE(first);
    CHECK_FALSE(budget.try_take(4));
    asio::co_spawn(io, take(1, 6), &rethrow);
    asio::co_spawn(io, take(2, 3), &rethrow);  // would fit, but others were there before
    asio::co_spawn(io, take(3, 4), &rethrow);
    io.poll();
    CHECK(order.empty());
    CHECK_FALSE(budget.try_take(1));
    first.reset();
    io.poll();
    CHECK(order == std::vector{1, 2});
    held.pop_front();
    io.poll();
    CHECK(order == std::vector{1, 2, 3});
    CHECK(budget.try_take(3));
    CHECK_FALSE(budget.try_take(4));
}

TEST_CASE("memory budget: who waits too long is sent away and others go on", "[api]") {
    asio::io_context io;
    MemoryBudget budget(10);
    const auto most = budget.try_take(7);
    std::vector<std::pair<std::size_t, bool>> told;
    const auto take = [&](std::size_t bytes,
                          std::chrono::milliseconds at_most) -> asio::awaitable<void> {
        told.emplace_back(bytes, (co_await budget.wait_for(bytes, at_most)).has_value());
    };
    asio::co_spawn(io, take(8, std::chrono::milliseconds(20)), &rethrow);
    asio::co_spawn(io, take(3, k_long), &rethrow);
    io.run();
    CHECK(told == std::vector<std::pair<std::size_t, bool>>{{8, false}, {3, true}});
    CHECK(budget.try_take(3));
}

TEST_CASE("memory budget: more than there is can be had when nobody has anything", "[api]") {
    MemoryBudget budget(10);
    {
        const auto all = budget.try_take(1000);
        CHECK(all);
        CHECK_FALSE(budget.try_take(1));
    }
    const auto some = budget.try_take(10);
    CHECK(some);
    CHECK_FALSE(budget.try_take(1));
}

TEST_CASE("memory budget: threads that take and give back never have more than there is", "[api]") {
    constexpr std::size_t k_bytes = 100;
    asio::thread_pool threads(4);
    MemoryBudget budget(k_bytes);
    std::atomic<std::size_t> used = 0;
    std::atomic<bool> is_too_much = false;
    std::atomic<int> done = 0;
    const auto work = [&](std::size_t bytes) -> asio::awaitable<void> {
        for (int i = 0; i < 500; ++i) {
            auto share = budget.try_take(bytes);
            if (!share) share.emplace((co_await budget.wait_for(bytes, k_long)).value());
            if (used.fetch_add(bytes) + bytes > k_bytes) is_too_much = true;
            used -= bytes;
        }
        ++done;
    };
    for (std::size_t i = 1; i <= 12; ++i) asio::co_spawn(threads, work(5 * i), &rethrow);
    threads.join();
    CHECK(done == 12);
    CHECK_FALSE(is_too_much);
}

}  // namespace assay::test
