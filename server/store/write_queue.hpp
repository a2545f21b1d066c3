#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "server/store/database.hpp"

namespace assay {

/// The one thread that writes for many: what is handed in while a transaction is being written is
/// committed together next, with one wait for the disk. A job that fails is undone by itself and
/// does not touch the others. Small jobs go first, and a transaction that has one begins no large
/// job after it, so that a small job waits for one large one at most; large ones have their turn in
/// every other transaction at least.
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

    /// @param bytes  roughly what the job keeps in memory, which tells small ones from large ones.
    /// @return false when too much is waiting already; `done` is not told then.
    [[nodiscard]] bool submit(Job job, Done done, std::size_t bytes);

    static constexpr std::size_t k_small_job_bytes_max = 16U << 10U;
    static constexpr std::size_t k_group_jobs_max = 256;
    /// A transaction that has so much takes no more: others wait for its end.
    static constexpr std::size_t k_group_bytes = 512U << 10U;
    static constexpr std::size_t k_waiting_bytes_max = 128U << 20U;

  private:
    struct Entry {
        Job job;
        Done done;
        std::size_t bytes = 0;
        Result<void> outcome = {};

        [[nodiscard]] bool is_small() const { return bytes <= k_small_job_bytes_max; }
    };
    /// What one transaction writes.
    struct Group {
        std::vector<Entry> entries{};
        std::size_t bytes = 0;
        std::size_t small_ones = 0;  ///< it still takes: others come while it is written
        bool has_small = false;
        bool has_large = false;
    };
    void work();
    [[nodiscard]] bool wait_for_jobs();
    [[nodiscard]] bool take_next(Group& group);
    [[nodiscard]] std::deque<Entry>* choose(const Group& group);
    void write(Group& group);

    Database& database_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Entry> small_;
    std::deque<Entry> large_;
    std::size_t waiting_bytes_ = 0;
    bool is_turn_of_large_ = false;
    bool closed_ = false;
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace assay
