#include "runner/report/detectable.hpp"

#include <catch2/catch.hpp>

namespace assay {
namespace {

constexpr PowerTarget k_target{.confidence = 0.95, .power = 0.8};

TEST_CASE("detectable: pairs that differ tell how much can be seen") {
    PairedSample pairs{.a = {}, .b = {}, .clusters = {}, .is_share = true};
    for (int i = 0; i < 100; ++i) {
        pairs.a.push_back(i < 10 ? 1 : 0);
        pairs.b.push_back(i >= 10 && i < 20 ? 1 : 0);
    }
    const auto spread = spread_of_pairs(pairs, "main");
    REQUIRE(spread);
    CHECK(std::get<PairedRates>(spread->design).discordant == Approx(0.2));
    CHECK(spread->basis == "the pairs with main");
    const auto detectable = detectable_of(*spread, 100, k_target);
    REQUIRE(detectable);
    // The power of what was found is what was asked for, and of half of it less.
    CHECK(detection_power(spread->design, 100, detectable->difference, 0.95).value() >= 0.8);
    CHECK(detection_power(spread->design, 100, detectable->difference / 2, 0.95).value() < 0.8);
    REQUIRE(detectable->items_for_half);
    const auto more = *detectable->items_for_half;
    CHECK(more > 200);
    CHECK(detection_power(spread->design, more, detectable->difference / 2, 0.95).value() >= 0.8);
}

TEST_CASE("detectable: pairs that are all alike tell nothing") {
    const PairedSample rates{.a = {1, 0, 1}, .b = {1, 0, 1}, .clusters = {}, .is_share = true};
    CHECK_FALSE(spread_of_pairs(rates, "main"));
    const PairedSample numbers{.a = {1, 2, 3}, .b = {2, 3, 4}, .clusters = {}};
    CHECK_FALSE(spread_of_pairs(numbers, "main"));
    CHECK_FALSE(spread_of_pairs({}, "main"));
}

TEST_CASE("detectable: repetitions help as far as the noise of one item goes") {
    ScoreSummary score;
    score.name = "s";
    score.data_type = ScoreDataType::numeric;
    score.items = 200;
    score.count = 600;
    score.mean = 0.5;
    score.stddev = 0.2;
    score.repetitions = {.items = 200, .varying = 180, .stddev = 0.3};
    const auto noisy = detectable_of(spread_of_score(score).value(), 200, k_target).value();
    REQUIRE(noisy.repetitions_for_half);
    CHECK(*noisy.repetitions_for_half > 3);
    score.repetitions.stddev = 0.01;  // what differs are the items
    const auto steady = detectable_of(spread_of_score(score).value(), 200, k_target).value();
    CHECK_FALSE(steady.repetitions_for_half);
    CHECK(steady.items_for_half);
}

TEST_CASE("detectable: without any run it is assumed and says so") {
    const auto spread = assumed_spread();
    REQUIRE(spread);
    CHECK(spread->basis.starts_with("half of the answers right"));
    CHECK(detectable_of(*spread, 400, k_target).value().difference <
          detectable_of(*spread, 100, k_target).value().difference);
    CHECK_FALSE(detectable_of(*spread, 1, k_target));
}

}  // namespace
}  // namespace assay
