#include "runner/cli/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/text.hpp"
#include "runner/cli/progress_events.hpp"
#include "runner/report/numbers.hpp"

namespace assay {
namespace {

constexpr std::chrono::seconds k_plain_interval{5};
constexpr std::size_t k_lanes_shown_max = 6;

std::string in_words(double seconds) {
    const auto total = static_cast<std::int64_t>(std::ceil(seconds));
    if (total < 60) return fmt::format("{} s", total);
    if (total < 3600) return fmt::format("{} min {:02} s", total / 60, total % 60);
    return fmt::format("{} h {:02} min", total / 3600, total / 60 % 60);
}

std::string line_of(const ProgressTally& tally, const ExecutionPulse& pulse) {
    const double rate = tally.units_per_second();
    std::string text = fmt::format("{}/{} units", tally.done(), tally.planned());
    if (rate > 0) text += fmt::format(" · {:.{}f}/s", rate, rate < 10 ? 1 : 0);
    text += fmt::format(" · {} in flight", pulse.units_in_flight);
    if (tally.errors() > 0) text += fmt::format(" · {} errors", tally.errors());
    if (tally.retries() > 0) text += fmt::format(" · {} retries", tally.retries());
    if (tally.cached() > 0) text += fmt::format(" · {} cached", tally.cached());
    if (tally.paid() > 0) text += fmt::format(" · ${:.4f}", to_usd(tally.paid()));
    if (tally.paid_for_judges() > 0) {
        text += fmt::format(" · judges ${:.4f}", to_usd(tally.paid_for_judges()));
    }
    if (const auto left = tally.seconds_left()) text += fmt::format(" · {} left", in_words(*left));
    return text;
}

std::string line_of(const CallLimiter::LaneState& state) {
    std::string name = state.lane.provider;
    if (!state.lane.model.empty()) name += ":" + state.lane.model;
    if (state.lane.is_judge) name += " (judge)";
    std::string text = fmt::format("  {} · {} of {} calls at a time", terminal_safe(name),
                                   state.under_way, state.limit);
    if (state.waiting > 0) text += fmt::format(" · {} waiting", state.waiting);
    return text;
}

/// Lines for people.
class ProgressLines final : public Progress {
  public:
    ProgressLines(bool live, std::uint64_t planned, const Console& console, const Clock& clock)
        : live_(live),
          columns_(console.columns),
          clock_(clock),
          tally_(planned, clock),
          next_plain_line_(clock.monotonic() + k_plain_interval) {}

    void units_stored(const RunRecord& /*run*/, std::size_t units) override {
        tally_.add_stored(units);
    }
    void unit_finished(const RunRecord& /*run*/, const UnitResult& unit) override {
        tally_.add(unit);
    }
    void stopping(std::size_t units_in_flight, bool at_once) override;
    void tick(const ExecutionPulse& pulse) override;
    void finish() override;

  private:
    void rewrite(const std::vector<std::string>& lines);

    bool live_;
    std::size_t columns_;
    const Clock& clock_;
    ProgressTally tally_;
    MonotonicTime next_plain_line_;
    std::size_t lines_open_ = 0;  ///< that stand on the terminal and will be rewritten
};

/// Takes the lines away that stand there, and writes these in their place.
void ProgressLines::rewrite(const std::vector<std::string>& lines) {
    std::string text;
    for (std::size_t i = 0; i < lines_open_; ++i) text += i == 0 ? "\r\033[K" : "\033[F\033[K";
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0) text += "\n";
        text += fit_width(lines[i], columns_ - 1);
    }
    print_error(text);
    lines_open_ = lines.size();
}

void ProgressLines::tick(const ExecutionPulse& pulse) {
    if (live_) {
        std::vector<std::string> lines = {line_of(tally_, pulse)};
        for (const auto& lane : pulse.lanes) {
            if (lines.size() <= k_lanes_shown_max) lines.push_back(line_of(lane));
        }
        rewrite(lines);
    } else if (clock_.monotonic() >= next_plain_line_) {
        print_error(line_of(tally_, pulse) + "\n");
        next_plain_line_ = clock_.monotonic() + k_plain_interval;
    }
}

/// How a stop is announced, whatever else is shown.
void announce_stop(std::size_t units_in_flight, bool at_once) {
    if (at_once) {
        print_error("Stopping at once. What had finished is stored.\n");
        return;
    }
    print_error(
        fmt::format("Stopping: {} in flight will end and be stored. Press Ctrl-C again to stop "
                    "at once.\n",
                    format_some(units_in_flight, "unit")));
}

void ProgressLines::stopping(std::size_t units_in_flight, bool at_once) {
    finish();
    announce_stop(units_in_flight, at_once);
}

void ProgressLines::finish() {
    if (lines_open_ > 0) rewrite({});
}

/// Says only that it stops.
class NoProgress final : public Progress {
  public:
    void units_stored(const RunRecord& /*run*/, std::size_t /*units*/) override {}
    void unit_finished(const RunRecord& /*run*/, const UnitResult& /*unit*/) override {}
    void stopping(std::size_t units_in_flight, bool at_once) override {
        announce_stop(units_in_flight, at_once);
    }
    void tick(const ExecutionPulse& /*pulse*/) override {}
    void finish() override {}
};

}  // namespace

void ProgressTally::add(const UnitResult& unit) {
    ++finished_;
    if (unit.status == UnitStatus::failed || unit.status == UnitStatus::unscored) ++errors_;
    retries_ += static_cast<std::uint64_t>(unit.retries);
    cached_ += static_cast<std::uint64_t>(unit.cached);
    paid_ += unit.paid.value_or(0);
    for (const Evaluation& evaluation : unit.evaluations) {
        if (evaluation.judge) paid_for_judges_ += evaluation.judge->paid.value_or(0);
    }
}

double ProgressTally::units_per_second() const {
    const double seconds = std::chrono::duration<double>(clock_.monotonic() - began_).count();
    return seconds > 0 ? static_cast<double>(finished_) / seconds : 0;
}

std::optional<double> ProgressTally::seconds_left() const {
    const double rate = units_per_second();
    if (rate <= 0 || done() >= planned_) return std::nullopt;
    return static_cast<double>(planned_ - done()) / rate;
}

std::unique_ptr<Progress> make_progress(ProgressMode mode, std::uint64_t planned,
                                        const Console& console, const Clock& clock) {
    switch (mode) {
        case ProgressMode::none: return std::make_unique<NoProgress>();
        case ProgressMode::json: return make_progress_events(planned, clock);
        case ProgressMode::automatic:
        case ProgressMode::plain: break;
    }
    const bool live = mode == ProgressMode::automatic && console.error_is_terminal;
    return std::make_unique<ProgressLines>(live, planned, console, clock);
}

}  // namespace assay
