#include "judges/calls/adaptive_limit.hpp"

#include <catch2/catch.hpp>

namespace assay::test {

namespace {

/// Successes of calls that use the limit up, until it changes; at most so many.
int successes_until_more(AdaptiveLimit& limit, int at_most = 100'000) {
    const int before = limit.calls();
    int successes = 0;
    while (limit.calls() == before && successes < at_most) {
        limit.succeeded(limit.epoch(), limit.calls());
        ++successes;
    }
    return successes;
}

}  // namespace

TEST_CASE("adaptive limit: it grows by one after as many successes as the limit") {
    AdaptiveLimit limit({.start = 1, .floor = 1, .ceiling = 64});
    for (int calls = 1; calls < 64; ++calls) {
        CHECK(limit.calls() == calls);
        const int successes = successes_until_more(limit);
        CHECK(successes >= calls);
        CHECK(successes <= calls + 1);
    }
    CHECK(successes_until_more(limit, 10'000) == 10'000);
    CHECK(limit.calls() == 64);
}

TEST_CASE("adaptive limit: it does not grow while less than half of it is used") {
    AdaptiveLimit limit({.start = 10, .floor = 1, .ceiling = 64});
    for (int i = 0; i < 1000; ++i) limit.succeeded(limit.epoch(), 4);
    CHECK(limit.calls() == 10);
    for (int i = 0; i < 11; ++i) limit.succeeded(limit.epoch(), 5);
    CHECK(limit.calls() == 11);
}

TEST_CASE("adaptive limit: it halves once for all calls that started under it") {
    AdaptiveLimit limit({.start = 40, .floor = 3, .ceiling = 64});
    const auto first = limit.epoch();
    CHECK(limit.overloaded(first, 40));
    CHECK_FALSE(limit.overloaded(first, 39));
    CHECK(limit.calls() == 20);
    for (int i = 0; i < 1000; ++i) limit.succeeded(first, 20);  // says nothing about 20
    CHECK(limit.calls() == 20);
    for (const int calls : {10, 5, 3, 3}) {
        CHECK(limit.overloaded(limit.epoch(), 64));
        CHECK(limit.calls() == calls);
    }
    CHECK(limit.is_at_floor());
}

TEST_CASE("adaptive limit: a limit that is not used up shrinks to half of what was used") {
    AdaptiveLimit limit({.start = 64, .floor = 1, .ceiling = 64});
    CHECK(limit.overloaded(limit.epoch(), 10));
    CHECK(limit.calls() == 5);
    AdaptiveLimit idle({.start = 64, .floor = 1, .ceiling = 64});
    CHECK(idle.overloaded(idle.epoch(), 0));
    CHECK(idle.calls() == 1);
}

TEST_CASE(
    "adaptive limit: it comes back fast to just below what was too much and tries that late") {
    AdaptiveLimit limit({.start = 21, .floor = 1, .ceiling = 64});
    CHECK(limit.overloaded(limit.epoch(), 21));
    CHECK(limit.calls() == 10);
    for (int calls = 10; calls < 20; ++calls) CHECK(successes_until_more(limit) == 1);
    const int successes = successes_until_more(limit);
    CHECK(successes >= 16 * 20);
    CHECK(successes <= 16 * 20 + 1);
    CHECK(limit.calls() == 21);
    // It bears more now: on as if nothing had been.
    CHECK(successes_until_more(limit) <= 22);
    CHECK(limit.calls() == 22);
}

TEST_CASE("adaptive limit: a small one is tried again after so many calls that few are refused") {
    AdaptiveLimit limit({.start = 2, .floor = 1, .ceiling = 2});
    CHECK(limit.overloaded(limit.epoch(), 2));
    const int successes = successes_until_more(limit);
    CHECK(successes >= 40);
    CHECK(successes <= 41);
}

}  // namespace assay::test
