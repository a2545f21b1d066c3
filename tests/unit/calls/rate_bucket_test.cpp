#include "judges/calls/rate_bucket.hpp"

#include <catch2/catch.hpp>
#include <deque>

#include "core/base/random.hpp"
#include "tests/support/seed.hpp"

namespace assay::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

namespace {

constexpr MonotonicTime k_now{1h};

double seconds_until(MonotonicTime time) {
    return std::chrono::duration<double>(time - k_now).count();
}

}  // namespace

TEST_CASE("rate bucket: what is in it goes at once and the rest as it is refilled") {
    RateBucket bucket(10, 3);
    for (int i = 0; i < 3; ++i) {
        CHECK(bucket.ready_at(1) <= k_now);
        bucket.take(k_now, 1);
    }
    CHECK(seconds_until(bucket.ready_at(1)) == Approx(0.1));
    CHECK(seconds_until(bucket.ready_at(2)) == Approx(0.2));
    CHECK(seconds_until(bucket.ready_at(100)) == Approx(0.3));  // when it is full
    bucket.take(k_now, 1);
    CHECK(seconds_until(bucket.ready_at(1)) == Approx(0.2));
    bucket.give_back(2);
    CHECK(bucket.ready_at(1) <= k_now);
    bucket.give_back(-2);
    CHECK(seconds_until(bucket.ready_at(1)) == Approx(0.2));
}

TEST_CASE("rate bucket: it holds no more than its size however long it was left alone") {
    RateBucket bucket(10, 3);
    bucket.take(k_now - 50min, 1);
    for (int i = 0; i < 3; ++i) bucket.take(k_now, 1);
    CHECK(bucket.ready_at(1) > k_now);
}

TEST_CASE("rate bucket: a time beyond all measure is a long one and not a wrong one") {
    RateBucket bucket(1e-300, 1);
    bucket.take(k_now, 1e300);
    CHECK(bucket.ready_at(1) > k_now + 24h);
    CHECK(bucket.ready_at(1) < k_now + 24h * 1000);
}

TEST_CASE("rate bucket: no minute sees more than its number and a long time sees all of it") {
    for (const std::uint64_t seed : seeds_of_test(10)) {
        Rng rng(seed);
        const auto per_minute = static_cast<double>(1 + rng.next_below(2000));
        RateBucket bucket = RateBucket::of_minute(per_minute);
        std::deque<MonotonicTime> minute;
        MonotonicTime now = k_now;
        const auto takes = static_cast<int>(per_minute * 10);
        for (int i = 0; i < takes; ++i) {
            if (rng.next_below(50) == 0) now += std::chrono::milliseconds(rng.next_below(3000));
            now = std::max(now, bucket.ready_at(1));
            bucket.take(now, 1);
            minute.push_back(now);
            while (minute.front() + 1min <= now) minute.pop_front();
            INFO("ASSAY_SEED=" << seed << " per minute " << per_minute << " take " << i);
            REQUIRE(static_cast<double>(minute.size()) <= per_minute);
        }
        // Without idle time it would take ten minutes, and little more for what goes at once.
        RateBucket busy = RateBucket::of_minute(per_minute);
        now = k_now;
        for (int i = 0; i < takes; ++i) {
            now = std::max(now, busy.ready_at(1));
            busy.take(now, 1);
        }
        INFO("ASSAY_SEED=" << seed << " per minute " << per_minute);
        CHECK(now - k_now <= 10min * 1.02);
    }
}

}  // namespace assay::test
