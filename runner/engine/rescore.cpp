#include "runner/engine/rescore.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <exception>
#include <set>

#include "runner/engine/cpu_pool.hpp"
#include "runner/engine/scoring.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;

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
    Rescorer(const Experiment& experiment, const Json& manifest, const UnitVisitor& changed,
             const Clock& clock)
        : experiment_(experiment),
          unchanged_(unchanged_evaluators(experiment, manifest)),
          changed_(changed),
          clock_(clock) {}
    Rescorer(const Rescorer&) = delete;
    Rescorer& operator=(const Rescorer&) = delete;
    /// Also after an error: workers may be computing on units that are under way.
    ~Rescorer() {
        run_loop_until(0);
        for (const BoundEvaluator& evaluator : experiment_.evaluators) evaluator.close();
        loop_.restart();
        loop_.run();
    }

    Result<void> add(const UnitResult& stored) {
        if (stored.status == UnitStatus::failed || stored.status == UnitStatus::skipped) return {};
        ++counts_.units;
        UnitResult unit = stored;
        if (!strip(unit)) return {};
        ++in_flight_;
        asio::co_spawn(loop_, score(std::move(unit)), [this](std::exception_ptr failure) {
            --in_flight_;
            if (failure && !failure_) failure_ = failure;
        });
        return run_until(static_cast<std::size_t>(experiment_.spec.execution.concurrency) - 1);
    }

    Result<RescoreCounts> finish() {
        ASSAY_CHECK(run_until(0));
        return counts_;
    }

  private:
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

    asio::awaitable<void> score(UnitResult unit) {
        const Deadline deadline{clock_.monotonic() + experiment_.spec.execution.unit_deadline};
        const bool ended = co_await score_unit(unit, experiment_.evaluators, experiment_.order,
                                               cpu_, clock_, deadline);
        if (ended) finished_.push_back(std::move(unit));
    }

    void run_loop_until(std::size_t in_flight) {
        loop_.restart();
        while (in_flight_ > in_flight && loop_.run_one() > 0) {
        }
    }

    /// Lets the loop run until no more units than this are under way, and passes on what ended.
    Result<void> run_until(std::size_t in_flight) {
        run_loop_until(in_flight);
        if (failure_) std::rethrow_exception(failure_);
        while (!finished_.empty()) {
            ASSAY_CHECK(changed_(finished_.front()));
            finished_.pop_front();
        }
        return {};
    }

    const Experiment& experiment_;
    std::set<std::string> unchanged_;
    const UnitVisitor& changed_;
    const Clock& clock_;
    CpuPool cpu_;
    asio::io_context loop_{1};
    std::deque<UnitResult> finished_;
    std::size_t in_flight_ = 0;
    std::exception_ptr failure_;
    RescoreCounts counts_;
};

}  // namespace

Result<RescoreCounts> rescore_units(const Experiment& experiment, const Json& manifest,
                                    const UnitStream& stored, const UnitVisitor& changed,
                                    const Clock& clock) {
    Rescorer rescorer(experiment, manifest, changed, clock);
    ASSAY_CHECK(stored([&](const UnitResult& unit) { return rescorer.add(unit); }));
    return rescorer.finish();
}

}  // namespace assay
