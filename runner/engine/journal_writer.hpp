#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/base/task.hpp"
#include "core/model/unit.hpp"
#include "runner/engine/ports.hpp"

namespace assay {

/// Carries finished units from the I/O thread to the journal on a thread of its own, and commits
/// them in groups: whatever arrived while the last group was being written. Who appends waits for
/// the commit, so a unit that nobody waits for any more is stored, and a slow disk slows the run.
///
/// A commit survives the end of this process, however it ends. Waiting for the disk each time would
/// put it between the calls: the journal makes units safe from a power loss a moment later.
class JournalWriter {
  public:
    /// @param journal  outlives the writer.
    JournalWriter(RunJournal& journal, boost::asio::any_io_executor executor);
    ~JournalWriter();
    JournalWriter(const JournalWriter&) = delete;
    JournalWriter& operator=(const JournalWriter&) = delete;

    /// Ends when the unit is committed, and gives it back; a cancellation does not end it before.
    /// @error what the journal failed with; after that nothing more is accepted.
    [[nodiscard]] Task<UnitResult> append(RunId run, UnitResult unit);

  private:
    class Waiter;
    struct Queued {
        RunId run;
        UnitResult unit;
        Waiter* waiter;  ///< in the frame of the coroutine that appends
    };
    /// Units of one run that are committed together.
    struct Group {
        RunId run;
        std::vector<UnitResult> units;
        std::vector<Waiter*> waiters;
    };
    void wake_soon();
    void write_groups();
    [[nodiscard]] Group take_group();
    void group_ended(Group group, const Result<void>& committed);

    RunJournal& journal_;
    boost::asio::any_io_executor executor_;
    std::optional<Error> failure_;  ///< of the I/O thread
    bool wakes_soon_ = false;       ///< of the I/O thread

    std::mutex mutex_;  // guards what follows; never held across a co_await or a commit
    std::condition_variable work_;
    std::deque<Queued> queue_;
    bool closed_ = false;

    std::thread thread_;  // last: starts when everything above exists
};

}  // namespace assay
