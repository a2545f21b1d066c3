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

    /// Something was committed that is not on the disk yet; the log is so long now. To be called
    /// while writing.
    void committed(int log_pages);
    void train();
    /// @error once the disk has failed to store something, for nobody knows then what is on it; or
    ///        when the connection could not be opened.
    [[nodiscard]] Result<void> health();

  private:
    void start();
    void work();
    void work_until_closed(Session& session);
    [[nodiscard]] Result<void> checkpoint(Connection& connection);
    void note(const Connection& connection, const Result<void>& done);
    void give_up(Error why);

    std::filesystem::path file_;
    std::mutex& writing_;

    std::mutex mutex_;  // guards what follows; taken after `writing_` by who needs both
    std::condition_variable wake_;
    std::optional<MonotonicTime> flush_at_;  ///< nothing: all is on the disk
    bool checkpoint_due_ = false;
    MonotonicTime undisturbed_until_{};
    bool training_due_ = false;
    bool closed_ = false;
    std::optional<Error> failure_;

    std::thread thread_;
};

}  // namespace assay
