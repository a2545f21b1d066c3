#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "configs/spec.hpp"
#include "core/base/clock.hpp"
#include "core/base/task.hpp"
#include "judges/calls/rate_bucket.hpp"
#include "judges/provider.hpp"

namespace assay {

/// The calls that share their limits. Judges have lanes of their own, so that they never keep the
/// task waiting.
struct CallLane {
    std::string provider;  ///< as the spec names it: "openai", "local"
    std::string model;
    bool is_judge = false;

    friend auto operator<=>(const CallLane&, const CallLane&) = default;
};

/// Decides when a call may start, per provider and model: so many at a time, adapted to what the
/// provider bears (adaptive_limit.hpp), and so many requests and tokens a minute
/// (rate_bucket.hpp). Used from the I/O thread alone; shared by all runs of one command.
///
/// Calls at a time, pauses that the provider asks for and what its headers say count per lane.
/// Requests and tokens a minute count per key of the spec, for all lanes that it names together,
/// of tasks and of judges: an account has one such limit. What "openai:gpt-4.1" leaves out is
/// taken from "openai".
class CallLimiter {
  public:
    struct Options {
        std::map<std::string, RateLimitSpec> rate_limits;  ///< by "openai" or "openai:gpt-4.1"
        int concurrency = limits::k_concurrency_default;   ///< at most, where the map says nothing
    };
    /// @param clock  outlives the limiter.
    CallLimiter(Options options, const Clock& clock);
    ~CallLimiter();
    CallLimiter(const CallLimiter&) = delete;
    CallLimiter& operator=(const CallLimiter&) = delete;

    class Lane;  ///< call_limiter.cpp

    /// The right to have one call under way. Say how it ended; then, or when it is destroyed, the
    /// right goes back. Neither it nor a wait for it may outlive the limiter.
    class Slot {
      public:
        Slot() = default;
        Slot(Slot&& other) noexcept;
        Slot& operator=(Slot&& other) noexcept;
        ~Slot();

        /// @param tokens  what the call used, 0 = unknown: corrects the estimate.
        void succeeded(const RateLimitNews& news, std::int64_t tokens);
        /// Too many requests, overload and time-outs make the limit smaller; with `retry_after`
        /// nothing starts in this lane before it is over.
        void failed(const Error& error);

      private:
        friend class Lane;
        /// How things stood when the call started.
        struct Start {
            double tokens = 0;         ///< estimated
            std::uint64_t epoch = 0;   ///< of the adaptive limit
            std::int64_t calls = 0;    ///< of the lane so far, this one among them
            double tokens_so_far = 0;  ///< of the lane, this one's among them
        };
        Slot(Lane& lane, Start start) : lane_(&lane), start_(start) {}

        Lane* lane_ = nullptr;
        Start start_;
    };

    /// Waits for its turn, first come, first served in its lane.
    ///
    /// @param tokens  an estimate of what the call will use, 0 = unknown: what the lane's calls
    ///                used on average.
    /// @error deadline_exceeded when the turn does not come in time, at once when that is certain;
    ///        cancelled.
    [[nodiscard]] Task<Slot> acquire(const CallLane& lane, std::int64_t tokens, Deadline deadline);

    struct LaneState {
        CallLane lane;
        int limit = 0;  ///< calls at a time, now
        int under_way = 0;
        std::size_t waiting = 0;
        std::optional<MonotonicTime> resumes_at;  ///< when the next call waits for that time
    };
    /// How the lanes stand, sorted by lane: for the progress and for tests.
    [[nodiscard]] std::vector<LaneState> lanes() const;

    /// Starts those whose time has come and ends what came too late. Waits do that by themselves;
    /// this is for a clock that jumps.
    void look_again();

  private:
    [[nodiscard]] Lane& lane_of(const CallLane& lane);
    [[nodiscard]] std::unique_ptr<Lane> make_lane(const CallLane& lane);

    Options options_;
    const Clock& clock_;
    std::map<std::string, RateBucket> requests_;  ///< by key of the spec
    std::map<std::string, RateBucket> tokens_;    ///< by key of the spec
    std::map<CallLane, std::unique_ptr<Lane>> lanes_;
};

}  // namespace assay
