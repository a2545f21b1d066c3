#include "core/stats/sequential.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <vector>

#include "core/base/random.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

BettingSequence started(double confidence) { return BettingSequence::start(confidence).value(); }

struct Expected {
    std::uint64_t count;
    double low;
    double high;
};

template <class ValueOf>
void check_ends(double confidence, const std::vector<Expected>& expected, const ValueOf& value_of) {
    BettingSequence sequence = started(confidence);
    for (const Expected& at : expected) {
        while (sequence.count() < at.count) REQUIRE(sequence.add(value_of(sequence.count())));
        CHECK(sequence.interval().low == at.low);
        CHECK(sequence.interval().high == at.high);
    }
}

TEST_CASE("sequential: the ends are those of the whole capital process in logarithms") {
    // Computed with numpy: every candidate's capital as a sum of logarithms over all values, and
    // the outermost candidates that were ever refuted.
    const auto spread = [](std::uint64_t i) { return static_cast<double>(i * 37 % 101) / 100; };
    check_ends(0.95,
               {{5, 0.059, 0.801}, {20, 0.279, 0.664}, {100, 0.408, 0.59}, {400, 0.453, 0.546}},
               spread);
    check_ends(0.8, {{5, 0.09, 0.722}, {20, 0.314, 0.625}, {100, 0.423, 0.575}, {400, 0.46, 0.539}},
               spread);
    const auto passed = [](std::uint64_t i) { return i * 37 % 101 < 95 ? 1.0 : 0.0; };
    check_ends(0.95, {{5, 0.328, 1}, {20, 0.733, 1}, {100, 0.831, 0.989}, {400, 0.896, 0.973}},
               passed);
    const auto always = [](std::uint64_t) { return 1.0; };
    check_ends(0.8, {{5, 0.456, 1}, {20, 0.813, 1}, {100, 0.958, 1}, {400, 0.989, 1}}, always);
}

TEST_CASE("sequential: a value and its complement mirror the interval") {
    for (const std::uint64_t seed : test::seeds_of_test(5)) {
        INFO("ASSAY_SEED=" << seed);
        Rng rng(seed);
        BettingSequence one = started(0.9);
        BettingSequence mirrored = started(0.9);
        for (int i = 0; i < 300; ++i) {
            const double value = static_cast<double>(rng.next_below(9)) / 8;
            REQUIRE(one.add(value));
            REQUIRE(mirrored.add(1 - value));
        }
        CHECK(one.interval().low == Approx(1 - mirrored.interval().high).margin(0.0011));
        CHECK(one.interval().high == Approx(1 - mirrored.interval().low).margin(0.0011));
    }
}

TEST_CASE("sequential: the interval begins as all that is possible and never grows") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    BettingSequence sequence = started(0.95);
    Interval before = sequence.interval();
    CHECK(before.low == 0);
    CHECK(before.high == 1);
    for (int i = 0; i < 2'000; ++i) {
        // The mean changes midway, which no population allows: it must survive that too.
        REQUIRE(sequence.add(rng.next_unit() < (i < 1'000 ? 0.9 : 0.2) ? 1 : 0));
        const Interval now = sequence.interval();
        REQUIRE(now.low >= before.low);
        REQUIRE(now.high <= before.high);
        REQUIRE(now.low <= now.high);
        before = now;
    }
    CHECK(sequence.count() == 2'000);
    CHECK(before.high - before.low < 0.1);
}

TEST_CASE("sequential: under a true mean at the threshold few runs ever stop") {
    // The long table is printed by tests/bench/sequential_bench.cpp.
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    constexpr int k_runs = 250;
    constexpr int k_values = 100;
    for (const double mean : {0.1, 0.5, 0.8, 0.95}) {
        int stopped = 0;
        for (int run = 0; run < k_runs; ++run) {
            BettingSequence sequence = started(0.9);
            for (int i = 0; i < k_values; ++i) {
                REQUIRE(sequence.add(rng.next_unit() < mean ? 1 : 0));
            }
            // It never grows, so that one look at the end is a look after every value.
            const Interval interval = sequence.interval();
            if (interval.low >= mean || interval.high <= mean) ++stopped;
        }
        INFO(mean);
        CHECK(stopped <= k_runs / 10);
    }
}

TEST_CASE("sequential: a true difference ends a run early") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    for (int run = 0; run < 20; ++run) {
        BettingSequence sequence = started(0.95);
        while (sequence.interval().low < 0.7 && sequence.count() < 1'000) {
            REQUIRE(sequence.add(rng.next_unit() < 0.9 ? 1 : 0));
        }
        CHECK(sequence.count() < 400);
    }
}

TEST_CASE("sequential: what is no value leaves the sequence as it was") {
    BettingSequence sequence = started(0.95);
    for (int i = 0; i < 50; ++i) REQUIRE(sequence.add(0.75));
    const Interval before = sequence.interval();
    CHECK(sequence.add(1.01).error().message ==
          "a sequence takes values between 0 and 1, not 1.01");
    CHECK_FALSE(sequence.add(-1e-9).has_value());
    CHECK_FALSE(sequence.add(std::numeric_limits<double>::quiet_NaN()).has_value());
    CHECK_FALSE(sequence.add(std::numeric_limits<double>::infinity()).has_value());
    CHECK(sequence.count() == 50);
    CHECK(sequence.interval().low == before.low);
    CHECK(sequence.interval().high == before.high);
    for (const double bad : {0.0, 1.0, -1.0, 95.0, std::numeric_limits<double>::quiet_NaN()}) {
        CHECK(BettingSequence::start(bad).error().code == ErrorCode::invalid_argument);
    }
}

}  // namespace
}  // namespace assay
