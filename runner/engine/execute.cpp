#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>

#include "runner/engine/experiment.hpp"
#include "runner/engine/run_execution.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds k_tick{100};

/// The limits that all runs keep to: where two specs limit one provider, the smaller number holds.
CallLimiter::Options limits_of(const std::vector<ExecutionJob>& jobs) {
    CallLimiter::Options options{.concurrency = 0};
    const auto tighten = [](auto& limit, const auto& other) {
        if (!limit || (other && *other < *limit)) limit = other;
    };
    for (const ExecutionJob& job : jobs) {
        const ExecutionSpec& execution = job.experiment->spec.execution;
        options.concurrency += execution.concurrency;
        for (const auto& [name, wanted] : execution.rate_limits) {
            const auto [known, fresh] = options.rate_limits.emplace(name, wanted);
            if (fresh) continue;
            RateLimitSpec& limit = known->second;
            tighten(limit.rpm, wanted.rpm);
            tighten(limit.tpm, wanted.tpm);
            tighten(limit.concurrency_start, wanted.concurrency_start);
            tighten(limit.concurrency_min, wanted.concurrency_min);
            tighten(limit.concurrency_max, wanted.concurrency_max);
        }
    }
    return options;
}

/// The runs of one command on one event loop.
class Execution {
  public:
    Execution(std::vector<ExecutionJob>& jobs, RunJournal& journal, const Clock& clock,
              const ExecuteOptions& options)
        : jobs_(jobs),
          options_(options),
          limiter_(limits_of(jobs), clock),
          signals_(loop_),
          ticker_(loop_),
          writer_(journal, loop_.get_executor()),
          parts_{loop_, cpu_, limiter_, writer_, clock, options} {}

    /// @error when a dataset cannot be read or the journal could not even begin.
    Result<void> open(RunJournal& journal);
    void run();

  private:
    void run_ended();
    void give_up(const std::string& reason, RunJournal& journal);
    void watch_signals();
    void tick();
    void stop_all(RunState state, const std::string& reason);
    [[nodiscard]] std::size_t in_flight() const;

    std::vector<ExecutionJob>& jobs_;
    const ExecuteOptions& options_;
    CpuPool cpu_;
    CallLimiter limiter_;  // outlives the loop, whose coroutines hold its slots
    asio::io_context loop_{1};
    asio::signal_set signals_;
    asio::steady_timer ticker_;
    JournalWriter writer_;
    SharedParts parts_;
    std::vector<std::unique_ptr<RunExecution>> runs_;
    std::size_t running_ = 0;
    bool interrupted_ = false;
    bool ended_ = false;  ///< nothing is left to watch
};

/// What an earlier execution left behind; of a new run nothing.
Result<JournalState> open_run(const RunRecord& run, RunJournal& journal) {
    if (run.resumed) return journal.resume(run);
    ASSAY_CHECK(journal.begin(run));
    return JournalState{};
}

/// Closes the runs that were opened before one could not be.
void Execution::give_up(const std::string& reason, RunJournal& journal) {
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        runs_[i]->stop(RunState::incomplete, "another run of the command did not begin: " + reason);
        runs_[i]->conclude();
        (void)journal.finish(jobs_[i].plan.run);  // the other failure is the one to report
    }
}

Result<void> Execution::open(RunJournal& journal) {
    for (ExecutionJob& job : jobs_) {
        ASSAY_TRY(std::unique_ptr<Dataset::Items> items, job.plan.dataset.items());
        auto state = open_run(job.plan.run, journal);
        if (!state) {
            give_up(state.error().message, journal);
            return std::unexpected(std::move(state.error()));
        }
        if (options_.observer != nullptr) {
            options_.observer->units_stored(job.plan.run, state->units.size());
        }
        runs_.push_back(
            std::make_unique<RunExecution>(parts_, job, std::move(items), std::move(*state)));
    }
    return {};
}

void Execution::run_ended() {
    if (--running_ > 0) return;
    // A handler that is queued already is not cancelled any more; it must not arm itself again.
    ended_ = true;
    signals_.cancel();
    ticker_.cancel();
}

void Execution::stop_all(RunState state, const std::string& reason) {
    for (const auto& run : runs_) run->stop(state, reason);
}

std::size_t Execution::in_flight() const {
    std::size_t units = 0;
    for (const auto& run : runs_) units += run->in_flight();
    return units;
}

void Execution::watch_signals() {
    signals_.async_wait([this](const boost::system::error_code& error, int /*signal*/) {
        if (error || ended_) return;
        const bool at_once = interrupted_;
        interrupted_ = true;
        stop_all(RunState::interrupted, "stopped by the user");
        if (options_.observer != nullptr) options_.observer->stopping(in_flight(), at_once);
        if (at_once) {
            for (const auto& run : runs_) run->cancel();
        }
        watch_signals();
    });
}

void Execution::tick() {
    ticker_.expires_after(k_tick);
    ticker_.async_wait([this](const boost::system::error_code& error) {
        if (error || ended_) return;
        if (options_.observer != nullptr) {
            options_.observer->tick({.units_in_flight = in_flight(), .lanes = limiter_.lanes()});
        }
        tick();
    });
}

void Execution::run() {
    if (options_.handle_signals) {
        signals_.add(SIGINT);
        signals_.add(SIGTERM);
        watch_signals();
    }
    tick();
    running_ = runs_.size();
    for (const auto& run : runs_) run->start([this] { run_ended(); });
    loop_.run();
    for (const auto& run : runs_) run->conclude();
}

}  // namespace

Result<std::vector<RunRecord>> execute(std::vector<ExecutionJob> jobs, RunJournal& journal,
                                       const Clock& clock, const ExecuteOptions& options) {
    {
        Execution execution(jobs, journal, clock, options);
        ASSAY_CHECK(execution.open(journal));
        execution.run();
    }
    std::vector<RunRecord> runs;
    for (ExecutionJob& job : jobs) {
        RunRecord& run = job.plan.run;
        const auto finished = journal.finish(run);
        if (!finished && run.state != RunState::incomplete) {
            run.state = RunState::incomplete;
            run.reason = finished.error().message;
        }
        runs.push_back(std::move(run));
    }
    return runs;
}

Result<RunRecord> execute(const Experiment& experiment, Plan plan, RunJournal& journal,
                          const Clock& clock, const ExecuteOptions& options) {
    std::vector<ExecutionJob> jobs;
    jobs.push_back({.experiment = &experiment, .plan = std::move(plan)});
    ASSAY_TRY(std::vector<RunRecord> runs, execute(std::move(jobs), journal, clock, options));
    return std::move(runs.front());
}

}  // namespace assay
