#include "judges/calls/budget.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace assay::test {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr MonotonicTime k_began{std::chrono::hours(1)};

Budget of_calls(std::uint64_t calls, const Spending& spent = {}) {
    return {BudgetSpec{.calls = calls}, spent, k_began};
}

/// Makes calls one after the other. @return how many there was room for, at most 1000.
int calls_in_turn(Budget& budget, const Spending& each) {
    for (int calls = 0; calls < 1000; ++calls) {
        auto reservation = budget.reserve(k_began);
        if (!reservation) return calls;
        reservation->settle(each);
    }
    return 1000;
}

}  // namespace

TEST_CASE("budget: without limits there is always room") {
    Budget budget({}, {}, k_began);
    CHECK(calls_in_turn(budget, {.cost = 1'000'000'000, .tokens = 1'000'000, .calls = 1}) == 1000);
    CHECK(budget.exhausted().empty());
    CHECK(budget.settled().calls == 1000);
}

TEST_CASE("budget: so many calls and not one more") {
    Budget budget = of_calls(3);
    CHECK(calls_in_turn(budget, {.calls = 1}) == 3);
    CHECK(budget.exhausted() == "the budget of 3 calls is used up");
    CHECK(budget.settled().calls == 3);
}

TEST_CASE("budget: calls under way count as soon as they start") {
    Budget budget = of_calls(2);
    const auto first = budget.reserve(k_began);
    const auto second = budget.reserve(k_began);
    CHECK(first.has_value());
    CHECK(second.has_value());
    CHECK_FALSE(budget.reserve(k_began).has_value());
    CHECK(budget.settled().calls == 0);
}

TEST_CASE("budget: a reservation that goes unsettled used nothing") {
    Budget budget = of_calls(1);
    {
        const auto given_up = budget.reserve(k_began);
    }
    CHECK(calls_in_turn(budget, {.calls = 1}) == 1);
}

TEST_CASE("budget: a reservation is settled once and moves") {
    Budget budget({}, {}, k_began);
    auto reservation = budget.reserve(k_began);
    Budget::Reservation moved = std::move(*reservation);
    moved.settle({.cost = 5, .tokens = 7, .calls = 1});
    moved.settle({.cost = 5, .tokens = 7, .calls = 1});
    CHECK(budget.settled().cost == 5);
    CHECK(budget.settled().tokens == 7);
    CHECK(budget.settled().calls == 1);
}

TEST_CASE("budget: tokens end with the call that has room on average") {
    Budget budget({.tokens = 100}, {}, k_began);
    CHECK(calls_in_turn(budget, {.tokens = 30, .calls = 1}) == 3);
    CHECK(budget.settled().tokens == 90);
    CHECK(budget.exhausted() ==
          "the budget of 100 tokens has no room for another call: 90 are used");
}

TEST_CASE("budget: cost may be used up to the last nano-dollar") {
    Budget budget({.cost_usd = 1e-6}, {}, k_began);
    CHECK(calls_in_turn(budget, {.cost = 250, .calls = 1}) == 4);
    CHECK(budget.settled().cost == 1000);
    CHECK(budget.exhausted() ==
          "the budget of $1e-06 has no room for another call: $0.000001 is spent");
}

TEST_CASE("budget: what is over is at most what is in flight") {
    Budget budget({.tokens = 100}, {}, k_began);
    std::vector<Budget::Reservation> under_way;
    for (int i = 0; i < 8; ++i) {
        auto reservation = budget.reserve(k_began);
        REQUIRE(reservation.has_value());
        under_way.push_back(std::move(*reservation));
    }
    for (Budget::Reservation& each : under_way) each.settle({.tokens = 30, .calls = 1});
    CHECK(budget.settled().tokens == 240);
    CHECK_FALSE(budget.reserve(k_began).has_value());
}

TEST_CASE("budget: once a call was seen the next ones reserve what it took") {
    Budget budget({.tokens = 100}, {}, k_began);
    budget.reserve(k_began)->settle({.tokens = 30, .calls = 1});
    const auto second = budget.reserve(k_began);
    const auto third = budget.reserve(k_began);
    CHECK(third.has_value());
    CHECK_FALSE(budget.reserve(k_began).has_value());
}

TEST_CASE("budget: what was spent before the run was continued counts") {
    Budget calls = of_calls(10, {.calls = 8});
    CHECK(calls_in_turn(calls, {.calls = 1}) == 2);
    Budget tokens({.tokens = 100}, {.tokens = 80, .calls = 2}, k_began);
    CHECK(calls_in_turn(tokens, {.tokens = 40, .calls = 1}) == 0);
    Budget cost({.cost_usd = 0.5}, {.cost = 500'000'000, .calls = 1}, k_began);
    CHECK(calls_in_turn(cost, {.calls = 1}) == 0);
}

TEST_CASE("budget: time is over when it is over and not before") {
    Budget budget({.wall_time = 2s}, {}, k_began);
    CHECK(budget.reserve(k_began + 1999ms).has_value());
    CHECK_FALSE(budget.reserve(k_began + 2s).has_value());
    CHECK(budget.exhausted() == "the budget of 2 s of time is over");
}

TEST_CASE("budget: calls without a price use none of a cost budget") {
    Budget budget({.cost_usd = 1e-9}, {}, k_began);
    CHECK(calls_in_turn(budget, {.tokens = 30, .calls = 1}) == 1000);
}

}  // namespace assay::test
