#include "core/process/child_process.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <csignal>
#include <cstring>

#include "core/base/text.hpp"
#include "core/base/wakeup.hpp"
#include "core/process/bounded_log.hpp"
#include "core/process/spawn.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Descriptor = asio::posix::stream_descriptor;

/// How long the end of a killed process is waited for before it is left to init.
constexpr int k_reap_timeout_ms = 1000;
/// The most that a pipe holds (Linux's limit), and so the most that an ended program left in it.
constexpr std::size_t k_pipe_bytes_max = 1U << 20U;

/// What came on stdout and was not read yet.
class OutputBuffer {
  public:
    explicit OutputBuffer(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    void append(std::string_view text) { text_ += text; }
    [[nodiscard]] std::size_t size() const { return text_.size() - begin_; }
    [[nodiscard]] std::size_t bytes_max() const { return bytes_max_; }

    /// The next line without its end, or nothing when no line is complete.
    std::optional<std::string> take_line() {
        const std::size_t end = text_.find('\n', searched_);
        searched_ = end == std::string::npos ? text_.size() : end + 1;
        if (end == std::string::npos) return std::nullopt;
        const bool carriage_return = end > begin_ && text_[end - 1] == '\r';
        std::string line = text_.substr(begin_, end - begin_ - (carriage_return ? 1 : 0));
        begin_ = end + 1;
        // Moving the rest to the front once in a while costs less than for every line.
        if (begin_ > text_.size() / 2) {
            text_.erase(0, begin_);
            searched_ -= begin_;
            begin_ = 0;
        }
        return line;
    }
    std::string take_all() {
        std::string all = text_.substr(begin_);
        text_.clear();
        begin_ = 0;
        searched_ = 0;
        return all;
    }

  private:
    std::size_t bytes_max_;
    std::string text_;
    std::size_t begin_ = 0;     ///< of what is unread
    std::size_t searched_ = 0;  ///< no line end before this
};

bool has_room(const OutputBuffer& output) { return output.size() <= output.bytes_max(); }
bool has_room(const BoundedLog& /*log*/) { return true; }  // it leaves out what is too much

struct ReadEnd {
    Descriptor pipe;
    bool is_waiting = false;
    bool ended = false;
    std::size_t read_after_exit_bytes = 0;
};

Descriptor adopt(const asio::any_io_executor& executor, FileDescriptor& fd) {
    return {executor, fd.release()};
}

}  // namespace

/// The process and its pipes. Handlers keep it alive; it ends the process at the latest when the
/// last of them is gone.
class ChildProcess::State : public std::enable_shared_from_this<State> {
  public:
    State(const asio::any_io_executor& executor, SpawnedProcess process,
          const ProcessOptions& options)
        : program(options.command.front()),
          output_bytes_max(options.output_bytes_max),
          changed(executor),
          output(options.output_bytes_max),
          pid_(process.pid),
          exit_watch_(adopt(executor, process.exit)),
          input_(adopt(executor, process.input)),
          stdout_{.pipe = adopt(executor, process.output)},
          stderr_{.pipe = adopt(executor, process.errors)},
          grace_(executor),
          log_(options.log_bytes_max) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { end(); }

    Result<void> begin();
    void begin_write(std::string text);
    void pump_output();
    void close_input();
    void kill() const;
    void stop(std::chrono::milliseconds grace);
    void end();
    std::string take_log();
    void look_for_exit();

    /// Sleeps until something changes. @error deadline_exceeded, cancelled.
    Task<void> wait_change(Deadline deadline, std::string_view what);
    [[nodiscard]] std::unexpected<Error> out_of_time(std::string_view what) const {
        return failure(ErrorCode::deadline_exceeded,
                       fmt::format("\"{}\" {} in time", program, what));
    }
    [[nodiscard]] std::unexpected<Error> too_much_output() const {
        return failure(ErrorCode::resource_exhausted,
                       fmt::format("\"{}\" wrote more than {} bytes", program, output_bytes_max));
    }

    const std::string program;
    const std::size_t output_bytes_max;
    Wakeup changed;
    OutputBuffer output;
    std::optional<ProcessExit> exit;
    std::optional<error_code> written;  ///< nothing while a write is under way
    bool stopping = false;
    [[nodiscard]] bool output_ended() const { return stdout_.ended; }
    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    void watch_exit();
    void on_exit();
    template <class Sink>
    void pump(ReadEnd& end, Sink& sink);
    void pump_errors();

    pid_t pid_;
    bool reaped_ = false;
    Descriptor exit_watch_;
    Descriptor input_;
    std::string outgoing_;
    ReadEnd stdout_;
    ReadEnd stderr_;
    asio::steady_timer grace_;
    BoundedLog log_;
    std::array<char, 64U << 10U> chunk_{};
};

Result<void> ChildProcess::State::begin() {
    error_code error;
    for (Descriptor* descriptor : {&stdout_.pipe, &stderr_.pipe, &input_, &exit_watch_}) {
        descriptor->non_blocking(true, error);
        if (error) {
            return failure(ErrorCode::unavailable,
                           fmt::format("cannot watch \"{}\": {}", program, error.message()));
        }
    }
    watch_exit();
    pump_output();
    pump_errors();
    return {};
}

void ChildProcess::State::watch_exit() {
    exit_watch_.async_wait(Descriptor::wait_read,
                           [self = shared_from_this()](const error_code& error) {
                               if (!error) self->on_exit();
                           });
}

/// Reads how the process ended but leaves it unreaped: as long as it is a zombie its number, and
/// so its group's, cannot be given to another process, and kill() is safe.
void ChildProcess::State::look_for_exit() {
    if (exit || reaped_) return;
    siginfo_t info{};
    const int flags = WEXITED | WNOHANG | WNOWAIT;
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, flags) != 0 || info.si_pid == 0) return;
    const bool exited = info.si_code == CLD_EXITED;
    exit = exited ? ProcessExit{.exit_code = info.si_status}
                  : ProcessExit{.exit_code = -1, .signal = info.si_status};
}

void ChildProcess::State::on_exit() {
    if (reaped_) return;
    look_for_exit();
    if (!exit) return watch_exit();
    // What it left behind would hold the pipes open for ever; what is in the pipes stays readable.
    kill();
    error_code ignored;  // nothing may be waiting
    stdout_.pipe.cancel(ignored);
    stderr_.pipe.cancel(ignored);
    input_.cancel(ignored);
    pump_output();
    pump_errors();
    grace_.cancel();
    changed.notify();
}

/// Moves what is there from the pipe into the sink, as long as that has room.
template <class Sink>
void ChildProcess::State::pump(ReadEnd& end, Sink& sink) {
    // One chunk an event while it runs, so that a flood cannot keep the loop to itself. After its
    // end all that it left; a child that escaped may go on writing, which is not waited for.
    for (bool again = true; again && !end.ended && has_room(sink);) {
        error_code error;
        const std::size_t count = end.pipe.read_some(asio::buffer(chunk_), error);
        sink.append(std::string_view(chunk_.data(), count));
        if (exit) {
            end.read_after_exit_bytes += count;
            end.ended = error || end.read_after_exit_bytes >= k_pipe_bytes_max;
        } else {
            end.ended = error && error != asio::error::would_block;
            again = false;
        }
    }
}

/// Reads stdout and waits for more of it. A full buffer stops it until it is called again.
void ChildProcess::State::pump_output() {
    if (stdout_.is_waiting || !stdout_.pipe.is_open()) return;
    pump(stdout_, output);
    changed.notify();
    if (stdout_.ended || exit || !has_room(output)) return;
    stdout_.is_waiting = true;
    stdout_.pipe.async_wait(Descriptor::wait_read,
                            [self = shared_from_this()](const error_code& /*cancelled*/) {
                                self->stdout_.is_waiting = false;
                                self->pump_output();
                            });
}

void ChildProcess::State::pump_errors() {
    if (stderr_.is_waiting || !stderr_.pipe.is_open()) return;
    pump(stderr_, log_);
    if (stderr_.ended || exit) return;
    stderr_.is_waiting = true;
    stderr_.pipe.async_wait(Descriptor::wait_read,
                            [self = shared_from_this()](const error_code& /*cancelled*/) {
                                self->stderr_.is_waiting = false;
                                self->pump_errors();
                            });
}

void ChildProcess::State::begin_write(std::string text) {
    written.reset();
    outgoing_ = std::move(text);
    asio::async_write(input_, asio::buffer(outgoing_),
                      [self = shared_from_this()](const error_code& error, std::size_t /*bytes*/) {
                          self->written = error;
                          self->changed.notify();
                      });
}

void ChildProcess::State::close_input() {
    error_code ignored;  // closing twice is fine
    input_.close(ignored);
}

void ChildProcess::State::kill() const {
    if (!reaped_) (void)::kill(-pid_, SIGKILL);  // fails only when nobody is left
}

void ChildProcess::State::stop(std::chrono::milliseconds grace) {
    stopping = true;
    close_input();
    if (exit || reaped_) return;
    grace_.expires_after(grace);
    grace_.async_wait([self = shared_from_this()](const error_code& error) {
        if (!error) self->kill();
    });
}

/// Kills the group and reaps the process. A killed process is gone within microseconds; the wait
/// is bounded for the one that hangs in the kernel.
void ChildProcess::State::end() {
    if (reaped_) return;
    kill();
    grace_.cancel();
    pollfd gone{.fd = exit_watch_.native_handle(), .events = POLLIN, .revents = 0};
    if (!exit) (void)::poll(&gone, 1, k_reap_timeout_ms);
    siginfo_t info{};
    (void)::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG);
    reaped_ = true;
    error_code ignored;  // all are closed, whatever they say
    for (Descriptor* descriptor : {&input_, &stdout_.pipe, &stderr_.pipe, &exit_watch_}) {
        descriptor->close(ignored);
    }
}

std::string ChildProcess::State::take_log() {
    // What the program wrote before its last line on stdout may still be in the pipe.
    if (stderr_.pipe.is_open()) pump(stderr_, log_);
    return to_valid_utf8(log_.take());
}

Task<void> ChildProcess::State::wait_change(Deadline deadline, std::string_view what) {
    const Wakeup::Cause cause = co_await changed.wait(deadline);
    if (cause == Wakeup::Cause::notified) co_return Result<void>();
    if (cause == Wakeup::Cause::cancelled) {
        co_return failure(ErrorCode::cancelled, fmt::format("\"{}\" was stopped", program));
    }
    co_return out_of_time(what);
}

std::string ProcessExit::describe() const {
    if (signal == 0) return fmt::format("ended with exit code {}", exit_code);
    const char* const name = ::sigabbrev_np(signal);
    return fmt::format("was killed by signal {} (SIG{})", signal, name == nullptr ? "?" : name);
}

ChildProcess::ChildProcess(std::shared_ptr<State> state) : state_(std::move(state)) {}

ChildProcess::~ChildProcess() {
    if (!state_->stopping) state_->end();
}

Task<std::unique_ptr<ChildProcess>> ChildProcess::start(ProcessOptions options) {
    // A program that closes its input must be an error, not a signal.
    (void)std::signal(SIGPIPE, SIG_IGN);
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    ASSAY_CO_TRY(SpawnedProcess process, spawn(options));
    auto state = std::make_shared<State>(executor, std::move(process), options);
    ASSAY_CO_CHECK(state->begin());
    co_return std::unique_ptr<ChildProcess>(new ChildProcess(std::move(state)));
}

Task<void> ChildProcess::write(std::string text, Deadline deadline) {
    const auto closed = [this] {
        return failure(ErrorCode::unavailable,
                       fmt::format("\"{}\" closed its input", state_->program));
    };
    if (state_->exit) co_return closed();
    state_->begin_write(std::move(text));
    while (!state_->written) {
        // A program that writes more than is kept waits for us as we for it.
        if (!has_room(state_->output)) {
            state_->close_input();
            co_return state_->too_much_output();
        }
        auto waited = co_await state_->wait_change(deadline, "did not read its input");
        if (waited) continue;
        state_->close_input();  // half a line was sent: nothing sensible can follow
        co_return waited;
    }
    if (*state_->written) co_return closed();
    co_return Result<void>();
}

void ChildProcess::close_input() { state_->close_input(); }

Task<std::optional<std::string>> ChildProcess::read_line(Deadline deadline) {
    while (true) {
        // Also where lines are there already: a flood of them must not outlast the deadline.
        if (std::chrono::steady_clock::now() >= deadline.at) {
            co_return state_->out_of_time("wrote no line that was awaited");
        }
        std::optional<std::string> line = state_->output.take_line();
        const std::size_t length = line ? line->size() : state_->output.size();
        if (length > state_->output_bytes_max) {
            co_return failure(ErrorCode::resource_exhausted,
                              fmt::format("\"{}\" wrote a line of more than {} bytes",
                                          state_->program, state_->output_bytes_max));
        }
        state_->pump_output();
        if (line) co_return line;
        if (state_->output_ended()) break;
        ASSAY_CO_CHECK(co_await state_->wait_change(deadline, "wrote no line"));
    }
    if (state_->output.size() == 0) co_return std::nullopt;
    co_return state_->output.take_all();
}

Task<std::string> ChildProcess::read_all(Deadline deadline) {
    while (!state_->output_ended()) {
        if (!has_room(state_->output)) co_return state_->too_much_output();
        ASSAY_CO_CHECK(co_await state_->wait_change(deadline, "did not end its output"));
    }
    co_return state_->output.take_all();
}

Task<ProcessExit> ChildProcess::wait(Deadline deadline) {
    while (!state_->exit) {
        ASSAY_CO_CHECK(co_await state_->wait_change(deadline, "did not end"));
    }
    co_return *state_->exit;
}

void ChildProcess::kill() { state_->kill(); }

void ChildProcess::stop(std::chrono::milliseconds grace) { state_->stop(grace); }

std::string ChildProcess::take_log() { return state_->take_log(); }

pid_t ChildProcess::pid() const { return state_->pid(); }

bool ChildProcess::is_running() const {
    state_->look_for_exit();
    return !state_->exit;
}

}  // namespace assay
