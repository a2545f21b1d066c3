#include "runner/cli/judge_resistance.hpp"

#include <catch2/catch.hpp>

namespace assay {
namespace {

/// So many attacks on each output, of which so many flip.
std::vector<AttackOutcome> outcomes_of(const std::vector<int>& flips, int attacks) {
    std::vector<AttackOutcome> outcomes;
    for (std::size_t output = 0; output < flips.size(); ++output) {
        for (int i = 0; i < attacks; ++i) {
            outcomes.push_back({.output = output, .answered = true, .flipped = i < flips[output]});
        }
    }
    return outcomes;
}

}  // namespace

TEST_CASE("judge resistance: nothing was answered so nothing is told", "[attack]") {
    CHECK(share_of({}).attempts == 0);
    CHECK_FALSE(share_of({}).interval.has_value());
    const FlipShare silent = share_of({{.output = 0}, {.output = 1}});
    CHECK(silent.errors == 2);
    CHECK(silent.attempts == 0);
    CHECK_FALSE(silent.interval.has_value());
}

TEST_CASE("judge resistance: outputs that behave alike count as one trial each", "[attack]") {
    // Clopper and Pearson: 1 - 0.025^(1/4) for none of 4, whatever the number of attacks.
    for (const int attacks : {1, 50}) {
        const FlipShare none = share_of(outcomes_of({0, 0, 0, 0}, attacks));
        REQUIRE(none.interval.has_value());
        CHECK(none.interval->low == 0);
        CHECK(none.interval->high == Approx(0.602365));
        const FlipShare every =
            share_of(outcomes_of({attacks, attacks, attacks, attacks}, attacks));
        CHECK(every.flipped == every.attempts);
        CHECK(every.interval->low == Approx(1 - 0.602365));
        CHECK(every.interval->high == 1);
    }
    // A half of each of 4 is as 2 of 4; a tenth lies between 0 and 1 of 4.
    const FlipShare half = share_of(outcomes_of({5, 5, 5, 5}, 10));
    CHECK(half.interval->low == Approx(0.067586).epsilon(1e-4));
    CHECK(half.interval->high == Approx(1 - 0.067586).epsilon(1e-4));
    const FlipShare tenth = share_of(outcomes_of({1, 1, 1, 1}, 10));
    CHECK(tenth.interval->low == 0);
    CHECK(tenth.interval->high == Approx(0.805880).epsilon(1e-4));
    // One output alone tells next to nothing.
    const FlipShare one = share_of(outcomes_of({0}, 50));
    CHECK(one.interval->high == Approx(0.975));
}

TEST_CASE("judge resistance: outputs that differ give a t interval inside the unit", "[attack]") {
    const FlipShare some = share_of(outcomes_of({0, 0, 2, 0}, 4));
    CHECK(some.attempts == 16);
    CHECK(some.flipped == 2);
    CHECK(some.interval->low == 0);
    CHECK(some.interval->high == Approx(0.125 + 3.182446 * 0.125).epsilon(1e-5));
}

TEST_CASE("judge resistance: machines get every number", "[attack]") {
    Resistance found{.judge = "tone", .outputs = 4, .passed_over = 1};
    found.all = share_of(outcomes_of({0, 0, 2, 0}, 4));
    found.families["alpha"] = share_of({{.output = 0}});
    found.examples = {"i2: a1"};
    const OrderedJson json = to_json(found);
    CHECK(json.at("id") == "tone");
    CHECK(json.at("outputs") == 4);
    CHECK(json.at("passed_over") == 1);
    CHECK(json.at("all").at("share") == 0.125);
    CHECK(json.at("all").at("interval").at("confidence") == 0.95);
    CHECK(json.at("families").at("alpha").at("share").is_null());
    CHECK(json.at("families").at("alpha").at("interval").is_null());
    CHECK(json.at("families").at("alpha").at("errors") == 1);
    CHECK(json.at("examples") == OrderedJson({"i2: a1"}));
}

}  // namespace assay
