#include <fmt/format.h>

#include <optional>
#include <vector>

#include "core/base/text.hpp"
#include "core/process/bounded_log.hpp"
#include "core/process/child_process.hpp"
#include "judges/providers/builtin.hpp"
#include "judges/providers/turns.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;

/// How long a program whose output has ended is given to end itself, so that its exit code can be
/// told.
constexpr std::chrono::milliseconds k_exit_wait{500};
constexpr std::size_t k_quoted_columns_max = 200;
constexpr std::size_t k_name_columns_max = 60;

/// The last line with anything in it, fit for a message.
std::string last_line(std::string_view text) {
    text = trim(text);
    return fit_width(terminal_safe(text.substr(text.rfind('\n') + 1)), k_quoted_columns_max);
}

Result<std::int64_t> read_tokens(const Json& value, const std::string& key) {
    const bool usable = value.is_number_integer() && value >= 0;
    if (usable) return value.get<std::int64_t>();
    return failure(ErrorCode::invalid_argument,
                   fmt::format("the program's answer has a usage.{} that is no whole number", key));
}

Result<UsageDetails> read_usage(const Json& usage) {
    if (!usage.is_object()) {
        return failure(ErrorCode::invalid_argument,
                       "the program's answer has a usage that is no object");
    }
    UsageDetails details;
    std::int64_t sum = 0;
    for (const auto& [key, value] : usage.items()) {
        ASSAY_TRY(details[key], read_tokens(value, key));
        sum += details[key];
    }
    if (!details.empty()) details.try_emplace("total", sum);
    return details;
}

Result<NanoUsd> read_cost(const Json& cost) {
    constexpr double k_cost_usd_max = 1e9;  // fits in nano-dollars
    if (cost.is_number() && cost >= 0.0 && cost <= k_cost_usd_max) {
        return nanos_from_usd(cost.get<double>());
    }
    return failure(ErrorCode::invalid_argument,
                   "the program's answer has a cost_usd that is no amount");
}

bool says_error(const Json& answer) {
    return answer.contains("error") && !answer["error"].is_null();
}

/// Reads {"id", "output"} or {"id", "error"}, with "usage", "cost_usd" and "model" when they are
/// there.
Result<ProviderReply> read_answer(const Json& answer) {
    if (says_error(answer)) {
        return failure(ErrorCode::unavailable,
                       fmt::format("the program reports: {}", as_text(answer["error"])));
    }
    if (!answer.contains("output")) {
        return failure(ErrorCode::invalid_argument,
                       "the program's answer has neither \"output\" nor \"error\"");
    }
    ProviderReply reply;
    reply.output = answer["output"];
    if (answer.contains("usage")) {
        ASSAY_TRY(reply.usage, read_usage(answer["usage"]));
    }
    if (answer.contains("cost_usd")) {
        ASSAY_TRY(reply.cost, read_cost(answer["cost_usd"]));
    }
    if (answer.contains("model")) reply.model = as_text(answer["model"]);
    return reply;
}

/// All of stdout as one value: JSON if it is that, else text without its last line end.
Json read_whole_output(std::string text) {
    if (auto json = parse_json(text)) return std::move(*json);
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return to_valid_utf8(text);
}

/// One process of the program, asked one thing at a time.
class Worker {
  public:
    /// @error as ChildProcess::start.
    static Task<Worker> start(ProcessOptions options, std::string name);

    /// Sends the unit as a line and returns the object that answers it.
    Task<Json> ask(Json unit, Deadline deadline);
    /// Sends the unit, ends the input and returns all that the program wrote before it ended well.
    Task<std::string> ask_once(Json unit, Deadline deadline);

    /// What it wrote besides its answers since the last call.
    std::string take_log();
    [[nodiscard]] bool is_running() const { return process_->is_running(); }
    void stop() { process_->stop(limits::k_program_stop_grace); }

  private:
    Worker(std::unique_ptr<ChildProcess> process, std::string name)
        : process_(std::move(process)), name_(std::move(name)) {}

    Task<Json> read_answer_to(Json id, Deadline deadline);
    Task<std::string> read_to_end(std::string text, Deadline deadline);
    asio::awaitable<Error> explain(Error error);
    [[nodiscard]] std::string how_it_ended(const Result<ProcessExit>& exit) const;

    std::unique_ptr<ChildProcess> process_;
    std::string name_;
    BoundedLog log_{limits::k_program_log_bytes_max};
    bool has_answered_ = false;
};

Task<Worker> Worker::start(ProcessOptions options, std::string name) {
    ASSAY_CO_TRY(auto process, co_await ChildProcess::start(std::move(options)));
    co_return Worker(std::move(process), std::move(name));
}

Task<Json> Worker::ask(Json unit, Deadline deadline) {
    auto written = co_await process_->write(to_text(unit) + "\n", deadline);
    if (!written) co_return std::unexpected(co_await explain(written.error()));
    auto answer = co_await read_answer_to(unit.value("id", Json()), deadline);
    if (!answer) co_return std::unexpected(co_await explain(answer.error()));
    has_answered_ = true;
    co_return answer;
}

Task<Json> Worker::read_answer_to(Json id, Deadline deadline) {
    while (true) {
        ASSAY_CO_TRY(const auto line, co_await process_->read_line(deadline));
        if (!line) co_return failure(ErrorCode::unavailable, "the output ended");
        auto answer = parse_json(*line);
        const bool is_the_answer =
            answer && answer->is_object() && answer->contains("id") && (*answer)["id"] == id;
        if (is_the_answer) co_return answer;
        log_.append(*line + "\n");
    }
}

Task<std::string> Worker::ask_once(Json unit, Deadline deadline) {
    auto output = co_await read_to_end(to_text(unit) + "\n", deadline);
    if (!output) co_return std::unexpected(co_await explain(output.error()));
    co_return output;
}

Task<std::string> Worker::read_to_end(std::string text, Deadline deadline) {
    const auto written = co_await process_->write(std::move(text), deadline);
    // A program need not read its input to answer.
    const bool goes_on = written || written.error().code == ErrorCode::unavailable;
    if (!goes_on) co_return std::unexpected(written.error());
    process_->close_input();
    ASSAY_CO_TRY(std::string output, co_await process_->read_all(deadline));
    ASSAY_CO_TRY(const ProcessExit exit, co_await process_->wait(deadline));
    if (exit.exit_code != 0) co_return failure(ErrorCode::unavailable, "it failed");
    co_return output;
}

std::string Worker::take_log() {
    log_.append(process_->take_log());
    return to_valid_utf8(log_.take());
}

/// The error of the unit whose question failed: what became of the process, and its last words.
asio::awaitable<Error> Worker::explain(Error error) {
    if (error.code == ErrorCode::cancelled) co_return error;
    if (error.code == ErrorCode::deadline_exceeded) {
        error.message = fmt::format(
            "the program `{}` gave no answer in time and was killed; does it flush its output "
            "after each answer, or is `timeout` too short?",
            name_);
    }
    if (error.code == ErrorCode::unavailable) {
        const auto exit = co_await process_->wait({std::chrono::steady_clock::now() + k_exit_wait});
        error.message = how_it_ended(exit);
        // It may have ended before it got this unit; a new process will tell.
        error.retryable = has_answered_;
    }
    std::string last_words = last_line(process_->take_log());
    if (last_words.empty()) last_words = last_line(log_.take());
    if (!last_words.empty()) error.message += fmt::format("; its last line was: {}", last_words);
    co_return error;
}

std::string Worker::how_it_ended(const Result<ProcessExit>& exit) const {
    if (!exit) return fmt::format("the program `{}` closed its output and was killed", name_);
    std::string message = fmt::format("the program `{}` {}", name_, exit->describe());
    if (exit->exit_code == 0) {
        message +=
            " without an answer; it must read lines until its input ends (or set `mode: once` for "
            "one process an item)";
    }
    return message;
}

/// A program as a task (SPEC 1.4): processes that stay and answer line by line, or one process an
/// item.
class CommandProvider final : public Provider {
  public:
    explicit CommandProvider(ProviderSettings settings)
        : settings_(std::move(settings)),
          name_(
              fit_width(fmt::format("{}", fmt::join(settings_.command, " ")), k_name_columns_max)),
          turns_(settings_.workers_max) {}

    Task<ProviderReply> call(ProviderRequest request, Deadline deadline) override;
    void close() override;

  private:
    Task<Worker> take_worker();
    Task<Worker> start_worker();
    void give_back(Worker worker);

    ProviderSettings settings_;
    std::string name_;
    Turns turns_;
    std::vector<Worker> idle_;
    std::optional<Error> start_error_;  ///< a program that is not there is looked for once
    bool closed_ = false;
};

Task<ProviderReply> CommandProvider::call(ProviderRequest request, Deadline deadline) {
    ASSAY_ASSERT(request.unit.is_object(), "a program is asked with a unit");
    ASSAY_CO_TRY(const Turns::Turn turn, co_await turns_.take(deadline));
    if (settings_.once) {
        ASSAY_CO_TRY(Worker worker, co_await start_worker());
        ASSAY_CO_TRY(std::string output,
                     co_await worker.ask_once(std::move(request.unit), deadline));
        co_return ProviderReply{.output = read_whole_output(std::move(output)),
                                .log = worker.take_log()};
    }
    ASSAY_CO_TRY(Worker worker, co_await take_worker());
    // A worker that failed is not given back: its end here kills its processes.
    ASSAY_CO_TRY(const Json answer, co_await worker.ask(std::move(request.unit), deadline));
    auto reply = read_answer(answer);
    if (reply) reply->log = worker.take_log();
    if (reply || says_error(answer)) give_back(std::move(worker));
    co_return reply;
}

Task<Worker> CommandProvider::take_worker() {
    while (!idle_.empty()) {
        Worker worker = std::move(idle_.back());
        idle_.pop_back();
        if (worker.is_running()) co_return worker;
    }
    co_return co_await start_worker();
}

Task<Worker> CommandProvider::start_worker() {
    if (start_error_) co_return std::unexpected(*start_error_);
    ProcessOptions options{.command = settings_.command, .folder = settings_.folder};
    auto worker = co_await Worker::start(std::move(options), name_);
    const bool may_work_later = worker || worker.error().code == ErrorCode::unavailable ||
                                worker.error().code == ErrorCode::resource_exhausted;
    if (!may_work_later) start_error_ = worker.error();
    co_return worker;
}

void CommandProvider::give_back(Worker worker) {
    if (closed_) {
        worker.stop();
    } else {
        idle_.push_back(std::move(worker));
    }
}

void CommandProvider::close() {
    closed_ = true;
    for (Worker& worker : idle_) worker.stop();
    idle_.clear();
}

Result<std::unique_ptr<Provider>> make_command(ProviderSettings settings) {
    if (settings.command.empty() || settings.workers_max < 1) {
        return failure(ErrorCode::invalid_argument, "a command needs at least one word");
    }
    return std::make_unique<CommandProvider>(std::move(settings));
}

}  // namespace

const ProviderDefinition command_definition{
    .id = "command",
    .summary = "A program: JSON lines in on stdin, JSON lines out on stdout.",
    .make = &make_command};

}  // namespace assay
