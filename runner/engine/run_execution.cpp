#include "runner/engine/run_execution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>

#include "runner/engine/scoring.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;

/// Of a row only the task needs more than the item; it can be large, so it is not copied.
DatasetItem without_row(const DatasetItem& item) {
    return {.id = item.id,
            .input = item.input,
            .expected_output = item.expected_output,
            .metadata = item.metadata,
            .cluster = item.cluster,
            .row = nullptr,
            .content_hash = item.content_hash,
            .position = item.position,
            .line = item.line};
}

UnitResult result_of(const PlannedUnit& planned, const RunRecord& run) {
    UnitResult unit;
    unit.key = planned.key;
    unit.trace_id = derive_trace_id(run.id, planned.item->position, unit.key);
    unit.variant = planned.variant->name;
    unit.repetition = planned.repetition;
    unit.item = without_row(*planned.item);
    return unit;
}

void take_outcome(UnitResult& unit, TaskOutcome& outcome) {
    unit.output = std::move(outcome.output);
    unit.error = std::move(outcome.error);
    unit.observations = std::move(outcome.observations);
    unit.latency = outcome.latency;
    unit.usage = std::move(outcome.usage);
    unit.cost = outcome.cost;
    unit.paid = outcome.paid;
    unit.calls = outcome.calls;
    unit.retries = outcome.retries;
    unit.cached = outcome.cached;
    unit.time_to_first_token = outcome.time_to_first_token;
    unit.log = std::move(outcome.log);
}

/// Counts as one while it lives, however that ends.
class Counted {
  public:
    explicit Counted(std::size_t& count) : count_(count) { ++count_; }
    ~Counted() { --count_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

  private:
    std::size_t& count_;
};

void forget_early_stop(RunRecord& run) {
    run.manifest.erase(RunRecord::k_stopped_early);
    run.reason.clear();
}

Spending already_spent(const RunRecord& run, const JournalState& state) {
    Spending spent = state.spent;
    spent += run.dropped;
    return spent;
}

}  // namespace

RunExecution::RunExecution(const SharedParts& parts, ExecutionJob& job,
                           std::unique_ptr<Dataset::Items> items, JournalState state)
    : parts_(parts),
      experiment_(*job.experiment),
      run_(job.plan.run),
      source_(experiment_, std::move(items), run_.shard, std::move(state.units)),
      journaled_(state.spent),
      budget_(experiment_.spec.execution.budget, already_spent(run_, state),
              parts.clock.monotonic()),
      rng_(std::hash<std::string>{}(run_.id.value())),
      caller_(
          {.limiter = &parts.limiter,
           .cache = job.cache,
           .cache_mode = job.cache == nullptr ? CacheMode::off : experiment_.spec.execution.cache,
           .budget = &budget_,
           .clock = &parts.clock,
           .rng = &rng_,
           .retry_delay = parts.options.retry_delay}),
      rendezvous_(compared_variants(experiment_.evaluators),
                  {.run = &run_, .stored = job.outputs, .on_wait = [this](bool waits) {
                       unit_waits(waits);
                   }}) {
    // A shard sees a part of the items, and what is merged is decided as a whole.
    if (run_.report_plan.stop && !run_.shard) early_stop_.emplace(run_);
    for (const ModelAnswered& answered : state.models) models_.add(answered);
}

asio::awaitable<std::optional<UnitResult>> RunExecution::run_unit(PlannedUnit planned) {
    const Counted in_flight(in_flight_);
    UnitRendezvous::Stay stay(rendezvous_, planned.variant->name, planned.item->position,
                              planned.repetition);
    UnitResult unit = result_of(planned, run_);
    unit.started = parts_.clock.now();
    const Deadline deadline{parts_.clock.monotonic() + experiment_.spec.execution.unit_deadline};
    const UnitContext context{.item = *planned.item,
                              .variant = planned.variant->name,
                              .repetition = planned.repetition,
                              .deadline = deadline,
                              .clock = parts_.clock,
                              .caller = caller_};
    TaskOutcome outcome = co_await planned.variant->task->run(context);
    if (outcome.over_budget) stop(RunState::incomplete, outcome.error);
    if (outcome.cancelled || outcome.over_budget) co_return std::nullopt;
    take_outcome(unit, outcome);
    if (!unit.error.empty()) {
        unit.status = UnitStatus::failed;
        unit.output = nullptr;
    }
    stay.publish(unit.output);
    if (unit.status == UnitStatus::failed) co_return unit;
    const ScoringParts parts{.evaluators = experiment_.evaluators,
                             .order = experiment_.order,
                             .cpu = parts_.cpu,
                             .context = context_until(deadline)};
    const bool ended = co_await score_unit(unit, parts);
    if (!ended) co_return std::nullopt;
    if (was_over_budget(unit)) {
        stop(RunState::incomplete, budget_.refusal());
        co_return std::nullopt;
    }
    co_return unit;
}

EvaluationContext RunExecution::context_until(Deadline deadline) {
    return {
        .deadline = deadline, .clock = &parts_.clock, .caller = &caller_, .others = &rendezvous_};
}

/// Canaries are judged once a run; what became of them goes into the manifest.
asio::awaitable<void> RunExecution::judge_canaries(const BoundEvaluator& evaluator) {
    co_await asio::this_coro::throw_if_cancelled(false);
    const Deadline deadline{parts_.clock.monotonic() + experiment_.spec.execution.unit_deadline};
    auto judged = co_await evaluator.waiting()->judge_canaries(context_until(deadline));
    if (judged && judged->is_null()) co_return;
    if (!judged && judged.error().code == ErrorCode::cancelled) co_return;
    Json& entry = run_.manifest[RunRecord::k_canaries][evaluator.name()];
    entry = judged ? std::move(*judged) : Json{{"error", judged.error().message}};
}

asio::awaitable<Result<void>> RunExecution::store(UnitResult unit) {
    if (parts_.options.fail_fast) stop_if_broken(unit);
    ASSAY_CO_TRY(const UnitResult stored, co_await parts_.writer.append(run_.id, std::move(unit)));
    ++stored_;
    journaled_ += spending_of(stored);
    models_.add(stored);
    stop_if_decided(stored);
    if (parts_.options.observer != nullptr) parts_.options.observer->unit_finished(run_, stored);
    co_return Result<void>{};
}

asio::awaitable<void> RunExecution::work() {
    // A cancellation is what each wait says. Thrown out of the next co_await instead, a unit would
    // go away before the steps and evaluators that it has running.
    co_await asio::this_coro::throw_if_cancelled(false);
    bool is_needed = true;
    while (is_needed && !stopping_) {
        auto planned = source_.next();
        if (!planned) {
            stop(RunState::incomplete, planned.error().message);
            break;
        }
        if (!*planned) break;
        ++started_;
        if (early_stop_) early_stop_->begin(**planned);
        auto unit = co_await run_unit(std::move(**planned));
        if (!unit) break;  // given up: it has no final state
        const auto stored = co_await store(std::move(*unit));
        if (!stored) {
            stop(RunState::incomplete, stored.error().message);
            break;
        }
        is_needed = workers_ <= places();
    }
    --workers_;
}

void RunExecution::strand_ended(std::exception_ptr failure) {
    if (failure) {
        // Third-party code threw; the rest of the run is stored and can be looked at.
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& error) {
            stop(RunState::incomplete, std::string("internal error: ") + error.what());
        } catch (...) {
            stop(RunState::incomplete, "internal error");
        }
    }
    if (--running_ > 0) return;
    for (const auto& provider : experiment_.providers) provider->close();
    for (const BoundEvaluator& evaluator : experiment_.evaluators) evaluator.close();
    on_ended_();
}

void RunExecution::spawn(asio::awaitable<void> work) {
    auto strand = std::ranges::find(strands_, true, &Strand::is_free);
    if (strand == strands_.end()) strand = strands_.emplace(strands_.end());
    strand->is_free = false;
    ++running_;
    const auto on_end = [this, strand](std::exception_ptr failure) {
        strand->is_free = true;
        strand_ended(failure);
    };
    asio::co_spawn(parts_.loop, std::move(work),
                   asio::bind_cancellation_slot(strand->cancellation.slot(), on_end));
}

void RunExecution::spawn_worker() {
    ++workers_;
    spawn(work());
}

/// A unit that waits for another one does nothing, so one more may be under way.
std::size_t RunExecution::places() const {
    return static_cast<std::size_t>(experiment_.spec.execution.concurrency) + waiting_;
}

void RunExecution::unit_waits(bool waits) {
    if (!waits) {
        --waiting_;
        return;
    }
    ++waiting_;
    if (!stopping_ && workers_ < places()) spawn_worker();
}

void RunExecution::start(std::function<void()> on_ended) {
    on_ended_ = std::move(on_ended);
    while (workers_ < places()) spawn_worker();
    const Json judged = run_.manifest.value(RunRecord::k_canaries, Json::object());
    for (const BoundEvaluator& evaluator : experiment_.evaluators) {
        const bool may_have = evaluator.waiting() != nullptr && !judged.contains(evaluator.name());
        if (may_have) spawn(judge_canaries(evaluator));
    }
}

void RunExecution::stop(RunState state, std::string reason) {
    stopping_ = true;
    rendezvous_.close();
    if (run_.state != RunState::running) return;
    run_.state = state;
    run_.reason = std::move(reason);
}

void RunExecution::cancel() {
    for (Strand& strand : strands_) {
        if (!strand.is_free) strand.cancellation.emit(asio::cancellation_type::terminal);
    }
}

void RunExecution::conclude() {
    if (run_.stopped_early()) {
        const auto next = source_.next();
        if (next && !*next) forget_early_stop(run_);  // it came with the last unit
    }
    if ((run_.state == RunState::interrupted || failed_fast_) && stored_ == started_) {
        // The last units were in flight: the stop left nothing out.
        const auto next = source_.next();
        if (next && !*next) run_.state = RunState::running;
    }
    if (run_.state == RunState::running) {
        run_.state = RunState::finished;
        run_.reason.clear();
    }
    models_.complete(experiment_.spec, run_.manifest);
    const Spending& all = budget_.settled();
    run_.dropped = {.cost = all.cost - journaled_.cost,
                    .tokens = all.tokens - journaled_.tokens,
                    .calls = all.calls - journaled_.calls};
    run_.finished = parts_.clock.now();
}

void RunExecution::stop_if_decided(const UnitResult& unit) {
    if (!early_stop_) return;
    early_stop_->end(unit);
    if (!early_stop_->is_decided() || run_.state != RunState::running) return;
    const std::string& score = run_.report_plan.stop->score;
    run_.manifest[RunRecord::k_stopped_early] = {{"score", score}, {"items", early_stop_->items()}};
    stop(RunState::finished,
         fmt::format("stopped early: the gates on {} are decided after {} items", score,
                     early_stop_->items()));
}

void RunExecution::stop_if_broken(const UnitResult& unit) {
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
    failed_fast_ = failed_fast_ || run_.state == RunState::running;
    stop(
        RunState::incomplete,
        fmt::format("--fail-fast: item {} of variant \"{}\" {}", unit.item.id.value(), unit.variant,
                    unit.status == UnitStatus::scored ? "failed a check" : to_string(unit.status)));
}

}  // namespace assay
