#include "core/process/turns.hpp"

#include <boost/asio/this_coro.hpp>

#include "core/base/wakeup.hpp"

namespace assay {

/// One coroutine in the queue. However it leaves, its place is gone afterwards and a turn that it
/// was given and did not take goes to the next.
class Turns::Waiter {
  public:
    Waiter(Turns& turns, const boost::asio::any_io_executor& executor)
        : turns_(turns),
          wakeup_(executor),
          place_(turns.waiting_.insert(turns.waiting_.end(), this)) {}
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() {
        if (!is_given_) {
            turns_.waiting_.erase(place_);
        } else if (!is_taken_) {
            turns_.give_back();
        }
    }

    void give() {
        is_given_ = true;
        wakeup_.notify();
    }
    Turn take() {
        is_taken_ = true;
        return Turn(turns_);
    }
    [[nodiscard]] bool is_given() const { return is_given_; }
    [[nodiscard]] Wakeup& wakeup() { return wakeup_; }

  private:
    Turns& turns_;
    Wakeup wakeup_;
    std::list<Waiter*>::iterator place_;
    bool is_given_ = false;
    bool is_taken_ = false;
};

Task<Turns::Turn> Turns::take(Deadline deadline) {
    if (free_ > 0) {
        --free_;
        co_return Turn(*this);
    }
    Waiter waiter(*this, co_await boost::asio::this_coro::executor);
    const Wakeup::Cause cause = co_await waiter.wakeup().wait(deadline);
    if (waiter.is_given()) co_return waiter.take();
    if (cause == Wakeup::Cause::cancelled) {
        co_return failure(ErrorCode::cancelled, "cancelled while waiting for a turn");
    }
    co_return retryable_failure(ErrorCode::deadline_exceeded, "no turn came in time");
}

void Turns::give_back() {
    if (waiting_.empty()) {
        ++free_;
        return;
    }
    Waiter* const next = waiting_.front();
    waiting_.pop_front();
    next->give();
}

}  // namespace assay
