#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/error.hpp"
#include "core/stats/interval.hpp"
#include "core/stats/parallel.hpp"

namespace assay {

/// The bootstrap distribution of one mean, and the intervals read from it.
class BootstrapMeans {
  public:
    struct Parts {
        double mean = 0;
        double acceleration = 0;
        std::vector<double> sorted;  ///< of the resamples; at least one
    };
    explicit BootstrapMeans(Parts parts);

    /// Of the sample itself.
    [[nodiscard]] double mean() const { return mean_; }
    /// Of the resamples, ascending.
    [[nodiscard]] std::span<const double> sorted() const { return sorted_; }
    /// How far the sample's mean lies from the median of the resamples', in standard normal units.
    [[nodiscard]] double bias_correction() const { return bias_correction_; }
    /// How fast the standard error changes with the mean: a sixth of the skewness of the
    /// leave-one-out means.
    [[nodiscard]] double acceleration() const { return acceleration_; }

    /// From one quantile of the resample means to another.
    /// @error invalid_argument unless 0 < confidence < 1.
    /// Source: Efron, Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    [[nodiscard]] Result<Interval> percentile(double confidence) const;

    /// Bias-corrected and accelerated: the same with the quantiles moved for bias and skewness.
    /// Where a sample has no variance it is [mean, mean], which says nothing about a population
    /// that has some. Of few items it is too narrow, as every bootstrap interval is; the tables of
    /// docs/statistics.md show by how much. It never leaves the range of the resample means, so
    /// that confidences above about 1 − 20 / resamples promise more than it holds.
    /// @error as percentile.
    /// Source: Efron, Better Bootstrap Confidence Intervals, JASA 82 (1987) 171–185.
    [[nodiscard]] Result<Interval> bca(double confidence) const;

    /// The two-sided p-value that belongs to bca: 1 − the confidence at which a finite `value` lies
    /// on the edge of the interval. At least 1 / (resamples + 1): a value beyond all resample means
    /// has the p-value of the outermost one, also where there is no variance.
    [[nodiscard]] double bca_p_value(double value) const;

  private:
    /// Of the resample means, by linear interpolation at probability · (resamples + 1), and never
    /// beyond the outermost two.
    [[nodiscard]] double quantile(double probability) const;
    /// The probability that BCa asks for in place of normal_cdf(z).
    [[nodiscard]] double adjusted(double z) const;

    double mean_;
    double acceleration_;
    double bias_correction_ = 0;
    std::vector<double> sorted_;
};

/// One score: a value of each item.
struct BootstrapColumn {
    std::span<const double> values;
    /// 1 where the item has a value, 0 where it has none and `values` is not looked at; empty when
    /// all have one.
    std::span<const std::uint8_t> present = {};
};

struct BootstrapOptions {
    std::size_t resamples = 10'000;
    std::uint64_t seed = 0;
    /// The cluster of each item, any numbers: whole clusters are drawn. Empty: items are.
    std::span<const std::uint32_t> clusters = {};
    Parallel parallel = serial;
};

/// Draws as many items (or clusters) as there are, with replacement, again and again, and keeps
/// the mean over the items drawn of each column; a resample that has no value of a column is left
/// out for it. The result of a column depends on it, the clusters, the seed and the number of
/// resamples alone: not on the other columns, on `parallel` or on the machine.
///
/// Cost: a column with few different values O(resamples · values); the others together
/// O(resamples · items · columns).
/// @error invalid_argument when lengths differ, a value is not finite, a column has values in fewer
///        than two items (or clusters), or there are no resamples.
/// Source: Efron, Tibshirani, An Introduction to the Bootstrap, 1993, chapters 6, 13 and 14.
[[nodiscard]] Result<std::vector<BootstrapMeans>> bootstrap_means(
    std::span<const BootstrapColumn> columns, const BootstrapOptions& options);

/// The same of one column.
[[nodiscard]] Result<BootstrapMeans> bootstrap_mean(const BootstrapColumn& column,
                                                    const BootstrapOptions& options);

}  // namespace assay
