#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"

namespace assay {

/// Lets one coroutine sleep until another part of the same thread calls notify(), a deadline comes
/// or the coroutine is cancelled. What callbacks and coroutines meet at.
class Wakeup {
  public:
    enum class Cause : std::uint8_t { notified, deadline, cancelled };

    explicit Wakeup(const boost::asio::any_io_executor& executor);

    /// Wakes the sleeper, or keeps the next wait() from sleeping.
    void notify();
    /// Past the deadline it never says `notified`, so that a stream of events cannot outlast it.
    /// One coroutine at a time.
    [[nodiscard]] boost::asio::awaitable<Cause> wait(Deadline deadline);

  private:
    boost::asio::steady_timer timer_;
    bool notified_ = false;
};

}  // namespace assay
