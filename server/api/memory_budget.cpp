#include "server/api/memory_budget.hpp"

#include <algorithm>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace assay {

namespace asio = boost::asio;

std::optional<MemoryBudget::Share> MemoryBudget::try_take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (!waiting_.empty() || !fits(bytes)) return std::nullopt;
    used_ += bytes;
    return Share(*this, bytes);
}

asio::awaitable<std::optional<MemoryBudget::Share>> MemoryBudget::wait_for(
    std::size_t bytes, std::chrono::milliseconds at_most) {
    asio::steady_timer timer(co_await asio::this_coro::executor, at_most);
    const auto enqueue = [&](auto handler) {
        auto executor = asio::get_associated_executor(handler);
        auto work = asio::make_work_guard(executor);
        auto resume = [executor, work, handler = std::move(handler)](bool is_admitted) mutable {
            asio::post(executor, [handler = std::move(handler), is_admitted]() mutable {
                std::move(handler)(is_admitted);
            });
        };
        const std::lock_guard lock(mutex_);
        const std::uint64_t ticket = ++tickets_;
        // Before it can be resumed: then it is another thread that has the timer.
        timer.async_wait([this, ticket](boost::system::error_code error) {
            if (!error) give_up(ticket);
        });
        waiting_.push_back({ticket, bytes, std::move(resume)});
        admit();
    };
    const bool is_admitted =
        co_await asio::async_initiate<decltype(asio::use_awaitable), void(bool)>(
            enqueue, asio::use_awaitable);
    if (!is_admitted) co_return std::nullopt;
    co_return Share(*this, bytes);
}

void MemoryBudget::give_back(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    used_ -= bytes;
    admit();
}

void MemoryBudget::admit() {
    while (!waiting_.empty() && fits(waiting_.front().bytes)) {
        used_ += waiting_.front().bytes;
        waiting_.front().resume(true);
        waiting_.pop_front();
    }
}

void MemoryBudget::give_up(std::uint64_t ticket) {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(waiting_, ticket, &Waiting::ticket);
    if (found == waiting_.end()) return;
    found->resume(false);
    waiting_.erase(found);
    admit();  // the next one may want less
}

}  // namespace assay
