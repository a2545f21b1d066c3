// Random limits, calls, answers, deadlines and cancellations against the limiter, in simulated
// time.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "tests/support/seed.hpp"
#include "tests/unit/calls/simulated_world.hpp"

namespace assay::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

namespace {

const std::array<CallLane, 3> k_lanes = {
    CallLane{"openai", "a", false}, CallLane{"openai", "a", true}, CallLane{"openai", "b", false}};

/// One call as it was drawn and as it went.
struct DrawnCall {
    std::size_t lane = 0;
    std::chrono::milliseconds arrives{0};
    std::chrono::milliseconds deadline{0};   ///< after its arrival; 0 = none
    std::chrono::milliseconds cancelled{0};  ///< after its arrival; 0 = not
    std::int64_t tokens = 0;
    asio::cancellation_signal cancel;
    MonotonicTime arrived;
    std::optional<MonotonicTime> began;
    std::optional<MonotonicTime> gone;
    bool was_late = false;
};

class Chaos {
  public:
    explicit Chaos(std::uint64_t seed) {
        world.rng = Rng(seed);
        limiter = std::make_unique<CallLimiter>(options(), world.clock);
    }

    void run() {
        for (int i = 0; i < 300; ++i) draw();
        for (const auto& call : calls) {
            world.spawn(make(*call), call->cancel.slot());
            if (call->deadline > 0ms) world.spawn(world.pass(call->arrives + call->deadline));
            if (call->cancelled > 0ms) world.spawn(cancel(*call));
        }
        REQUIRE(world.run(*limiter));
    }

    World world;
    RateLimitSpec spec;
    std::unique_ptr<CallLimiter> limiter;
    std::vector<std::unique_ptr<DrawnCall>> calls;
    std::array<std::vector<DrawnCall*>, k_lanes.size()> started;
    std::array<MonotonicTime, k_lanes.size()> paused_at;
    std::array<MonotonicTime, k_lanes.size()> paused_until;

  private:
    /// 0 ≤ … < bound
    [[nodiscard]] int draw_below(int bound) {
        return static_cast<int>(world.rng.next_below(static_cast<std::uint64_t>(bound)));
    }
    [[nodiscard]] std::chrono::milliseconds draw_time(std::chrono::milliseconds most) {
        return std::chrono::milliseconds(1 + draw_below(static_cast<int>(most.count())));
    }
    CallLimiter::Options options() {
        spec.concurrency_min = 1 + draw_below(3);
        spec.concurrency_max = *spec.concurrency_min + draw_below(12);
        if (draw_below(2) == 0) spec.rpm = 60 + static_cast<std::uint64_t>(draw_below(2000));
        if (draw_below(2) == 0) spec.tpm = 6000 + static_cast<std::uint64_t>(draw_below(900'000));
        return {.rate_limits = {{"openai", spec}}};
    }
    void draw() {
        auto call = std::make_unique<DrawnCall>();
        call->lane = static_cast<std::size_t>(draw_below(k_lanes.size()));
        call->arrives = draw_time(60s);
        if (draw_below(3) == 0) call->deadline = draw_time(20s);
        if (draw_below(4) == 0) call->cancelled = draw_time(20s);
        if (draw_below(2) == 0) call->tokens = 1 + draw_below(3000);
        calls.push_back(std::move(call));
    }
    asio::awaitable<void> cancel(DrawnCall& call) {
        co_await world.pass(call.arrives + call.cancelled);
        call.cancel.emit(asio::cancellation_type::terminal);
    }
    asio::awaitable<void> make(DrawnCall& call) {
        co_await world.pass(call.arrives);
        call.arrived = world.clock.monotonic();
        Deadline deadline;
        if (call.deadline > 0ms) deadline.at = call.arrived + call.deadline;
        const Gone gone{call, world.clock};
        auto slot = co_await limiter->acquire(k_lanes[call.lane], call.tokens, deadline);
        if (!slot) {
            call.was_late = slot.error().code == ErrorCode::deadline_exceeded;
            co_return;
        }
        call.began = world.clock.monotonic();
        started[call.lane].push_back(&call);
        // It may have been let go in the very moment in which the pause began.
        CHECK((*call.began >= paused_until[call.lane] || *call.began == paused_at[call.lane]));
        CHECK(*call.began < deadline.at);
        co_await world.pass(draw_time(2s));
        end(call, *slot);
    }
    void end(const DrawnCall& call, CallLimiter::Slot& slot) {
        Error error{ErrorCode::resource_exhausted, "429", true};
        switch (draw_below(8)) {
            case 0: return slot.failed(error);
            case 1: return slot.failed({ErrorCode::deadline_exceeded, "slow", true});
            case 2: return slot.failed({ErrorCode::unavailable, "500", true});
            case 3: {
                error.retry_after = draw_time(3s);
                MonotonicTime& until = paused_until[call.lane];
                paused_at[call.lane] = world.clock.monotonic();
                until = std::max(until, world.clock.monotonic() + *error.retry_after);
                return slot.failed(error);
            }
            case 4: return;  // told nothing
            case 5:
                return slot.succeeded({.requests_left = draw_below(3),
                                       .tokens_left = draw_below(5000),
                                       .requests_reset = draw_time(3s),
                                       .tokens_reset = draw_time(3s),
                                       .requests_limit = 10,
                                       .tokens_limit = 5000},
                                      draw_below(4000));
            case 6:
                return slot.succeeded({.requests_left = draw_below(3), .requests_reset = 2s}, 0);
            default: return slot.succeeded({}, draw_below(4000));
        }
    }

    /// Writes down when a call went, however it did.
    struct Gone {
        DrawnCall& call;
        const Clock& clock;
        ~Gone() { call.gone = clock.monotonic(); }
    };
};

}  // namespace

TEST_CASE("call limiter: whatever happens the limits hold and every call has its turn or its end") {
    for (const std::uint64_t seed : seeds_of_test(100)) {
        INFO("ASSAY_SEED=" << seed);
        Chaos chaos(seed);
        chaos.run();
        for (const CallLimiter::LaneState& lane : chaos.limiter->lanes()) {
            CHECK(lane.under_way == 0);
            CHECK(lane.waiting == 0);
            CHECK(lane.limit >= chaos.spec.concurrency_min);
            CHECK(lane.limit <= chaos.spec.concurrency_max);
        }
        for (const auto& call : chaos.calls) {
            const bool may_be_cancelled = call->cancelled > 0ms;
            CHECK((call->began || call->was_late || may_be_cancelled));
            CHECK((call->gone || may_be_cancelled));  // cancelled before it came
            if (call->gone && !call->began) {
                CHECK((call->deadline == 0ms || *call->gone <= call->arrived + call->deadline));
            }
        }
        for (const auto& calls : chaos.started) {
            CHECK(std::ranges::is_sorted(calls, {}, &DrawnCall::arrived));
            // No more at a time than the ceiling.
            for (const DrawnCall* const call : calls) {
                const auto together = std::ranges::count_if(calls, [&](const DrawnCall* other) {
                    return *other->began <= *call->began && *other->gone > *call->began;
                });
                CHECK(together <= *chaos.spec.concurrency_max);
            }
        }
    }
}

}  // namespace assay::test
