#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "core/stats/bootstrap.hpp"
#include "core/stats/interval.hpp"
#include "core/stats/paired.hpp"
#include "core/stats/power.hpp"
#include "core/stats/random.hpp"
#include "core/stats/unpaired.hpp"
#include "tests/support/coverage.hpp"

// What can be detected, and how often simulated gates detect it, as the tables of
// docs/statistics.md:
//
//   power_bench

namespace assay {
namespace {

constexpr double k_confidence = 0.95;
constexpr std::size_t k_rounds = 100'000;
constexpr std::size_t k_bootstrap_rounds = 10'000;
constexpr std::size_t k_bootstrap_resamples = 2'000;

void print(const std::string& line) { fmt::print("{}\n", line); }

std::string points(double difference) { return fmt::format("{:.1f}", 100 * difference); }

std::string detectable(const PowerDesign& design, std::uint64_t items) {
    const auto smallest = smallest_detectable(design, items, {}).value();
    return smallest ? points(*smallest) : "none";
}

void print_row(const std::string& first, const std::vector<PowerDesign>& designs,
               std::uint64_t items) {
    std::string line = fmt::format("| {} |", first);
    for (const PowerDesign& design : designs) line += ' ' + detectable(design, items) + " |";
    print(line);
}

void print_detectable() {
    print("The smallest difference, in points, that is found with 80 % power at 95 %.\n");
    print(
        "| items | rate above 50 % | above 80 % | above 90 % | below 90 % | pairs: 5 % differ | "
        "10 % | 20 % | 40 % | mean, s = 0.25 |");
    print("|---|---|---|---|---|---|---|---|---|---|");
    const std::vector<PowerDesign> designs{
        OneRate{0.5},      OneRate{0.8},     OneRate{0.9},     OneRate{0.9, Side::below},
        PairedRates{0.05}, PairedRates{0.1}, PairedRates{0.2}, PairedRates{0.4},
        OneMean{0.25}};
    for (const std::uint64_t items : {25U, 50U, 100U, 200U, 500U, 1'000U, 5'000U, 20'000U}) {
        print_row(std::to_string(items), designs, items);
    }
}

void print_needed() {
    print("\nThe items (pairs) that a difference needs.\n");
    print(
        "| points | rate above 80 % | above 90 % | pairs: 5 % differ | 10 % | 20 % | "
        "mean, s = 0.25 |");
    print("|---|---|---|---|---|---|---|");
    const std::vector<PowerDesign> designs{OneRate{0.8},     OneRate{0.9},     PairedRates{0.05},
                                           PairedRates{0.1}, PairedRates{0.2}, OneMean{0.25}};
    for (const double difference : {0.1, 0.05, 0.03, 0.02, 0.01}) {
        std::string line = fmt::format("| {:.0f} |", 100 * difference);
        for (const PowerDesign& design : designs) {
            const auto items = items_needed(design, difference, {});
            line += items && *items ? fmt::format(" {} |", **items) : " – |";
        }
        print(line);
    }
}

void print_repetitions() {
    print(
        "\nThe smallest difference of a mean, in points, of 100 items with a standard deviation "
        "of 0.5 for one repetition, by the part of the variance that is within the items.\n");
    print("| within | 1 repetition | 2 | 4 | 8 | 16 | endless |\n|---|---|---|---|---|---|---|");
    for (const double within : {0.2, 0.5, 0.8}) {
        const VarianceParts parts{.between = 0.25 * (1 - within), .within = 0.25 * within};
        std::string line = fmt::format("| {:.0f} % |", 100 * within);
        for (const std::uint64_t repetitions : {1U, 2U, 4U, 8U, 16U, 1'000'000'000U}) {
            line +=
                ' ' + detectable(OneMean{item_mean_stddev(parts, repetitions).value()}, 100) + " |";
        }
        print(line);
    }
}

/// Whether one simulated gate finds the difference.
using Gate = std::function<bool(Rng&)>;

void print_check(const std::string& name, std::uint64_t items, double power, std::size_t rounds,
                 const Gate& finds) {
    std::size_t found = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
        Rng random = random_stream(items, round);
        if (finds(random)) ++found;
    }
    const double share = static_cast<double>(found) / static_cast<double>(rounds);
    print(fmt::format("| {} | {} | {:.1f} % | {:.1f} % |", name, items, 100 * power, 100 * share));
}

void check_rate(double threshold, double difference, std::uint64_t items) {
    const double power = detection_power(OneRate{threshold}, items, difference, 0.95).value();
    print_check(fmt::format("rate {:.0f} % above {:.0f} %", 100 * (threshold + difference),
                            100 * threshold),
                items, power, k_rounds, [=](Rng& random) {
                    const std::uint64_t hits =
                        random_binomial(random, items, threshold + difference);
                    const bool rare = std::min(hits, items - hits) < OneRate{}.rare_below;
                    const auto interval = rare ? clopper_pearson({hits, items}, k_confidence)
                                               : wilson({hits, items}, k_confidence);
                    return interval->low >= threshold;
                });
}

void check_pairs(const PairedRates& design, double difference, std::uint64_t items) {
    const double power = detection_power(design, items, difference, k_confidence).value();
    const double truth = design.margin + difference;
    const double better = 0.5 + truth / 2 / design.discordant;
    print_check(fmt::format("pairs, {:.0f} % differ, by {:.0f} points against {:.0f}",
                            100 * design.discordant, 100 * truth, 100 * design.margin),
                items, power, k_rounds, [=](Rng& random) {
                    const std::uint64_t differ = random_binomial(random, items, design.discordant);
                    const std::uint64_t b = random_binomial(random, differ, better);
                    return tango({b, differ - b, items}, k_confidence)->low >= design.margin;
                });
}

void check_two_rates(double a, double difference, std::uint64_t items) {
    const double power = detection_power(TwoRates{a}, items, difference, k_confidence).value();
    print_check(fmt::format("two rates, {:.0f} % and {:.0f} %", 100 * a, 100 * (a + difference)),
                items, power, k_rounds, [=](Rng& random) {
                    const Proportion of_a{random_binomial(random, items, a), items};
                    const Proportion of_b{random_binomial(random, items, a + difference), items};
                    return newcombe(of_a, of_b, k_confidence)->low >= 0;
                });
}

/// A judge's grade in quarters, and what is above its mean of 0.7.
double grade(Rng& random) {
    constexpr std::array<double, 10> k_grades = {0, 0.25, 0.5, 0.5, 0.75, 1, 1, 1, 1, 1};
    return k_grades[random.next_below(k_grades.size())] - 0.7;
}
constexpr double k_grade_stddev = 0.35;  // √ of the mean square

double normal_value(Rng& random) { return k_grade_stddev * test::random_normal(random); }

/// The truth lies above the threshold of 0 or, with side −1, below it.
void check_mean(const std::string& name, double (*draw)(Rng&), double side, std::uint64_t items) {
    const OneMean design{k_grade_stddev};
    const double difference = *smallest_detectable(design, items, {}).value();
    const auto values = [=](Rng& random) {
        std::vector<double> drawn(items);
        for (double& value : drawn) value = side * difference + draw(random);
        return drawn;
    };
    const auto finds = [=](const Interval& interval) {
        return side > 0 ? interval.low >= 0 : interval.high <= 0;
    };
    print_check(name + ", Student t", items, 0.8, k_rounds, [&](Rng& random) {
        return finds(student_t_interval(values(random), k_confidence).value());
    });
    if (items < 50) return;
    print_check(name + ", BCa", items, 0.8, k_bootstrap_rounds, [&](Rng& random) {
        const std::vector<double> drawn = values(random);
        const auto means = bootstrap_mean(
            {.values = drawn}, {.resamples = k_bootstrap_resamples, .seed = random.next()});
        return finds(means->bca(k_confidence).value());
    });
}

void print_checks() {
    print(
        fmt::format("\nWhat is said, and how often the interval of simulated items finds the "
                    "difference, in {} rounds ({} of the bootstrap).\n",
                    k_rounds, k_bootstrap_rounds));
    print("| gate | items | power | found |\n|---|---|---|---|");
    for (const std::uint64_t items : {30U, 100U, 300U, 1'000U}) check_rate(0.8, 0.08, items);
    for (const std::uint64_t items : {50U, 200U}) check_rate(0.9, 0.08, items);
    for (const std::uint64_t items : {50U, 200U, 1'000U}) check_pairs({0.1}, 0.05, items);
    for (const std::uint64_t items : {200U, 5'000U}) check_pairs({0.2}, 0.02, items);
    for (const std::uint64_t items : {200U, 1'000U}) check_pairs({0.1, -0.03}, 0.03, items);
    for (const std::uint64_t items : {50U, 300U, 3'000U}) check_two_rates(0.7, 0.1, items);
    for (const std::uint64_t items : {5U, 20U, 50U, 200U}) {
        check_mean("normal values", normal_value, 1, items);
    }
    for (const std::uint64_t items : {20U, 50U, 200U, 1'000U}) {
        check_mean("grades in quarters, above", grade, 1, items);
        check_mean("grades in quarters, below", grade, -1, items);
    }
}

}  // namespace
}  // namespace assay

int main() {
    assay::print_detectable();
    assay::print_needed();
    assay::print_repetitions();
    assay::print_checks();
    return 0;
}
