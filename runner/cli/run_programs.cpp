#include "runner/cli/run_programs.hpp"

#include <fmt/format.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <exception>
#include <filesystem>
#include <optional>
#include <utility>

#include "core/base/text.hpp"
#include "evaluators/code_program.hpp"
#include "runner/report/writers.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;

/// Units are sent in pieces of about this size.
constexpr std::size_t k_piece_bytes = 64U << 10U;
constexpr std::size_t k_comment_columns_max = 500;

EvaluatorEnvironment environment_of(const ExperimentSpec& spec, bool will_run) {
    return {.folder = std::filesystem::current_path() / spec.folder,
            .workers_max = 1,
            .will_run = will_run};
}

/// A line of items.jsonl, with the item's metadata.
std::string line_of(const UnitResult& unit) {
    OrderedJson line = unit_to_json(unit);
    line["metadata"] = unit.item.metadata;
    return to_text(line) + "\n";
}

/// One program that reads one variant. The store gives units to a function and the program is
/// waited for in coroutines, so the event loop runs in between.
class ProgramRun {
  public:
    ProgramRun(CodeProgram code, Deadline deadline)
        : deadline_(deadline), signals_(loop_, SIGINT, SIGTERM), workers_(std::move(code.program)) {
        signals_.async_wait([this](const boost::system::error_code& error, int /*signal*/) {
            if (error) return;
            stopped_ = true;
            cancellation_.emit(asio::cancellation_type::terminal);
        });
    }

    Result<void> send(const UnitResult& unit) {
        if (!reads_) return {};
        piece_ += line_of(unit);
        return piece_.size() < k_piece_bytes ? Result<void>() : flush();
    }
    /// What the program wrote before it ended.
    Result<std::string> finish() {
        ASSAY_CHECK(flush());
        return wait_for(end());
    }
    [[nodiscard]] bool stopped() const { return stopped_; }

  private:
    Result<void> flush() {
        ASSAY_TRY(reads_, wait_for(write(std::exchange(piece_, {}))));
        return {};
    }

    Task<bool> write(std::string text) {
        if (!worker_) {
            ASSAY_CO_TRY(LineWorkers::Lease worker, co_await workers_.take(deadline_));
            worker_.emplace(std::move(worker));
        }
        co_return co_await worker_->write(std::move(text), deadline_);
    }
    Task<std::string> end() { co_return co_await worker_->finish(deadline_); }

    template <class T>
    Result<T> wait_for(Task<T> task) {
        std::optional<Result<T>> result;
        std::exception_ptr broken;
        bool done = false;
        asio::co_spawn(loop_, std::move(task),
                       asio::bind_cancellation_slot(cancellation_.slot(),
                                                    [&](std::exception_ptr error, Result<T> value) {
                                                        broken = std::move(error);
                                                        result = std::move(value);
                                                        done = true;
                                                    }));
        loop_.restart();
        while (!done && loop_.run_one() > 0) continue;
        if (stopped_) return failure(ErrorCode::cancelled, "stopped by the user");
        if (broken) std::rethrow_exception(broken);
        return std::move(*result);
    }

    Deadline deadline_;
    asio::io_context loop_{1};  // outlives the process
    asio::signal_set signals_;
    asio::cancellation_signal cancellation_;
    LineWorkers workers_;
    std::optional<LineWorkers::Lease> worker_;
    std::string piece_;
    bool reads_ = true;
    bool stopped_ = false;
};

/// One evaluator over one variant. What the program does wrong is the inner error, what keeps us
/// from going on the outer one.
Result<Result<std::vector<Score>>> run_program(const ExperimentSpec& spec,
                                               const RunEvaluator& evaluator,
                                               const RunRecord& variant_alone, const Store& store) {
    using Answer = Result<std::vector<Score>>;
    auto code =
        make_code_program(evaluator.parameters, environment_of(spec, true),
                          {.cpu = limits::k_run_program_cpu, .wall = limits::k_run_program_wall});
    if (!code) return Answer(std::unexpected(code.error()));
    if (code->program.usage) code->program.usage->item = "one variant";
    const auto wall = code->wall.value_or(spec.execution.unit_deadline);
    ProgramRun program(std::move(*code), {std::chrono::steady_clock::now() + wall});

    Result<void> sent;
    ASSAY_CHECK(store.for_each_unit(variant_alone, [&](const UnitResult& unit) -> Result<void> {
        if (sent) sent = program.send(unit);
        return {};
    }));
    Result<std::string> output = sent ? program.finish() : std::unexpected(sent.error());
    if (program.stopped()) {
        return failure(ErrorCode::cancelled,
                       fmt::format("stopped while the run evaluator \"{}\" ran; the run {} is "
                                   "stored, without its score",
                                   evaluator.name, variant_alone.id.value()));
    }
    if (!output) return Answer(std::unexpected(output.error()));
    Answer answer = parse_code_answer(*output);
    if (answer) answer = check_program_scores(evaluator, std::move(*answer));
    return answer;
}

}  // namespace

void check_program(const ExperimentSpec& spec, const RunEvaluator& evaluator, bool will_run,
                   std::vector<ParameterMistake>& mistakes) {
    (void)BoundEvaluator::bind(*find_evaluator("code"),
                               {evaluator.name, evaluator.parameters, Json::object()}, mistakes,
                               environment_of(spec, will_run));
}

Result<ProgramScores> run_programs(const ExperimentSpec& spec, RunRecord& run, const Store& store) {
    ProgramScores scores;
    if (run.state != RunState::finished) return scores;
    for (const RunEvaluator& evaluator : run.report_plan.run_evaluators) {
        if (!is_program(evaluator)) continue;
        forget_program(evaluator, run, scores);
        for (const VariantRecord& variant : run.variants) {
            RunRecord alone = run;
            alone.variants = {variant};
            ASSAY_TRY(auto answer, run_program(spec, evaluator, alone, store));
            if (!answer) {
                keep_program_error(run, variant.name, evaluator.name, answer.error().message);
                continue;
            }
            for (Score& score : *answer) {
                score.comment = fit_width(score.comment, k_comment_columns_max);
                scores[variant.dataset_run_id].push_back(std::move(score));
            }
        }
    }
    return scores;
}

}  // namespace assay
