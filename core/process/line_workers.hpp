#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/process/child_process.hpp"
#include "core/process/sandbox_usage.hpp"
#include "core/process/turns.hpp"

namespace assay {

/// A program that is asked by lines (SPEC 1.4).
struct LineProgram {
    std::string name;             ///< for messages: the command
    std::string time_limit_name;  ///< for messages: the key that gives it more time
    int workers_max = 1;          ///< processes at a time
    /// What to start the next process with.
    std::function<Result<ProcessOptions>()> next_process;
    std::optional<UsageLimits> usage;  ///< watched from outside, in a sandbox
};

/// The processes of one program: started when they are needed, kept while they answer, killed and
/// replaced when they do not. Used from the I/O thread, by many coroutines at a time.
class LineWorkers {
  public:
    class Worker;

    /// The right to one process, asked one thing at a time. Unless keep() is called, its end kills
    /// the process.
    class Lease {
      public:
        /// Sends `question`, an object with an "id", as a line and returns the object with the same
        /// id that answers it; other lines go to the log.
        /// @error deadline_exceeded; unavailable when the program ended (`retryable` when it had
        ///        answered before: it may have ended before it got this question);
        ///        resource_exhausted. With its last words.
        [[nodiscard]] Task<Json> ask(Json question, Deadline deadline);
        /// Sends `question`, ends the input and returns all that the program wrote before it ended
        /// well.
        [[nodiscard]] Task<std::string> ask_once(Json question, Deadline deadline);
        /// Sends a piece of a question that is longer than memory should hold. @return whether the
        /// program still reads: it need not read everything to answer.
        [[nodiscard]] Task<bool> write(std::string text, Deadline deadline);
        /// Ends the input and returns all that the program wrote before it ended well.
        [[nodiscard]] Task<std::string> finish(Deadline deadline);
        /// What it wrote besides its answers since the last call.
        [[nodiscard]] std::string take_log();
        /// The process is sound and may be asked again.
        void keep();

        Lease(Lease&&) noexcept;
        Lease& operator=(Lease&&) = delete;
        ~Lease();

      private:
        friend class LineWorkers;
        Lease(LineWorkers& workers, Turns::Turn turn, std::unique_ptr<Worker> worker);
        LineWorkers* workers_;
        Turns::Turn turn_;
        std::unique_ptr<Worker> worker_;
    };

    explicit LineWorkers(LineProgram program);
    ~LineWorkers();
    LineWorkers(const LineWorkers&) = delete;
    LineWorkers& operator=(const LineWorkers&) = delete;

    /// Waits for a turn and takes an idle process or starts one.
    /// @error deadline_exceeded, cancelled; not_found and permission_denied when it cannot be
    ///        started, which is tried once.
    [[nodiscard]] Task<Lease> take(Deadline deadline);
    /// Ends the idle processes, and each other one once it is given back. Returns at once; they
    /// get a moment to end by themselves while the event loop runs on.
    void close();

  private:
    Task<std::unique_ptr<Worker>> start();

    LineProgram program_;
    Turns turns_;
    std::vector<std::unique_ptr<Worker>> idle_;
    std::optional<Error> start_error_;  ///< a program that is not there is looked for once
    bool closed_ = false;
};

}  // namespace assay
