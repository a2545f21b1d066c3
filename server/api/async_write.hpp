#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <memory>
#include <utility>

#include "server/store/write_queue.hpp"

namespace assay {

/// Hands a job to the queue and goes on, where the coroutine is at home, when it is on the disk or
/// is not going to be. @error unavailable when too much is waiting already.
template <class Job>
boost::asio::awaitable<Result<void>> async_write(WriteQueue& writes, Job job, std::size_t bytes) {
    namespace asio = boost::asio;
    const auto submit = [&](auto handler) {
        auto executor = asio::get_associated_executor(handler);
        auto work = asio::make_work_guard(executor);
        auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
        const auto resume = [executor, work, waiting](Result<void> outcome) {
            asio::post(executor, [waiting, outcome = std::move(outcome)]() mutable {
                std::move (*waiting)(std::move(outcome));
            });
        };
        if (writes.submit([&](Session& writer) { return job(writer); }, resume, bytes)) return;
        resume(failure(ErrorCode::unavailable, "too much waits to be written"));
    };
    co_return co_await asio::async_initiate<decltype(asio::use_awaitable), void(Result<void>)>(
        submit, asio::use_awaitable);
}

}  // namespace assay
