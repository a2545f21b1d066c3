#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <utility>

namespace assay {

/// Memory that requests share. Who finds too little left waits, in the order of coming. On any
/// thread.
class MemoryBudget {
  public:
    explicit MemoryBudget(std::size_t bytes) : bytes_(bytes) {}
    MemoryBudget(const MemoryBudget&) = delete;
    MemoryBudget& operator=(const MemoryBudget&) = delete;

    /// What one request has of it, until it ends; the budget outlives it.
    class Share {
      public:
        Share(Share&& other) noexcept
            : budget_(std::exchange(other.budget_, nullptr)), bytes_(other.bytes_) {}
        Share& operator=(Share&&) = delete;
        ~Share() {
            if (budget_ != nullptr) budget_->give_back(bytes_);
        }

      private:
        friend class MemoryBudget;
        Share(MemoryBudget& budget, std::size_t bytes) : budget_(&budget), bytes_(bytes) {}
        MemoryBudget* budget_;
        std::size_t bytes_;
    };
    /// Nothing: there is too little left, or others wait. More than there is at all can be had
    /// when nobody has anything.
    [[nodiscard]] std::optional<Share> try_take(std::size_t bytes);
    /// Goes on where the coroutine is at home. Nothing: it took too long.
    [[nodiscard]] boost::asio::awaitable<std::optional<Share>> wait_for(
        std::size_t bytes, std::chrono::milliseconds at_most);

  private:
    struct Waiting {
        std::uint64_t ticket;
        std::size_t bytes;
        std::move_only_function<void(bool is_admitted)> resume;
    };
    [[nodiscard]] bool fits(std::size_t bytes) const {
        return used_ == 0 || used_ + bytes <= bytes_;
    }
    void give_back(std::size_t bytes);
    void admit();
    void give_up(std::uint64_t ticket);

    std::size_t bytes_;
    std::mutex mutex_;  // guards what follows
    std::size_t used_ = 0;
    std::uint64_t tickets_ = 0;
    std::list<Waiting> waiting_;
};

}  // namespace assay
