#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

#include "core/base/error.hpp"

namespace assay {

/// What throws is a failure. `work` gives a Result.
template <class Work>
auto guarded(const Work& work) -> decltype(work()) {
    try {
        return work();
    } catch (const std::exception& error) {
        return failure(ErrorCode::internal, error.what());
    }
}

/// The coroutine goes on, on another thread. Those that await it go on there too when it ends.
inline boost::asio::awaitable<void> go_to(const boost::asio::any_io_executor& executor) {
    namespace asio = boost::asio;
    co_await asio::post(asio::bind_executor(executor, asio::use_awaitable));
}

/// Does something on another thread and comes back. Awaited at once: what `work` refers to outlives
/// it.
template <class Work>
auto on(const boost::asio::any_io_executor& executor, Work work)
    -> boost::asio::awaitable<decltype(work())> {
    const boost::asio::any_io_executor home = co_await boost::asio::this_coro::executor;
    co_await go_to(executor);
    auto result = guarded(work);
    co_await go_to(home);
    co_return result;
}

}  // namespace assay
