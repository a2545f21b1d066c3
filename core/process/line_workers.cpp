#include "core/process/line_workers.hpp"

#include <fmt/format.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "core/base/text.hpp"
#include "core/process/bounded_log.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;

/// How long a program whose output has ended is given to end itself, so that its exit code can be
/// told.
constexpr std::chrono::seconds k_exit_wait{1};
/// How often a program is looked at while it works on an item.
constexpr std::chrono::milliseconds k_look_every{50};
constexpr std::size_t k_quoted_columns_max = 200;

/// The last line with anything in it, fit for a message.
std::string last_line(std::string_view text) {
    text = trim(text);
    return fit_width(terminal_safe(text.substr(text.rfind('\n') + 1)), k_quoted_columns_max);
}

/// Looks at a sandbox while an item is worked on and kills it when it exceeds a limit.
class Watch : public std::enable_shared_from_this<Watch> {
  public:
    Watch(const asio::any_io_executor& executor, ChildProcess& process, UsageLimits limits)
        : timer_(executor), process_(&process), limits_(limits), usage_(process.pid()) {}

    void begin_item() {
        usage_.begin_item();
        look_later();
    }
    void end_item() { timer_.cancel(); }
    /// The worker is gone.
    void leave() {
        process_ = nullptr;
        timer_.cancel();
    }
    [[nodiscard]] const std::string& exceeded() const { return exceeded_; }

  private:
    void look_later() {
        timer_.expires_after(k_look_every);
        timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            if (error || self->process_ == nullptr) return;
            self->exceeded_ = self->usage_.exceeded(self->limits_);
            if (!self->exceeded_.empty()) return self->process_->kill();
            self->look_later();
        });
    }

    asio::steady_timer timer_;
    ChildProcess* process_;
    UsageLimits limits_;
    SandboxUsage usage_;
    std::string exceeded_;
};

}  // namespace

/// One process of the program.
class LineWorkers::Worker {
  public:
    Worker(const asio::any_io_executor& executor, std::unique_ptr<ChildProcess> process,
           const LineProgram& program)
        : process_(std::move(process)), program_(program) {
        if (!program.usage) return;
        watch_ = std::make_shared<Watch>(executor, *process_, *program.usage);
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() {
        if (watch_) watch_->leave();
    }

    Task<Json> ask(Json question, Deadline deadline);
    Task<bool> write(std::string text, Deadline deadline);
    Task<std::string> finish(Deadline deadline);
    std::string take_log();
    [[nodiscard]] bool is_running() const { return process_->is_running(); }
    void stop() { process_->stop(limits::k_program_stop_grace); }

  private:
    Task<Json> read_answer_to(Json id, Deadline deadline);
    Task<std::string> read_to_end(Deadline deadline);
    asio::awaitable<Error> explain(Error error);
    [[nodiscard]] std::string how_it_ended(const Result<ProcessExit>& exit) const;

    std::unique_ptr<ChildProcess> process_;
    const LineProgram& program_;
    std::shared_ptr<Watch> watch_;  // shared with its timer's handler
    BoundedLog log_{limits::k_program_log_bytes_max};
    bool has_answered_ = false;
    bool is_watched_ = false;
};

namespace {

/// Watches as long as it lives.
class Watching {
  public:
    explicit Watching(Watch* watch) : watch_(watch) {
        if (watch_ != nullptr) watch_->begin_item();
    }
    Watching(const Watching&) = delete;
    Watching& operator=(const Watching&) = delete;
    ~Watching() {
        if (watch_ != nullptr) watch_->end_item();
    }

  private:
    Watch* watch_;
};

bool answers(const Result<Json>& answer, const Json& id) {
    return answer && answer->is_object() && answer->contains("id") && (*answer)["id"] == id;
}

}  // namespace

Task<Json> LineWorkers::Worker::ask(Json question, Deadline deadline) {
    const Watching watching(watch_.get());
    auto written = co_await process_->write(to_text(question) + "\n", deadline);
    if (!written) co_return std::unexpected(co_await explain(written.error()));
    auto answer = co_await read_answer_to(question.value("id", Json()), deadline);
    if (!answer) co_return std::unexpected(co_await explain(answer.error()));
    has_answered_ = true;
    co_return answer;
}

Task<Json> LineWorkers::Worker::read_answer_to(Json id, Deadline deadline) {
    while (true) {
        ASSAY_CO_TRY(const auto line, co_await process_->read_line(deadline));
        if (!line) co_return failure(ErrorCode::unavailable, "the output ended");
        auto answer = parse_json(*line);
        if (answers(answer, id)) co_return answer;
        // It would be the answer, were its text UTF-8: nothing more will come.
        if (!answer && answers(parse_json(to_valid_utf8(*line)), id)) {
            co_return failure(
                ErrorCode::invalid_argument,
                fmt::format("the program `{}` gave an answer that is not UTF-8", program_.name));
        }
        log_.append(*line + "\n");
    }
}

Task<bool> LineWorkers::Worker::write(std::string text, Deadline deadline) {
    // It is watched until it is gone: its whole life is one question.
    if (watch_ && !std::exchange(is_watched_, true)) watch_->begin_item();
    const auto written = co_await process_->write(std::move(text), deadline);
    const bool goes_on = written || written.error().code == ErrorCode::unavailable;
    if (!goes_on) co_return std::unexpected(co_await explain(written.error()));
    co_return written.has_value();
}

Task<std::string> LineWorkers::Worker::finish(Deadline deadline) {
    auto output = co_await read_to_end(deadline);
    if (!output) co_return std::unexpected(co_await explain(output.error()));
    co_return output;
}

Task<std::string> LineWorkers::Worker::read_to_end(Deadline deadline) {
    process_->close_input();
    ASSAY_CO_TRY(std::string output, co_await process_->read_all(deadline));
    ASSAY_CO_TRY(const ProcessExit exit, co_await process_->wait(deadline));
    if (exit.exit_code != 0) co_return failure(ErrorCode::unavailable, "it failed");
    co_return output;
}

std::string LineWorkers::Worker::take_log() {
    log_.append(process_->take_log());
    return to_valid_utf8(log_.take());
}

/// The error of the question that failed: what became of the process, and its last words.
asio::awaitable<Error> LineWorkers::Worker::explain(Error error) {
    if (error.code == ErrorCode::cancelled) co_return error;
    if (watch_ && !watch_->exceeded().empty()) {
        co_return Error{
            ErrorCode::resource_exhausted,
            fmt::format("the program `{}` {} and was killed", program_.name, watch_->exceeded())};
    }
    if (error.code == ErrorCode::deadline_exceeded) {
        error.message = fmt::format(
            "the program `{}` gave no answer in time and was killed; does it flush its output "
            "after each answer, or is `{}` too short?",
            program_.name, program_.time_limit_name);
    }
    if (error.code == ErrorCode::unavailable) {
        const auto exit = co_await process_->wait({std::chrono::steady_clock::now() + k_exit_wait});
        error.message = how_it_ended(exit);
        // It may have ended before it got this question; a new process will tell.
        error.retryable = has_answered_;
    }
    std::string last_words = last_line(process_->take_log());
    if (last_words.empty()) last_words = last_line(log_.take());
    if (!last_words.empty()) error.message += fmt::format("; its last line was: {}", last_words);
    co_return error;
}

std::string LineWorkers::Worker::how_it_ended(const Result<ProcessExit>& exit) const {
    const std::string& name = program_.name;
    if (!exit) return fmt::format("the program `{}` closed its output and was killed", name);
    std::string message = fmt::format("the program `{}` {}", name, exit->describe());
    if (exit->exit_code == 0) {
        message +=
            " without an answer; it must read lines until its input ends (or set `mode: once` for "
            "one process an item)";
    }
    return message;
}

LineWorkers::Lease::Lease(LineWorkers& workers, Turns::Turn turn, std::unique_ptr<Worker> worker)
    : workers_(&workers), turn_(std::move(turn)), worker_(std::move(worker)) {}
LineWorkers::Lease::Lease(Lease&&) noexcept = default;
LineWorkers::Lease::~Lease() = default;

Task<Json> LineWorkers::Lease::ask(Json question, Deadline deadline) {
    return worker_->ask(std::move(question), deadline);
}

Task<std::string> LineWorkers::Lease::ask_once(Json question, Deadline deadline) {
    ASSAY_CO_CHECK(co_await worker_->write(to_text(question) + "\n", deadline));
    co_return co_await worker_->finish(deadline);
}

Task<bool> LineWorkers::Lease::write(std::string text, Deadline deadline) {
    return worker_->write(std::move(text), deadline);
}

Task<std::string> LineWorkers::Lease::finish(Deadline deadline) {
    return worker_->finish(deadline);
}

std::string LineWorkers::Lease::take_log() { return worker_->take_log(); }

void LineWorkers::Lease::keep() {
    if (workers_->closed_) {
        worker_->stop();
    } else {
        workers_->idle_.push_back(std::move(worker_));
    }
}

LineWorkers::LineWorkers(LineProgram program)
    : program_(std::move(program)), turns_(program_.workers_max) {}
LineWorkers::~LineWorkers() = default;

Task<LineWorkers::Lease> LineWorkers::take(Deadline deadline) {
    ASSAY_CO_TRY(Turns::Turn turn, co_await turns_.take(deadline));
    while (!idle_.empty()) {
        std::unique_ptr<Worker> worker = std::move(idle_.back());
        idle_.pop_back();
        if (worker->is_running()) co_return Lease(*this, std::move(turn), std::move(worker));
    }
    ASSAY_CO_TRY(std::unique_ptr<Worker> worker, co_await start());
    co_return Lease(*this, std::move(turn), std::move(worker));
}

Task<std::unique_ptr<LineWorkers::Worker>> LineWorkers::start() {
    if (start_error_) co_return std::unexpected(*start_error_);
    ASSAY_CO_TRY(ProcessOptions options, program_.next_process());
    auto process = co_await ChildProcess::start(std::move(options));
    if (process) {
        co_return std::make_unique<Worker>(co_await asio::this_coro::executor, std::move(*process),
                                           program_);
    }
    const bool may_work_later = process.error().code == ErrorCode::unavailable ||
                                process.error().code == ErrorCode::resource_exhausted;
    if (!may_work_later) start_error_ = process.error();
    co_return std::unexpected(std::move(process.error()));
}

void LineWorkers::close() {
    closed_ = true;
    for (const auto& worker : idle_) worker->stop();
    idle_.clear();
}

}  // namespace assay
