#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/stats/bootstrap.hpp"
#include "core/stats/cluster.hpp"
#include "core/stats/interval.hpp"
#include "core/stats/random.hpp"
#include "tests/support/coverage.hpp"

// How often intervals of 95 % hold the true value, as the tables of docs/statistics.md:
//
//   coverage_bench
//
// Takes some minutes of all processors; the figures do not depend on how many there are.

namespace assay {
namespace {

constexpr double k_confidence = 0.95;
constexpr std::uint64_t k_seed = 1;
constexpr std::size_t k_rounds = 10'000;
/// That of the lognormal distribution with σ = 1: e^(1/2).
const double k_lognormal_mean = std::exp(0.5);

void print(const std::string& line) { fmt::print("{}\n", line); }

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

/// The method that a report chooses.
Result<Interval> chosen(const Proportion& rate, double confidence) {
    const std::uint64_t rarer = std::min(rate.successes, rate.trials - rate.successes);
    return rarer < 10 ? clopper_pearson(rate, confidence) : wilson(rate, confidence);
}

void print_rates() {
    print(
        "Rates, summed exactly. \"Least\" is the smallest coverage of any rate there is, averages");
    print("are over rates uniform from 0.05 to 0.95.\n");
    print(
        "| items | Clopper–Pearson: least | average | Wilson: least | average | chosen: least | "
        "average |");
    print("|---|---|---|---|---|---|---|");
    for (const std::uint64_t trials : {20U, 50U, 100U, 1000U}) {
        std::string row = fmt::format("| {} |", trials);
        for (const auto method : {&clopper_pearson, &wilson, &chosen}) {
            const test::RateCoverage coverage(method, trials, k_confidence);
            row += fmt::format(" {:.2f} % | {} |", 100 * coverage.least(0, 1),
                               percent(coverage.average(0.05, 0.95)));
        }
        print(row);
    }
    print("");
}

/// Calls work(0) … work(rounds − 1) on all processors.
void on_all_processors(std::size_t rounds, const std::function<void(std::size_t)>& work) {
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
        threads.emplace_back([&] {
            for (std::size_t round = next++; round < rounds; round = next++) work(round);
        });
    }
}

/// The share of rounds in which each of some intervals held the true value.
/// @param trial  of one round; for each interval whether it did.
std::vector<double> shares(std::size_t intervals,
                           const std::function<std::vector<bool>(Rng&)>& trial) {
    std::vector<std::atomic<std::size_t>> held(intervals);
    on_all_processors(k_rounds, [&](std::size_t round) {
        Rng random = random_stream(k_seed, round);
        const std::vector<bool> holds = trial(random);
        for (std::size_t i = 0; i < intervals; ++i) held[i] += holds[i] ? 1 : 0;
    });
    std::vector<double> shares;
    for (const auto& count : held) shares.push_back(static_cast<double>(count) / k_rounds);
    return shares;
}

Interval bca(std::span<const double> values, std::span<const std::uint32_t> clusters,
             std::uint64_t seed) {
    return bootstrap_mean({.values = values}, {.seed = seed, .clusters = clusters})
        ->bca(k_confidence)
        .value();
}

/// Whether t and BCa hold the mean of a distribution.
std::vector<bool> mean_held(Rng& random, std::size_t items, double mean, bool lognormal) {
    std::vector<double> values(items);
    for (double& value : values) {
        value = test::random_normal(random);
        if (lognormal) value = std::exp(value);
    }
    return {test::holds(student_t_interval(values, k_confidence).value(), mean),
            test::holds(bca(values, {}, random.next()), mean)};
}

void print_means() {
    print("Means, 10,000 samples each.\n");
    print("| values | items | Student t | BCa |");
    print("|---|---|---|---|");
    for (const bool lognormal : {false, true}) {
        const double mean = lognormal ? k_lognormal_mean : 0;
        for (const std::size_t items : {20U, 50U, 100U, 1000U}) {
            const auto held =
                shares(2, [&](Rng& random) { return mean_held(random, items, mean, lognormal); });
            print(fmt::format("| {} | {} | {} | {} |",
                              lognormal ? "lognormal, σ = 1 (skewness 6.2)" : "normal", items,
                              percent(held[0]), percent(held[1])));
        }
    }
}

/// Every cluster as large as the others, or from 1 to 19 in turn; 10 on average either way.
std::vector<std::uint32_t> cluster_sizes(std::uint32_t clusters, bool uneven) {
    std::vector<std::uint32_t> sizes(clusters, 10);
    for (std::uint32_t i = 0; uneven && i < clusters; ++i) sizes[i] = 1 + 2 * (i % 10);
    return sizes;
}

/// Whether t, CR1 and the clustered BCa hold the mean 0 of clustered values.
std::vector<bool> clustered_mean_held(Rng& random, const std::vector<std::uint32_t>& sizes) {
    const test::ClusteredSample sample(random, sizes, 0.3);
    const MeanEstimate robust = estimate_clustered_mean(sample.values, sample.labels).value();
    return {test::holds(student_t_interval(sample.values, k_confidence).value(), 0),
            test::holds(student_t_interval(robust, k_confidence).value(), 0),
            test::holds(bca(sample.values, sample.labels, random.next()), 0)};
}

/// Whether Wilson and CR1 hold the rate 0.7 of answers that are right where a clustered value is
/// under its 70th percentile.
std::vector<bool> clustered_rate_held(Rng& random, const std::vector<std::uint32_t>& sizes) {
    test::ClusteredSample sample(random, sizes, 0.3);
    const double limit = normal_quantile(0.7);
    Proportion rate{.trials = sample.values.size()};
    for (double& value : sample.values) {
        value = value <= limit ? 1 : 0;
        rate.successes += value == 1 ? 1 : 0;
    }
    const MeanEstimate robust = estimate_clustered_mean(sample.values, sample.labels).value();
    return {test::holds(wilson(rate, k_confidence).value(), 0.7),
            test::holds(student_t_interval(robust, k_confidence).value(), 0.7)};
}

void print_clusters() {
    print("\nItems in clusters, 10,000 samples each: normal values that correlate by 0.3 within a");
    print("cluster, and answers that are right where such a value is under its 70th percentile. t");
    print("and Wilson take the items for independent.\n");
    print("| clusters | items in each | mean: t | CR1 | clustered BCa | rate: Wilson | CR1 |");
    print("|---|---|---|---|---|---|---|");
    for (const std::uint32_t clusters : {10U, 20U, 50U, 200U}) {
        for (const bool uneven : {false, true}) {
            const auto sizes = cluster_sizes(clusters, uneven);
            const auto mean =
                shares(3, [&](Rng& random) { return clustered_mean_held(random, sizes); });
            const auto rate =
                shares(2, [&](Rng& random) { return clustered_rate_held(random, sizes); });
            print(fmt::format("| {} | {} | {} | {} | {} | {} | {} |", clusters,
                              uneven ? "1 to 19" : "10", percent(mean[0]), percent(mean[1]),
                              percent(mean[2]), percent(rate[0]), percent(rate[1])));
        }
    }
}

}  // namespace
}  // namespace assay

int main() {
    assay::print_rates();
    assay::print_means();
    assay::print_clusters();
    return 0;
}
