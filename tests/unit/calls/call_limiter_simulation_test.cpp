// The limiter against simulated providers, in simulated time: the event loop is real, but nothing
// waits for its clock.
#include <boost/asio/awaitable.hpp>
#include <catch2/catch.hpp>
#include <deque>
#include <functional>

#include "judges/calls/call_limiter.hpp"
#include "judges/calls/rate_bucket.hpp"
#include "tests/support/seed.hpp"
#include "tests/unit/calls/simulated_world.hpp"

namespace assay::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
namespace asio = boost::asio;

namespace {

/// What a call to the simulated provider ends in, after how long.
struct Answer {
    std::chrono::nanoseconds after{0};
    Result<RateLimitNews> news;
};

struct Tally {
    int calls = 0;
    int refused = 0;
    int attempts_of_one_max = 0;
    int under_way_max = 0;
    MonotonicTime began;
    MonotonicTime ended;

    [[nodiscard]] double refused_share() const {
        return static_cast<double>(refused) / (calls + refused);
    }
    [[nodiscard]] double per_second() const {
        return calls / std::chrono::duration<double>(ended - began).count();
    }
};

/// So many clients that share so many calls, as the engine does: what is refused is tried again
/// after a while.
struct Load {
    int clients = 64;
    int calls = 4000;
    CallLane lane{"openai", "m"};
    std::function<Answer()> provider;     ///< called when a call starts
    std::function<void()> ended = [] {};  ///< called when it ends
};

asio::awaitable<void> client(World& world, CallLimiter& limiter, const Load& load, Tally& tally,
                             int& left) {
    while (left-- > 0) {
        bool done = false;
        for (int attempt = 0; !done; ++attempt) {
            auto slot = co_await limiter.acquire(load.lane, 0, {});
            REQUIRE(slot.has_value());
            for (const auto& lane : limiter.lanes()) {
                if (lane.lane == load.lane) {
                    tally.under_way_max = std::max(tally.under_way_max, lane.under_way);
                }
            }
            const Answer answer = load.provider();
            co_await world.pass(answer.after);
            load.ended();
            done = answer.news.has_value();
            tally.attempts_of_one_max = std::max(tally.attempts_of_one_max, attempt + 1);
            if (done) {
                slot->succeeded(*answer.news, 100);
                ++tally.calls;
            } else {
                slot->failed(answer.news.error());
                ++tally.refused;
                co_await world.pass(world.spread(500ms * (1 << std::min(attempt, 6))));
            }
        }
    }
    tally.ended = world.clock.monotonic();
}

Tally run(World& world, CallLimiter& limiter, const Load& load) {
    Tally tally{.began = world.clock.monotonic()};
    int left = load.calls;
    for (int i = 0; i < load.clients; ++i) world.spawn(client(world, limiter, load, tally, left));
    REQUIRE(world.run(limiter));
    return tally;
}

/// Bears so many calls at a time and refuses the others at once.
struct Capacity {
    World& world;
    int capacity;
    int under_way = 0;
    std::chrono::nanoseconds latency = 400ms;

    Answer start() {
        const bool is_refused = under_way++ >= capacity;
        if (is_refused) return {20ms, retryable_failure(ErrorCode::resource_exhausted, "429")};
        return {world.spread(latency), RateLimitNews{}};
    }
    void end() { --under_way; }
    [[nodiscard]] double per_second() const {
        return capacity / std::chrono::duration<double>(latency).count();
    }
};

}  // namespace

TEST_CASE("call limiter: it finds what a provider bears and is rarely refused") {
    for (const std::uint64_t seed : seeds_of_test(3)) {
        for (const int capacity : {1, 2, 3, 5, 8, 13, 20, 32, 48, 63}) {
            World world;
            world.rng = Rng(seed);
            CallLimiter limiter({.concurrency = 64}, world.clock);
            Capacity provider{world, capacity};
            const Tally tally = run(
                world, limiter,
                {.provider = [&] { return provider.start(); }, .ended = [&] { provider.end(); }});
            INFO("capacity " << capacity << ", ASSAY_SEED=" << seed);
            CHECK(tally.per_second() >= 0.85 * provider.per_second());
            CHECK(tally.refused_share() < 0.05);
            CHECK(tally.under_way_max <= 64);
        }
    }
}

TEST_CASE("call limiter: it follows a provider that bears less for a while and then more again") {
    for (const std::uint64_t seed : seeds_of_test(5)) {
        INFO("ASSAY_SEED=" << seed);
        World world;
        world.rng = Rng(seed);
        CallLimiter limiter({.concurrency = 64}, world.clock);
        Capacity provider{world, 40};
        const auto phase = [&](int capacity) {
            provider.capacity = capacity;
            const Tally tally = run(world, limiter,
                                    {.calls = 8000,
                                     .provider = [&] { return provider.start(); },
                                     .ended = [&] { provider.end(); }});
            CHECK(tally.per_second() >= 0.85 * provider.per_second());
            CHECK(tally.refused_share() < 0.05);
        };
        phase(40);
        phase(10);
        phase(40);
    }
}

TEST_CASE("call limiter: after a burst of refusals the rate recovers") {
    for (const std::uint64_t seed : seeds_of_test(5)) {
        INFO("ASSAY_SEED=" << seed);
        World world;
        world.rng = Rng(seed);
        CallLimiter limiter({.concurrency = 64}, world.clock);
        const MonotonicTime began = world.clock.monotonic();
        const auto provider = [&]() -> Answer {
            const auto time = world.clock.monotonic() - began;
            const bool is_closed = time >= 10s && time < 12s;
            if (is_closed) return {20ms, retryable_failure(ErrorCode::resource_exhausted, "429")};
            return {world.spread(400ms), RateLimitNews{}};
        };
        const double usual = 64 / 0.4;
        const Tally burst = run(world, limiter, {.calls = 3000, .provider = provider});
        CHECK(burst.refused > 0);
        CHECK(burst.ended - began >= 12s);
        const Tally after = run(world, limiter, {.calls = 3000, .provider = provider});
        CHECK(after.refused == 0);
        CHECK(after.per_second() >= 0.9 * usual);
    }
}

TEST_CASE("call limiter: a provider that is closed for a minute costs no call its retries") {
    for (const std::uint64_t seed : seeds_of_test(5)) {
        INFO("ASSAY_SEED=" << seed);
        World world;
        world.rng = Rng(seed);
        CallLimiter limiter({.concurrency = 64}, world.clock);
        const MonotonicTime opens = world.clock.monotonic() + 1min;
        const Tally tally =
            run(world, limiter, {.calls = 500, .provider = [&]() -> Answer {
                                     if (world.clock.monotonic() >= opens) return {100ms, {}};
                                     return {20ms,
                                             retryable_failure(ErrorCode::resource_exhausted, "")};
                                 }});
        CHECK(tally.calls == 500);
        CHECK(tally.attempts_of_one_max <= limits::k_retries_default + 1);
        CHECK(tally.ended - opens <= 35s);
    }
}

TEST_CASE("call limiter: headers that tell what is left spare nearly all refusals") {
    for (const std::uint64_t seed : seeds_of_test(5)) {
        INFO("ASSAY_SEED=" << seed);
        World world;
        world.rng = Rng(seed);
        CallLimiter limiter({.concurrency = 64}, world.clock);
        constexpr double k_size = 600;  // and as many a minute
        RateBucket bucket(k_size / 60, k_size);
        const Tally tally = run(
            world, limiter,
            {.calls = 3000, .provider = [&]() -> Answer {
                 const MonotonicTime now = world.clock.monotonic();
                 if (bucket.ready_at(1) > now) {
                     return {20ms, retryable_failure(ErrorCode::resource_exhausted, "429")};
                 }
                 bucket.take(now, 1);
                 const auto full =
                     std::chrono::ceil<std::chrono::milliseconds>(bucket.ready_at(k_size) - now);
                 const double left = k_size - std::chrono::duration<double>(full).count() * 10;
                 return {world.spread(400ms), RateLimitNews{.requests_left = static_cast<int>(left),
                                                            .requests_reset = full,
                                                            .requests_limit = 600}};
             }});
        CHECK(tally.refused_share() < 0.01);
        const double ideal_s = (3000 - k_size) / k_size * 60;
        CHECK(std::chrono::duration<double>(tally.ended - tally.began).count() < 1.05 * ideal_s);
    }
}

TEST_CASE("call limiter: the spec's requests a minute hold over task and judge") {
    for (const std::uint64_t seed : seeds_of_test(5)) {
        INFO("ASSAY_SEED=" << seed);
        World world;
        world.rng = Rng(seed);
        CallLimiter limiter({.rate_limits = {{"openai", {.rpm = 900}}}}, world.clock);
        std::deque<MonotonicTime> minute;
        std::size_t most = 0;
        const auto provider = [&]() -> Answer {
            minute.push_back(world.clock.monotonic());
            while (minute.front() + 1min <= minute.back()) minute.pop_front();
            most = std::max(most, minute.size());
            return {world.spread(400ms), RateLimitNews{}};
        };
        Tally task{.began = world.clock.monotonic()};
        Tally judge = task;
        const Load load{.provider = provider};
        const Load judging{.lane = {"openai", "m", true}, .provider = provider};
        int left[] = {2000, 2000};
        for (int i = 0; i < 64; ++i) {
            world.spawn(client(world, limiter, load, task, left[0]));
            world.spawn(client(world, limiter, judging, judge, left[1]));
        }
        REQUIRE(world.run(limiter));
        CHECK(most <= 900);
        CHECK(most >= 890);
        CHECK(std::chrono::duration<double>(task.ended - task.began).count() <= 4000 / 15.0 * 1.03);
        // Neither was kept waiting by the other.
        CHECK(std::chrono::abs(task.ended - judge.ended) <= 2s);
    }
}

}  // namespace assay::test
