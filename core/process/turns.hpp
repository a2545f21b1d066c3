#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <list>
#include <utility>

#include "core/base/clock.hpp"
#include "core/base/task.hpp"

namespace assay {

/// At most so many at a time; the others wait in the order they came. One thread.
class Turns {
  public:
    explicit Turns(int turns_max) : free_(turns_max) {}
    Turns(const Turns&) = delete;
    Turns& operator=(const Turns&) = delete;

    /// The right to go ahead, given back when destroyed.
    class Turn {
      public:
        Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
        Turn& operator=(Turn&&) = delete;
        ~Turn() {
            if (turns_ != nullptr) turns_->give_back();
        }

      private:
        friend class Turns;
        explicit Turn(Turns& turns) : turns_(&turns) {}
        Turns* turns_;
    };

    /// @error deadline_exceeded (retryable), cancelled.
    [[nodiscard]] Task<Turn> take(Deadline deadline);

  private:
    class Waiter;
    void give_back();

    int free_;
    std::list<Waiter*> waiting_;
};

}  // namespace assay
