#include "runner/engine/rescore.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <deque>
#include <exception>
#include <set>

#include "core/base/random.hpp"
#include "judges/calls/budget.hpp"
#include "judges/calls/caller.hpp"
#include "runner/engine/cpu_pool.hpp"
#include "runner/engine/other_outputs.hpp"
#include "runner/engine/scoring.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds k_tick{100};

/// The evaluators whose stored evaluations are still what they would say.
std::set<std::string> unchanged_evaluators(const Experiment& experiment, const Json& manifest) {
    std::set<std::string> unchanged;
    for (const BoundEvaluator& evaluator : experiment.evaluators) {
        for (const Json& stored : manifest.value("evaluators", Json::array())) {
            const bool same = stored.value("name", "") == evaluator.name() &&
                              stored.value("hash", "") == evaluator.hash();
            if (same) unchanged.insert(evaluator.name());
        }
    }
    return unchanged;
}

/// The store gives units to a function and evaluators are waited for in coroutines, so the event
/// loop runs in between, with so many units under way as the spec allows.
class Rescorer {
  public:
    Rescorer(const Experiment& experiment, const RunRecord& run, const UnitVisitor& changed,
             const RescoreParts& parts)
        : experiment_(experiment),
          unchanged_(unchanged_evaluators(experiment, run.manifest)),
          run_(run),
          changed_(changed),
          observer_(parts.observer),
          clock_(parts.clock),
          next_tick_(parts.clock.monotonic() + k_tick),
          limiter_({.rate_limits = experiment.spec.execution.rate_limits,
                    .concurrency = experiment.spec.execution.concurrency},
                   parts.clock),
          budget_(experiment.spec.execution.budget, {}, parts.clock.monotonic()),
          rng_(std::hash<std::string>{}(run.id.value())),
          caller_(caller_parts(parts)),
          others_(compared_variants(experiment.evaluators),
                  {.run = &run, .stored = parts.outputs}) {
        for (const BoundEvaluator& evaluator : experiment.evaluators) {
            const bool asks = parts.canaries && evaluator.waiting() != nullptr &&
                              !unchanged_.contains(evaluator.name());
            if (asks) spawn(judge_canaries(evaluator));
        }
    }
    Rescorer(const Rescorer&) = delete;
    Rescorer& operator=(const Rescorer&) = delete;
    /// Also after an error: workers may be computing on units that are under way.
    ~Rescorer() {
        run_loop_until(0);
        for (const BoundEvaluator& evaluator : experiment_.evaluators) evaluator.close();
        for (const auto& provider : experiment_.providers) provider->close();
        loop_.restart();
        loop_.run();
    }

    Result<void> add(const UnitResult& stored) {
        if (stored.status == UnitStatus::failed || stored.status == UnitStatus::skipped) return {};
        ++counts_.units;
        UnitResult unit = stored;
        if (!strip(unit)) return {};
        spawn(score(std::move(unit)));
        return run_until(static_cast<std::size_t>(experiment_.spec.execution.concurrency) - 1);
    }

    Result<RescoreCounts> finish() {
        ASSAY_CHECK(run_until(0));
        counts_.spent = budget_.settled();
        return std::move(counts_);
    }

  private:
    Caller::Parts caller_parts(const RescoreParts& parts) {
        const bool caches = parts.cache != nullptr;
        return {.limiter = &limiter_,
                .cache = parts.cache,
                .cache_mode = caches ? experiment_.spec.execution.cache : CacheMode::off,
                .budget = &budget_,
                .clock = &clock_,
                .rng = &rng_};
    }

    void spawn(asio::awaitable<void> work) {
        ++in_flight_;
        asio::co_spawn(loop_, std::move(work), [this](std::exception_ptr failure) {
            --in_flight_;
            if (failure && !failure_) failure_ = failure;
        });
    }

    /// Takes away what has to be made again or is no longer wanted. False when that is nothing.
    bool strip(UnitResult& unit) {
        const std::size_t before = unit.evaluations.size();
        std::erase_if(unit.evaluations, [this](const Evaluation& evaluation) {
            return evaluation.status == EvaluationStatus::error ||
                   !unchanged_.contains(evaluation.evaluator);
        });
        std::erase_if(unit.observations, [&unit](const Observation& observation) {
            constexpr std::string_view k_prefix = "evaluator:";
            if (observation.type != ObservationType::evaluator) return false;
            const std::string name = observation.name.substr(k_prefix.size());
            return std::ranges::find(unit.evaluations, name, &Evaluation::evaluator) ==
                   unit.evaluations.end();
        });
        const std::size_t kept = unit.evaluations.size();
        counts_.kept += kept;
        counts_.made += experiment_.evaluators.size() - kept;
        return kept != before || kept != experiment_.evaluators.size();
    }

    [[nodiscard]] EvaluationContext context() {
        return {.deadline = {clock_.monotonic() + experiment_.spec.execution.unit_deadline},
                .clock = &clock_,
                .caller = &caller_,
                .others = &others_};
    }

    asio::awaitable<void> score(UnitResult unit) {
        const ScoringParts parts{.evaluators = experiment_.evaluators,
                                 .order = experiment_.order,
                                 .cpu = cpu_,
                                 .context = context()};
        const bool ended = co_await score_unit(unit, parts);
        over_budget_ = over_budget_ || was_over_budget(unit);
        if (ended) finished_.push_back(std::move(unit));
    }

    asio::awaitable<void> judge_canaries(const BoundEvaluator& evaluator) {
        auto judged = co_await evaluator.waiting()->judge_canaries(context());
        if (judged && judged->is_null()) co_return;
        counts_.canaries[evaluator.name()] =
            judged ? std::move(*judged) : Json{{"error", judged.error().message}};
    }

    void run_loop_until(std::size_t in_flight) {
        loop_.restart();
        while (in_flight_ > in_flight && !loop_.stopped()) {
            loop_.run_one_for(k_tick);
            tick();
        }
    }

    void tick() {
        if (observer_ == nullptr || clock_.monotonic() < next_tick_) return;
        next_tick_ = clock_.monotonic() + k_tick;
        observer_->tick({.units_in_flight = in_flight_, .lanes = limiter_.lanes()});
    }

    /// Lets the loop run until no more units than this are under way, and passes on what ended.
    Result<void> run_until(std::size_t in_flight) {
        run_loop_until(in_flight);
        if (failure_) std::rethrow_exception(failure_);
        if (over_budget_) {
            return failure(ErrorCode::resource_exhausted,
                           fmt::format("{}; nothing was scored again (what judges answered is in "
                                       "the cache, if there is one)",
                                       budget_.refusal()));
        }
        while (!finished_.empty()) {
            ASSAY_CHECK(changed_(finished_.front()));
            if (observer_ != nullptr) observer_->unit_finished(run_, finished_.front());
            finished_.pop_front();
        }
        return {};
    }

    const Experiment& experiment_;
    std::set<std::string> unchanged_;
    const RunRecord& run_;
    const UnitVisitor& changed_;
    ExecutionObserver* observer_;
    const Clock& clock_;
    MonotonicTime next_tick_;
    CpuPool cpu_;
    CallLimiter limiter_;  // outlives the loop, whose coroutines hold its slots
    Budget budget_;
    Rng rng_;
    Caller caller_;
    UnitRendezvous others_;
    asio::io_context loop_{1};
    std::deque<UnitResult> finished_;
    std::size_t in_flight_ = 0;
    bool over_budget_ = false;
    std::exception_ptr failure_;
    RescoreCounts counts_;
};

}  // namespace

Result<RescoreCounts> rescore_units(const Experiment& experiment, const RunRecord& run,
                                    const UnitStream& stored, const UnitVisitor& changed,
                                    const RescoreParts& parts) {
    Rescorer rescorer(experiment, run, changed, parts);
    ASSAY_CHECK(stored([&](const UnitResult& unit) { return rescorer.add(unit); }));
    return rescorer.finish();
}

}  // namespace assay
