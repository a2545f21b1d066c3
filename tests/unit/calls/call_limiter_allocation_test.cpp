// Counts what the program allocates. The sanitizers do that themselves and want nobody beside them.
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "judges/calls/call_limiter.hpp"
#include "tests/support/run_task.hpp"

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
    ++allocations;
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }

namespace assay::test {

namespace {

const CallLane k_lane{"a provider with a long name", "a model with a long name", false};

boost::asio::awaitable<std::size_t> allocations_of_calls(CallLimiter& limiter) {
    std::size_t before = 0;
    for (int i = 0; i < 1000; ++i) {
        if (i == 100) before = allocations;  // the lane is there and the loop has its caches
        auto slot = co_await limiter.acquire(k_lane, 0, in(std::chrono::minutes(1)));
        slot->succeeded({.requests_left = 1000, .requests_reset = std::chrono::seconds(1)}, 100);
    }
    co_return allocations - before;
}

}  // namespace

TEST_CASE("call limiter: a call that does not wait allocates nothing") {
    const SystemClock clock;
    for (const RateLimitSpec& spec :
         {RateLimitSpec{}, RateLimitSpec{.rpm = 60'000'000, .tpm = 6'000'000'000}}) {
        CallLimiter limiter({.rate_limits = {{k_lane.provider, spec}}}, clock);
        boost::asio::io_context io;
        CHECK(run_task(io, allocations_of_calls(limiter)) == 0);
    }
}

}  // namespace assay::test

#endif
