#include "core/stats/signed_rank.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/stats/distributions.hpp"
#include "core/stats/ranks.hpp"
#include "core/stats/sample.hpp"

namespace assay {
namespace {

constexpr std::size_t k_exact_max = 50;

/// P(W ≤ sum), W being the sum of those of the ranks 1 … count whose sign is a toss.
double chance_up_to(std::size_t sum, std::size_t count) {
    // Ways to reach each sum with the ranks so far; at most 2^50, so that a double holds them.
    std::vector<double> ways(count * (count + 1) / 2 + 1);
    ways[0] = 1;
    for (std::size_t rank = 1; rank <= count; ++rank) {
        for (std::size_t i = ways.size(); i-- > rank;) ways[i] += ways[i - rank];
    }
    double up_to = 0;
    for (std::size_t i = 0; i <= sum; ++i) up_to += ways[i];
    return std::scalbn(up_to, -static_cast<int>(count));
}

}  // namespace

Result<RankTest> signed_rank(std::span<const double> differences) {
    ASSAY_CHECK(check_sample(differences, 2));
    std::vector<double> signed_sizes;
    std::vector<double> sizes;
    for (const double difference : differences) {
        if (difference == 0) continue;
        signed_sizes.push_back(difference);
        sizes.push_back(std::abs(difference));
    }
    if (sizes.empty()) {
        return failure(ErrorCode::invalid_argument,
                       "all differences are 0, and Wilcoxon's test drops zeros");
    }
    const Ranks ranks = rank(sizes);
    double all = 0;
    double positive = 0;
    double squares = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const double rank = ranks.of_value[i];
        all += rank;
        squares += rank * rank;
        if (signed_sizes[i] > 0) positive += rank;
    }
    RankTest test{.statistic = positive, .exact = !ranks.has_ties && sizes.size() <= k_exact_max};
    if (test.exact) {
        const auto smaller = static_cast<std::size_t>(std::min(positive, all - positive));
        test.p = std::min(1.0, 2 * chance_up_to(smaller, sizes.size()));
    } else {
        // A quarter of the squared ranks is the variance, with the ties already in it.
        const double distance = std::max(0.0, std::abs(positive - all / 2) - 0.5);
        test.p = two_sided_normal(distance / std::sqrt(squares / 4));
    }
    return test;
}

}  // namespace assay
