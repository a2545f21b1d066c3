#include "judges/calls/caller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include "core/base/wakeup.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds k_retry_delay_max{30};

std::int64_t tokens_of(const ProviderReply& reply) {
    const auto total = reply.usage.find("total");
    return total == reply.usage.end() ? 0 : total->second;
}

/// What the provider says it cost, else the price of what was used; nothing = unknown.
std::optional<NanoUsd> cost_of(const ProviderReply& reply, std::string_view asked,
                               const ConnectionPrices* prices, const Clock& clock) {
    if (reply.cost || prices == nullptr) return reply.cost;
    return prices->cost_of(asked, reply.model, reply.usage, clock.now());
}

/// How long to wait before the next attempt: what the provider asked for, else exponential with
/// jitter so that the calls of a run do not come back together.
std::chrono::milliseconds delay_before(int attempt, const Error& error,
                                       std::chrono::milliseconds first, Rng& rng) {
    auto delay = first * (1LL << std::min(attempt, 16));
    delay = std::min<std::chrono::milliseconds>(delay, k_retry_delay_max);
    const auto jittered =
        std::chrono::duration_cast<std::chrono::milliseconds>(delay * (0.5 + rng.next_unit() / 2));
    return std::max(jittered, error.retry_after.value_or(std::chrono::milliseconds(0)));
}

/// One call on its way through the attempts.
class Attempts {
  public:
    Attempts(const Caller::Parts& parts, const CallTarget& target, const ProviderRequest& request,
             Deadline deadline)
        : parts_(parts), target_(target), request_(request), deadline_(deadline) {}

    asio::awaitable<CallOutcome> run();

  private:
    [[nodiscard]] asio::awaitable<Result<ProviderReply>> attempt();
    [[nodiscard]] Error no_turn(Error error) const;
    [[nodiscard]] asio::awaitable<bool> back_off(int attempt, Error error);

    const Caller::Parts& parts_;
    const CallTarget& target_;
    const ProviderRequest& request_;
    Deadline deadline_;
    CallOutcome outcome_{.reply = failure(ErrorCode::internal, "not called")};
};

asio::awaitable<Result<ProviderReply>> Attempts::attempt() {
    CallLimiter::Slot slot;
    if (target_.is_limited) {
        auto turn = co_await parts_.limiter->acquire(target_.lane, 0, deadline_);
        if (!turn) co_return std::unexpected(no_turn(std::move(turn.error())));
        slot = std::move(*turn);
    }
    // After the wait for the turn, so that the budget is asked by calls that really start.
    const MonotonicTime began = parts_.clock->monotonic();
    auto reservation = parts_.budget->reserve(began);
    if (!reservation) {
        outcome_.over_budget = true;
        co_return failure(ErrorCode::resource_exhausted, parts_.budget->exhausted());
    }
    const Deadline end = deadline_.earlier({began + target_.timeout});
    auto reply = co_await target_.provider->call(request_, end);
    outcome_.latency = parts_.clock->monotonic() - began;
    ++outcome_.calls;
    Spending used{.calls = 1};
    if (reply) {
        used.cost = cost_of(*reply, request_.model, target_.prices, *parts_.clock).value_or(0);
        used.tokens = tokens_of(*reply);
        slot.succeeded(reply->rate_limits, used.tokens);
    } else if (reply.error().code != ErrorCode::deadline_exceeded || end.at < deadline_.at) {
        slot.failed(reply.error());
    }  // else the unit's own time was over, which says nothing about the provider
    reservation->settle(used);
    co_return reply;
}

/// Why there is no turn, and what the attempt before failed with: that is why one was needed.
Error Attempts::no_turn(Error error) const {
    if (!outcome_.failed_attempts.empty()) {
        error.message = fmt::format("{} (then {})", outcome_.failed_attempts.back(), error.message);
    }
    return error;
}

/// False when the deadline does not leave room for another attempt, and when cancelled, which the
/// reply says then.
asio::awaitable<bool> Attempts::back_off(int attempt, Error error) {
    const auto delay = delay_before(attempt, error, parts_.retry_delay, *parts_.rng);
    if (parts_.clock->monotonic() + delay >= deadline_.at) co_return false;
    Wakeup pause(co_await asio::this_coro::executor);
    const Wakeup::Cause cause = co_await pause.wait({std::chrono::steady_clock::now() + delay});
    if (cause != Wakeup::Cause::cancelled) co_return true;
    outcome_.reply = failure(ErrorCode::cancelled, "cancelled while waiting for another attempt");
    co_return false;
}

asio::awaitable<CallOutcome> Attempts::run() {
    for (int attempt_number = 0;; ++attempt_number) {
        outcome_.reply = co_await attempt();
        if (outcome_.reply || outcome_.over_budget) break;
        const Error& error = outcome_.reply.error();
        if (!error.retryable || attempt_number >= target_.retries) break;
        const bool again = co_await back_off(attempt_number, error);
        if (!again) break;
        outcome_.failed_attempts.push_back(outcome_.reply.error().message);
        ++outcome_.retries;
    }
    co_return std::move(outcome_);
}

}  // namespace

asio::awaitable<CallOutcome> Caller::call(CallTarget target, ProviderRequest request,
                                          Deadline deadline) {
    std::optional<ReplyCache::Key> key;
    if (parts_.cache != nullptr) key = ReplyCache::key_of(*target.provider, request);
    if (key && reads_cache(parts_.cache_mode)) {
        auto found = parts_.cache->find(*key);
        if (!found) co_return CallOutcome{.reply = std::unexpected(std::move(found.error()))};
        if (*found) {
            (*found)->cost = cost_of(**found, request.model, target.prices, *parts_.clock);
            co_return CallOutcome{.reply = std::move(**found), .is_cached = true};
        }
        if (parts_.cache_mode == CacheMode::replay) {
            co_return CallOutcome{
                .reply = failure(ErrorCode::not_found,
                                 fmt::format("the cache has no reply to this request (key {}…), "
                                             "and with `cache: replay` nothing is called; record "
                                             "it once with `cache: read_write`",
                                             key->substr(0, 12)))};
        }
    }
    Attempts attempts(parts_, target, request, deadline);
    CallOutcome outcome = co_await attempts.run();
    // What is no answer would be none again, although another call may give one.
    const bool is_whole =
        outcome.reply && !outcome.reply->truncated && !outcome.reply->output.is_null();
    const bool keep = key && writes_cache(parts_.cache_mode) && is_whole;
    if (keep) {
        const auto kept = parts_.cache->put(*key, *target.provider, request, *outcome.reply);
        // The reply is paid for and good: the run goes on without having kept it.
        if (!kept) {
            outcome.reply->log +=
                fmt::format("the reply was not cached: {}\n", kept.error().message);
        }
    }
    // Not before it is kept: prices change, and what was used does not.
    if (outcome.reply) {
        outcome.reply->cost = cost_of(*outcome.reply, request.model, target.prices, *parts_.clock);
    }
    co_return outcome;
}

}  // namespace assay
