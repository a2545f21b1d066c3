#pragma once

#include <algorithm>

#include "core/base/clock.hpp"

namespace assay::test {

/// A clock that stands still until it is moved.
class FakeClock final : public Clock {
  public:
    [[nodiscard]] Time now() const override { return Time(at_.time_since_epoch()); }
    [[nodiscard]] MonotonicTime monotonic() const override { return at_; }
    void move(std::chrono::nanoseconds time) { at_ += time; }
    void move_to(MonotonicTime time) { at_ = std::max(at_, time); }

  private:
    MonotonicTime at_{std::chrono::hours(1)};
};

}  // namespace assay::test
