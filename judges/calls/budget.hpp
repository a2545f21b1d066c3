#pragma once

#include <optional>
#include <string>

#include "configs/spec.hpp"
#include "core/base/clock.hpp"
#include "core/model/run.hpp"

namespace assay {

/// Keeps a run within its budget: each call reserves what the calls before it took on average,
/// so that a run ends at its budget and what is in flight at most. Used from the I/O thread alone.
class Budget {
  public:
    /// @param spent  what the run used before it was continued.
    Budget(BudgetSpec spec, const Spending& spent, MonotonicTime began)
        : spec_(std::move(spec)), settled_(spent), began_(began) {}

    /// What is reserved for one call until it is settled. Movable; gone unsettled, it used nothing.
    class Reservation {
      public:
        Reservation(Reservation&& other) noexcept;
        Reservation& operator=(Reservation&&) = delete;
        ~Reservation();
        /// What the call really used.
        void settle(const Spending& used);

      private:
        friend class Budget;
        Reservation(Budget& budget, const Spending& estimate)
            : budget_(&budget), estimate_(estimate) {}
        Budget* budget_;
        Spending estimate_;
    };

    /// Nothing when the budget has no room for another call; exhausted() then says which part.
    [[nodiscard]] std::optional<Reservation> reserve(MonotonicTime now);
    /// "" while there is room, else one sentence for people: what is spent and of how much.
    [[nodiscard]] const std::string& exhausted() const { return exhausted_; }
    /// What exhausted() said when a call was first refused, whatever room there was later; "" =
    /// none was.
    [[nodiscard]] const std::string& refusal() const { return refusal_; }
    [[nodiscard]] const Spending& settled() const { return settled_; }

  private:
    [[nodiscard]] Spending estimate() const;
    [[nodiscard]] std::string missing_room(const Spending& next, MonotonicTime now) const;

    BudgetSpec spec_;
    Spending settled_;
    Spending reserved_;
    MonotonicTime began_;
    std::string exhausted_;
    std::string refusal_;
};

}  // namespace assay
