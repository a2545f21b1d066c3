#pragma once

#include <cstdint>

namespace assay {

/// How many calls may be under way at a time, found by trying: additive increase, multiplicative
/// decrease, as TCP does (Chiu and Jain, "Analysis of the increase and decrease algorithms for
/// congestion avoidance", 1989).
///
/// - Too much: half, once a round trip. Calls that started before the last decrease say nothing
///   about the limit that holds now, so that a burst of refusals counts once.
/// - Well: one more after `limit` successes, while at least half of the limit is in use.
/// - What was too much once is remembered (as CUBIC does, RFC 9438): up to just below it the limit
///   grows by one a success, and it is tried again only after k_probe_rounds round trips. Halving
///   and climbing alone would leave a quarter of what the provider bears unused.
class AdaptiveLimit {
  public:
    struct Range {
        int start = 1;
        int floor = 1;
        int ceiling = 1;
    };
    /// @param range  1 ≤ floor ≤ start ≤ ceiling.
    explicit AdaptiveLimit(Range range) : range_(range), limit_(range.start) {}

    [[nodiscard]] int calls() const { return static_cast<int>(limit_); }
    [[nodiscard]] bool is_at_floor() const { return calls() <= range_.floor; }
    /// Counts the decreases: a call keeps the one in which it started.
    [[nodiscard]] std::uint64_t epoch() const { return epoch_; }

    /// @param epoch  of the call's start.
    /// @param under_way  calls, this one among them.
    void succeeded(std::uint64_t epoch, int under_way);
    /// @return false when it was counted before.
    bool overloaded(std::uint64_t epoch, int under_way);

  private:
    Range range_;
    double limit_;
    int too_much_ = 0;  ///< where the last overload came; 0 = none did
    std::uint64_t epoch_ = 0;
};

}  // namespace assay
