#include "runner/engine/cpu_pool.hpp"

#include <catch2/catch.hpp>

namespace assay {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr int k_needed = 16;  // pieces of work before anything is known

WorkPace quick_pace(std::size_t bytes) {
    WorkPace pace;
    for (int i = 0; i < k_needed; ++i) pace.learn(bytes, microseconds(5));
    return pace;
}

}  // namespace

TEST_CASE("cpu pool: nothing is short before enough was seen", "[engine]") {
    WorkPace pace;
    for (int i = 0; i < k_needed; ++i) {
        CHECK_FALSE(pace.is_short(1));
        pace.learn(100, microseconds(5));
    }
    CHECK(pace.is_short(1));
}

TEST_CASE("cpu pool: only work on as little as before is known to be short", "[engine]") {
    WorkPace pace = quick_pace(100);
    CHECK(pace.is_short(100));
    CHECK_FALSE(pace.is_short(101));
    pace.learn(200, microseconds(6));
    CHECK(pace.is_short(101));
    CHECK(pace.is_short(200));
}

TEST_CASE("cpu pool: one slow piece is forgotten and many are not", "[engine]") {
    WorkPace pace = quick_pace(100);
    pace.learn(100, milliseconds(1));
    CHECK_FALSE(pace.is_short(1));
    int until_forgotten = 0;
    while (!pace.is_short(1) && until_forgotten < 1000) {
        pace.learn(100, microseconds(5));
        ++until_forgotten;
    }
    CHECK(until_forgotten > 100);
    CHECK(until_forgotten < 1000);
    for (int i = 0; i < 1000; ++i) {
        pace.learn(100, microseconds(i % 50 == 0 ? 60 : 5));
        if (i % 50 == 0) CHECK_FALSE(pace.is_short(1));
    }
}

TEST_CASE("cpu pool: how much was slow says nothing of how much is short", "[engine]") {
    WorkPace pace = quick_pace(100);
    pace.learn(1'000'000, milliseconds(1));
    for (int i = 0; i < 1000; ++i) pace.learn(100, microseconds(5));
    CHECK(pace.is_short(100));
    CHECK_FALSE(pace.is_short(1'000'000));
}

}  // namespace assay
