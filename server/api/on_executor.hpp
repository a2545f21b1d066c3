#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
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

/// Does something on another thread. Awaited at once: what `work` refers to outlives it.
template <class Work>
auto on(const boost::asio::any_io_executor& executor, Work work)
    -> boost::asio::awaitable<decltype(work())> {
    const auto there = [&]() -> boost::asio::awaitable<decltype(work())> {
        co_return guarded(work);
    };
    co_return co_await boost::asio::co_spawn(executor, there, boost::asio::use_awaitable);
}

}  // namespace assay
