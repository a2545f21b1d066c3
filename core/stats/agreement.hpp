#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/stats/classification.hpp"
#include "core/stats/interval.hpp"
#include "core/stats/parallel.hpp"

namespace assay {

// Agreement of raters: a judge with people, one judge with another, one run with the next.

/// Keeps two columns of free text from becoming a table of their square.
constexpr std::size_t k_matrix_labels_max = 1'000;

/// The pairs of two columns of labels; a[i] and b[i] belong to one object. `a` is what the matrix
/// calls expected, `b` predicted.
///
/// @param levels  the labels in their order, which weighted kappa asks for; empty: those that
///                occur, sorted.
/// @error invalid_argument below two pairs, when the lengths differ, when a label is not among the
///        levels, a level is there twice, or there are more than k_matrix_labels_max.
[[nodiscard]] Result<ConfusionMatrix> confusion_matrix(std::span<const std::string> a,
                                                       std::span<const std::string> b,
                                                       std::span<const std::string> levels = {});

enum class KappaWeights : std::uint8_t {
    none,       ///< every disagreement is as bad as any other
    linear,     ///< as bad as the labels are far apart in the matrix's order
    quadratic,  ///< as the square of that
};

/// Cohen's kappa: the agreement beyond what two raters with these label shares have by chance; 1 is
/// full agreement, 0 chance. Percent agreement is `accuracy` and F1 `classification_scores`, both
/// of classification.hpp.
/// @error invalid_argument below two pairs, or when both raters gave one and the same label
///        throughout, where chance alone explains everything.
/// Source: Cohen, Educational and Psychological Measurement 20 (1960) 37–46; weighted: Cohen,
///         Psychological Bulletin 70 (1968) 213–220.
[[nodiscard]] Result<double> cohen_kappa(const ConfusionMatrix& matrix,
                                         KappaWeights weights = KappaWeights::none);

/// What is between two ratings.
enum class RatingScale : std::uint8_t {
    nominal,   ///< equal or not; the numbers are codes of labels
    ordinal,   ///< how many ratings lie between them
    interval,  ///< the square of their difference
};

/// The ratings that one object got, by whichever raters; a missing one is left out.
using Ratings = std::vector<double>;

/// Krippendorff's alpha, for any number of raters with missing ratings: 1 is full agreement, 0 what
/// chance gives. An object with fewer than two ratings says nothing and is left out.
/// @error invalid_argument when fewer than two objects have two ratings, when a rating is not
///        finite, or when all of them are equal: nothing could have disagreed.
/// Source: Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011. Cost: O(n log n) in the
///         ratings.
[[nodiscard]] Result<double> krippendorff_alpha(std::span<const Ratings> objects,
                                                RatingScale scale);

struct StatisticOptions {
    double confidence = 0.95;
    std::size_t resamples = 2'000;
    std::uint64_t seed = 0;
    Parallel parallel = serial;
};

/// A figure with its percentile bootstrap interval.
struct StatisticEstimate {
    double value = 0;
    /// Nothing where the resamples cannot say: all of them give the same figure, or more than one
    /// in twenty has none (a kappa of one label, a correlation of equal values).
    std::optional<Interval> interval;
};

/// A figure of the rows it is given, each by its index; a row may be there several times.
using RowStatistic = std::function<Result<double>(std::span<const std::size_t> rows)>;
using PairStatistic =
    std::function<Result<double>(std::span<const double> a, std::span<const double> b)>;
using MatrixStatistic = std::function<Result<double>(const ConfusionMatrix& matrix)>;

/// Any statistic of `rows` objects, with the interval from drawing that many of them with
/// replacement, again and again. The same for a seed on every machine and for every `parallel`,
/// which calls the statistic from several threads.
///
/// @error what the statistic says of all rows; invalid_argument below two rows, without resamples
///        or unless 0 < confidence < 1.
/// Source: Efron, Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13; of agreement:
///         Zapf et al., BMC Medical Research Methodology 16 (2016) 93.
/// Cost: O(resamples · rows) and as many calls of the statistic as resamples.
[[nodiscard]] Result<StatisticEstimate> estimate_statistic(std::size_t rows,
                                                           const RowStatistic& statistic,
                                                           const StatisticOptions& options);

/// The same of pairs of numbers, e.g. of `pearson`.
/// @error also when the lengths differ.
[[nodiscard]] Result<StatisticEstimate> estimate_pairs(std::span<const double> a,
                                                       std::span<const double> b,
                                                       const PairStatistic& statistic,
                                                       const StatisticOptions& options);

/// The same of pairs of labels, e.g. of `accuracy` or `cohen_kappa`. Cost: O(resamples · labels²).
[[nodiscard]] Result<StatisticEstimate> estimate_matrix(const ConfusionMatrix& matrix,
                                                        const MatrixStatistic& statistic,
                                                        const StatisticOptions& options);

/// The same of Krippendorff's alpha, drawing objects.
[[nodiscard]] Result<StatisticEstimate> estimate_alpha(std::span<const Ratings> objects,
                                                       RatingScale scale,
                                                       const StatisticOptions& options);

/// How many pairs of numbers lie in each cell of a grid of equally wide bins. A bin holds its lower
/// edge, the last one both.
struct HeatMap {
    std::vector<double> edges_a;  ///< one more than bins
    std::vector<double> edges_b;
    std::vector<std::vector<std::uint64_t>> counts;  ///< [bin of a][bin of b]
};

/// From the smallest to the largest value on both sides; around a value that never varies from 0.5
/// below to 0.5 above it.
/// @error invalid_argument without a pair, when the lengths differ, when a value is not finite or
///        the values are too far apart for a double, or without a bin.
[[nodiscard]] Result<HeatMap> heat_map(std::span<const double> a, std::span<const double> b,
                                       std::size_t bins = 10);

/// How many objects have a score of two names.
struct PairCoverage {
    std::uint64_t both = 0;
    std::uint64_t only_a = 0;
    std::uint64_t only_b = 0;
    std::uint64_t neither = 0;
};

/// @param with_a,with_b  ids of the objects that have the score; an id counts once.
/// @param objects        how many there are in total.
/// @error invalid_argument when more ids have a score than there are objects.
[[nodiscard]] Result<PairCoverage> pair_coverage(std::span<const std::string> with_a,
                                                 std::span<const std::string> with_b,
                                                 std::uint64_t objects);

}  // namespace assay
