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

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
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

/// Where computing happens, so that the I/O thread never does more than start it: oneTBB's
/// workers, one a core.
class CpuPool {
  public:
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

  private:
    WorkerArena arena_;
};

}  // namespace assay
