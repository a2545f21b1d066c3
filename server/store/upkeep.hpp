#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "server/store/sqlite_handle.hpp"

namespace assay {

class Session;

/// When the log is long enough to be copied into the database. Where the end of each copying makes
/// the writers wait long, which a slow disk does, it comes less often.
class CheckpointPace {
  public:
    [[nodiscard]] bool is_due(int log_pages, MonotonicTime now) const {
        return log_pages >= (now < undisturbed_until_ ? k_pages_slow : k_pages);
    }
    void writers_waited(MonotonicTime from, MonotonicTime to) {
        undisturbed_until_ = to + k_undisturbed_share * (to - from);
    }

    // A log that begins again often stays in the processor's and the system's caches, and freeing
    // its blocks in the end takes less time: 1 to 2 ms for each MB on some disks.
    static constexpr int k_pages = 1024;
    static constexpr int k_pages_slow = 6144;
    static constexpr int k_undisturbed_share = 50;

  private:
    MonotonicTime undisturbed_until_{};
};

/// The waiting for the disk that writers need not do themselves, on a thread and a connection of
/// its own: puts commits that nobody waited for on the disk, copies the write-ahead log into the
/// database, trains the dictionary. The thread starts with the first thing to do.
class Upkeep {
  public:
    /// @param writing  held by whoever writes, and here for the moments that must be undisturbed.
    ///                 Outlives this.
    Upkeep(std::filesystem::path file, std::mutex& writing)
        : file_(std::move(file)), writing_(writing) {}
    ~Upkeep();
    Upkeep(const Upkeep&) = delete;
    Upkeep& operator=(const Upkeep&) = delete;

    /// Something was committed, which nobody waited for; the log is so long now. To be called while
    /// writing.
    void committed(int log_pages);
    /// The same when it is on the disk.
    void synced(int log_pages);
    void train();
    /// Nothing more is written for now, and the log is copied whole: gives its space back, which
    /// takes the system as long as a report takes. Tried again as long as others use the log. To be
    /// called while writing.
    void cut_log();
    /// @error once the disk has failed to store something, for nobody knows then what is on it; or
    ///        when the connection could not be opened.
    [[nodiscard]] Result<void> health();

  private:
    void start();
    void look_at_log(int log_pages, MonotonicTime now);
    void work();
    void work_until_closed(Session& session);
    [[nodiscard]] Result<void> checkpoint(Connection& connection);
    [[nodiscard]] Result<void> cut_log(Connection& connection);
    void note(const Connection& connection, const Result<void>& done);
    void give_up(Error why);

    std::filesystem::path file_;
    std::mutex& writing_;

    std::mutex mutex_;  // guards what follows; taken after `writing_` by who needs both
    std::condition_variable wake_;
    std::optional<MonotonicTime> flush_at_;  ///< nothing: all is on the disk
    bool checkpoint_due_ = false;
    CheckpointPace pace_;
    bool training_due_ = false;
    std::optional<MonotonicTime> cut_at_;
    bool closed_ = false;
    std::optional<Error> failure_;

    std::thread thread_;
};

}  // namespace assay
