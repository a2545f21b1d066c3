#include "core/stats/agreement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <string_view>
#include <utility>

#include "core/base/text.hpp"
#include "core/stats/random.hpp"
#include "core/stats/ranks.hpp"
#include "core/stats/sample.hpp"
#include "core/stats/summary.hpp"

namespace assay {
namespace {

/// Resamples that are drawn as one piece of work.
constexpr std::size_t k_block = 50;
/// More resamples than this share without a figure, and those with one are a biased choice.
constexpr double k_undefined_share_max = 0.05;
/// Ratings that lie no further apart, relatively, differ by rounding alone; as in rank().
constexpr double k_rounding = 1e-12;
constexpr std::size_t k_label_columns = 40;  ///< of a label in a message

constexpr double k_undefined = std::numeric_limits<double>::quiet_NaN();

std::unexpected<Error> refused(std::string message) {
    return failure(ErrorCode::invalid_argument, std::move(message));
}

Result<void> check_pair_count(std::uint64_t pairs) {
    if (pairs >= 2) return {};
    return refused(fmt::format("2 pairs are needed, got {}", pairs));
}

/// The levels, or the labels that occur.
Result<std::vector<std::string>> labels_of(std::span<const std::string> a,
                                           std::span<const std::string> b,
                                           std::span<const std::string> levels) {
    std::set<std::string> labels(levels.begin(), levels.end());
    if (labels.size() < levels.size()) return refused("a label is twice among the levels");
    if (levels.empty()) {
        labels.insert(a.begin(), a.end());
        labels.insert(b.begin(), b.end());
    }
    if (labels.size() > k_matrix_labels_max) {
        return refused(fmt::format("{} different labels are too many for a table, {} are allowed",
                                   labels.size(), k_matrix_labels_max));
    }
    if (levels.empty()) return std::vector<std::string>(labels.begin(), labels.end());
    return std::vector<std::string>(levels.begin(), levels.end());
}

std::uint64_t total(const ConfusionMatrix& matrix) {
    std::uint64_t sum = 0;
    for (const auto& row : matrix.counts) {
        for (const std::uint64_t count : row) sum += count;
    }
    return sum;
}

double weight_of(std::size_t one, std::size_t other, KappaWeights weights) {
    const auto steps = static_cast<double>(one > other ? one - other : other - one);
    if (weights == KappaWeights::none) return steps == 0 ? 0 : 1;
    return weights == KappaWeights::linear ? steps : steps * steps;
}

/// The sum of d(x, y) over all ordered pairs of the values, d being 1 for values that differ
/// (nominal) or the square of their difference.
double disagreement(std::span<const double> values, RatingScale scale) {
    const auto count = static_cast<double>(values.size());
    if (scale != RatingScale::nominal) {
        double sum = 0;
        for (const double value : values) sum += value;
        double squares = 0;
        for (const double value : values) squares += (value - sum / count) * (value - sum / count);
        return 2 * count * squares;
    }
    std::vector<double> sorted(values.begin(), values.end());
    std::ranges::sort(sorted);
    double pairs = count * count;
    for (auto group = sorted.begin(); group != sorted.end();) {
        const auto end = std::upper_bound(group, sorted.end(), *group);
        const auto size = static_cast<double>(end - group);
        pairs -= size * size;
        group = end;
    }
    return pairs;
}

std::vector<std::size_t> all_rows(std::size_t rows) {
    std::vector<std::size_t> all(rows);
    std::iota(all.begin(), all.end(), std::size_t{0});
    return all;
}

/// The ratings on a scale on which disagreement() is the squared difference or inequality.
Result<std::vector<double>> on_scale(std::vector<double> ratings, RatingScale scale) {
    const auto [lowest, highest] = std::ranges::minmax(ratings);
    const double range = highest - lowest;
    if (!std::isfinite(range)) return refused("the ratings are too far apart for a double");
    if (range <= k_rounding * std::max(std::abs(lowest), std::abs(highest))) {
        return refused("all ratings are the same, so that alpha has no value");
    }
    // Krippendorff's ordinal difference is that of the mean ranks.
    if (scale == RatingScale::ordinal) return rank(ratings).of_value;
    if (scale == RatingScale::nominal) return ratings;
    for (double& rating : ratings) rating = (rating - lowest) / range;
    return ratings;
}

Result<double> alpha_of_rows(std::span<const Ratings> objects, std::span<const std::size_t> rows,
                             RatingScale scale) {
    std::vector<double> pairable;
    std::vector<std::size_t> sizes;
    for (const std::size_t row : rows) {
        const Ratings& ratings = objects[row];
        if (ratings.size() < 2) continue;
        pairable.insert(pairable.end(), ratings.begin(), ratings.end());
        sizes.push_back(ratings.size());
    }
    if (sizes.size() < 2) {
        return refused(fmt::format("2 objects with two ratings are needed, got {}", sizes.size()));
    }
    ASSAY_TRY(pairable, on_scale(std::move(pairable), scale));
    double observed = 0;
    std::span<const double> left = pairable;
    for (const std::size_t size : sizes) {
        observed += disagreement(left.first(size), scale) / static_cast<double>(size - 1);
        left = left.subspan(size);
    }
    const double expected =
        disagreement(pairable, scale) / static_cast<double>(pairable.size() - 1);
    return 1 - observed / expected;
}

/// The interval that the figures of resamples give, if they can say one.
std::optional<Interval> percentile_interval(std::vector<double> figures, double confidence) {
    const std::size_t resamples = figures.size();
    std::erase_if(figures, [](double figure) { return std::isnan(figure); });
    const auto undefined = static_cast<double>(resamples - figures.size());
    if (undefined > k_undefined_share_max * static_cast<double>(resamples)) return std::nullopt;
    const double tail_percent = (1 - confidence) / 2 * 100;
    const auto low = percentile(figures, tail_percent);
    const auto high = percentile(figures, 100 - tail_percent);
    if (!low || !high || !(*low < *high)) return std::nullopt;
    return Interval{*low, *high};
}

/// The figure of one resample, which draws from the generator.
using Resample = std::function<Result<double>(Rng& random)>;

Result<StatisticEstimate> estimate(Result<double> value, const Resample& resample,
                                   const StatisticOptions& options) {
    ASSAY_CHECK(check_confidence(options.confidence));
    if (options.resamples == 0) return refused("an interval needs at least one resample");
    if (!value) return std::unexpected(std::move(value.error()));
    std::vector<double> figures(options.resamples, k_undefined);
    const std::size_t blocks = (options.resamples + k_block - 1) / k_block;
    options.parallel(blocks, [&](std::size_t block) {
        const std::size_t last = std::min(options.resamples, (block + 1) * k_block);
        for (std::size_t i = block * k_block; i < last; ++i) {
            Rng random = random_stream(options.seed, i);
            figures[i] = resample(random).value_or(k_undefined);
        }
    });
    return StatisticEstimate{
        .value = *value, .interval = percentile_interval(std::move(figures), options.confidence)};
}

/// As many pairs as the matrix has, each cell as likely as it is frequent.
ConfusionMatrix draw_matrix(const ConfusionMatrix& matrix, std::uint64_t pairs, Rng& random) {
    ConfusionMatrix drawn = matrix;
    std::uint64_t left = pairs;        // to draw
    std::uint64_t population = pairs;  // in this cell and those after it
    for (auto& row : drawn.counts) {
        for (std::uint64_t& cell : row) {
            if (cell == 0) continue;
            const double share = static_cast<double>(cell) / static_cast<double>(population);
            population -= cell;
            cell = random_binomial(random, left, share);
            left -= cell;
        }
    }
    return drawn;
}

std::vector<double> picked(std::span<const double> values, std::span<const std::size_t> rows) {
    std::vector<double> picked(rows.size());
    std::ranges::transform(rows, picked.begin(), [&](std::size_t row) { return values[row]; });
    return picked;
}

/// Edges of equally wide bins; the last is the largest value itself.
Result<std::vector<double>> equal_edges(std::span<const double> values, std::size_t bins) {
    ASSAY_TRY(double low, minimum(values));
    ASSAY_TRY(double high, maximum(values));
    if (low == high) {
        low -= 0.5;
        high += 0.5;
    }
    const double width = (high - low) / static_cast<double>(bins);
    if (!std::isfinite(width) || low + width == low || high - width == high) {
        return refused("the values are too large or too far apart for bins");
    }
    std::vector<double> edges(bins + 1, high);
    for (std::size_t i = 0; i < bins; ++i) edges[i] = low + static_cast<double>(i) * width;
    return edges;
}

std::size_t bin_of(double value, std::span<const double> edges) {
    const auto inner = edges.subspan(1, edges.size() - 2);
    return static_cast<std::size_t>(std::ranges::upper_bound(inner, value) - inner.begin());
}

}  // namespace

Result<ConfusionMatrix> confusion_matrix(std::span<const std::string> a,
                                         std::span<const std::string> b,
                                         std::span<const std::string> levels) {
    if (a.size() != b.size()) {
        return refused(
            fmt::format("a pair has two labels, got {} and {} labels", a.size(), b.size()));
    }
    ASSAY_CHECK(check_pair_count(a.size()));
    ConfusionMatrix matrix;
    ASSAY_TRY(matrix.labels, labels_of(a, b, levels));
    std::map<std::string_view, std::size_t> places;
    for (const std::string& label : matrix.labels) places.emplace(label, places.size());
    matrix.counts.assign(places.size(), std::vector<std::uint64_t>(places.size()));
    for (std::size_t i = 0; i < a.size(); ++i) {
        const auto row = places.find(a[i]);
        const auto column = places.find(b[i]);
        if (row == places.end() || column == places.end()) {
            return refused(
                fmt::format("the label \"{}\" is not among the levels",
                            fit_width(row == places.end() ? a[i] : b[i], k_label_columns)));
        }
        ++matrix.counts[row->second][column->second];
    }
    return matrix;
}

Result<double> cohen_kappa(const ConfusionMatrix& matrix, KappaWeights weights) {
    const std::uint64_t pairs = total(matrix);
    ASSAY_CHECK(check_pair_count(pairs));
    const std::size_t labels = matrix.labels.size();
    std::vector<double> in_a(labels);
    std::vector<double> in_b(labels);
    double observed = 0;
    for (std::size_t row = 0; row < labels; ++row) {
        for (std::size_t column = 0; column < labels; ++column) {
            const auto count = static_cast<double>(matrix.counts[row][column]);
            in_a[row] += count;
            in_b[column] += count;
            observed += weight_of(row, column, weights) * count;
        }
    }
    double expected = 0;
    for (std::size_t row = 0; row < labels; ++row) {
        for (std::size_t column = 0; column < labels; ++column) {
            expected += weight_of(row, column, weights) * in_a[row] * in_b[column];
        }
    }
    if (expected == 0) {
        return refused("both raters gave the same label throughout, so that kappa has no value");
    }
    return 1 - observed * static_cast<double>(pairs) / expected;
}

Result<double> krippendorff_alpha(std::span<const Ratings> objects, RatingScale scale) {
    for (const Ratings& ratings : objects) ASSAY_CHECK(check_sample(ratings, 0));
    return alpha_of_rows(objects, all_rows(objects.size()), scale);
}

Result<StatisticEstimate> estimate_statistic(std::size_t rows, const RowStatistic& statistic,
                                             const StatisticOptions& options) {
    if (rows < 2) return refused(fmt::format("2 rows are needed, got {}", rows));
    if (rows > UINT32_MAX) return refused("a statistic of more than 2^32 rows is not estimated");
    const auto resample = [&](Rng& random) {
        std::vector<std::size_t> drawn(rows);
        for (auto& row : drawn) row = random_below(random, static_cast<std::uint32_t>(rows));
        return statistic(drawn);
    };
    return estimate(statistic(all_rows(rows)), resample, options);
}

Result<StatisticEstimate> estimate_pairs(std::span<const double> a, std::span<const double> b,
                                         const PairStatistic& statistic,
                                         const StatisticOptions& options) {
    ASSAY_CHECK(check_pairs(a, b, 2));
    const auto of_rows = [&](std::span<const std::size_t> rows) {
        return statistic(picked(a, rows), picked(b, rows));
    };
    return estimate_statistic(a.size(), of_rows, options);
}

Result<StatisticEstimate> estimate_matrix(const ConfusionMatrix& matrix,
                                          const MatrixStatistic& statistic,
                                          const StatisticOptions& options) {
    const std::uint64_t pairs = total(matrix);
    ASSAY_CHECK(check_pair_count(pairs));
    const auto resample = [&](Rng& random) {
        return statistic(draw_matrix(matrix, pairs, random));
    };
    return estimate(statistic(matrix), resample, options);
}

Result<StatisticEstimate> estimate_alpha(std::span<const Ratings> objects, RatingScale scale,
                                         const StatisticOptions& options) {
    if (auto alpha = krippendorff_alpha(objects, scale); !alpha)
        return std::unexpected(std::move(alpha.error()));
    std::vector<Ratings> pairable;
    std::ranges::copy_if(objects, std::back_inserter(pairable),
                         [](const Ratings& ratings) { return ratings.size() >= 2; });
    const auto of_rows = [&](std::span<const std::size_t> rows) {
        return alpha_of_rows(pairable, rows, scale);
    };
    return estimate_statistic(pairable.size(), of_rows, options);
}

Result<HeatMap> heat_map(std::span<const double> a, std::span<const double> b, std::size_t bins) {
    ASSAY_CHECK(check_pairs(a, b, 1));
    if (bins == 0) return refused("a heat map has at least one bin");
    HeatMap map;
    ASSAY_TRY(map.edges_a, equal_edges(a, bins));
    ASSAY_TRY(map.edges_b, equal_edges(b, bins));
    map.counts.assign(bins, std::vector<std::uint64_t>(bins));
    for (std::size_t i = 0; i < a.size(); ++i) {
        ++map.counts[bin_of(a[i], map.edges_a)][bin_of(b[i], map.edges_b)];
    }
    return map;
}

Result<PairCoverage> pair_coverage(std::span<const std::string> with_a,
                                   std::span<const std::string> with_b, std::uint64_t objects) {
    const std::set<std::string_view> a(with_a.begin(), with_a.end());
    const std::set<std::string_view> b(with_b.begin(), with_b.end());
    PairCoverage coverage;
    for (const std::string_view id : a) ++(b.contains(id) ? coverage.both : coverage.only_a);
    coverage.only_b = b.size() - coverage.both;
    const std::uint64_t with_any = a.size() + coverage.only_b;
    if (with_any > objects) {
        return refused(fmt::format("{} objects have a score, of {} in total", with_any, objects));
    }
    coverage.neither = objects - with_any;
    return coverage;
}

}  // namespace assay
