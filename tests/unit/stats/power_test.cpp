#include "core/stats/power.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "core/base/random.hpp"
#include "core/stats/distributions.hpp"
#include "core/stats/interval.hpp"
#include "core/stats/paired.hpp"
#include "core/stats/random.hpp"
#include "core/stats/unpaired.hpp"
#include "tests/support/coverage.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

using Values = std::vector<double>;

constexpr double k_nan = std::numeric_limits<double>::quiet_NaN();
constexpr double k_two_points = 0.02;

double power_of(const PowerDesign& design, std::uint64_t items, double difference,
                double confidence = 0.95) {
    return detection_power(design, items, difference, confidence).value();
}

/// The chance of a table of pairs: b better, a better, equal.
double trinomial(const PairCounts& counts, double b_better, double a_better) {
    const std::uint64_t differ = counts.b_better + counts.a_better;
    const double both = b_better + a_better;
    return binomial_pmf(differ, counts.pairs, both) *
           binomial_pmf(counts.b_better, differ, both == 0 ? 0 : b_better / both);
}

/// The power of Tango's interval against a margin, over all tables of pairs.
double tango_power(std::uint64_t pairs, double discordant, double difference, double margin = 0) {
    double power = 0;
    for (std::uint64_t b = 0; b <= pairs; ++b) {
        for (std::uint64_t a = 0; a + b <= pairs; ++a) {
            const PairCounts counts{.b_better = b, .a_better = a, .pairs = pairs};
            const double chance =
                trinomial(counts, (discordant + difference) / 2, (discordant - difference) / 2);
            if (chance < 1e-12) continue;
            if (tango(counts, 0.95)->low >= margin) power += chance;
        }
    }
    return power;
}

/// The power of the interval that decides a rate, over all counts.
double rate_power(const OneRate& design, std::uint64_t items, double rate) {
    double power = 0;
    for (std::uint64_t hits = 0; hits <= items; ++hits) {
        const bool rare = std::min(hits, items - hits) < design.rare_below;
        const Interval interval = rare ? clopper_pearson({hits, items}, 0.95).value()
                                       : wilson({hits, items}, 0.95).value();
        const bool clears = design.side == Side::above ? interval.low >= design.threshold
                                                       : interval.high <= design.threshold;
        if (clears) power += binomial_pmf(hits, items, rate);
    }
    return power;
}

/// The power of Newcombe's interval, over all tables.
double newcombe_power(std::uint64_t items, double rate_a, double rate_b) {
    double power = 0;
    for (std::uint64_t a = 0; a <= items; ++a) {
        for (std::uint64_t b = 0; b <= items; ++b) {
            const double chance = binomial_pmf(a, items, rate_a) * binomial_pmf(b, items, rate_b);
            if (chance < 1e-12) continue;
            const Interval interval = newcombe({a, items}, {b, items}, 0.95).value();
            if (rate_b > rate_a ? interval.low >= 0 : interval.high <= 0) power += chance;
        }
    }
    return power;
}

TEST_CASE("power: the items of the t-tests in the tables") {
    // statsmodels 0.13.5, TTestPower and TTestIndPower().solve_power; G*Power says 34, 376 and 64.
    CHECK(items_needed(OneMean{1}, 0.5, {}).value() == 34);
    CHECK(items_needed(OneMean{1}, 0.2, {.confidence = 0.99, .power = 0.9}).value() == 376);
    CHECK(items_needed(TwoMeans{1, 1}, 0.5, {}).value() == 64);
    CHECK(*smallest_detectable(OneMean{1}, 20, {}).value() == Approx(0.6604).margin(0.002));
    CHECK(*smallest_detectable(OneMean{1}, 100, {.confidence = 0.99, .power = 0.9}).value() ==
          Approx(0.3923).margin(0.001));
    CHECK(*smallest_detectable(TwoMeans{1, 1}, 20, {}).value() == Approx(0.9091).margin(0.002));
    // The unit of the score does not matter.
    CHECK(items_needed(OneMean{250}, 125, {}).value() == 34);
}

TEST_CASE("power: of a mean it is that of the non-central t distribution") {
    // scipy 1.10.1: nct.sf(t.ppf(0.975, n - 1), n - 1, d * sqrt(n))
    CHECK(power_of(OneMean{1}, 5, 1.5) == Approx(0.71070).margin(0.01));
    CHECK(power_of(OneMean{1}, 10, 1.0) == Approx(0.80310).margin(0.002));
    CHECK(power_of(OneMean{1}, 34, 0.5) == Approx(0.80778).margin(0.001));
    CHECK(power_of(OneMean{1}, 100, 0.3) == Approx(0.84395).margin(0.001));
}

TEST_CASE("power: of a mean it is how often the t interval of normal values decides") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    constexpr int k_runs = 10'000;
    for (const std::uint64_t items : {4U, 8U, 25U}) {
        const double difference = *smallest_detectable(OneMean{2}, items, {}).value();
        int found = 0;
        Values values(items);
        for (int run = 0; run < k_runs; ++run) {
            for (double& value : values) value = difference + 2 * test::random_normal(rng);
            if (student_t_interval(values, 0.95)->low >= 0) ++found;
        }
        INFO(items << " items");
        CHECK(static_cast<double>(found) / k_runs == Approx(0.8).margin(k_two_points));
    }
}

TEST_CASE("power: of a rate it is the chance that the interval clears the threshold") {
    for (const double threshold : {0.02, 0.1, 0.5, 0.85}) {
        for (const std::uint64_t items : {2U, 10U, 37U, 150U}) {
            for (const double rate : {0.01, 0.05, 0.3, 0.6, 0.8, 0.9, 0.99, 1.0}) {
                for (const std::uint64_t rare_below : {0U, 10U, 1'000U}) {
                    const OneRate design{threshold, rate > threshold ? Side::above : Side::below,
                                         rare_below};
                    INFO(items << " items at " << rate << " against " << threshold);
                    CHECK(power_of(design, items, std::abs(rate - threshold)) ==
                          Approx(rate_power(design, items, rate)).margin(1e-9));
                }
            }
        }
    }
}

TEST_CASE("power: of paired rates it is the chance that Tango's interval clears 0") {
    for (const std::uint64_t pairs : {12U, 40U, 90U}) {
        for (const double discordant : {0.1, 0.3, 1.0}) {
            for (const double difference : {0.05, 0.1, 0.25}) {
                if (difference > discordant) continue;
                INFO(pairs << " pairs of which " << discordant << " differ by " << difference);
                CHECK(power_of(PairedRates{discordant}, pairs, difference) ==
                      Approx(tango_power(pairs, discordant, difference)).margin(1e-9));
            }
        }
    }
    // A difference needs as many pairs that differ.
    CHECK(power_of(PairedRates{0.02}, 40, 0.3) == power_of(PairedRates{0.3}, 40, 0.3));
    CHECK(power_of(PairedRates{0.0}, 40, 0.3) == power_of(PairedRates{0.3}, 40, 0.3));
}

TEST_CASE("power: of paired rates it is so for a margin too") {
    for (const double margin : {-0.1, -0.02, 0.05}) {
        for (const double discordant : {0.0, 0.15, 0.4}) {
            for (const double difference : {0.02, 0.1, 0.2}) {
                INFO("margin " << margin << " and " << difference << " above it, of "
                               << discordant);
                const double truth = margin + difference;
                const double differ = std::max(discordant, std::abs(truth));
                CHECK(power_of(PairedRates{discordant, margin}, 60, difference) ==
                      Approx(tango_power(60, differ, truth, margin)).margin(1e-9));
            }
        }
    }
}

TEST_CASE("power: of two rates it is the chance that Newcombe's interval clears 0") {
    for (const std::uint64_t items : {10U, 40U, 80U}) {
        for (const double a : {0.0, 0.1, 0.5, 0.9, 1.0}) {
            for (const double b : {0.05, 0.3, 0.7, 0.95}) {
                INFO(items << " items at " << a << " and " << b);
                const TwoRates design{a, b > a ? Side::above : Side::below};
                CHECK(power_of(design, items, std::abs(b - a)) ==
                      Approx(newcombe_power(items, a, b)).margin(1e-9));
            }
        }
    }
}

TEST_CASE("power: the normal limits of many items agree with simulated runs") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    constexpr int k_runs = 10'000;
    constexpr std::uint64_t k_items = 4'000;
    const double paired = *smallest_detectable(PairedRates{0.2}, k_items, {}).value();
    const double separate = *smallest_detectable(TwoRates{0.3}, k_items, {}).value();
    const double allowed = 0.02;  // a margin, while nothing has changed
    int paired_found = 0;
    int drops_excluded = 0;
    int separate_found = 0;
    for (int run = 0; run < k_runs; ++run) {
        const std::uint64_t differ = random_binomial(rng, k_items, 0.2);
        const std::uint64_t better = random_binomial(rng, differ, 0.5 + paired / 0.4);
        if (tango({better, differ - better, k_items}, 0.95)->low >= 0) ++paired_found;
        const std::uint64_t even = random_binomial(rng, differ, 0.5);
        if (tango({even, differ - even, k_items}, 0.95)->low >= -allowed) ++drops_excluded;
        const std::uint64_t hits_a = random_binomial(rng, k_items, 0.3);
        const std::uint64_t hits_b = random_binomial(rng, k_items, 0.3 + separate);
        if (newcombe({hits_a, k_items}, {hits_b, k_items}, 0.95)->low >= 0) ++separate_found;
    }
    CHECK(static_cast<double>(paired_found) / k_runs == Approx(0.8).margin(k_two_points));
    CHECK(static_cast<double>(separate_found) / k_runs == Approx(0.8).margin(k_two_points));
    const double drop_power = power_of(PairedRates{0.2, -allowed}, k_items, allowed);
    CHECK(static_cast<double>(drops_excluded) / k_runs == Approx(drop_power).margin(k_two_points));
    // Connett, Smith, McHugh 1987: 3.92… = 1.96 √0.2 + 0.84 √(0.2 − d²), over √n
    CHECK(paired == Approx((1.95996 * std::sqrt(0.2) + 0.84162 * std::sqrt(0.2 - paired * paired)) /
                           std::sqrt(4'000.0))
                        .epsilon(1e-4));
}

TEST_CASE("power: the smallest difference has the power and one a little smaller has not") {
    const std::vector<PowerDesign> designs{
        OneMean{0.3},       OneRate{0.85, Side::above}, OneRate{0.85, Side::below},
        PairedRates{0.1},   PairedRates{0.9},           PairedRates{0.1, -0.03},
        TwoMeans{0.2, 0.4}, TwoRates{0.6, Side::above}, TwoRates{0.6, Side::below}};
    for (const PowerDesign& design : designs) {
        for (const std::uint64_t items : {60U, 500U, 20'000U}) {
            const double smallest = *smallest_detectable(design, items, {}).value();
            INFO("design " << design.index() << " with " << items << " items: " << smallest);
            CHECK(power_of(design, items, smallest) == Approx(0.8).margin(1e-6));
            CHECK(power_of(design, items, 0.999 * smallest) < 0.8);
        }
    }
}

TEST_CASE("power: from the items needed on the power is there and with one fewer it is not") {
    const std::vector<PowerDesign> designs{OneMean{0.3}, PairedRates{0.1}, PairedRates{1.0},
                                           TwoMeans{0, 0.4}, TwoRates{0.5, Side::above}};
    for (const PowerDesign& design : designs) {
        const std::uint64_t items = *items_needed(design, 0.2, {}).value();
        INFO("design " << design.index() << " needs " << items);
        CHECK(power_of(design, items - 1, 0.2) < 0.8);
        for (std::uint64_t more = items; more < items + 40; ++more) {
            CHECK(power_of(design, more, 0.2) >= 0.8);
        }
    }
}

TEST_CASE("power: nothing where no difference is large enough and no number of items sufficient") {
    CHECK(smallest_detectable(OneRate{0.9, Side::above}, 10, {}).value() == std::nullopt);
    CHECK(smallest_detectable(PairedRates{0.5}, 3, {}).value() == std::nullopt);
    CHECK(smallest_detectable(TwoRates{0.9, Side::above}, 5, {}).value() == std::nullopt);
    CHECK(items_needed(OneMean{1}, 1e-6, {}).value() == std::nullopt);
    // Four pairs that all differ in one direction are the fewest that Tango's interval believes.
    CHECK(*smallest_detectable(PairedRates{0.5}, 4, {}).value() <= 1);
}

TEST_CASE("power: what cannot be planned is refused") {
    CHECK(smallest_detectable(OneMean{0}, 50, {}).error().message ==
          "a standard deviation of 0 says nothing about what can be detected");
    CHECK_FALSE(smallest_detectable(OneMean{k_nan}, 50, {}).has_value());
    CHECK_FALSE(smallest_detectable(TwoMeans{0, 0}, 50, {}).has_value());
    CHECK_FALSE(smallest_detectable(TwoMeans{-1, 2}, 50, {}).has_value());
    CHECK_FALSE(smallest_detectable(OneRate{1.0}, 50, {}).has_value());
    CHECK_FALSE(smallest_detectable(PairedRates{1.5}, 50, {}).has_value());
    CHECK_FALSE(smallest_detectable(PairedRates{k_nan}, 50, {}).has_value());
    CHECK_FALSE(smallest_detectable(PairedRates{0.1, -1}, 50, {}).has_value());
    CHECK_FALSE(smallest_detectable(TwoRates{-0.1}, 50, {}).has_value());
    CHECK_FALSE(smallest_detectable(OneMean{1}, 1, {}).has_value());
    CHECK_FALSE(smallest_detectable(OneMean{1}, 50, {.confidence = 1}).has_value());
    CHECK(smallest_detectable(OneMean{1}, 50, {.power = 1}).error().message ==
          "a power is at least 0.5 and under 1, not 1");
    CHECK_FALSE(smallest_detectable(OneMean{1}, 50, {.power = 0.2}).has_value());
    CHECK_FALSE(items_needed(OneMean{1}, 0, {}).has_value());
    CHECK_FALSE(items_needed(OneMean{1}, k_nan, {}).has_value());
    CHECK(items_needed(OneRate{0.9, Side::above}, 0.2, {}).error().code ==
          ErrorCode::invalid_argument);
    CHECK_FALSE(items_needed(TwoRates{0.3, Side::below}, 0.4, {}).has_value());
    CHECK_FALSE(detection_power(PairedRates{0.1}, 50, 1.1, 0.95).has_value());
}

TEST_CASE("power: the assumptions about pairs") {
    // Var(b − a) = 2 σ² (1 − ρ)
    CHECK(difference_stddev(0.4, 0.5).value() == Approx(0.4));
    CHECK(difference_stddev(0.4, 0).value() == Approx(0.4 * std::sqrt(2.0)));
    CHECK_FALSE(difference_stddev(0.4, 1).has_value());
    CHECK_FALSE(difference_stddev(0, 0.5).has_value());
    // Both right 0.8² + 0.1 · 0.16 of the time …: 2 · 0.16 · (1 − ρ) differ.
    CHECK(discordant_share(0.8, 0).value() == Approx(0.32));
    CHECK(discordant_share(0.8, 0.5).value() == Approx(0.16));
    CHECK(discordant_share(0.8, 1).value() == Approx(0).margin(1e-15));
    CHECK(discordant_share(0.5, -1).value() == Approx(1));
    CHECK_FALSE(discordant_share(0.8, -1).has_value());
    CHECK_FALSE(discordant_share(1.1, 0.5).has_value());
    CHECK_FALSE(discordant_share(0.5, k_nan).has_value());
}

TEST_CASE("power: the parts of a variance are those of an analysis by hand") {
    // Items 1, 3 and 2, 6 with two repetitions each: means 2 and 4, variances 2 and 8.
    const auto parts = variance_parts(Values{2, 4}, Values{2, 8}, 2).value();
    CHECK(parts.within == Approx(5));
    CHECK(parts.between == 0);  // 2 − 5 / 2 is under 0
    const auto apart = variance_parts(Values{0, 10}, Values{2, 8}, 2).value();
    CHECK(apart.between == Approx(50 - 2.5));
    CHECK_FALSE(variance_parts(Values{1, 2}, Values{1, 1}, 1).has_value());
    CHECK_FALSE(variance_parts(Values{1, 2}, Values{1, -1}, 2).has_value());
    CHECK_FALSE(variance_parts(Values{1, 2}, Values{1}, 2).has_value());
    CHECK_FALSE(variance_parts(Values{1}, Values{1}, 2).has_value());
    CHECK_FALSE(variance_parts(Values{1, k_nan}, Values{1, 1}, 2).has_value());
}

TEST_CASE("power: repetitions help against the variance within an item alone") {
    const VarianceParts parts{.between = 0.04, .within = 0.21};
    CHECK(item_mean_stddev(parts, 1).value() == Approx(0.5));
    CHECK(item_mean_stddev(parts, 7).value() == Approx(std::sqrt(0.07)));
    const auto detected = [&](std::uint64_t repetitions) {
        return *smallest_detectable(OneMean{item_mean_stddev(parts, repetitions).value()}, 100, {})
                    .value();
    };
    for (const double difference : {0.15, 0.1, 0.07, 0.06}) {
        const std::uint64_t repetitions = *repetitions_needed(parts, 100, difference, {}).value();
        INFO(difference << " needs " << repetitions);
        CHECK(detected(repetitions) <= difference);
        if (repetitions > 1) CHECK(detected(repetitions - 1) > difference);
    }
    // 100 items of a standard deviation of 0.2 show 0.057 at best.
    CHECK(repetitions_needed(parts, 100, 0.056, {}).value() == std::nullopt);
    CHECK(repetitions_needed({.between = 0.04, .within = 0}, 100, 0.06, {}).value() == 1);
    CHECK_FALSE(repetitions_needed({}, 100, 0.06, {}).has_value());
    CHECK_FALSE(repetitions_needed({.between = -1, .within = 1}, 100, 0.06, {}).has_value());
    CHECK_FALSE(repetitions_needed(parts, 1, 0.06, {}).has_value());
    CHECK_FALSE(repetitions_needed(parts, 100, 0, {}).has_value());
    CHECK_FALSE(item_mean_stddev(parts, 0).has_value());
}

}  // namespace
}  // namespace assay
