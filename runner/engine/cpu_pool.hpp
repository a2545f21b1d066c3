#pragma once

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define ASSAY_THREAD_SANITIZER
#endif
#endif

#ifdef ASSAY_THREAD_SANITIZER
#include <boost/asio/thread_pool.hpp>
#else
#include <oneapi/tbb/task_arena.h>
#endif

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "core/base/error.hpp"

namespace assay {

#ifdef ASSAY_THREAD_SANITIZER
/// Stands in for oneTBB: packages of it are not instrumented, so the sanitizer does not see how it
/// hands work from thread to thread and would call all of it a race.
class WorkerArena {
  public:
    template <class Work>
    void enqueue(Work work) {
        boost::asio::post(threads_, std::move(work));
    }

  private:
    boost::asio::thread_pool threads_;
};
#else
using WorkerArena = oneapi::tbb::task_arena;
#endif

/// How long some kind of work took lately, and on how much: whether it pays to hand it to another
/// thread, which costs as much as a few short evaluations. Belongs to the I/O thread.
class WorkPace {
  public:
    /// Work on so many bytes is expected to end within a moment.
    [[nodiscard]] bool is_short(std::size_t bytes) const {
        return seen_ >= k_needed && bytes <= bytes_max_ && slowest_ <= k_short;
    }
    void learn(std::size_t bytes, std::chrono::nanoseconds took) {
        seen_ = std::min(seen_ + 1, k_needed);
        if (took <= k_short) bytes_max_ = std::max(bytes_max_, bytes);
        // One slow piece is forgotten after some hundred others: it may have been the machine.
        slowest_ = std::max(took, slowest_ - slowest_ / 64);
    }

  private:
    static constexpr std::chrono::nanoseconds k_short = std::chrono::microseconds(50);
    static constexpr int k_needed = 16;

    int seen_ = 0;
    std::size_t bytes_max_ = 0;
    std::chrono::nanoseconds slowest_{0};
};

/// Where computing happens, so that the I/O thread never does more than start it: oneTBB's
/// workers, one a core. What is known to be short is done at once.
class CpuPool {
  public:
    /// Runs `work` on `bytes` bytes here or on a worker, whichever its pace calls for.
    template <class Work>
    boost::asio::awaitable<std::invoke_result_t<Work>> run(Work work, WorkPace& pace,
                                                           std::size_t bytes) {
        using Value = std::invoke_result_t<Work>;
        std::chrono::nanoseconds took{0};
        const auto timed = [&work, &took]() -> Value {
            const auto began = std::chrono::steady_clock::now();
            Value value = work();
            took = std::chrono::steady_clock::now() - began;
            return value;
        };
        if (pace.is_short(bytes)) {
            Value value = timed();
            pace.learn(bytes, took);
            co_return value;
        }
        Value value = co_await run(timed);
        pace.learn(bytes, took);
        co_return value;
    }

    /// Runs `work` on a worker; the coroutine goes on where it was with what `work` returned. What
    /// `work` refers to must live until then. `work` must not throw.
    template <class Work>
    boost::asio::awaitable<std::invoke_result_t<Work>> run(Work work) {
        using Value = std::invoke_result_t<Work>;
        auto executor = co_await boost::asio::this_coro::executor;
        const auto initiate = [this, executor](auto handler, Work job) {
            // oneTBB copies what it is given, and a handler can only be moved.
            auto shared = std::make_shared<std::pair<decltype(handler), Work>>(std::move(handler),
                                                                               std::move(job));
            // Outstanding work is counted by the executor, so the event loop does not end early.
            auto tracked =
                boost::asio::prefer(executor, boost::asio::execution::outstanding_work.tracked);
            arena_.enqueue([shared, tracked] {
                auto value = std::make_shared<Value>(shared->second());
                boost::asio::post(tracked,
                                  [shared, value] { std::move(shared->first)(std::move(*value)); });
            });
        };
        co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                       void(Value)>(
            initiate, boost::asio::use_awaitable, std::move(work));
    }

    /// Of all evaluators of all runs: the slowest decides.
    [[nodiscard]] WorkPace& scoring_pace() { return scoring_pace_; }

  private:
    WorkPace scoring_pace_;
    WorkerArena arena_;
};

}  // namespace assay
