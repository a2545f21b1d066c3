#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "core/base/random.hpp"
#include "core/stats/distributions.hpp"
#include "core/stats/interval.hpp"

namespace assay::test {

/// How often the intervals of a rate hold it, summed over all outcomes of `trials` trials.
class RateCoverage {
  public:
    using Method = Result<Interval> (*)(const Proportion&, double confidence);

    RateCoverage(Method method, std::uint64_t trials, double confidence) : trials_(trials) {
        for (std::uint64_t k = 0; k <= trials; ++k) {
            intervals_.push_back(method({.successes = k, .trials = trials}, confidence).value());
        }
    }

    /// The smallest coverage of all rates from `low` to `high`, not of a grid of them. Between two
    /// neighbouring ends of intervals the outcomes that hold the rate are the same ones, k in
    /// [first, last], and their probability rises and then falls: it is smallest at one of the two.
    [[nodiscard]] double least(double low, double high) const {
        std::vector<double> ends = {low, high};
        for (const Interval& interval : intervals_) {
            for (const double end : {interval.low, interval.high}) {
                if (low < end && end < high) ends.push_back(end);
            }
        }
        std::ranges::sort(ends);
        double smallest = 1;
        for (std::size_t i = 1; i < ends.size(); ++i) {
            const double middle = std::midpoint(ends[i - 1], ends[i]);
            if (middle <= ends[i - 1] || middle >= ends[i]) continue;
            smallest = std::min({smallest, probability_of_holding(middle, ends[i - 1]),
                                 probability_of_holding(middle, ends[i])});
        }
        return smallest;
    }

    /// The mean coverage of rates uniform between `low` and `high`.
    [[nodiscard]] double average(double low, double high) const {
        double sum = 0;
        for (std::uint64_t k = 0; k <= trials_; ++k) {
            const double from = std::clamp(intervals_[k].low, low, high);
            const double to = std::clamp(intervals_[k].high, low, high);
            sum += integral(k, to) - integral(k, from);
        }
        return sum / (high - low);
    }

  private:
    /// P(an outcome whose interval holds `held`) when the rate is `rate`.
    [[nodiscard]] double probability_of_holding(double held, double rate) const {
        // The ends grow with the number of successes.
        const auto first = std::ranges::lower_bound(intervals_, held, {}, &Interval::high);
        const auto beyond = std::ranges::upper_bound(intervals_, held, {}, &Interval::low);
        if (first >= beyond) return 0;
        const auto from = static_cast<std::uint64_t>(first - intervals_.begin());
        const auto to = static_cast<std::uint64_t>(beyond - intervals_.begin());
        const double below = from == 0 ? 0 : binomial_cdf(from - 1, trials_, rate);
        return binomial_cdf(to - 1, trials_, rate) - below;
    }
    /// ∫ P(k successes; p) dp for p from 0 to `rate`: a beta distribution's, which is a binomial
    /// one's of one trial more.
    [[nodiscard]] double integral(std::uint64_t k, double rate) const {
        return (1 - binomial_cdf(k, trials_ + 1, rate)) / static_cast<double>(trials_ + 1);
    }

    std::uint64_t trials_;
    std::vector<Interval> intervals_;  ///< by number of successes
};

/// Standard normal, by Box and Muller.
[[nodiscard]] inline double random_normal(Rng& random) {
    const double radius = std::sqrt(-2 * std::log(1 - random.next_unit()));
    return radius * std::cos(2 * 3.14159265358979323846 * random.next_unit());
}

/// Items in clusters: a cluster's level and an item's own share are normal with mean 0, and items
/// of one cluster correlate by `correlation`.
struct ClusteredSample {
    std::vector<double> values;
    std::vector<std::uint32_t> labels;

    ClusteredSample(Rng& random, const std::vector<std::uint32_t>& sizes, double correlation) {
        for (std::uint32_t cluster = 0; cluster < sizes.size(); ++cluster) {
            const double level = std::sqrt(correlation) * random_normal(random);
            for (std::uint32_t i = 0; i < sizes[cluster]; ++i) {
                values.push_back(level + std::sqrt(1 - correlation) * random_normal(random));
                labels.push_back(cluster);
            }
        }
    }
};

[[nodiscard]] inline bool holds(const Interval& interval, double value) {
    return interval.low <= value && value <= interval.high;
}

}  // namespace assay::test
