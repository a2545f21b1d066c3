#include "core/stats/unpaired.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/stats/distributions.hpp"
#include "core/stats/ranks.hpp"
#include "core/stats/sample.hpp"
#include "core/stats/summary.hpp"

namespace assay {
namespace {

constexpr std::size_t k_exact_max = 50;
/// Tables whose chances are this close, relatively, are equally likely (R's fisher.test).
constexpr double k_equally_likely = 1 + 1e-7;
/// A table this much less likely than the likeliest one ends the sum. A smaller double loses digits
/// until a product with it no longer shrinks.
constexpr double k_negligible = 1e-300;

Result<void> check(const Proportion& rate) {
    if (rate.trials >= 1 && rate.successes <= rate.trials) return {};
    return failure(
        ErrorCode::invalid_argument,
        fmt::format("a rate is of 1 trial or more, not {} of {}", rate.successes, rate.trials));
}

double share(const Proportion& rate) {
    return static_cast<double>(rate.successes) / static_cast<double>(rate.trials);
}

/// The chances, up to one factor, of the tables with the margins of two samples. A table is named
/// by its successes of a.
class Tables {
  public:
    Tables(const Proportion& a, const Proportion& b)
        : successes_(a.successes + b.successes),
          trials_a_(a.trials),
          trials_b_(b.trials),
          least_(successes_ > b.trials ? successes_ - b.trials : 0),
          most_(std::min(successes_, a.trials)) {}

    /// The chance of a table at most as likely as `observed`. The sum starts at the likeliest
    /// table, where nothing underflows, and stops where the rest cannot matter.
    [[nodiscard]] double at_most_as_likely_as(std::uint64_t observed) const {
        const std::uint64_t center = likeliest();
        std::vector<double> chances = {1.0};
        double of_observed = observed == center ? 1 : 0;
        double chance = 1;
        for (std::uint64_t table = center; table < most_ && chance > k_negligible; ++table) {
            chance *= ratio_to_next(table);
            chances.push_back(chance);
            if (table + 1 == observed) of_observed = chance;
        }
        chance = 1;
        for (std::uint64_t table = center; table > least_ && chance > k_negligible; --table) {
            chance /= ratio_to_next(table - 1);
            chances.push_back(chance);
            if (table - 1 == observed) of_observed = chance;
        }
        std::ranges::sort(chances);  // the small ones first: they lose the least
        double all = 0;
        double unlikely = 0;
        for (const double one : chances) {
            all += one;
            if (one <= of_observed * k_equally_likely) unlikely = all;
        }
        return unlikely / all;
    }

  private:
    [[nodiscard]] std::uint64_t likeliest() const {
        const double mean_like =
            (static_cast<double>(trials_a_) + 1) * (static_cast<double>(successes_) + 1) /
            (static_cast<double>(trials_a_) + static_cast<double>(trials_b_) + 2);
        return std::clamp(static_cast<std::uint64_t>(mean_like), least_, most_);
    }
    /// Chance of the table with one success of a more, over the chance of this one.
    [[nodiscard]] double ratio_to_next(std::uint64_t table) const {
        const std::uint64_t failures_of_b_left = trials_b_ + table + 1 - successes_;
        return static_cast<double>(trials_a_ - table) / static_cast<double>(table + 1) *
               (static_cast<double>(successes_ - table) / static_cast<double>(failures_of_b_left));
    }

    std::uint64_t successes_;
    std::uint64_t trials_a_;
    std::uint64_t trials_b_;
    std::uint64_t least_;
    std::uint64_t most_;
};

Result<void> check_summary(const SampleSummary& sample) {
    if (sample.count < 2) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("2 values are needed, got {}", sample.count));
    }
    if (std::isfinite(sample.mean) && std::isfinite(sample.stddev) && sample.stddev >= 0) return {};
    return failure(
        ErrorCode::invalid_argument,
        fmt::format("a sample has a mean and a spread, not {} and {}", sample.mean, sample.stddev));
}

Result<SampleSummary> summarise(std::span<const double> values) {
    ASSAY_TRY(const double spread, sample_stddev(values));
    ASSAY_TRY(const double center, mean(values));
    return SampleSummary{.count = values.size(), .mean = center, .stddev = spread};
}

/// P(S ≤ sum), S being the sum of `drawn` of the ranks 1 … all.
double chance_up_to(std::size_t sum, std::size_t drawn, std::size_t all) {
    // ways[k][s]: subsets of k of the ranks so far with the sum s; at most C(50, 25) < 2^53.
    std::vector<std::vector<double>> ways(drawn + 1, std::vector<double>(drawn * all + 1));
    ways[0][0] = 1;
    for (std::size_t rank = 1; rank <= all; ++rank) {
        for (std::size_t k = std::min(drawn, rank); k > 0; --k) {
            for (std::size_t s = rank; s < ways[k].size(); ++s) ways[k][s] += ways[k - 1][s - rank];
        }
    }
    const std::vector<double>& of_drawn = ways[drawn];
    const auto end = of_drawn.begin() + static_cast<std::ptrdiff_t>(sum) + 1;
    return std::accumulate(of_drawn.begin(), end, 0.0) /
           std::accumulate(of_drawn.begin(), of_drawn.end(), 0.0);
}

}  // namespace

Result<Interval> newcombe(const Proportion& a, const Proportion& b, double confidence) {
    ASSAY_TRY(const Interval of_a, wilson(a, confidence));
    ASSAY_TRY(const Interval of_b, wilson(b, confidence));
    const double difference = share(b) - share(a);
    return Interval{.low = difference - std::hypot(share(b) - of_b.low, of_a.high - share(a)),
                    .high = difference + std::hypot(of_b.high - share(b), share(a) - of_a.low)};
}

Result<double> fisher(const Proportion& a, const Proportion& b) {
    ASSAY_CHECK(check(a));
    ASSAY_CHECK(check(b));
    return Tables(a, b).at_most_as_likely_as(a.successes);
}

Result<MeanEstimate> welch(const SampleSummary& a, const SampleSummary& b) {
    ASSAY_CHECK(check_summary(a));
    ASSAY_CHECK(check_summary(b));
    const auto degrees_a = static_cast<double>(a.count - 1);
    const auto degrees_b = static_cast<double>(b.count - 1);
    const double error_a = a.stddev / std::sqrt(degrees_a + 1);
    const double error_b = b.stddev / std::sqrt(degrees_b + 1);
    const double error = std::hypot(error_a, error_b);
    if (error == 0) {
        return failure(ErrorCode::invalid_argument,
                       "neither sample varies, and Welch's test measures by how much they do");
    }
    // Shares of the variance: their squares stay in range whatever the unit.
    const double share_a = error_a / error * (error_a / error);
    const double share_b = error_b / error * (error_b / error);
    return MeanEstimate{
        .mean = b.mean - a.mean,
        .standard_error = error,
        .degrees = 1 / (share_a * share_a / degrees_a + share_b * share_b / degrees_b)};
}

Result<MeanEstimate> welch(std::span<const double> a, std::span<const double> b) {
    ASSAY_TRY(const SampleSummary of_a, summarise(a));
    ASSAY_TRY(const SampleSummary of_b, summarise(b));
    return welch(of_a, of_b);
}

Result<RankTest> mann_whitney(std::span<const double> a, std::span<const double> b) {
    ASSAY_CHECK(check_sample(a, 2));
    ASSAY_CHECK(check_sample(b, 2));
    std::vector<double> both(a.begin(), a.end());
    both.insert(both.end(), b.begin(), b.end());
    const Ranks ranks = rank(both);
    const auto count_a = static_cast<double>(a.size());
    const auto count_b = static_cast<double>(b.size());
    const double mean_rank = (count_a + count_b + 1) / 2;
    double squares = 0;
    double sum_b = 0;
    for (std::size_t i = 0; i < both.size(); ++i) {
        const double rank = ranks.of_value[i];
        squares += (rank - mean_rank) * (rank - mean_rank);
        if (i >= a.size()) sum_b += rank;
    }
    if (squares == 0) {
        return failure(ErrorCode::invalid_argument, "all values are equal, so none ranks higher");
    }
    const double least_sum = count_b * (count_b + 1) / 2;
    RankTest test{.statistic = sum_b - least_sum,
                  .exact = !ranks.has_ties && both.size() <= k_exact_max};
    if (test.exact) {
        const double smaller = std::min(test.statistic, count_a * count_b - test.statistic);
        const auto up_to = static_cast<std::size_t>(least_sum + smaller);
        test.p = std::min(1.0, 2 * chance_up_to(up_to, b.size(), both.size()));
    } else {
        // Variance of a sum drawn without replacement: the ties are already in the squares.
        const double all = count_a + count_b;
        const double variance = count_a * count_b / (all * (all - 1)) * squares;
        const double distance = std::abs(test.statistic - count_a * count_b / 2) - 0.5;
        test.p = two_sided_normal(std::max(0.0, distance) / std::sqrt(variance));
    }
    return test;
}

}  // namespace assay
