#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "core/base/money.hpp"
#include "runner/cli/arguments.hpp"
#include "runner/cli/console.hpp"
#include "runner/engine/experiment.hpp"

namespace assay {

/// How far an execution is, in numbers.
class ProgressTally {
  public:
    ProgressTally(std::uint64_t planned, const Clock& clock)
        : planned_(planned), clock_(clock), began_(clock.monotonic()) {}

    void add_stored(std::uint64_t units) { stored_ += units; }
    void add(const UnitResult& unit);

    [[nodiscard]] std::uint64_t planned() const { return planned_; }
    /// Units with a final state, those of earlier executions included.
    [[nodiscard]] std::uint64_t done() const { return stored_ + finished_; }
    [[nodiscard]] std::uint64_t errors() const { return errors_; }
    [[nodiscard]] std::uint64_t retries() const { return retries_; }
    [[nodiscard]] std::uint64_t cached() const { return cached_; }
    [[nodiscard]] NanoUsd paid() const { return paid_; }  ///< for the task
    [[nodiscard]] NanoUsd paid_for_judges() const { return paid_for_judges_; }
    [[nodiscard]] double units_per_second() const;
    /// Nothing while nothing has finished, and when nothing is left.
    [[nodiscard]] std::optional<double> seconds_left() const;

  private:
    std::uint64_t planned_;
    const Clock& clock_;
    MonotonicTime began_;
    std::uint64_t stored_ = 0;    ///< before this execution
    std::uint64_t finished_ = 0;  ///< in it
    std::uint64_t errors_ = 0;
    std::uint64_t retries_ = 0;
    std::uint64_t cached_ = 0;
    NanoUsd paid_ = 0;
    NanoUsd paid_for_judges_ = 0;
};

/// Shows how the runs of a command go, on stderr.
class Progress : public ExecutionObserver {
  public:
    /// The last unit is done, or given up: nothing more is shown.
    virtual void finish() = 0;
};

/// One line that is rewritten on a terminal, with a line below it for each provider; plain lines
/// now and then elsewhere; or events for machines, which docs/progress.md describes.
/// @param planned  units of all runs. @param clock  outlives what is returned.
[[nodiscard]] std::unique_ptr<Progress> make_progress(ProgressMode mode, std::uint64_t planned,
                                                      const Console& console, const Clock& clock);

}  // namespace assay
