#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <exception>

#include "core/base/random.hpp"
#include "runner/engine/cpu_pool.hpp"
#include "runner/engine/experiment.hpp"
#include "runner/engine/journal_writer.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds k_tick{100};

/// One unit before it is run.
struct PlannedUnit {
    std::shared_ptr<const DatasetItem> item;  // shared by the units of one item
    const BoundVariant* variant = nullptr;
    int repetition = 0;
};

/// The units of a plan in order, read as they are needed: item by item, and for each item every
/// repetition of every variant, so that a provider's drift meets all variants alike.
class UnitSource {
  public:
    UnitSource(const Experiment& experiment, std::unique_ptr<Dataset::Items> items)
        : experiment_(experiment), items_(std::move(items)) {}

    /// @error data_loss when the dataset changed since it was validated.
    Result<std::optional<PlannedUnit>> next() {
        if (!item_ || repetition_ == experiment_.spec.repetitions) {
            ASSAY_TRY(auto item, items_->next());
            if (!item) return std::nullopt;
            item_ = std::make_shared<const DatasetItem>(std::move(*item));
            variant_ = 0;
            repetition_ = 0;
        }
        PlannedUnit unit{item_, &experiment_.variants[variant_], repetition_};
        if (++variant_ == experiment_.variants.size()) {
            variant_ = 0;
            ++repetition_;
        }
        return unit;
    }

  private:
    const Experiment& experiment_;
    std::unique_ptr<Dataset::Items> items_;
    std::shared_ptr<const DatasetItem> item_;
    std::size_t variant_ = 0;
    int repetition_ = 0;
};

/// One execution: the event loop, the workers that take units from the source, and how it ends.
class Execution {
  public:
    Execution(const Experiment& experiment, RunRecord& run, std::unique_ptr<Dataset::Items> items,
              RunJournal& journal, const Clock& clock, const ExecuteOptions& options)
        : experiment_(experiment),
          run_(run),
          source_(experiment, std::move(items)),
          clock_(clock),
          options_(options),
          rng_(std::hash<std::string>{}(run.id.value())),
          signals_(loop_),
          ticker_(loop_),
          writer_(journal, loop_.get_executor(), [this](const UnitResult& unit) {
              if (options_.observer != nullptr) options_.observer->unit_finished(unit);
          }) {}

    void run();

  private:
    asio::awaitable<void> work();
    asio::awaitable<std::optional<UnitResult>> run_unit(PlannedUnit planned);
    asio::awaitable<bool> score(UnitResult& unit, Deadline deadline);
    asio::awaitable<void> finish();
    void start_workers();
    void worker_ended(std::exception_ptr failure);
    void watch_signals();
    void tick();
    void stop(RunState state, std::string reason);
    void stop_if_broken(const UnitResult& unit);
    void stop_at_once();

    const Experiment& experiment_;
    RunRecord& run_;
    UnitSource source_;
    const Clock& clock_;
    const ExecuteOptions& options_;
    Rng rng_;
    CpuPool cpu_;

    asio::io_context loop_{1};
    asio::signal_set signals_;
    asio::steady_timer ticker_;
    std::vector<asio::cancellation_signal> cancellations_;  // one a worker
    JournalWriter writer_;
    std::size_t workers_ = 0;
    std::size_t in_flight_ = 0;
    bool stopping_ = false;
    bool ended_ = false;  ///< nothing is left to watch
};

/// Everything the evaluators say about one output, with an observation each.
struct Scoring {
    std::vector<Evaluation> evaluations;
    std::vector<Observation> observations;
    std::vector<std::optional<EvaluationRequest>> requests;  ///< what is still to be asked
};

Observation observe(const Evaluation& evaluation, const EvaluatorDefinition& definition, Time start,
                    std::chrono::nanoseconds duration) {
    Observation observation{.name = "evaluator:" + evaluation.evaluator,
                            .type = ObservationType::evaluator,
                            .start = start,
                            .duration = duration};
    observation.metadata = {{"type", definition.id}, {"version", definition.version}};
    if (evaluation.status == EvaluationStatus::error) {
        observation.level = ObservationLevel::error;
        observation.status_message = evaluation.message;
    }
    for (const Score& score : evaluation.scores) {
        observation.output[score.name] = to_json(score.value);
    }
    return observation;
}

/// All that can be computed: the evaluations, and for evaluators that wait what they are asked.
Scoring score_unit(const std::vector<BoundEvaluator>& evaluators, const UnitResult& unit,
                   const Clock& clock) {
    Scoring scoring;
    for (const BoundEvaluator& evaluator : evaluators) {
        const Time start = clock.now();
        const MonotonicTime began = clock.monotonic();
        BoundEvaluator::Prepared prepared;
        if (evaluator.waits()) {
            prepared = evaluator.prepare(unit);
        } else {
            prepared.evaluation = evaluator.evaluate(unit);
        }
        scoring.observations.push_back(
            observe(prepared.evaluation, evaluator.definition(), start, clock.monotonic() - began));
        scoring.evaluations.push_back(std::move(prepared.evaluation));
        scoring.requests.push_back(std::move(prepared.request));
    }
    return scoring;
}

UnitResult result_of(const PlannedUnit& planned, const RunRecord& run, std::uint64_t seed) {
    UnitResult unit;
    unit.key = unit_key(*planned.item, *planned.variant, planned.repetition, seed);
    unit.trace_id = derive_trace_id(run.id, unit.key);
    unit.variant = planned.variant->name;
    unit.repetition = planned.repetition;
    unit.item = *planned.item;
    unit.item.row = nullptr;
    return unit;
}

void take_outcome(UnitResult& unit, TaskOutcome& outcome) {
    unit.output = std::move(outcome.output);
    unit.error = std::move(outcome.error);
    unit.observations = std::move(outcome.observations);
    unit.latency = outcome.latency;
    unit.usage = std::move(outcome.usage);
    unit.cost = outcome.cost;
    unit.calls = outcome.calls;
    unit.retries = outcome.retries;
    unit.log = std::move(outcome.log);
}

asio::awaitable<std::optional<UnitResult>> Execution::run_unit(PlannedUnit planned) {
    UnitResult unit = result_of(planned, run_, experiment_.spec.execution.seed);
    unit.started = clock_.now();
    const Deadline deadline{clock_.monotonic() + experiment_.spec.execution.unit_deadline};
    const UnitContext context{.item = *planned.item,
                              .variant = planned.variant->name,
                              .repetition = planned.repetition,
                              .deadline = deadline,
                              .clock = clock_,
                              .rng = rng_,
                              .retry_delay = options_.retry_delay};
    TaskOutcome outcome = co_await planned.variant->task->run(context);
    if (outcome.cancelled) co_return std::nullopt;
    take_outcome(unit, outcome);
    if (!unit.error.empty()) {
        unit.status = UnitStatus::failed;
        unit.output = nullptr;
        co_return unit;
    }
    const bool ended = co_await score(unit, deadline);
    if (!ended) co_return std::nullopt;
    co_return unit;
}

/// False when it was cancelled.
asio::awaitable<bool> Execution::score(UnitResult& unit, Deadline deadline) {
    Scoring scoring = co_await cpu_.run(
        [this, &unit] { return score_unit(experiment_.evaluators, unit, clock_); });
    for (std::size_t i = 0; i < scoring.requests.size(); ++i) {
        if (!scoring.requests[i]) continue;
        const BoundEvaluator& evaluator = experiment_.evaluators[i];
        const Time start = clock_.now();
        const MonotonicTime began = clock_.monotonic();
        auto awaited = co_await evaluator.evaluate_async(std::move(*scoring.requests[i]), deadline);
        if (awaited.cancelled) co_return false;
        scoring.observations[i] =
            observe(awaited.evaluation, evaluator.definition(), start, clock_.monotonic() - began);
        scoring.evaluations[i] = std::move(awaited.evaluation);
        unit.log += awaited.log;
    }
    unit.evaluations = std::move(scoring.evaluations);
    std::ranges::move(scoring.observations, std::back_inserter(unit.observations));
    unit.status = status_from(unit.evaluations);
    co_return true;
}

asio::awaitable<void> Execution::work() {
    while (!stopping_) {
        auto planned = source_.next();
        if (!planned) {
            stop(RunState::incomplete, planned.error().message);
            break;
        }
        if (!*planned) break;
        ++in_flight_;
        auto unit = co_await run_unit(std::move(**planned));
        --in_flight_;
        if (!unit) break;  // cancelled: it has no final state
        if (options_.fail_fast) stop_if_broken(*unit);
        const auto queued = co_await writer_.append(std::move(*unit));
        if (!queued) {
            stop(RunState::incomplete, queued.error().message);
            break;
        }
    }
}

asio::awaitable<void> Execution::finish() {
    for (const auto& provider : experiment_.providers) provider->close();
    for (const BoundEvaluator& evaluator : experiment_.evaluators) evaluator.close();
    const auto flushed = co_await writer_.flush();
    if (!flushed) stop(RunState::incomplete, flushed.error().message);
    // A handler that is queued already is not cancelled any more; it must not arm itself again.
    ended_ = true;
    signals_.cancel();
    ticker_.cancel();
}

void Execution::worker_ended(std::exception_ptr failure) {
    if (failure) {
        // Third-party code threw; the rest of the run is stored and can be looked at.
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& error) {
            stop(RunState::incomplete, std::string("internal error: ") + error.what());
        }
    }
    if (--workers_ > 0) return;
    asio::co_spawn(loop_, finish(), [this](std::exception_ptr broken) {
        if (broken) loop_.stop();
    });
}

void Execution::start_workers() {
    workers_ = static_cast<std::size_t>(experiment_.spec.execution.concurrency);
    cancellations_ = std::vector<asio::cancellation_signal>(workers_);
    for (asio::cancellation_signal& cancellation : cancellations_) {
        asio::co_spawn(
            loop_, work(),
            asio::bind_cancellation_slot(cancellation.slot(), [this](std::exception_ptr failure) {
                worker_ended(failure);
            }));
    }
}

void Execution::watch_signals() {
    signals_.async_wait([this](const boost::system::error_code& error, int /*signal*/) {
        if (error || ended_) return;
        const bool at_once = stopping_ && run_.state == RunState::interrupted;
        stop(RunState::interrupted, "stopped by the user");
        if (options_.observer != nullptr) options_.observer->stopping(in_flight_, at_once);
        if (at_once) stop_at_once();
        watch_signals();
    });
}

void Execution::tick() {
    ticker_.expires_after(k_tick);
    ticker_.async_wait([this](const boost::system::error_code& error) {
        if (error || ended_) return;
        if (options_.observer != nullptr) options_.observer->tick(in_flight_);
        tick();
    });
}

/// No unit is started any more; those in flight end as they would.
void Execution::stop(RunState state, std::string reason) {
    stopping_ = true;
    if (run_.state != RunState::running) return;  // the first cause counts
    run_.state = state;
    run_.reason = std::move(reason);
}

void Execution::stop_if_broken(const UnitResult& unit) {
    const auto has_false_check = [&](const BoundEvaluator& evaluator) {
        const auto said =
            std::ranges::find(unit.evaluations, evaluator.name(), &Evaluation::evaluator);
        if (!evaluator.is_check() || said == unit.evaluations.end()) return false;
        return std::ranges::any_of(
            said->scores, [](const Score& score) { return score.value == ScoreValue(false); });
    };
    const bool broken = unit.status != UnitStatus::scored ||
                        std::ranges::any_of(experiment_.evaluators, has_false_check);
    if (!broken) return;
    stop(
        RunState::incomplete,
        fmt::format("--fail-fast: item {} of variant \"{}\" {}", unit.item.id.value(), unit.variant,
                    unit.status == UnitStatus::scored ? "failed a check" : to_string(unit.status)));
}

void Execution::stop_at_once() {
    for (asio::cancellation_signal& cancellation : cancellations_) {
        cancellation.emit(asio::cancellation_type::terminal);
    }
}

void Execution::run() {
    if (options_.handle_signals) {
        signals_.add(SIGINT);
        signals_.add(SIGTERM);
        watch_signals();
    }
    tick();
    start_workers();
    loop_.run();
    if (run_.state == RunState::running) run_.state = RunState::finished;
}

}  // namespace

Result<RunRecord> execute(const Experiment& experiment, Plan plan, RunJournal& journal,
                          const Clock& clock, const ExecuteOptions& options) {
    RunRecord run = std::move(plan.run);
    ASSAY_TRY(std::unique_ptr<Dataset::Items> items, plan.dataset.items());
    ASSAY_CHECK(journal.begin(run));
    {
        Execution execution(experiment, run, std::move(items), journal, clock, options);
        execution.run();
    }
    run.finished = clock.now();
    const auto finished = journal.finish(run);
    if (!finished && run.state != RunState::incomplete) {
        run.state = RunState::incomplete;
        run.reason = finished.error().message;
    }
    return run;
}

}  // namespace assay
