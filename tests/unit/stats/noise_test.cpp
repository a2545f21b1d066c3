#include "core/stats/noise.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "core/base/random.hpp"
#include "core/stats/distributions.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

using Runs = std::vector<std::vector<double>>;

NoiseFloor floor_of(const Runs& runs, const std::vector<std::uint32_t>& clusters = {}) {
    const auto floor = noise_floor(runs, clusters, 0.95);
    REQUIRE(floor);
    return *floor;
}

/// A system whose items come out right with these probabilities, each by itself, and whose runs are
/// better or worse as a whole by `drift`.
struct System {
    std::vector<double> rates;
    double drift = 0;
    std::uint32_t cluster_size = 1;  ///< items that come out alike

    [[nodiscard]] std::vector<double> run(Rng& rng) const {
        const double shift = drift == 0 ? 0 : drift * normal_quantile(rng.next_unit() + 1e-12);
        std::vector<double> values;
        double drawn = 0;
        for (std::size_t item = 0; item < rates.size(); ++item) {
            if (item % cluster_size == 0) drawn = rng.next_unit();
            values.push_back(drawn < rates[item] + shift ? 1 : 0);
        }
        return values;
    }
    [[nodiscard]] std::vector<std::uint32_t> clusters() const {
        std::vector<std::uint32_t> of_item;
        for (std::uint32_t item = 0; item < rates.size(); ++item) {
            of_item.push_back(item / cluster_size);
        }
        return of_item;
    }
};

double mean_of(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
}

struct Outcome {
    double held = 0;    ///< share of rounds in which two more runs lie within the floor
    double unseen = 0;  ///< share of rounds in which nothing moved, so that the floor is 0
    double average = 0;
    double together = 0;
};

Outcome simulate(const System& system, std::size_t runs, std::uint64_t seed,
                 bool with_clusters = false) {
    constexpr int k_rounds = 2000;
    Rng rng(seed);
    const auto clusters = with_clusters ? system.clusters() : std::vector<std::uint32_t>();
    Outcome outcome;
    for (int round = 0; round < k_rounds; ++round) {
        Runs measured;
        for (std::size_t run = 0; run < runs; ++run) measured.push_back(system.run(rng));
        const NoiseFloor floor = floor_of(measured, clusters);
        const double apart = std::abs(mean_of(system.run(rng)) - mean_of(system.run(rng)));
        outcome.held += apart <= floor.difference + 1e-12 ? 1.0 / k_rounds : 0;
        outcome.unseen += floor.difference == 0 ? 1.0 / k_rounds : 0;
        outcome.average += floor.difference / k_rounds;
        outcome.together += floor.moves_together ? 1.0 / k_rounds : 0;
    }
    return outcome;
}

/// 1.96 · √2 · the standard deviation of a run's mean.
double true_floor(const System& system) {
    double variance = 0;
    for (const double rate : system.rates) variance += rate * (1 - rate);
    return normal_quantile(0.975) * std::sqrt(2 * variance) /
           static_cast<double>(system.rates.size());
}

/// A tenth of the items is a coin; the others never change.
System mostly_stable(std::size_t items) {
    System system;
    for (std::size_t item = 0; item < items; ++item) {
        system.rates.push_back(item % 10 == 0 ? 0.5 : 1);
    }
    return system;
}

}  // namespace

TEST_CASE("noise: a floor worked out by hand") {
    // Item variances 0.5 and 0.5, two degrees of freedom, t(0.975, 2) = 4.302652729911275: both
    // items flipped, in opposite directions. Tables of t: 4.303.
    const NoiseFloor floor = floor_of({{1, 0, 1, 1}, {0, 1, 1, 1}});
    CHECK_FALSE(floor.moves_together);
    CHECK(floor.run_stddev == Approx(0.25).epsilon(1e-12));
    CHECK(floor.difference == Approx(4.302652729911275 * std::sqrt(2.0) * 0.25).epsilon(1e-10));
}

TEST_CASE("noise: a single item that flips makes a wide floor") {
    // One degree of freedom: t(0.975, 1) = 12.706.
    const NoiseFloor floor = floor_of({{1, 0, 1, 1}, {0, 0, 1, 1}});
    CHECK(floor.difference == Approx(12.706204736432095 / 4).epsilon(1e-10));
}

TEST_CASE("noise: runs that are the same have none") {
    CHECK(floor_of({{0.1, 0.7}, {0.1, 0.7}, {0.1, 0.7}}).difference == 0);
}

TEST_CASE("noise: runs that move as a whole are told by their means") {
    Runs runs;
    for (const double shift : {0.0, 0.3, 0.1}) runs.push_back(std::vector<double>(50, 0.5 + shift));
    const NoiseFloor floor = floor_of(runs);
    CHECK(floor.moves_together);
    // The standard deviation of 0, 0.3 and 0.1; t(0.975, 2).
    CHECK(floor.run_stddev == Approx(0.15275252316519466).epsilon(1e-10));
    CHECK(floor.difference ==
          Approx(4.302652729911275 * std::sqrt(2.0) * 0.15275252316519466).epsilon(1e-10));
}

TEST_CASE("noise: two more runs lie within the floor as often as it says") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    for (const std::size_t runs : {2U, 3U, 5U, 10U}) {
        for (const System& system :
             {System{.rates = std::vector<double>(40, 0.5)}, mostly_stable(400),
              System{.rates = std::vector<double>(200, 0.95)}}) {
            const Outcome outcome = simulate(system, runs, seed);
            INFO(runs << " runs of " << system.rates.size() << " items: " << outcome.held);
            // 2,000 rounds are good for ±1.5 points at three standard errors.
            CHECK(outcome.held >= 0.93);
            CHECK(outcome.together <= 0.02);
        }
    }
}

TEST_CASE("noise: the floor is sharp after a few runs") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    const System system = mostly_stable(400);
    const double least = true_floor(system);
    CHECK(simulate(system, 2, seed).average < 1.3 * least);
    CHECK(simulate(system, 3, seed).average < 1.15 * least);
    CHECK(simulate(system, 5, seed).average < 1.1 * least);
    CHECK(simulate(system, 10, seed).average < 1.05 * least);
}

TEST_CASE("noise: what is missed where items flip rarely is that nothing moved") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    const Outcome outcome = simulate({.rates = std::vector<double>(20, 0.98)}, 3, seed);
    CHECK(outcome.unseen > 0.2);
    CHECK(1 - outcome.held <= outcome.unseen);
}

TEST_CASE("noise: a drift of whole runs is seen with enough of them") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    // Three times the noise of the items.
    const System system{.rates = std::vector<double>(200, 0.5), .drift = 0.106};
    const Outcome ten = simulate(system, 10, seed);
    CHECK(ten.together > 0.9);
    CHECK(ten.held > 0.92);
    CHECK(simulate(system, 5, seed).held > 0.86);
}

TEST_CASE("noise: items that vary together are counted as one") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    const System system{.rates = std::vector<double>(200, 0.5), .drift = 0, .cluster_size = 5};
    CHECK(simulate(system, 3, seed, true).held >= 0.93);
    CHECK(simulate(system, 3, seed).held < 0.93);
}

TEST_CASE("noise: bad input is refused with the reason") {
    const auto refused = [](const Runs& runs, const std::vector<std::uint32_t>& clusters,
                            double confidence, const char* why) {
        const auto floor = noise_floor(runs, clusters, confidence);
        REQUIRE_FALSE(floor);
        CHECK(floor.error().code == ErrorCode::invalid_argument);
        CHECK_THAT(floor.error().message, Catch::Contains(why));
    };
    refused({}, {}, 0.95, "fewer than two");
    refused({{1, 2}}, {}, 0.95, "fewer than two");
    refused({{}, {}}, {}, 0.95, "no item");
    refused({{1, 2}, {1}}, {}, 0.95, "differ in their items");
    refused({{1, 2}, {1, 2}}, {1}, 0.95, "cluster");
    refused({{1, 2}, {1, 2}}, {}, 1, "confidence");
    refused({{1, std::nan("")}, {1, 2}}, {}, 0.95, "finite");
    constexpr double k_largest = std::numeric_limits<double>::max();
    refused({{k_largest, 0}, {-k_largest, 0}}, {}, 0.95, "too far apart");
}

TEST_CASE("noise: values of any size give a finite floor") {
    for (const double size : {1e-300, 1e-200, 1.0, 1e100}) {
        const NoiseFloor floor = floor_of({{size, 0, 0}, {0, size, 0}, {0, 0, size}});
        CHECK(std::isfinite(floor.difference));
        CHECK(floor.difference >= 0);
    }
}

}  // namespace assay
