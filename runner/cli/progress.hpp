#pragma once

#include <cstdint>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/money.hpp"
#include "runner/cli/arguments.hpp"
#include "runner/cli/console.hpp"
#include "runner/engine/experiment.hpp"

namespace assay {

/// Shows how a run goes, on stderr: one line that is rewritten on a terminal, plain lines now and
/// then elsewhere.
class Progress final : public ExecutionObserver {
  public:
    Progress(std::uint64_t planned, ProgressMode mode, const Console& console, const Clock& clock);

    void unit_finished(const UnitResult& unit) override;
    void stopping(std::size_t units_in_flight, bool at_once) override;
    void tick(std::size_t units_in_flight) override;
    /// Ends the line that was being rewritten.
    void finish();

  private:
    [[nodiscard]] std::string line(std::size_t units_in_flight) const;
    void show(std::size_t units_in_flight);

    std::uint64_t planned_;
    std::uint64_t done_ = 0;
    std::uint64_t errors_ = 0;
    NanoUsd cost_ = 0;
    bool shown_;
    bool live_;
    std::size_t columns_;
    const Clock& clock_;
    MonotonicTime began_;
    MonotonicTime next_plain_line_;
    bool line_open_ = false;
};

}  // namespace assay
