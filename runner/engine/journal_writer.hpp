#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/base/task.hpp"
#include "core/model/unit.hpp"
#include "runner/engine/ports.hpp"

namespace assay {

/// Carries finished units from the I/O thread to the journal on a thread of its own, and commits
/// them in groups: whatever arrived while the last group was being written. The queue is bounded;
/// when it is full, append() suspends, so a slow disk slows the run and memory stays flat.
class JournalWriter {
  public:
    using OnCommitted = std::function<void(const RunId& run, const UnitResult& unit)>;

    /// @param units_max     units that may be queued or being written.
    /// @param on_committed  called on the executor for each unit, after its commit and before
    ///                      flush() ends.
    JournalWriter(RunJournal& journal, boost::asio::any_io_executor executor, std::size_t units_max,
                  OnCommitted on_committed);
    ~JournalWriter();
    JournalWriter(const JournalWriter&) = delete;
    JournalWriter& operator=(const JournalWriter&) = delete;

    /// Queues one unit of an open run. @error what the journal failed with; after that nothing more
    /// is accepted.
    [[nodiscard]] Task<void> append(RunId run, UnitResult unit);
    /// Ends when everything queued is committed. @error as append.
    [[nodiscard]] Task<void> flush();

  private:
    struct Queued {
        RunId run;
        UnitResult unit;
        std::size_t bytes = 0;
    };
    /// Units of one run that are committed together.
    struct Group {
        RunId run;
        std::vector<UnitResult> units;
    };
    void write_groups();
    void group_ended(const Group& group, const Result<void>& committed);
    [[nodiscard]] Group take_group();
    [[nodiscard]] bool has_room() const;

    RunJournal& journal_;
    std::size_t units_max_;
    boost::asio::any_io_executor executor_;
    OnCommitted on_committed_;
    boost::asio::steady_timer changed_;  // cancelled whenever room or an end appears
    std::size_t uncommitted_ = 0;        // this and the next on the I/O thread alone
    std::optional<Error> failure_;

    mutable std::mutex mutex_;  // guards what follows; never held across a co_await or a commit
    std::condition_variable work_;
    std::deque<Queued> queue_;
    std::size_t queued_bytes_ = 0;
    bool closed_ = false;

    std::thread thread_;  // last: starts when everything above exists
};

}  // namespace assay
