#pragma once

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <map>
#include <optional>
#include <utility>

#include "core/base/random.hpp"
#include "core/base/wakeup.hpp"
#include "judges/calls/call_limiter.hpp"
#include "tests/unit/calls/fake_clock.hpp"

namespace assay::test {

namespace asio = boost::asio;

/// Event loop, clock and what is to happen when: hours of calls in a moment.
class World {
  public:
    /// Ends when all coroutines have; false when one of them waits for nothing.
    [[nodiscard]] bool run(CallLimiter& limiter) {
        while (true) {
            io.restart();
            io.poll();
            if (running_ == 0) return true;
            std::optional<MonotonicTime> next;
            if (!sleepers_.empty()) next = sleepers_.begin()->first;
            for (const CallLimiter::LaneState& lane : limiter.lanes()) {
                if (lane.resumes_at)
                    next = std::min(next.value_or(*lane.resumes_at), *lane.resumes_at);
            }
            if (!next) return false;
            clock.move_to(*next);
            limiter.look_again();
            while (!sleepers_.empty() && sleepers_.begin()->first <= clock.monotonic()) {
                sleepers_.begin()->second->notify();
                sleepers_.erase(sleepers_.begin());
            }
        }
    }
    void spawn(asio::awaitable<void> coroutine) {
        spawn(std::move(coroutine), asio::cancellation_slot());
    }
    /// One that may be cancelled, and then ends in an exception wherever it is.
    void spawn(asio::awaitable<void> coroutine, asio::cancellation_slot cancel) {
        ++running_;
        const auto ended = [this, cancel](std::exception_ptr error) {
            --running_;
            if (error && !cancel.is_connected()) std::rethrow_exception(error);
        };
        asio::co_spawn(io, std::move(coroutine), asio::bind_cancellation_slot(cancel, ended));
    }
    [[nodiscard]] asio::awaitable<void> pass(std::chrono::nanoseconds time) {
        Wakeup wakeup(co_await asio::this_coro::executor);
        const auto place = sleepers_.emplace(clock.monotonic() + time, &wakeup);
        const Wakeup::Cause cause = co_await wakeup.wait({});
        if (cause == Wakeup::Cause::cancelled) sleepers_.erase(place);
    }
    [[nodiscard]] std::chrono::nanoseconds spread(std::chrono::nanoseconds mean) {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(mean * (0.5 + rng.next_unit()));
    }

    asio::io_context io;
    FakeClock clock;
    Rng rng{0};

  private:
    int running_ = 0;
    std::multimap<MonotonicTime, Wakeup*> sleepers_;
};

}  // namespace assay::test
