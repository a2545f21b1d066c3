#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "configs/model_prices.hpp"
#include "core/base/clock.hpp"
#include "core/base/random.hpp"
#include "judges/calls/budget.hpp"
#include "judges/calls/call_limiter.hpp"
#include "judges/calls/reply_cache.hpp"
#include "judges/provider.hpp"

namespace assay {

/// Whom a call goes to and how long it is tried.
struct CallTarget {
    Provider* provider = nullptr;
    CallLane lane;
    bool is_limited = true;  ///< false: programs, which have their workers
    /// Outlives the calls; nullptr = what the provider says, else unknown.
    const ConnectionPrices* prices = nullptr;
    std::chrono::milliseconds timeout = limits::k_task_timeout_default;  ///< of one attempt
    int retries = limits::k_retries_default;
};

/// What became of a call with all its attempts.
struct CallOutcome {
    Result<ProviderReply> reply;
    bool is_cached = false;                    ///< taken from the cache: nothing was called
    bool over_budget = false;                  ///< refused by the budget; `reply` says so
    int calls = 0;                             ///< attempts that were sent
    int retries = 0;                           ///< attempts after the first
    std::chrono::nanoseconds latency{0};       ///< of the attempt that counts
    std::vector<std::string> failed_attempts;  ///< why each earlier one failed
};

/// The one way to a provider, for tasks and judges alike: the cache, then attempts, each with
/// room in the budget, a turn at the limiter and an end. Used from the I/O thread alone, by many
/// coroutines at a time.
class Caller {
  public:
    struct Parts {
        CallLimiter* limiter = nullptr;
        ReplyCache* cache = nullptr;  ///< nullptr with CacheMode::off
        CacheMode cache_mode = CacheMode::off;
        Budget* budget = nullptr;
        const Clock* clock = nullptr;
        Rng* rng = nullptr;                          ///< for jitter
        std::chrono::milliseconds retry_delay{500};  ///< before the first retry; doubles each time
    };
    /// All parts outlive the caller.
    explicit Caller(Parts parts) : parts_(parts) {}

    /// Calls, and calls again what may succeed when tried again, until the deadline.
    [[nodiscard]] boost::asio::awaitable<CallOutcome> call(CallTarget target,
                                                           ProviderRequest request,
                                                           Deadline deadline);

  private:
    Parts parts_;
};

}  // namespace assay
