#include "judges/calls/call_limiter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <list>
#include <utility>

#include "core/base/wakeup.hpp"
#include "judges/calls/adaptive_limit.hpp"

namespace assay {
namespace {

/// What a call is taken to use as long as none has told.
constexpr double k_tokens_guess = 1000;
/// Calls that the mean of tokens looks back on.
constexpr double k_tokens_mean_calls = 50;
/// How long a lane that is refused with its smallest limit pauses when nobody says how long. It
/// doubles each time: one call tries for all, instead of all of them using up their retries.
constexpr std::chrono::milliseconds k_pause_first{250};
constexpr std::chrono::milliseconds k_pause_max{30'000};
/// Shorter waits would keep the event loop busy while a clock other than its own stands still.
constexpr std::chrono::nanoseconds k_sleep_min{1'000'000};

double seconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

/// The entries of the spec for a lane: "openai:gpt-4.1", then "openai".
class RateLimits {
  public:
    using Map = std::map<std::string, RateLimitSpec>;
    RateLimits(const Map& map, const CallLane& lane) {
        for (const auto& key : {lane.provider + ":" + lane.model, lane.provider}) {
            const auto found = map.find(key);
            if (found != map.end()) entries_.push_back(&*found);
        }
    }
    /// The first entry that says something about it, or nullptr.
    template <class T>
    [[nodiscard]] const Map::value_type* entry(std::optional<T> RateLimitSpec::* member) const {
        for (const Map::value_type* const entry : entries_) {
            if (entry->second.*member) return entry;
        }
        return nullptr;
    }
    template <class T>
    [[nodiscard]] std::optional<T> value(std::optional<T> RateLimitSpec::* member) const {
        const Map::value_type* const found = entry(member);
        return found == nullptr ? std::nullopt : found->second.*member;
    }

  private:
    std::vector<const Map::value_type*> entries_;
};

AdaptiveLimit::Range range_of(const RateLimits& limits, int concurrency) {
    const auto min = limits.value(&RateLimitSpec::concurrency_min);
    const auto start = limits.value(&RateLimitSpec::concurrency_start);
    const auto max = limits.value(&RateLimitSpec::concurrency_max);
    const int ceiling =
        std::max(1, max.value_or(std::max({concurrency, min.value_or(1), start.value_or(1)})));
    const int floor = std::clamp(min.value_or(1), 1, ceiling);
    return {.start = std::clamp(start.value_or(ceiling), floor, ceiling),
            .floor = floor,
            .ceiling = ceiling};
}

/// What a provider says of a bucket of its own.
struct ToldBucket {
    std::int64_t left = 0;
    std::optional<std::int64_t> limit;
    std::chrono::nanoseconds reset{0};
    double taken_since = 0;
    double needed = 1;  ///< for one call
};

/// The bucket as it is now, or nothing when it holds nobody up. It refills continuously where its
/// size is known; else, when it is empty, it stays so until its reset.
std::optional<RateBucket> mirror(const ToldBucket& told, MonotonicTime now) {
    const auto left = static_cast<double>(told.left);
    const double size = static_cast<double>(told.limit.value_or(0));
    const bool is_sized = size >= 1;
    const bool is_open = is_sized ? left >= size : left - told.taken_since >= told.needed;
    if (is_open || told.reset.count() <= 0) return std::nullopt;
    constexpr double k_all_at_once = 1e9;
    RateBucket bucket = is_sized ? RateBucket((size - left) / seconds(told.reset), size)
                                 : RateBucket(k_all_at_once, 1);
    bucket.set_full_at(now + told.reset);
    if (is_sized) bucket.take(now, told.taken_since);
    return bucket;
}

}  // namespace

class CallLimiter::Lane {
  public:
    struct Parts {
        CallLane name;
        AdaptiveLimit limit;
        RateBucket* requests = nullptr;  ///< those of the spec, shared with other lanes
        RateBucket* tokens = nullptr;
        const Clock* clock = nullptr;
    };
    explicit Lane(Parts parts) : parts_(std::move(parts)) {}

    [[nodiscard]] Task<Slot> acquire(std::int64_t tokens, Deadline deadline);
    void look_again();
    [[nodiscard]] LaneState state() const;

    void succeeded(const Slot::Start& start, const RateLimitNews& news, std::int64_t tokens);
    void failed(const Slot::Start& start, const Error& error);
    void give_back();

  private:
    class Waiter;

    [[nodiscard]] double estimate(std::int64_t given_tokens) const;
    [[nodiscard]] bool has_room() const { return under_way_ < parts_.limit.calls(); }
    [[nodiscard]] bool is_timed() const;
    [[nodiscard]] MonotonicTime open_at(double tokens) const;
    [[nodiscard]] MonotonicTime shared_at(double tokens) const;
    [[nodiscard]] MonotonicTime reserve(MonotonicTime now, double tokens);
    void unreserve(double tokens);
    void correct_tokens(double too_much);
    [[nodiscard]] std::optional<Slot> start_now(std::int64_t given_tokens);
    [[nodiscard]] Task<Slot> wait(std::int64_t tokens, Deadline deadline);
    void start_waiting();
    [[nodiscard]] Slot start(double tokens);
    void hear(const Slot::Start& start, const RateLimitNews& news);
    void pause_for(std::chrono::milliseconds time);
    void wake_late(MonotonicTime time);
    [[nodiscard]] Error too_late(std::chrono::nanoseconds wait,
                                 std::chrono::nanoseconds left) const;

    Parts parts_;
    int under_way_ = 0;
    std::list<Waiter*> waiting_;
    MonotonicTime paused_until_;
    int pauses_in_a_row_ = 0;
    std::optional<RateBucket> told_requests_;
    std::optional<RateBucket> told_tokens_;
    std::int64_t told_call_ = 0;  ///< the latest call whose reply told
    std::int64_t calls_ = 0;      ///< started
    double tokens_ = 0;           ///< of all calls that started, estimated
    double tokens_mean_ = 0;
    double tokens_known_ = 0;  ///< calls in the mean
};

/// One coroutine in the queue. However it leaves, its place is free afterwards and a slot that it
/// was given and did not take goes to the next.
class CallLimiter::Lane::Waiter {
  public:
    Waiter(Lane& lane, const boost::asio::any_io_executor& executor, std::int64_t tokens,
           Deadline deadline)
        : lane_(lane),
          wakeup_(executor),
          place_(lane.waiting_.insert(lane.waiting_.end(), this)),
          given_tokens_(tokens),
          deadline_(deadline) {}
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() {
        if (is_given_) return;
        lane_.waiting_.erase(place_);
        unreserve();
        lane_.start_waiting();
    }

    /// Lets it go. The place in the queue is gone already.
    void give(Slot slot) {
        slot_ = std::move(slot);
        is_given_ = true;
        wake();
    }
    /// It cannot go before `time`, and looks again then.
    void start_at(MonotonicTime time) {
        if (starts_at_ == time) return;
        starts_at_ = time;
        wake();
    }
    void wake() { wakeup_.notify(); }
    /// The first in the queue reserves its share of the buckets once it needs nothing else. That
    /// keeps the order among the lanes that share them.
    [[nodiscard]] MonotonicTime reserve(MonotonicTime now) {
        if (!reserved_) {
            const double estimate = tokens();
            reserved_ = {.at = lane_.reserve(now, estimate), .tokens = estimate};
        }
        return reserved_->at;
    }
    void unreserve() {
        if (reserved_) lane_.unreserve(reserved_->tokens);
        reserved_.reset();
    }

    [[nodiscard]] bool is_given() const { return is_given_; }
    [[nodiscard]] Slot take() { return std::move(slot_); }
    [[nodiscard]] boost::asio::awaitable<Wakeup::Cause> rest();
    /// The earliest time at which it can go. Calls under way may still give tokens back or hear
    /// that more is left; a pause is certain.
    [[nodiscard]] MonotonicTime earliest() const {
        if (lane_.under_way_ > 0) return lane_.paused_until_;
        const double estimate = tokens();
        return std::max(lane_.open_at(estimate),
                        reserved_ ? reserved_->at : lane_.shared_at(estimate));
    }
    [[nodiscard]] double tokens() const {
        return reserved_ ? reserved_->tokens : lane_.estimate(given_tokens_);
    }
    [[nodiscard]] Deadline deadline() const { return deadline_; }
    [[nodiscard]] MonotonicTime starts_at() const { return starts_at_; }

  private:
    struct Reservation {
        MonotonicTime at;
        double tokens;
    };
    Lane& lane_;
    Wakeup wakeup_;
    std::list<Waiter*>::iterator place_;
    std::int64_t given_tokens_;
    Deadline deadline_;
    MonotonicTime starts_at_;  ///< over: nothing but a free slot is missing
    std::optional<Reservation> reserved_;
    Slot slot_;
    bool is_given_ = false;
};

/// Until it is notified, its time has come or its deadline. How long that is, the limiter's clock
/// says; the event loop has one of its own.
boost::asio::awaitable<Wakeup::Cause> CallLimiter::Lane::Waiter::rest() {
    const MonotonicTime now = lane_.parts_.clock->monotonic();
    Deadline end = deadline_;
    if (starts_at_ > now) end = end.earlier({starts_at_});
    if (!end.is_never()) {
        end.at = std::chrono::steady_clock::now() + std::max(end.at - now, k_sleep_min);
    }
    return wakeup_.wait(end);
}

Task<CallLimiter::Slot> CallLimiter::Lane::acquire(std::int64_t tokens, Deadline deadline) {
    if (!deadline.is_never() && deadline.at <= parts_.clock->monotonic()) {
        co_return failure(ErrorCode::deadline_exceeded, "the time for this call is over");
    }
    if (std::optional<Slot> slot = start_now(tokens)) co_return std::move(*slot);
    co_return co_await wait(tokens, deadline);
}

/// A slot when nothing stands in the way and nobody waits.
std::optional<CallLimiter::Slot> CallLimiter::Lane::start_now(std::int64_t given_tokens) {
    if (!waiting_.empty() || !has_room()) return std::nullopt;
    const double tokens = estimate(given_tokens);
    if (is_timed()) {
        const MonotonicTime now = parts_.clock->monotonic();
        if (open_at(tokens) > now || shared_at(tokens) > now) return std::nullopt;
        (void)reserve(now, tokens);
    }
    return start(tokens);
}

Task<CallLimiter::Slot> CallLimiter::Lane::wait(std::int64_t tokens, Deadline deadline) {
    Waiter waiter(*this, co_await boost::asio::this_coro::executor, tokens, deadline);
    start_waiting();
    while (!waiter.is_given()) {
        const MonotonicTime now = parts_.clock->monotonic();
        if (std::max(now, waiter.earliest()) >= deadline.at) {
            co_return std::unexpected(too_late(waiter.earliest() - now, deadline.at - now));
        }
        const Wakeup::Cause cause = co_await waiter.rest();
        if (cause == Wakeup::Cause::cancelled && !waiter.is_given()) {
            co_return failure(ErrorCode::cancelled, "cancelled while waiting for a turn");
        }
        start_waiting();
    }
    co_return waiter.take();
}

/// Lets go as many of the queue as may; the first that may not looks again in time.
void CallLimiter::Lane::start_waiting() {
    while (!waiting_.empty() && has_room()) {
        Waiter& first = *waiting_.front();
        if (is_timed()) {
            const MonotonicTime now = parts_.clock->monotonic();
            MonotonicTime time = open_at(first.tokens());
            if (time <= now) time = first.reserve(now);
            if (time > now) return first.start_at(time);
        }
        waiting_.pop_front();
        first.give(start(first.tokens()));
    }
}

double CallLimiter::Lane::estimate(std::int64_t given_tokens) const {
    if (given_tokens > 0) return static_cast<double>(given_tokens);
    return tokens_known_ > 0 ? tokens_mean_ : k_tokens_guess;
}

CallLimiter::LaneState CallLimiter::Lane::state() const {
    LaneState state{.lane = parts_.name,
                    .limit = parts_.limit.calls(),
                    .under_way = under_way_,
                    .waiting = waiting_.size()};
    const bool is_about_time = !waiting_.empty() && has_room();
    if (is_about_time) state.resumes_at = waiting_.front()->starts_at();
    return state;
}

/// Whether anything but the number of calls can hold a call up.
bool CallLimiter::Lane::is_timed() const {
    return parts_.requests != nullptr || parts_.tokens != nullptr || told_requests_ ||
           told_tokens_ || paused_until_ != MonotonicTime();
}

/// When this lane lets another call go, as far as it is about time.
MonotonicTime CallLimiter::Lane::open_at(double tokens) const {
    MonotonicTime time = paused_until_;
    if (told_requests_) time = std::max(time, told_requests_->ready_at(1));
    if (told_tokens_) time = std::max(time, told_tokens_->ready_at(tokens));
    return time;
}

/// When the spec's requests and tokens a minute let another call go.
MonotonicTime CallLimiter::Lane::shared_at(double tokens) const {
    MonotonicTime time;
    if (parts_.requests != nullptr) time = std::max(time, parts_.requests->ready_at(1));
    if (parts_.tokens != nullptr) time = std::max(time, parts_.tokens->ready_at(tokens));
    return time;
}

/// Takes a call's share of the spec's buckets and says when it may go.
MonotonicTime CallLimiter::Lane::reserve(MonotonicTime now, double tokens) {
    const MonotonicTime time = shared_at(tokens);
    if (parts_.requests != nullptr) parts_.requests->take(now, 1);
    if (parts_.tokens != nullptr) parts_.tokens->take(now, tokens);
    return time;
}

void CallLimiter::Lane::unreserve(double tokens) {
    if (parts_.requests != nullptr) parts_.requests->give_back(1);
    if (parts_.tokens != nullptr) parts_.tokens->give_back(tokens);
}

/// Gives back what was taken too much; takes what was too little.
void CallLimiter::Lane::correct_tokens(double too_much) {
    if (parts_.tokens == nullptr) return;
    parts_.tokens->give_back(too_much);
    if (!waiting_.empty()) waiting_.front()->unreserve();  // its turn comes at another time now
}

CallLimiter::Slot CallLimiter::Lane::start(double tokens) {
    ++under_way_;
    ++calls_;
    tokens_ += tokens;
    if (told_requests_ || told_tokens_) {
        const MonotonicTime now = parts_.clock->monotonic();
        if (told_requests_) told_requests_->take(now, 1);
        if (told_tokens_) told_tokens_->take(now, tokens);
    }
    return Slot(*this, {.tokens = tokens,
                        .epoch = parts_.limit.epoch(),
                        .calls = calls_,
                        .tokens_so_far = tokens_});
}

void CallLimiter::Lane::succeeded(const Slot::Start& start, const RateLimitNews& news,
                                  std::int64_t tokens) {
    parts_.limit.succeeded(start.epoch, under_way_);
    pauses_in_a_row_ = 0;
    if (tokens > 0) {
        const double used = static_cast<double>(tokens);
        tokens_known_ = std::min(tokens_known_ + 1, k_tokens_mean_calls);
        tokens_mean_ += (used - tokens_mean_) / tokens_known_;
        correct_tokens(start.tokens - used);
    }
    hear(start, news);
    give_back();
}

/// Takes over what a reply says is left, less what was started since. An older call's reply that
/// comes later says nothing new.
void CallLimiter::Lane::hear(const Slot::Start& start, const RateLimitNews& news) {
    const bool is_told = news.requests_left || news.tokens_left;
    if (!is_told || start.calls < told_call_) return;
    told_call_ = start.calls;
    const MonotonicTime now = parts_.clock->monotonic();
    if (news.requests_left && news.requests_reset) {
        told_requests_ = mirror({.left = *news.requests_left,
                                 .limit = news.requests_limit,
                                 .reset = *news.requests_reset,
                                 .taken_since = static_cast<double>(calls_ - start.calls)},
                                now);
    }
    if (news.tokens_left && news.tokens_reset) {
        told_tokens_ = mirror({.left = *news.tokens_left,
                               .limit = news.tokens_limit,
                               .reset = *news.tokens_reset,
                               .taken_since = tokens_ - start.tokens_so_far,
                               .needed = estimate(0)},
                              now);
    }
}

void CallLimiter::Lane::failed(const Slot::Start& start, const Error& error) {
    const bool is_refused = error.code == ErrorCode::resource_exhausted && error.retryable;
    const bool is_late = error.code == ErrorCode::deadline_exceeded;
    const bool was_at_floor = parts_.limit.is_at_floor();
    const bool is_overload = is_refused || is_late || error.retry_after;
    const bool is_news = is_overload && parts_.limit.overloaded(start.epoch, under_way_);
    if (error.retry_after) {
        pause_for(*error.retry_after);
    } else if (is_news && is_refused && was_at_floor) {
        pause_for(std::min(k_pause_first * (1 << std::min(pauses_in_a_row_, 10)), k_pause_max));
        ++pauses_in_a_row_;
    }
    // What ran into its time may have used its tokens; what was refused has used none.
    if (!is_late) correct_tokens(start.tokens);
    give_back();
}

void CallLimiter::Lane::pause_for(std::chrono::milliseconds time) {
    const MonotonicTime end = parts_.clock->monotonic() + time;
    if (end <= paused_until_) return;
    paused_until_ = end;
    wake_late(end);
}

/// Nobody starts before `time`: who cannot wait that long hears it now.
void CallLimiter::Lane::wake_late(MonotonicTime time) {
    for (Waiter* const waiter : waiting_) {
        if (waiter->deadline().at <= time) waiter->wake();
    }
}

void CallLimiter::Lane::look_again() {
    start_waiting();
    wake_late(parts_.clock->monotonic());
}

void CallLimiter::Lane::give_back() {
    --under_way_;
    start_waiting();
}

Error CallLimiter::Lane::too_late(std::chrono::nanoseconds wait,
                                  std::chrono::nanoseconds left) const {
    const std::string name = fmt::format("{}:{}", parts_.name.provider, parts_.name.model);
    if (left.count() <= 0) {
        return {ErrorCode::deadline_exceeded,
                fmt::format("no turn for {} came in time: {} calls of {} at a time are under way "
                            "and {} wait; see `execution.rate_limits`",
                            name, under_way_, parts_.limit.calls(), waiting_.size() - 1)};
    }
    return {ErrorCode::deadline_exceeded,
            fmt::format("the limits of {} let no call start for {:.1f} s, and this one has {:.1f} "
                        "s left; see `execution.rate_limits` and `execution.unit_deadline`",
                        name, seconds(wait), seconds(left))};
}

CallLimiter::Slot::Slot(Slot&& other) noexcept
    : lane_(std::exchange(other.lane_, nullptr)), start_(other.start_) {}

CallLimiter::Slot& CallLimiter::Slot::operator=(Slot&& other) noexcept {
    std::swap(lane_, other.lane_);
    std::swap(start_, other.start_);
    return *this;
}

CallLimiter::Slot::~Slot() {
    if (lane_ != nullptr) lane_->give_back();
}

void CallLimiter::Slot::succeeded(const RateLimitNews& news, std::int64_t tokens) {
    if (Lane* const lane = std::exchange(lane_, nullptr)) lane->succeeded(start_, news, tokens);
}

void CallLimiter::Slot::failed(const Error& error) {
    if (Lane* const lane = std::exchange(lane_, nullptr)) lane->failed(start_, error);
}

CallLimiter::CallLimiter(Options options, const Clock& clock)
    : options_(std::move(options)), clock_(clock) {}

CallLimiter::~CallLimiter() = default;

Task<CallLimiter::Slot> CallLimiter::acquire(const CallLane& lane, std::int64_t tokens,
                                             Deadline deadline) {
    return lane_of(lane).acquire(tokens, deadline);
}

std::vector<CallLimiter::LaneState> CallLimiter::lanes() const {
    std::vector<LaneState> states;
    for (const auto& [name, lane] : lanes_) states.push_back(lane->state());
    return states;
}

void CallLimiter::look_again() {
    for (const auto& [name, lane] : lanes_) lane->look_again();
}

CallLimiter::Lane& CallLimiter::lane_of(const CallLane& name) {
    const auto found = lanes_.find(name);
    if (found != lanes_.end()) return *found->second;
    return *lanes_.emplace(name, make_lane(name)).first->second;
}

std::unique_ptr<CallLimiter::Lane> CallLimiter::make_lane(const CallLane& name) {
    const RateLimits limits(options_.rate_limits, name);
    const auto bucket = [&](auto& buckets, auto member) -> RateBucket* {
        const auto* const entry = limits.entry(member);
        if (entry == nullptr) return nullptr;
        const double per_minute = static_cast<double>(*(entry->second.*member));
        return &buckets.try_emplace(entry->first, RateBucket::of_minute(per_minute)).first->second;
    };
    return std::make_unique<Lane>(
        Lane::Parts{.name = name,
                    .limit = AdaptiveLimit(range_of(limits, options_.concurrency)),
                    .requests = bucket(requests_, &RateLimitSpec::rpm),
                    .tokens = bucket(tokens_, &RateLimitSpec::tpm),
                    .clock = &clock_});
}

}  // namespace assay
