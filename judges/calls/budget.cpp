#include "judges/calls/budget.hpp"

#include <fmt/format.h>

#include <utility>

namespace assay {

Budget::Reservation::Reservation(Reservation&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)), estimate_(other.estimate_) {}

Budget::Reservation::~Reservation() { settle({}); }

void Budget::Reservation::settle(const Spending& used) {
    if (budget_ == nullptr) return;
    budget_->reserved_.cost -= estimate_.cost;
    budget_->reserved_.tokens -= estimate_.tokens;
    budget_->reserved_.calls -= estimate_.calls;
    budget_->settled_ += used;
    budget_ = nullptr;
}

/// The mean of the calls so far; before the first one ended, only that it is a call.
Spending Budget::estimate() const {
    if (settled_.calls == 0) return {.calls = 1};
    return {.cost = settled_.cost / settled_.calls,
            .tokens = settled_.tokens / settled_.calls,
            .calls = 1};
}

std::string Budget::missing_room(const Spending& next, MonotonicTime now) const {
    const NanoUsd cost = settled_.cost + reserved_.cost;
    if (spec_.cost_usd) {
        // A call that would take the last of it may still be made, one that has nothing left not.
        const NanoUsd limit = nanos_from_usd(*spec_.cost_usd);
        if (cost >= limit || cost + next.cost > limit) {
            return fmt::format("the budget of ${} has no room for another call: ${:.6f} is spent",
                               *spec_.cost_usd, to_usd(settled_.cost));
        }
    }
    const auto is_over = [](std::int64_t used, std::int64_t more, std::uint64_t limit) {
        return std::cmp_greater_equal(used, limit) || std::cmp_greater(used + more, limit);
    };
    if (spec_.tokens && is_over(settled_.tokens + reserved_.tokens, next.tokens, *spec_.tokens)) {
        return fmt::format("the budget of {} tokens has no room for another call: {} are used",
                           *spec_.tokens, settled_.tokens);
    }
    if (spec_.calls && is_over(settled_.calls + reserved_.calls, next.calls, *spec_.calls)) {
        return fmt::format("the budget of {} calls is used up", *spec_.calls);
    }
    if (spec_.wall_time && now - began_ >= *spec_.wall_time) {
        return fmt::format("the budget of {} s of time is over",
                           std::chrono::duration<double>(*spec_.wall_time).count());
    }
    return {};
}

std::optional<Budget::Reservation> Budget::reserve(MonotonicTime now) {
    const Spending next = estimate();
    exhausted_ = missing_room(next, now);
    if (!exhausted_.empty()) {
        if (refusal_.empty()) refusal_ = exhausted_;
        return std::nullopt;
    }
    reserved_ += next;
    return Reservation(*this, next);
}

}  // namespace assay
