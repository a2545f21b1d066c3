#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <vector>

#include "judges/calls/budget.hpp"
#include "judges/calls/caller.hpp"
#include "runner/engine/cpu_pool.hpp"
#include "runner/engine/early_stop.hpp"
#include "runner/engine/experiment.hpp"
#include "runner/engine/journal_writer.hpp"
#include "runner/engine/models_seen.hpp"
#include "runner/engine/unit_source.hpp"

namespace assay {

/// What the runs of one command share while they are executed.
struct SharedParts {
    boost::asio::io_context& loop;
    CpuPool& cpu;
    CallLimiter& limiter;
    JournalWriter& writer;
    const Clock& clock;
    const ExecuteOptions& options;
};

/// One run on its way: the workers that take units from its source, and how it ends. Lives on the
/// I/O thread.
class RunExecution {
  public:
    /// @param job      outlives the execution; its plan's record says in the end how the run ended.
    /// @param state    what an earlier execution of the run left behind.
    RunExecution(const SharedParts& parts, ExecutionJob& job, std::unique_ptr<Dataset::Items> items,
                 JournalState state);
    RunExecution(const RunExecution&) = delete;
    RunExecution& operator=(const RunExecution&) = delete;

    /// Starts the workers; `on_ended` is called once, when the last one is done and everything
    /// that the run holds is closed.
    void start(std::function<void()> on_ended);
    /// No unit is started any more; those in flight end as they would. The first cause counts.
    void stop(RunState state, std::string reason);
    /// Gives up the units in flight as well.
    void cancel();
    /// Writes into the record what only now is known. Call it when everything is committed.
    void conclude();

    [[nodiscard]] const RunId& id() const { return run_.id; }
    [[nodiscard]] std::size_t in_flight() const { return in_flight_; }

  private:
    boost::asio::awaitable<void> work();
    boost::asio::awaitable<std::optional<UnitResult>> run_unit(PlannedUnit planned);
    boost::asio::awaitable<Result<void>> store(UnitResult unit);
    void worker_ended(std::exception_ptr failure);
    void stop_if_broken(const UnitResult& unit);
    void stop_if_decided(const UnitResult& unit);

    SharedParts parts_;
    const Experiment& experiment_;
    RunRecord& run_;
    UnitSource source_;
    Spending journaled_;  ///< by units that are stored
    Budget budget_;
    Rng rng_;
    Caller caller_;
    std::optional<EarlyStop> early_stop_;
    ModelsSeen models_;
    std::vector<boost::asio::cancellation_signal> cancellations_;  // one a worker
    std::function<void()> on_ended_;
    std::size_t workers_ = 0;
    std::size_t in_flight_ = 0;
    std::uint64_t started_ = 0;  ///< units
    std::uint64_t stored_ = 0;   ///< of them
    bool stopping_ = false;
};

}  // namespace assay
