#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace assay {

/// UTC, nanoseconds since 1970. How times are stored; JSON carries RFC 3339.
using Time = std::chrono::sys_time<std::chrono::nanoseconds>;
/// A point on the clock that never jumps: for durations and deadlines.
using MonotonicTime = std::chrono::steady_clock::time_point;

/// An absolute point by which something must be done. Children inherit their parent's.
struct Deadline {
    MonotonicTime at = MonotonicTime::max();

    [[nodiscard]] bool is_never() const { return at == MonotonicTime::max(); }
    [[nodiscard]] Deadline earlier(Deadline other) const { return at < other.at ? *this : other; }
};

/// Where time comes from, so that a test can be in charge of it.
class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Time now() const = 0;
    [[nodiscard]] virtual MonotonicTime monotonic() const = 0;
};

class SystemClock final : public Clock {
  public:
    [[nodiscard]] Time now() const override;
    [[nodiscard]] MonotonicTime monotonic() const override;
};

/// "2026-11-01T09:30:00.123Z": RFC 3339, UTC, milliseconds.
[[nodiscard]] std::string to_rfc3339(Time time);
/// Reads RFC 3339 with any offset and up to nine decimals.
/// @error invalid_argument when the text is no such time.
[[nodiscard]] Result<Time> parse_rfc3339(std::string_view text);
/// Reads "250ms", "60s", "10m", "2h", or a bare number of seconds.
/// @error invalid_argument for anything else, a negative or a zero duration.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);
/// The same with days: "90m", "12h", "30d".
/// @error invalid_argument, its message the end of a sentence.
[[nodiscard]] Result<std::chrono::milliseconds> parse_age(std::string_view text);

/// Milliseconds as a double, e.g. for latencies in reports.
[[nodiscard]] inline double to_ms(std::chrono::nanoseconds duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace assay
