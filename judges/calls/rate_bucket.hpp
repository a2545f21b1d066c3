#pragma once

#include "core/base/clock.hpp"

namespace assay {

/// A token bucket: refilled continuously, full at first. What is taken beyond what is in it is a
/// debt that is refilled before anything else may be taken.
///
/// It holds the time at which it will be full, and no level, so that nothing has to be refilled.
/// Source: the virtual scheduling form of the Generic Cell Rate Algorithm, ITU-T I.371, 1996.
class RateBucket {
  public:
    /// @param per_second  what is refilled, > 0.
    /// @param size  what is in it when it is full, ≥ 1.
    RateBucket(double per_second, double size) : per_second_(per_second), size_(size) {}

    /// `per_minute` in any minute and never more, with a second's worth at once: what may go at
    /// once comes off what is refilled.
    [[nodiscard]] static RateBucket of_minute(double per_minute);

    /// When `amount` may be taken; what is more than the size, when the bucket is full.
    [[nodiscard]] MonotonicTime ready_at(double amount) const;
    void take(MonotonicTime now, double amount);
    /// Corrects what was taken: gives back, or takes more when negative.
    void give_back(double amount);
    void set_full_at(MonotonicTime time) { full_at_ = time; }

  private:
    /// How long it takes to refill so much.
    [[nodiscard]] std::chrono::nanoseconds time_of(double amount) const;

    double per_second_;
    double size_;
    MonotonicTime full_at_;
};

}  // namespace assay
