#include "runner/cli/progress_line.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "runner/cli/console.hpp"

namespace assay {
namespace {

constexpr std::chrono::milliseconds k_live_interval{200};
constexpr std::chrono::seconds k_first_live_line{1};  // what ends sooner needs none
constexpr std::chrono::seconds k_plain_interval{5};

}  // namespace

ProgressLine::ProgressLine(bool live)
    : live_(live),
      next_told_(SystemClock().monotonic() + (live ? k_first_live_line : k_plain_interval)) {}

ProgressLine::ProgressLine(ProgressLine&& other) noexcept
    : live_(other.live_),
      next_told_(other.next_told_),
      is_open_(std::exchange(other.is_open_, false)) {}

bool ProgressLine::is_due() {
    const MonotonicTime now = SystemClock().monotonic();
    if (now < next_told_) return false;
    next_told_ = now + (live_ ? MonotonicTime::duration(k_live_interval)
                              : MonotonicTime::duration(k_plain_interval));
    return true;
}

void ProgressLine::print(std::string_view text) {
    print_error(fmt::format("{}{}{}", live_ ? "\r" : "", text, live_ ? "\x1b[K" : "\n"));
    is_open_ = live_;
}

void ProgressLine::close() {
    if (std::exchange(is_open_, false)) print_error("\r\x1b[K");
}

}  // namespace assay
