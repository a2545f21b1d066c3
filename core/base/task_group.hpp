#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <cstddef>
#include <exception>
#include <list>

#include "core/base/wakeup.hpp"

namespace assay {

/// Coroutines that run beside each other on one thread and are joined by the one that starts them:
/// call next() until it says false before the group and what they refer to go away.
class TaskGroup {
  public:
    explicit TaskGroup(const boost::asio::any_io_executor& executor)
        : executor_(executor), wakeup_(executor) {}
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    void spawn(boost::asio::awaitable<void> work);

    /// Waits until at least one more has ended; false when none is left. When the waiting coroutine
    /// is cancelled, all are, and the wait goes on until they have ended.
    /// @throws what a coroutine let out, instead of saying false.
    [[nodiscard]] boost::asio::awaitable<bool> next();

    /// The waiting coroutine was cancelled.
    [[nodiscard]] bool is_cancelled() const { return is_cancelled_; }

  private:
    struct Member {
        boost::asio::cancellation_signal cancellation;
        bool ended = false;
    };
    void cancel();

    boost::asio::any_io_executor executor_;
    Wakeup wakeup_;
    std::list<Member> members_;
    std::exception_ptr failure_;
    bool is_cancelled_ = false;
};

}  // namespace assay
