#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "core/base/clock.hpp"

namespace assay::test {

/// A deadline so far from now.
inline Deadline in(std::chrono::milliseconds time) {
    return {std::chrono::steady_clock::now() + time};
}

template <class T>
boost::asio::awaitable<void> store_result(boost::asio::awaitable<T> task,
                                          std::optional<T>& result) {
    result.emplace(co_await std::move(task));
}

/// Runs the loop until the coroutine is done and returns what it returned. What it left running
/// (a process, a connection) stays for the next call on the same loop.
template <class T>
T run_task(boost::asio::io_context& io, boost::asio::awaitable<T> task) {
    std::optional<T> result;
    std::exception_ptr failure;
    bool done = false;
    boost::asio::co_spawn(io, store_result(std::move(task), result), [&](std::exception_ptr error) {
        failure = error;
        done = true;
    });
    io.restart();
    while (!done && io.run_one() > 0) {
    }
    if (failure) std::rethrow_exception(failure);
    return std::move(result.value());
}

}  // namespace assay::test
