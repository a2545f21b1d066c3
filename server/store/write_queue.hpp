#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "server/store/database.hpp"

namespace assay {

/// The one thread that writes for many: what is handed in while a transaction is being committed
/// is committed together next, with one wait for the disk. A job that fails is undone by itself and
/// does not touch the others.
class WriteQueue {
  public:
    /// Writes; runs on the queue's thread inside a transaction.
    using Job = std::move_only_function<Result<void>(Session& writer)>;
    /// Told on the queue's thread, when the job is on the disk or is not going to be.
    using Done = std::move_only_function<void(Result<void> outcome)>;

    /// @param database  nobody else writes through it; outlives this.
    explicit WriteQueue(Database& database);
    /// Writes what is waiting, then ends.
    ~WriteQueue();
    WriteQueue(const WriteQueue&) = delete;
    WriteQueue& operator=(const WriteQueue&) = delete;

    /// @param bytes  roughly what the job keeps in memory.
    /// @return false when too much is waiting already; `done` is not told then.
    [[nodiscard]] bool submit(Job job, Done done, std::size_t bytes);

    static constexpr std::size_t k_group_jobs_max = 256;
    static constexpr std::size_t k_waiting_bytes_max = 128U << 20U;

  private:
    struct Entry {
        Job job;
        Done done;
        std::size_t bytes = 0;
        Result<void> outcome = {};
    };
    void work();
    [[nodiscard]] std::vector<Entry> take();
    void write(std::vector<Entry>& group);

    Database& database_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<Entry> waiting_;
    std::size_t waiting_bytes_ = 0;
    bool closed_ = false;
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace assay
