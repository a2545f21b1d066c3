#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "core/stats/categorical.hpp"
#include "core/stats/cluster.hpp"
#include "core/stats/distributions.hpp"
#include "core/stats/paired.hpp"
#include "core/stats/random.hpp"
#include "core/stats/sign_flip.hpp"
#include "core/stats/signed_rank.hpp"
#include "core/stats/unpaired.hpp"
#include "tests/support/coverage.hpp"

namespace assay::test {

// How often tests reject a hypothesis that is true. Summed over all outcomes where they can be
// listed, else from samples of a population in which nothing differs.

/// P(McNemar's p ≤ level) when `differing` pairs differ.
[[nodiscard]] inline double mcnemar_rejects(std::uint64_t differing, double level) {
    // The p-value grows up to the middle, and both tails are alike.
    std::uint64_t rejected = 0;
    while (2 * rejected < differing) {
        const PairCounts counts{
            .b_better = rejected, .a_better = differing - rejected, .pairs = differing + 2};
        if (mcnemar(counts).value() > level) break;
        ++rejected;
    }
    return rejected == 0 ? 0 : 2 * binomial_cdf(rejected - 1, differing, 0.5);
}

/// P(Fisher's p ≤ level) at its largest over the rates 0.01 … 0.99 that both sides may have.
[[nodiscard]] inline double fisher_rejects(std::uint64_t trials_a, std::uint64_t trials_b,
                                           double level) {
    std::vector<Proportion> rejected;  // successes of a and of b
    for (std::uint64_t a = 0; a <= trials_a; ++a) {
        for (std::uint64_t b = 0; b <= trials_b; ++b) {
            if (fisher({a, trials_a}, {b, trials_b}).value() <= level) rejected.push_back({a, b});
        }
    }
    double largest = 0;
    for (int percent = 1; percent < 100; ++percent) {
        const double rate = percent / 100.0;
        double chance = 0;
        for (const auto& [a, b] : rejected)
            chance += binomial_pmf(a, trials_a, rate) * binomial_pmf(b, trials_b, rate);
        largest = std::max(largest, chance);
    }
    return largest;
}

using PValue = std::function<Result<double>(const std::vector<double>& differences)>;

/// Share of the 2^n ways to sign `sizes` for which p ≤ level: that is how often a test rejects when
/// the differences are symmetric around 0.
[[nodiscard]] inline double rejects_over_signs(const std::vector<double>& sizes,
                                               const PValue& p_value, double level) {
    const std::uint64_t ways = std::uint64_t{1} << sizes.size();
    std::uint64_t rejected = 0;
    for (std::uint64_t way = 0; way < ways; ++way) {
        std::vector<double> differences = sizes;
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            if ((way >> i & 1U) != 0) differences[i] = -sizes[i];
        }
        if (p_value(differences).value() <= level) ++rejected;
    }
    return static_cast<double>(rejected) / static_cast<double>(ways);
}

/// Share of the ways to split the values 1 … all into two samples for which p ≤ level.
[[nodiscard]] inline double mann_whitney_rejects(unsigned of_b, unsigned all, double level) {
    std::uint64_t ways = 0;
    std::uint64_t rejected = 0;
    for (unsigned way = 0; way < 1U << all; ++way) {
        if (std::popcount(way) != static_cast<int>(of_b)) continue;
        std::vector<double> a;
        std::vector<double> b;
        for (unsigned i = 0; i < all; ++i) ((way >> i & 1U) != 0 ? b : a).push_back(i);
        ++ways;
        if (mann_whitney(a, b).value().p <= level) ++rejected;
    }
    return static_cast<double>(rejected) / static_cast<double>(ways);
}

/// A test of samples in which nothing differs.
struct NullCase {
    std::string test;
    std::string data;
    std::function<Result<double>(Rng&)> p_value;
};

/// Shares of `rounds` samples with p ≤ 0.05 and p ≤ 0.01. A test without an answer does not reject.
struct Rejections {
    double at_5 = 0;
    double at_1 = 0;
};

[[nodiscard]] inline Rejections simulate(const NullCase& null, std::size_t rounds) {
    Rejections rejections;
    for (std::size_t round = 0; round < rounds; ++round) {
        Rng random = random_stream(1, round);
        const double p = null.p_value(random).value_or(1);
        const double share = 1 / static_cast<double>(rounds);
        if (p <= 0.05) rejections.at_5 += share;
        if (p <= 0.01) rejections.at_1 += share;
    }
    return rejections;
}

[[nodiscard]] inline std::vector<double> normal_values(Rng& random, std::size_t count,
                                                       double spread = 1) {
    std::vector<double> values(count);
    for (double& value : values) value = spread * random_normal(random);
    return values;
}

/// Differences of two skewed values: symmetric, with heavy tails.
[[nodiscard]] inline std::vector<double> heavy_tailed(Rng& random, std::size_t count) {
    std::vector<double> values(count);
    for (double& value : values) {
        const double b = std::exp(random_normal(random));
        value = b - std::exp(random_normal(random));
    }
    return values;
}

/// Scores from 1 to 5, where 4 is the most frequent.
[[nodiscard]] inline std::vector<double> five_steps(Rng& random, std::size_t count) {
    constexpr double k_of_ten[] = {1, 2, 3, 3, 4, 4, 4, 4, 5, 5};
    std::vector<double> values(count);
    for (double& value : values) value = k_of_ten[random_below(random, 10)];
    return values;
}

[[nodiscard]] inline TransitionTable random_transitions(Rng& random, std::size_t items) {
    TransitionTable table{.labels = {}, .counts = {4, std::vector<std::uint64_t>(4)}};
    const auto before = five_steps(random, items);
    const auto after = five_steps(random, items);
    for (std::size_t i = 0; i < items; ++i) {
        const auto place = [](double score) { return static_cast<std::size_t>(score) % 4; };
        ++table.counts[place(before[i])][place(after[i])];
    }
    return table;
}

template <class Test>
[[nodiscard]] Result<double> p_of(const Result<Test>& test) {
    if (!test) return std::unexpected(test.error());
    return test->p;
}

[[nodiscard]] inline Result<double> clustered_t(Rng& random) {
    const ClusteredSample sample(random, std::vector<std::uint32_t>(30, 5), 0.3);
    ASSAY_TRY(const MeanEstimate mean, estimate_clustered_mean(sample.values, sample.labels));
    return p_of(t_test(mean, 0.95));
}

[[nodiscard]] inline Result<double> drawn_sign_flip(const std::vector<double>& differences,
                                                    std::span<const std::uint32_t> clusters,
                                                    Rng& random) {
    return p_of(
        sign_flip(differences, {.resamples = 199, .seed = random.next(), .clusters = clusters}));
}

[[nodiscard]] inline Result<double> clustered_sign_flip(Rng& random) {
    const ClusteredSample sample(random, std::vector<std::uint32_t>(30, 5), 0.3);
    return drawn_sign_flip(sample.values, sample.labels, random);
}

[[nodiscard]] inline Result<double> unequal_welch(Rng& random) {
    const auto a = normal_values(random, 15, 3);
    ASSAY_TRY(const MeanEstimate estimate, welch(a, normal_values(random, 40)));
    return p_of(t_test(estimate, 0.95));
}

[[nodiscard]] inline std::vector<NullCase> null_cases() {
    return {
        {"paired t", "10 normal differences",
         [](Rng& random) { return p_of(paired_t(normal_values(random, 10), 0.95)); }},
        {"paired t", "30 heavy-tailed differences",
         [](Rng& random) { return p_of(paired_t(heavy_tailed(random, 30), 0.95)); }},
        {"t with CR1", "30 clusters of 5 that correlate by 0.3", clustered_t},
        {"sign flip, 199 drawn", "30 heavy-tailed differences",
         [](Rng& random) { return drawn_sign_flip(heavy_tailed(random, 30), {}, random); }},
        {"sign flip, 199 drawn", "30 clusters of 5 that correlate by 0.3", clustered_sign_flip},
        {"signed rank", "60 heavy-tailed differences",
         [](Rng& random) { return p_of(signed_rank(heavy_tailed(random, 60))); }},
        {"signed rank", "40 differences of scores from 1 to 5",
         [](Rng& random) {
             const auto a = five_steps(random, 40);
             return p_of(signed_rank(differences(a, five_steps(random, 40)).value()));
         }},
        {"Welch", "15 and 40 normal values that spread 3 : 1", unequal_welch},
        {"Mann–Whitney", "40 and 60 scores from 1 to 5",
         [](Rng& random) {
             const auto a = five_steps(random, 40);
             return p_of(mann_whitney(a, five_steps(random, 60)));
         }},
        {"Stuart–Maxwell", "200 items and 4 labels",
         [](Rng& random) { return p_of(stuart_maxwell(random_transitions(random, 200))); }},
        {"Bowker", "200 items and 4 labels",
         [](Rng& random) { return p_of(bowker(random_transitions(random, 200))); }},
    };
}

}  // namespace assay::test
