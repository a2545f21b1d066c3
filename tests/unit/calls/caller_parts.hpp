#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "core/base/random.hpp"
#include "judges/calls/caller.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay::test {

/// A caller with all its parts, for one call after the other.
struct CallerParts {
    explicit CallerParts(BudgetSpec spec = {}) : budget(std::move(spec), {}, clock.monotonic()) {}

    CallOutcome make_call(CallTarget target, ProviderRequest request,
                          std::chrono::milliseconds time) {
        Caller caller({.limiter = &limiter,
                       .cache = cache.get(),
                       .cache_mode = mode,
                       .budget = &budget,
                       .clock = &clock,
                       .rng = &rng,
                       .retry_delay = std::chrono::milliseconds(1)});
        return run_task(io, caller.call(std::move(target), std::move(request), in(time)));
    }

    TemporaryFolder folder;
    boost::asio::io_context io;
    SystemClock clock;
    CallLimiter limiter{{.concurrency = 4}, clock};
    Budget budget;
    Rng rng{1};
    CacheMode mode = CacheMode::off;
    std::unique_ptr<ReplyCache> cache;
};

}  // namespace assay::test
