#include "runner/cli/progress.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/base/text.hpp"

namespace assay {
namespace {

constexpr std::chrono::seconds k_plain_interval{5};

std::string in_words(double seconds) {
    const auto total = static_cast<std::int64_t>(std::ceil(seconds));
    if (total < 60) return fmt::format("{} s", total);
    if (total < 3600) return fmt::format("{} min {:02} s", total / 60, total % 60);
    return fmt::format("{} h {:02} min", total / 3600, total / 60 % 60);
}

}  // namespace

Progress::Progress(std::uint64_t planned, ProgressMode mode, const Console& console,
                   const Clock& clock)
    : planned_(planned),
      shown_(mode != ProgressMode::none),
      live_(mode == ProgressMode::automatic && console.error_is_terminal),
      columns_(console.columns),
      clock_(clock),
      began_(clock.monotonic()),
      next_plain_line_(began_ + k_plain_interval) {}

std::string Progress::line(std::size_t units_in_flight) const {
    const double seconds = std::chrono::duration<double>(clock_.monotonic() - began_).count();
    const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
    std::string text = fmt::format("{}/{} units", done_, planned_);
    if (done_ > 0) text += fmt::format(" · {:.{}f}/s", rate, rate < 10 ? 1 : 0);
    text += fmt::format(" · {} in flight", units_in_flight);
    if (errors_ > 0) text += fmt::format(" · {} errors", errors_);
    if (cost_ > 0) text += fmt::format(" · ${:.4f}", to_usd(cost_));
    if (done_ > 0 && done_ < planned_) {
        text += fmt::format(" · {} left", in_words(static_cast<double>(planned_ - done_) / rate));
    }
    return text;
}

void Progress::show(std::size_t units_in_flight) {
    if (live_) {
        print_error("\r\033[K" + fit_width(line(units_in_flight), columns_ - 1));
        line_open_ = true;
    } else if (clock_.monotonic() >= next_plain_line_) {
        print_error(line(units_in_flight) + "\n");
        next_plain_line_ = clock_.monotonic() + k_plain_interval;
    }
}

void Progress::unit_finished(const UnitResult& unit) {
    ++done_;
    if (unit.status == UnitStatus::failed || unit.status == UnitStatus::unscored) ++errors_;
    cost_ += unit.cost.value_or(0);
}

void Progress::stopping(std::size_t units_in_flight, bool at_once) {
    finish();
    if (at_once) {
        print_error("Stopping at once. What had finished is stored.\n");
        return;
    }
    print_error(
        fmt::format("Stopping: {} units in flight will end and be stored. Press Ctrl-C "
                    "again to stop at once.\n",
                    units_in_flight));
}

void Progress::tick(std::size_t units_in_flight) {
    if (shown_) show(units_in_flight);
}

void Progress::finish() {
    if (line_open_) print_error("\r\033[K");
    line_open_ = false;
}

}  // namespace assay
