#include "core/base/wakeup.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace assay {

namespace asio = boost::asio;

Wakeup::Wakeup(const asio::any_io_executor& executor) : timer_(executor) {}

void Wakeup::notify() {
    notified_ = true;
    timer_.cancel();
}

asio::awaitable<Wakeup::Cause> Wakeup::wait(Deadline deadline) {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return Cause::cancelled;
    if (std::chrono::steady_clock::now() >= deadline.at) co_return Cause::deadline;
    if (std::exchange(notified_, false)) co_return Cause::notified;

    timer_.expires_at(deadline.at);
    const auto [error] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (std::exchange(notified_, false)) co_return Cause::notified;
    co_return error ? Cause::cancelled : Cause::deadline;
}

}  // namespace assay
