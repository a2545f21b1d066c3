#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <list>
#include <vector>

#include "judges/calls/budget.hpp"
#include "judges/calls/caller.hpp"
#include "runner/engine/cpu_pool.hpp"
#include "runner/engine/early_stop.hpp"
#include "runner/engine/experiment.hpp"
#include "runner/engine/journal_writer.hpp"
#include "runner/engine/models_seen.hpp"
#include "runner/engine/other_outputs.hpp"
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
    /// A coroutine of the run: a worker, or one that judges canaries.
    struct Strand {
        boost::asio::cancellation_signal cancellation;
        bool is_free = true;
    };
    void spawn(boost::asio::awaitable<void> work);
    void spawn_worker();
    void unit_waits(bool waits);
    [[nodiscard]] std::size_t places() const;
    boost::asio::awaitable<void> work();
    boost::asio::awaitable<void> judge_canaries(const BoundEvaluator& evaluator);
    boost::asio::awaitable<std::optional<UnitResult>> run_unit(PlannedUnit planned);
    [[nodiscard]] EvaluationContext context_until(Deadline deadline);
    boost::asio::awaitable<Result<void>> store(UnitResult unit);
    void strand_ended(std::exception_ptr failure);
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
    UnitRendezvous rendezvous_;
    std::optional<EarlyStop> early_stop_;
    ModelsSeen models_;
    std::list<Strand> strands_;
    std::function<void()> on_ended_;
    std::size_t running_ = 0;  ///< strands
    std::size_t workers_ = 0;  ///< that have not ended their work
    std::size_t waiting_ = 0;  ///< units, for others
    std::size_t in_flight_ = 0;
    std::uint64_t started_ = 0;  ///< units
    std::uint64_t stored_ = 0;   ///< of them
    bool stopping_ = false;
    bool failed_fast_ = false;  ///< that is the cause of the stop
};

}  // namespace assay
