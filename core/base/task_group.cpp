#include "core/base/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

namespace assay {

namespace asio = boost::asio;

void TaskGroup::spawn(asio::awaitable<void> work) {
    Member& member = members_.emplace_back();
    const auto on_end = [this, &member](std::exception_ptr failure) {
        if (!failure_) failure_ = std::move(failure);
        member.ended = true;
        wakeup_.notify();
    };
    asio::co_spawn(executor_, std::move(work),
                   asio::bind_cancellation_slot(member.cancellation.slot(), on_end));
}

asio::awaitable<bool> TaskGroup::next() {
    const auto has_ended = [](const Member& member) { return member.ended; };
    if (members_.empty() && failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    if (members_.empty()) co_return false;
    while (members_.remove_if(has_ended) == 0) {
        const Wakeup::Cause cause = co_await wakeup_.wait({});
        if (cause != Wakeup::Cause::cancelled) continue;
        // From here on only their end is waited for, and nothing must cut that short.
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        cancel();
    }
    co_return true;
}

void TaskGroup::cancel() {
    is_cancelled_ = true;
    for (Member& member : members_) {
        if (!member.ended) member.cancellation.emit(asio::cancellation_type::terminal);
    }
}

}  // namespace assay
