#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/limits.hpp"
#include "core/base/task.hpp"
#include "core/process/spawn.hpp"

namespace assay {

/// How a process ended, in plain words: "ended with exit code 3", "was killed by signal 9
/// (SIGKILL)".
struct ProcessExit {
    int exit_code = 0;  ///< −1 when a signal ended it
    int signal = 0;
    [[nodiscard]] std::string describe() const;
};

/// A running program in a process group of its own, with pipes to all three streams. Both outputs
/// are read in the background: stdout up to its limit, stderr into a log that keeps its beginning
/// and its end. When the program itself ends, what it left behind in its group is killed.
/// Destroying the object kills the whole group. Used from the I/O thread and by one coroutine at a
/// time; the event loop has work as long as the process
/// runs, and must outlive the object.
class ChildProcess {
  public:
    /// @error not_found when there is no such program, permission_denied when it cannot be run.
    static Task<std::unique_ptr<ChildProcess>> start(ProcessOptions options);

    /// Writes all of `text`. @error unavailable when the program closed its input;
    /// deadline_exceeded, after which the input is closed.
    [[nodiscard]] Task<void> write(std::string text, Deadline deadline);
    /// Closes the program's stdin.
    void close_input();
    /// The next line of stdout without its end; nothing when stdout ended.
    /// @error deadline_exceeded; resource_exhausted when a line exceeds the limit.
    [[nodiscard]] Task<std::optional<std::string>> read_line(Deadline deadline);
    /// All of stdout until its end. @error as read_line.
    [[nodiscard]] Task<std::string> read_all(Deadline deadline);
    /// Waits for the end of the process. @error deadline_exceeded.
    [[nodiscard]] Task<ProcessExit> wait(Deadline deadline);
    /// Kills the whole process group.
    void kill();
    /// Closes stdin and kills the group unless the program ends within `grace`. Returns at once;
    /// the object may be destroyed, the event loop sees to the rest.
    void stop(std::chrono::milliseconds grace);
    /// What came on stderr since the last call, as valid UTF-8.
    [[nodiscard]] std::string take_log();
    [[nodiscard]] bool is_running() const;
    /// Its number, valid as long as the object lives.
    [[nodiscard]] pid_t pid() const;

    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

  private:
    class State;
    explicit ChildProcess(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;  // shared with the handlers that wait for its pipes and its end
};

}  // namespace assay
