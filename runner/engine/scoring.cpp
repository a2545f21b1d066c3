#include "runner/engine/scoring.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <iterator>
#include <optional>
#include <utility>

#include "core/base/task_group.hpp"
#include "core/model/run.hpp"
#include "runner/engine/other_outputs.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;

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
    if (evaluation.judge) {
        observation.metadata["judge_trace_id"] = evaluation.judge->trace_id.value();
    }
    for (const Score& score : evaluation.scores) {
        observation.output[score.name] = to_json(score.value);
    }
    return observation;
}

/// Why a unit is not judged by an evaluator that compares variants: it is what the others are
/// compared with; "" = it is judged.
std::string reason_not_to_compare(const BoundEvaluator& evaluator, const UnitResult& unit) {
    const bool is_compared_with = compares_others_with(evaluator, unit.variant);
    return is_compared_with ? "the other variants are compared with this one" : "";
}

/// Of the texts in a value, however deep.
std::size_t text_bytes(const Json& value) {
    if (value.is_string()) return value.get_ref<const std::string&>().size();
    std::size_t bytes = 0;
    if (value.is_structured()) {
        for (const Json& member : value) bytes += 1 + text_bytes(member);
    }
    return bytes;
}

/// The scoring of one unit on its way. While the CPU pool works on some evaluators, others may end
/// here: no two of them touch the same element.
class Scoring {
  public:
    Scoring(UnitResult& unit, const ScoringParts& parts)
        : unit_(unit),
          evaluators_(parts.evaluators),
          order_(parts.order),
          context_(parts.context),
          clock_(*parts.context.clock),
          progress_(evaluators_.size()),
          evaluations_(evaluators_.size()) {
        for (std::size_t i = 0; i < evaluators_.size() && !unit.evaluations.empty(); ++i) keep(i);
    }

    [[nodiscard]] asio::awaitable<bool> run(CpuPool& cpu);

  private:
    struct Progress {
        bool started = false;
        bool made = false;
        std::optional<Observation> observation;    ///< nothing: it was skipped
        std::optional<EvaluationRequest> request;  ///< what is still to be asked
        std::string log;
    };

    void keep(std::size_t evaluator);
    [[nodiscard]] std::vector<std::size_t> take_ready();
    void compute(std::size_t evaluator);
    [[nodiscard]] asio::awaitable<void> ask(std::size_t evaluator);
    void complete(std::optional<JudgeRecord>& judge, const std::string& evaluator) const;
    void finish();

    UnitResult& unit_;
    const std::vector<BoundEvaluator>& evaluators_;
    const EvaluationOrder& order_;
    EvaluationContext context_;
    const Clock& clock_;
    std::vector<Progress> progress_;
    std::vector<Evaluation> evaluations_;
    bool cancelled_ = false;
};

/// Takes over the evaluation that the unit has already, if it has one. Whether to skip is decided
/// again: that costs nothing, and what it needs may have scores now.
void Scoring::keep(std::size_t evaluator) {
    const auto made =
        std::ranges::find(unit_.evaluations, evaluators_[evaluator].name(), &Evaluation::evaluator);
    const bool decided = made != unit_.evaluations.end();
    if (!decided || made->status == EvaluationStatus::skipped) return;
    evaluations_[evaluator] = *made;
    progress_[evaluator].started = true;
    progress_[evaluator].made = true;
}

/// Those that were not started yet and miss nothing.
std::vector<std::size_t> Scoring::take_ready() {
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < evaluators_.size(); ++i) {
        const bool complete = std::ranges::all_of(
            order_.needs(i), [this](std::size_t needed) { return progress_[needed].made; });
        if (!progress_[i].started && complete) ready.push_back(i);
    }
    for (const std::size_t evaluator : ready) progress_[evaluator].started = true;
    return ready;
}

/// All that can be computed: the evaluation or, of an evaluator that waits, what it is asked.
void Scoring::compute(std::size_t evaluator) {
    const BoundEvaluator& own = evaluators_[evaluator];
    Progress& progress = progress_[evaluator];
    Evaluation& evaluation = evaluations_[evaluator];
    std::string skipped = order_.reason_to_skip(evaluator, unit_, evaluations_);
    if (skipped.empty()) skipped = reason_not_to_compare(own, unit_);
    if (!skipped.empty()) {
        evaluation = {.evaluator = own.name(),
                      .status = EvaluationStatus::skipped,
                      .message = std::move(skipped)};
        progress.made = true;
        return;
    }
    const Time start = clock_.now();
    const MonotonicTime began = clock_.monotonic();
    if (own.waits()) {
        BoundEvaluator::Prepared prepared = own.prepare(unit_);
        progress.request = std::move(prepared.request);
        evaluation = std::move(prepared.evaluation);
    } else {
        evaluation = own.evaluate(unit_);
    }
    progress.made = !progress.request.has_value();
    progress.observation = observe(evaluation, own.definition(), start, clock_.monotonic() - began);
}

/// What a judge leaves to say: which trace its execution is, and what of it counts.
void Scoring::complete(std::optional<JudgeRecord>& judge, const std::string& evaluator) const {
    if (!judge) return;
    judge->trace_id = derive_judge_trace_id(unit_.trace_id, evaluator);
    judge->paid_tokens = paid_tokens(judge->observations);
}

asio::awaitable<void> Scoring::ask(std::size_t evaluator) {
    const BoundEvaluator& own = evaluators_[evaluator];
    Progress& progress = progress_[evaluator];
    const Time start = clock_.now();
    const MonotonicTime began = clock_.monotonic();
    auto awaited = co_await own.evaluate_async(std::move(*progress.request), context_);
    cancelled_ = cancelled_ || awaited.cancelled;
    evaluations_[evaluator] = std::move(awaited.evaluation);
    complete(evaluations_[evaluator].judge, own.name());
    progress.log = std::move(awaited.log);
    progress.observation =
        observe(evaluations_[evaluator], own.definition(), start, clock_.monotonic() - began);
    progress.made = true;
}

asio::awaitable<bool> Scoring::run(CpuPool& cpu) {
    TaskGroup group(co_await asio::this_coro::executor);
    bool more = true;
    while (more) {
        const std::vector<std::size_t> ready =
            cancelled_ ? std::vector<std::size_t>() : take_ready();
        if (ready.empty()) {
            more = co_await group.next();
            cancelled_ = cancelled_ || group.is_cancelled();
            continue;
        }
        const auto evaluate = [this, &ready] {
            for (const std::size_t evaluator : ready) compute(evaluator);
            return true;
        };
        co_await cpu.run(evaluate, cpu.scoring_pace(), text_bytes(unit_.output));
        for (const std::size_t evaluator : ready) {
            if (progress_[evaluator].request) group.spawn(ask(evaluator));
        }
    }
    if (!cancelled_) finish();
    co_return !cancelled_;
}

void Scoring::finish() {
    for (Progress& progress : progress_) {
        if (progress.observation) unit_.observations.push_back(std::move(*progress.observation));
        unit_.log += progress.log;
    }
    unit_.evaluations = std::move(evaluations_);
    unit_.status = status_from(unit_.evaluations);
}

}  // namespace

bool was_over_budget(const UnitResult& unit) {
    return std::ranges::any_of(unit.evaluations, [](const Evaluation& evaluation) {
        return evaluation.status == EvaluationStatus::error && evaluation.judge &&
               evaluation.judge->over_budget;
    });
}

asio::awaitable<bool> score_unit(UnitResult& unit, ScoringParts parts) {
    Scoring scoring(unit, parts);
    co_return co_await scoring.run(parts.cpu);
}

}  // namespace assay
