#include "judges/calls/call_limiter.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <memory>

#include "tests/support/run_task.hpp"
#include "tests/unit/calls/fake_clock.hpp"

namespace assay::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;
namespace asio = boost::asio;

namespace {

const CallLane k_task{"openai", "gpt", false};
const CallLane k_judge{"openai", "gpt", true};
const Error k_too_many{ErrorCode::resource_exhausted, "429", true};

Error too_many_for(std::chrono::milliseconds time) {
    Error error = k_too_many;
    error.retry_after = time;
    return error;
}

/// Coroutines that ask for slots and keep what they get, on a clock that stands still.
class Calls {
  public:
    explicit Calls(CallLimiter::Options options) : limiter(std::move(options), clock) {}
    explicit Calls(int concurrency) : Calls(CallLimiter::Options{.concurrency = concurrency}) {}
    explicit Calls(RateLimitSpec spec)
        : Calls(CallLimiter::Options{.rate_limits = {{"openai", spec}}}) {}

    std::size_t ask(const CallLane& lane = k_task, std::int64_t tokens = 0,
                    Deadline deadline = {}) {
        auto& call = calls_.emplace_back(std::make_unique<Call>());
        asio::co_spawn(
            io, store_result(limiter.acquire(lane, tokens, deadline), call->slot),
            asio::bind_cancellation_slot(call->cancel.slot(), [](std::exception_ptr) {}));
        settle();
        return calls_.size() - 1;
    }
    void ask_often(int times, const CallLane& lane = k_task) {
        for (int i = 0; i < times; ++i) ask(lane);
    }
    void settle() {
        io.restart();
        io.poll();
    }
    void move(std::chrono::nanoseconds time) {
        clock.move(time);
        limiter.look_again();
        settle();
    }
    [[nodiscard]] Deadline within(std::chrono::nanoseconds time) const {
        return {clock.monotonic() + time};
    }

    /// Whether it was given a slot, or ended in an error.
    [[nodiscard]] bool has(std::size_t i) const { return is_over(i) && slot(i)->has_value(); }
    [[nodiscard]] bool is_over(std::size_t i) const { return slot(i).has_value(); }
    [[nodiscard]] const Error& error(std::size_t i) const {
        REQUIRE((is_over(i) && !has(i)));
        return slot(i)->error();
    }
    void succeed(std::size_t i, std::int64_t tokens = 0, const RateLimitNews& news = {}) {
        REQUIRE(has(i));
        (**calls_.at(i)->slot).succeeded(news, tokens);
        settle();
    }
    void fail(std::size_t i, const Error& error) {
        REQUIRE(has(i));
        (**calls_.at(i)->slot).failed(error);
        settle();
    }
    void drop(std::size_t i) {
        calls_.at(i)->slot.reset();
        settle();
    }
    void cancel(std::size_t i) {
        calls_.at(i)->cancel.emit(asio::cancellation_type::terminal);
        settle();
    }
    /// How many of them have started.
    [[nodiscard]] std::size_t started() const {
        std::size_t count = 0;
        for (std::size_t i = 0; i < calls_.size(); ++i) count += has(i) ? 1 : 0;
        return count;
    }
    [[nodiscard]] CallLimiter::LaneState lane(const CallLane& name = k_task) const {
        for (const CallLimiter::LaneState& state : limiter.lanes()) {
            if (state.lane == name) return state;
        }
        return {};
    }

    FakeClock clock;
    CallLimiter limiter;
    asio::io_context io;

  private:
    struct Call {
        std::optional<Result<CallLimiter::Slot>> slot;
        asio::cancellation_signal cancel;
    };
    [[nodiscard]] const std::optional<Result<CallLimiter::Slot>>& slot(std::size_t i) const {
        return calls_.at(i)->slot;
    }
    std::vector<std::unique_ptr<Call>> calls_;
};

}  // namespace

TEST_CASE("call limiter: no more than the limit start and the rest follow in order") {
    Calls calls(2);
    calls.ask_often(5);
    CHECK((calls.has(0) && calls.has(1) && !calls.has(2)));
    CHECK(calls.lane().under_way == 2);
    CHECK(calls.lane().waiting == 3);
    calls.succeed(1);
    CHECK((calls.has(2) && !calls.has(3)));
    calls.drop(0);
    calls.fail(2, {ErrorCode::unavailable, "500", true});
    CHECK((calls.has(3) && calls.has(4)));
    calls.succeed(3);
    calls.succeed(4);
    CHECK(calls.lane().under_way == 0);
    CHECK(calls.lane().limit == 2);
}

TEST_CASE("call limiter: a slot that was told its end gives its right back once") {
    Calls calls(1);
    const std::size_t first = calls.ask();
    calls.ask_often(3);
    calls.succeed(first);
    calls.fail(first, k_too_many);  // says nothing any more
    calls.drop(first);
    CHECK(calls.lane().under_way == 1);
    CHECK(calls.lane().waiting == 2);
    CallLimiter::Slot nothing;
    nothing.succeeded({}, 1);
    nothing.failed(k_too_many);
}

TEST_CASE("call limiter: judges and other models and providers do not wait for each other") {
    Calls calls(1);
    for (const CallLane& lane :
         {k_task, k_judge, CallLane{"openai", "other", false}, CallLane{"local", "gpt", false}}) {
        CHECK(calls.has(calls.ask(lane)));
        CHECK_FALSE(calls.has(calls.ask(lane)));
    }
    calls.fail(0, k_too_many);
    CHECK(calls.limiter.lanes().size() == 4);
    CHECK(calls.limiter.lanes().front().lane == CallLane{"local", "gpt", false});
}

TEST_CASE("call limiter: start and bounds come from the closest entry of the spec") {
    Calls calls(CallLimiter::Options{
        .rate_limits = {{"openai", {.concurrency_start = 4, .concurrency_max = 6}},
                        {"openai:small", {.concurrency_start = 2, .concurrency_min = 2}},
                        {"local", {.concurrency_min = 5}},
                        {"fixed", {.concurrency_start = 9, .concurrency_max = 3}},
                        {"wide", {.concurrency_start = 50}}},
        .concurrency = 3});
    const auto limit = [&](const char* provider, const char* model) {
        const CallLane lane{provider, model, false};
        calls.ask(lane);
        return calls.lane(lane).limit;
    };
    CHECK(limit("openai", "gpt") == 4);
    CHECK(limit("openai", "small") == 2);
    CHECK(limit("local", "m") == 5);
    CHECK(limit("fixed", "m") == 3);
    CHECK(limit("wide", "m") == 50);
    CHECK(limit("unnamed", "m") == 3);
    // "openai:small" may grow to what "openai" says, and not shrink below its own floor.
    const CallLane small{"openai", "small", false};
    calls.fail(1, k_too_many);
    CHECK(calls.lane(small).limit == 2);
    for (int i = 0; i < 200; ++i) {
        while (!calls.has(calls.ask(small))) calls.move(1s);
        calls.ask(small);
        calls.ask(small);
        for (std::size_t call = 6; calls.lane(small).under_way > 0; ++call) {
            if (calls.has(call)) calls.succeed(call);
        }
    }
    CHECK(calls.lane(small).limit == 6);
}

TEST_CASE("call limiter: a burst of refusals halves the limit once and the floor holds") {
    Calls calls(RateLimitSpec{.concurrency_min = 3, .concurrency_max = 32});
    calls.ask_often(32);
    CHECK(calls.started() == 32);
    for (std::size_t i = 0; i < 32; ++i) calls.fail(i, k_too_many);
    CHECK(calls.lane().limit == 16);
    calls.ask_often(16);
    for (std::size_t i = 32; i < 48; ++i) calls.fail(i, k_too_many);
    CHECK(calls.lane().limit == 8);
    for (int i = 0; i < 5; ++i) {
        calls.fail(calls.ask(), k_too_many);
        calls.move(1h);
    }
    CHECK(calls.lane().limit == 3);
}

TEST_CASE("call limiter: refusals and overload and time-outs shrink the limit and nothing else") {
    struct Case {
        Error error;
        bool shrinks;
    };
    Error busy{ErrorCode::unavailable, "503", true};
    busy.retry_after = 1s;
    for (const Case& expected :
         std::vector<Case>{{k_too_many, true},
                           {{ErrorCode::deadline_exceeded, "slow", true}, true},
                           {busy, true},
                           {{ErrorCode::unavailable, "500", true}, false},
                           {{ErrorCode::resource_exhausted, "the quota is spent", false}, false},
                           {{ErrorCode::invalid_argument, "400", false}, false},
                           {{ErrorCode::cancelled, "stopped", false}, false}}) {
        INFO(expected.error.message);
        Calls calls(8);
        calls.ask_often(8);
        calls.fail(0, expected.error);
        CHECK(calls.lane().limit == (expected.shrinks ? 4 : 8));
    }
}

TEST_CASE("call limiter: Retry-After stops the whole lane and no other") {
    Calls calls(4);
    calls.ask_often(4);
    const std::size_t waiting = calls.ask();
    calls.fail(0, too_many_for(20s));
    calls.fail(1, too_many_for(10s));  // the longer one counts
    calls.succeed(2);
    calls.succeed(3);
    CHECK_FALSE(calls.has(waiting));
    CHECK(calls.lane().resumes_at == calls.clock.monotonic() + 20s);
    CHECK(calls.has(calls.ask(k_judge)));
    calls.move(19'999ms);
    CHECK_FALSE(calls.has(waiting));
    CHECK_FALSE(calls.has(calls.ask()));
    calls.move(1ms);
    CHECK(calls.has(waiting));
    CHECK(calls.lane().waiting == 0);
    CHECK_FALSE(calls.lane().resumes_at);
}

TEST_CASE("call limiter: who cannot wait as long as the provider asks hears it at once") {
    Calls calls(2);
    calls.ask_often(2);
    const std::size_t hurried = calls.ask(k_task, 0, calls.within(5s));
    const std::size_t patient = calls.ask(k_task, 0, calls.within(60s));
    CHECK_FALSE(calls.is_over(hurried));
    calls.fail(0, too_many_for(20s));
    calls.settle();
    CHECK(calls.error(hurried).code == ErrorCode::deadline_exceeded);
    CHECK_FALSE(calls.error(hurried).retryable);
    CHECK(calls.error(hurried).message ==
          "the limits of openai:gpt let no call start for 20.0 s, and this one has 5.0 s left; see "
          "`execution.rate_limits` and `execution.unit_deadline`");
    const std::size_t late = calls.ask(k_task, 0, calls.within(20s));
    CHECK(calls.error(late).code == ErrorCode::deadline_exceeded);
    CHECK_FALSE(calls.is_over(patient));
    calls.move(20s);
    calls.succeed(1);
    CHECK(calls.has(patient));
}

TEST_CASE("call limiter: nobody is told too late while calls under way may still make room") {
    Calls calls(RateLimitSpec{.tpm = 60'000});
    calls.ask(k_task, 30'000);
    const std::size_t hopeful = calls.ask(k_task, 1000, calls.within(5s));
    CHECK_FALSE(calls.is_over(hopeful));
    calls.succeed(0, 1000);
    calls.move(2s);
    CHECK(calls.has(hopeful));
    calls.succeed(hopeful, 100'000);
    CHECK(calls.error(calls.ask(k_task, 1000, calls.within(5s))).code ==
          ErrorCode::deadline_exceeded);
}

TEST_CASE("call limiter: a deadline ends the wait and the place goes to the next") {
    Calls calls(1);
    calls.ask();
    calls.ask(k_task, 0, calls.within(10s));
    calls.ask();
    calls.move(9'999ms);
    CHECK_FALSE(calls.is_over(1));
    calls.move(1ms);
    CHECK(calls.error(1).code == ErrorCode::deadline_exceeded);
    CHECK_THAT(calls.error(1).message, Catch::StartsWith("no turn for openai:gpt came in time: 1 "
                                                         "calls of 1 at a time are under way"));
    calls.succeed(0);
    CHECK(calls.has(2));
    CHECK(calls.error(calls.ask(k_judge, 0, calls.within(0s))).code ==
          ErrorCode::deadline_exceeded);
}

TEST_CASE("call limiter: a wait ends by its deadline on the clock of the system") {
    const SystemClock clock;
    CallLimiter limiter({.concurrency = 1}, clock);
    asio::io_context io;
    const auto held = run_task(io, limiter.acquire(k_task, 0, {}));
    REQUIRE(held);
    const auto before = clock.monotonic();
    const auto late = run_task(io, limiter.acquire(k_task, 0, in(20ms)));
    CHECK(late.error().code == ErrorCode::deadline_exceeded);
    CHECK(clock.monotonic() - before >= 20ms);
}

TEST_CASE("call limiter: a pause ends by itself on the clock of the system") {
    const SystemClock clock;
    CallLimiter limiter({.concurrency = 2}, clock);
    asio::io_context io;
    auto slot = run_task(io, limiter.acquire(k_task, 0, {}));
    REQUIRE(slot);
    const auto before = clock.monotonic();
    slot->failed(too_many_for(20ms));
    CHECK(run_task(io, limiter.acquire(k_task, 0, {})));
    CHECK(clock.monotonic() - before >= 20ms);
}

TEST_CASE("call limiter: a cancelled wait gives up its place and its share") {
    Calls calls(RateLimitSpec{.rpm = 60, .concurrency_max = 8});
    calls.ask_often(3);
    CHECK(calls.started() == 1);
    calls.cancel(1);
    CHECK(calls.error(1).code == ErrorCode::cancelled);
    calls.move(1s);
    CHECK(calls.has(2));
    CHECK(calls.lane().under_way == 2);
    calls.cancel(calls.ask());
    CHECK(calls.lane().waiting == 0);
}

TEST_CASE("call limiter: a slot given to a coroutine that is destroyed is not lost") {
    const SystemClock clock;
    CallLimiter limiter({.rate_limits = {{"paced", {.rpm = 6}}}, .concurrency = 1}, clock);
    const CallLane paced{"paced", "m", false};
    std::optional<Result<CallLimiter::Slot>> first;
    {
        asio::io_context io;
        std::vector<std::optional<Result<CallLimiter::Slot>>> others(6);
        asio::co_spawn(io, store_result(limiter.acquire(k_task, 0, {}), first),
                       [](std::exception_ptr) {});
        for (std::size_t i = 0; i < others.size(); ++i) {
            asio::co_spawn(io,
                           store_result(limiter.acquire(i < 3 ? k_task : paced, 0, {}), others[i]),
                           [](std::exception_ptr) {});
        }
        io.poll();
        REQUIRE((first && !others[0] && others[3] && !others[4]));
        first.reset();  // given to the next, which never runs again
    }
    for (const CallLimiter::LaneState& lane : limiter.lanes()) {
        CHECK(lane.under_way == 0);
        CHECK(lane.waiting == 0);
    }
    asio::io_context io;
    CHECK(run_task(io, limiter.acquire(k_task, 0, in(1s))));
}

TEST_CASE("call limiter: requests a minute are spread and hold for task and judge together") {
    Calls calls(RateLimitSpec{.rpm = 60});
    for (int i = 0; i < 4; ++i) {
        calls.ask(k_task);
        calls.ask(k_judge);
    }
    for (std::size_t second = 0; second < 8; ++second) {
        INFO(second);
        CHECK(calls.started() == second + 1);
        // One each in turn, as they came.
        CHECK(calls.lane(k_task).waiting == 4 - (second + 2) / 2);
        calls.move(999ms);
        CHECK(calls.started() == second + 1);
        calls.move(1ms);
    }
    CHECK(calls.has(calls.ask(k_task)));
    CHECK_FALSE(calls.has(calls.ask(k_judge)));
}

TEST_CASE("call limiter: a model with a rate of its own takes nothing from the provider's") {
    Calls calls(CallLimiter::Options{
        .rate_limits = {{"openai", {.rpm = 60, .tpm = 60'000}}, {"openai:own", {.rpm = 60}}}});
    const CallLane own{"openai", "own", false};
    CHECK(calls.has(calls.ask(own, 1)));
    CHECK_FALSE(calls.has(calls.ask(own, 1)));
    CHECK(calls.has(calls.ask({"openai", "a", false}, 1)));
    CHECK_FALSE(calls.has(calls.ask({"openai", "b", false}, 1)));
}

TEST_CASE("call limiter: tokens a minute are estimated and corrected afterwards") {
    Calls calls(RateLimitSpec{.tpm = 60'000});  // 1,000 a second at once
    const std::size_t first = calls.ask();      // nobody knows yet: taken for 1,000
    const std::size_t second = calls.ask(k_task, 1000);
    CHECK((calls.has(first) && !calls.has(second)));
    calls.succeed(first, 200);  // 800 come back, and 200 is the mean from now on
    CHECK_FALSE(calls.has(second));
    calls.move(204ms);
    CHECK(calls.has(second));
    calls.succeed(second, 200);
    calls.ask_often(2);
    for (int i = 0; i < 4; ++i) calls.ask(k_task, 200);
    CHECK(calls.started() == 2 + 4);
    // A call far beyond its estimate is a debt for those after it.
    calls.succeed(3, 60'000);
    calls.move(60s);
    CHECK(calls.started() == 6);
    calls.move(3s);
    CHECK(calls.started() == 8);
}

TEST_CASE("call limiter: what was refused has used no tokens and what timed out may have") {
    for (const bool is_late : {false, true}) {
        Calls calls(RateLimitSpec{.tpm = 60'000});
        const std::size_t first = calls.ask(k_task, 1000);
        const std::size_t second = calls.ask(k_task, 1000);
        CHECK_FALSE(calls.has(second));
        calls.fail(first, is_late ? Error{ErrorCode::deadline_exceeded, "slow", true}
                                  : Error{ErrorCode::unavailable, "500", true});
        CHECK(calls.has(second) == !is_late);
    }
}

TEST_CASE("call limiter: a call larger than a second's worth of tokens waits and is not refused") {
    Calls calls(RateLimitSpec{.tpm = 60'000});
    CHECK(calls.has(calls.ask(k_task, 10'000)));
    const std::size_t second = calls.ask(k_task, 10'000, calls.within(11s));
    CHECK_FALSE(calls.is_over(second));
    CHECK(calls.error(calls.ask(k_judge, 1000, calls.within(5s))).code ==
          ErrorCode::deadline_exceeded);
    calls.move(10'010ms + 170ms);
    CHECK(calls.has(second));
}

TEST_CASE("call limiter: a provider that has no requests left is left alone until its reset") {
    Calls calls(8);
    calls.ask_often(2);
    calls.succeed(0, 0, {.requests_left = 0, .requests_reset = 6s});
    calls.ask_often(2);
    CHECK(calls.started() == 2);
    calls.succeed(1, 0, {.requests_left = 9, .requests_reset = 1s});  // later call, later news
    calls.settle();
    CHECK(calls.started() == 4);
    calls.succeed(3, 0, {.requests_left = 0, .requests_reset = 6s});
    calls.succeed(2, 0, {.requests_left = 100, .requests_reset = 1s});  // older than that
    const std::size_t next = calls.ask();
    CHECK_FALSE(calls.has(next));
    calls.move(6s);
    CHECK(calls.has(next));
}

TEST_CASE("call limiter: calls that started since count against what is left") {
    Calls calls(8);
    calls.ask_often(4);
    calls.succeed(0, 0, {.requests_left = 3, .requests_reset = 6s});  // for the other three
    CHECK_FALSE(calls.has(calls.ask()));
    calls.succeed(1, 0, {.requests_left = 3, .requests_reset = 6s});
    CHECK(calls.has(4));
}

TEST_CASE("call limiter: where a provider tells its limit the rest is spread") {
    Calls calls(100);
    calls.ask();
    // 60 a minute, all used: one comes back each second.
    calls.succeed(0, 0, {.requests_left = 0, .requests_reset = 60s, .requests_limit = 60});
    calls.ask_often(5);
    for (std::size_t second = 1; second < 6; ++second) {
        CHECK(calls.started() == second);
        calls.move(1001ms);
    }
    CHECK(calls.started() == 6);
    // What is left may go at once.
    calls.succeed(1, 0, {.requests_left = 50, .requests_reset = 10s, .requests_limit = 60});
    calls.ask_often(48);
    CHECK(calls.started() == 6 + 46);
}

TEST_CASE("call limiter: few tokens left hold up calls that need more") {
    Calls calls(8);
    calls.ask();
    calls.succeed(0, 500, {.tokens_left = 400, .tokens_reset = 6s});
    CHECK_FALSE(calls.has(calls.ask()));
    calls.move(6s);
    CHECK(calls.has(1));
    calls.succeed(1, 500, {.tokens_left = 500, .tokens_reset = 60s, .tokens_limit = 60'500});
    CHECK(calls.has(calls.ask()));
    CHECK_FALSE(calls.has(calls.ask()));
    calls.move(501ms);  // 1,000 tokens a second come back
    CHECK(calls.has(3));
}

TEST_CASE("call limiter: a lane refused at its floor pauses longer each time until it succeeds") {
    Calls calls(1);
    const auto pause = [&] {
        calls.fail(calls.ask(), k_too_many);
        const std::size_t next = calls.ask();
        CHECK_FALSE(calls.has(next));
        const auto time = calls.lane().resumes_at.value() - calls.clock.monotonic();
        calls.move(time);
        calls.succeed(next);
        return time;
    };
    CHECK(pause() == 250ms);
    CHECK(pause() == 250ms);
    auto expected = std::chrono::milliseconds(250);
    calls.ask();
    for (std::size_t i = 4; i < 14; ++i) {
        calls.fail(i, k_too_many);
        calls.ask();
        CHECK(calls.lane().resumes_at == calls.clock.monotonic() + expected);
        calls.move(expected);
        expected = std::min<std::chrono::milliseconds>(2 * expected, 30s);
    }
}

}  // namespace assay::test
