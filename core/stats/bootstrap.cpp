#include "core/stats/bootstrap.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "core/stats/cluster.hpp"
#include "core/stats/distributions.hpp"
#include "core/stats/random.hpp"
#include "core/stats/sample.hpp"
#include "core/stats/summary.hpp"

namespace assay {
namespace {

/// Units whose counts are drawn together: 9 bits choose one of them, and their counts and the
/// values of a column lie in the fastest cache.
constexpr std::size_t k_chunk = 512;
constexpr unsigned k_chunk_bits = 9;
constexpr std::size_t k_lanes = 8;
/// Resamples that go over a chunk before the next one is read.
constexpr std::size_t k_block = 32;
/// Where a value occurs this often on average, drawing how often each value occurs is quicker than
/// drawing the items.
constexpr std::size_t k_repeats = 32;

/// What is drawn, an item or a cluster: the sum of its values' deviations from the mean of all,
/// and how many values it has.
struct Unit {
    double deviation = 0;
    double weight = 0;

    friend bool operator==(const Unit&, const Unit&) = default;
};

struct Group {
    Unit unit;
    std::size_t count = 0;  ///< units that are equal
};

/// A column ready to be resampled. A resample's mean is mean + Σ deviation / Σ weight.
struct Prepared {
    double mean = 0;
    double scale = 0;  ///< the size of the values and their deviations
    double acceleration = 0;
    std::vector<Unit> units;
    std::vector<Group> groups;  ///< empty: the units are drawn one by one
    /// Means less that of the sample; NaN where a resample has no value.
    std::vector<double> resampled;
};

/// What sums of numbers of this size may be off by.
double rounding_of(double scale) { return 0x1p-44 * scale; }

/// The power of ten that leaves numbers of this size some 13 digits before the point; 1 for sizes
/// so large or small that it is no exact double.
double digits_of(double scale) {
    constexpr double k_exact_max = 1e22;
    double digits = 1;
    while (digits * scale < 1e12) {
        digits *= 10;
        if (digits > k_exact_max) return 1;
    }
    return digits;
}

/// Σ over the units of a chunk, in a fixed order with eight sums side by side, so that the
/// compiler may use whatever vectors the machine has. `size` is a multiple of eight.
double dot(const double* a, const double* b, std::size_t size) {
    std::array<double, k_lanes> sums{};
    for (std::size_t i = 0; i < size; i += k_lanes) {
        for (std::size_t lane = 0; lane < k_lanes; ++lane) {
            sums[lane] += a[i + lane] * b[i + lane];
        }
    }
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) +
           ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/// The columns whose units are drawn one by one, as rows of numbers to be summed: the deviations
/// of each column, and the weights where not all are 1.
class Rows {
  public:
    explicit Rows(std::size_t units) : units_(units), chunks_((units + k_chunk - 1) / k_chunk) {}

    /// The number of the row, which may be that of an equal one.
    std::size_t add(std::vector<double> row) {
        row.resize(chunks_ * k_chunk);
        const auto place = static_cast<std::size_t>(std::ranges::find(rows_, row) - rows_.begin());
        if (place == rows_.size()) rows_.push_back(std::move(row));
        return place;
    }
    [[nodiscard]] std::size_t size() const { return rows_.size(); }

    /// Sums of resamples first … last − 1: [resample][row].
    [[nodiscard]] std::vector<double> resample(std::uint64_t seed, std::size_t first,
                                               std::size_t last) const;

  private:
    struct Drawing {
        Rng random;
        std::uint64_t left;
    };
    static void draw(Rng& random, std::uint64_t draws, std::size_t size,
                     std::array<double, k_chunk>& counts);

    std::size_t units_;
    std::size_t chunks_;
    std::vector<std::vector<double>> rows_;  ///< each filled up to whole chunks with 0
};

/// Counts `draws` draws among the first `size` units of a chunk.
void Rows::draw(Rng& random, std::uint64_t draws, std::size_t size,
                std::array<double, k_chunk>& counts) {
    std::fill_n(counts.begin(), size, 0.0);  // beyond them the rows are 0
    if (size < k_chunk) {
        for (; draws > 0; --draws) ++counts[random_below(random, static_cast<std::uint32_t>(size))];
        return;
    }
    constexpr std::uint64_t k_draws_per_word = 64 / k_chunk_bits;
    while (draws > 0) {
        std::uint64_t word = random.next();
        const std::uint64_t now = std::min(draws, k_draws_per_word);
        for (std::uint64_t i = 0; i < now; ++i, word >>= k_chunk_bits) ++counts[word % k_chunk];
        draws -= now;
    }
}

std::vector<double> Rows::resample(std::uint64_t seed, std::size_t first, std::size_t last) const {
    std::vector<Drawing> drawings;
    for (std::size_t i = first; i < last; ++i) drawings.push_back({random_stream(seed, i), units_});
    std::vector<double> sums(drawings.size() * size());
    std::array<double, k_chunk> counts{};
    for (std::size_t chunk = 0; chunk < chunks_; ++chunk) {
        const std::size_t units_left = units_ - chunk * k_chunk;
        const std::size_t units = std::min(k_chunk, units_left);
        const std::size_t filled = (units + k_lanes - 1) / k_lanes * k_lanes;
        const double share = static_cast<double>(units) / static_cast<double>(units_left);
        double* sum = sums.data();
        for (Drawing& drawing : drawings) {
            const std::uint64_t draws = random_binomial(drawing.random, drawing.left, share);
            drawing.left -= draws;
            draw(drawing.random, draws, units, counts);
            for (const auto& row : rows_) {
                *sum++ += dot(counts.data(), &row[chunk * k_chunk], filled);
            }
        }
    }
    return sums;
}

/// One resample's mean of a column that is drawn in groups.
double resample(const Prepared& column, Rng random) {
    Unit sum;
    std::uint64_t draws_left = column.units.size();
    std::size_t units_left = column.units.size();
    for (const Group& group : column.groups) {
        const double share = static_cast<double>(group.count) / static_cast<double>(units_left);
        const std::uint64_t draws = random_binomial(random, draws_left, share);
        sum.deviation += static_cast<double>(draws) * group.unit.deviation;
        sum.weight += static_cast<double>(draws) * group.unit.weight;
        draws_left -= draws;
        units_left -= group.count;
    }
    return sum.deviation / sum.weight;
}

/// Equal units counted together; none when too few are equal for that to be worth it.
std::vector<Group> group_equal(std::vector<Unit> units) {
    std::ranges::sort(units, [](const Unit& a, const Unit& b) {
        return a.deviation != b.deviation ? a.deviation < b.deviation : a.weight < b.weight;
    });
    std::vector<Group> groups;
    for (const Unit& unit : units) {
        if (groups.empty() || groups.back().unit != unit) groups.push_back({.unit = unit});
        ++groups.back().count;
        if (groups.size() * k_repeats > units.size()) return {};
    }
    return groups;
}

/// A sixth of the skewness of the means without one unit each. Without unit g the mean is
/// mean − deviation_g / (weight − weight_g), so that they need not be computed.
double acceleration_of(std::span<const Unit> units, double weight) {
    std::vector<double> influence;
    for (const Unit& unit : units) influence.push_back(unit.deviation / (weight - unit.weight));
    double center = 0;
    double largest = 0;
    for (const double one : influence) {
        center += one / static_cast<double>(influence.size());
        largest = std::max(largest, std::abs(one));
    }
    if (largest == 0) return 0;
    double squares = 0;
    double cubes = 0;
    for (const double one : influence) {
        const double scaled = (one - center) / largest;  // keeps the cubes in range
        squares += scaled * scaled;
        cubes += scaled * scaled * scaled;
    }
    return cubes / (6 * squares * std::sqrt(squares));
}

/// The items of a column, or the sums over its clusters when there are any. Their deviations are
/// those of the values from `mean`.
std::vector<Unit> units_of(const BootstrapColumn& column, const Clusters& clusters, double mean) {
    const bool clustered = clusters.count > 0;
    std::vector<Unit> units(clustered ? clusters.count : column.values.size());
    for (std::size_t item = 0; item < column.values.size(); ++item) {
        if (!column.present.empty() && column.present[item] == 0) continue;
        Unit& unit = units[clustered ? clusters.of_item[item] : item];
        unit.deviation += column.values[item] - mean;
        unit.weight += 1;
    }
    return units;
}

Result<void> check_lengths(const BootstrapColumn& column, std::size_t items) {
    const bool fits =
        column.values.size() == items && (column.present.empty() || column.present.size() == items);
    if (fits) return {};
    return failure(ErrorCode::invalid_argument,
                   fmt::format("each of {} items has one value in each column and belongs to one "
                               "cluster, got {} values and {} marks of presence",
                               items, column.values.size(), column.present.size()));
}

Result<Prepared> prepare(const BootstrapColumn& column, const Clusters& clusters) {
    std::vector<double> values;
    for (std::size_t item = 0; item < column.values.size(); ++item) {
        if (!column.present.empty() && column.present[item] == 0) continue;
        values.push_back(column.values[item]);
    }
    Prepared prepared;
    ASSAY_TRY(prepared.mean, mean(values));
    prepared.units = units_of(column, clusters, prepared.mean);

    const auto with_values =
        std::ranges::count_if(prepared.units, [](const Unit& unit) { return unit.weight > 0; });
    if (with_values < 2) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("values in 2 {} are needed, got them in {}",
                                   clusters.count > 0 ? "clusters" : "items", with_values));
    }
    double size = 0;
    for (const Unit& unit : prepared.units) size += std::abs(unit.deviation);
    const auto weight = static_cast<double>(values.size());
    if (!std::isfinite(std::abs(prepared.mean) + size * weight)) {
        return failure(ErrorCode::invalid_argument, "the values are too far apart for a double");
    }
    prepared.scale = std::abs(prepared.mean) + size / weight;
    for (Unit& unit : prepared.units) {
        const double rounding = rounding_of(prepared.scale) * unit.weight;
        if (std::abs(unit.deviation) <= rounding) unit.deviation = 0;
    }
    prepared.acceleration = acceleration_of(prepared.units, weight);
    prepared.groups = group_equal(prepared.units);
    return prepared;
}

/// Where the sums of a column that is drawn unit by unit are found.
struct ColumnRows {
    Prepared* column;
    std::size_t deviations;
    std::optional<std::size_t> weights = std::nullopt;  ///< none: each unit has one value
};

ColumnRows add_rows(Prepared& column, Rows& rows) {
    std::vector<double> deviations;
    std::vector<double> weights;
    for (const Unit& unit : column.units) {
        deviations.push_back(unit.deviation);
        weights.push_back(unit.weight);
    }
    ColumnRows added{.column = &column, .deviations = rows.add(std::move(deviations))};
    const bool all_one = std::ranges::all_of(weights, [](double weight) { return weight == 1; });
    if (!all_one) added.weights = rows.add(std::move(weights));
    return added;
}

/// Fills `resampled` of all columns.
void resample_all(std::vector<Prepared>& columns, std::size_t units,
                  const BootstrapOptions& options) {
    Rows rows(units);
    std::vector<ColumnRows> by_unit;
    for (Prepared& column : columns) {
        column.resampled.resize(options.resamples);
        if (column.groups.empty()) by_unit.push_back(add_rows(column, rows));
    }
    const auto compute = [&](std::size_t block) {
        const std::size_t first = block * k_block;
        const std::size_t last = std::min(first + k_block, options.resamples);
        for (Prepared& column : columns) {
            if (column.groups.empty()) continue;
            for (std::size_t i = first; i < last; ++i) {
                column.resampled[i] = resample(column, random_stream(options.seed, i));
            }
        }
        if (by_unit.empty()) return;
        const std::vector<double> sums = rows.resample(options.seed, first, last);
        for (std::size_t i = first; i < last; ++i) {
            const double* const sum = &sums[(i - first) * rows.size()];
            for (const ColumnRows& one : by_unit) {
                const double weight = one.weights ? sum[*one.weights] : static_cast<double>(units);
                one.column->resampled[i] = sum[one.deviations] / weight;
            }
        }
    };
    options.parallel((options.resamples + k_block - 1) / k_block, compute);
}

Result<BootstrapMeans> finish(Prepared column) {
    std::erase_if(column.resampled, [](double mean) { return std::isnan(mean); });
    if (column.resampled.empty()) {
        return failure(ErrorCode::invalid_argument, "no resample has a value; draw more of them");
    }
    // Means that are equal but for the order in which they were added up become equal, and equal to
    // a limit such as 0 or 0.7 where that is what they are.
    const double digits = digits_of(column.scale);
    for (double& mean : column.resampled) {
        const bool same = std::abs(mean) <= rounding_of(column.scale);
        const double exact = column.mean + mean;
        const double shown = digits > 1 ? std::round(exact * digits) / digits : exact;
        mean = same ? column.mean : shown;
    }
    std::ranges::sort(column.resampled);
    return BootstrapMeans({.mean = column.mean,
                           .acceleration = column.acceleration,
                           .sorted = std::move(column.resampled)});
}

}  // namespace

BootstrapMeans::BootstrapMeans(Parts parts)
    : mean_(parts.mean), acceleration_(parts.acceleration), sorted_(std::move(parts.sorted)) {
    ASSAY_ASSERT(!sorted_.empty(), "there are resamples");
    const auto [first, last] = std::ranges::equal_range(sorted_, mean_);
    const auto less = static_cast<double>(first - sorted_.begin());
    const auto equal = static_cast<double>(last - first);
    const auto count = static_cast<double>(sorted_.size());
    // Half a resample at least lies on either side, or the correction would be infinite.
    const double share = std::clamp((less + equal / 2) / count, 0.5 / count, 1 - 0.5 / count);
    bias_correction_ = normal_quantile(share);
}

double BootstrapMeans::quantile(double probability) const {
    const auto count = static_cast<double>(sorted_.size());
    const double place = std::clamp(probability * (count + 1) - 1, 0.0, count - 1);
    const auto below = static_cast<std::size_t>(place);
    const double upper = sorted_[std::min(below + 1, sorted_.size() - 1)];
    return std::lerp(sorted_[below], upper, place - static_cast<double>(below));
}

double BootstrapMeans::adjusted(double z) const {
    const double moved = bias_correction_ + z;
    const double scale = 1 - acceleration_ * moved;
    if (scale <= 0) return moved > 0 ? 1 : 0;
    return normal_cdf(bias_correction_ + moved / scale);
}

Result<Interval> BootstrapMeans::percentile(double confidence) const {
    ASSAY_CHECK(check_confidence(confidence));
    const double tail = (1 - confidence) / 2;
    return Interval{.low = quantile(tail), .high = quantile(1 - tail)};
}

Result<Interval> BootstrapMeans::bca(double confidence) const {
    ASSAY_CHECK(check_confidence(confidence));
    const double z = normal_quantile((1 - confidence) / 2);
    return Interval{.low = quantile(adjusted(z)), .high = quantile(adjusted(-z))};
}

double BootstrapMeans::bca_p_value(double value) const {
    const auto count = static_cast<double>(sorted_.size());
    // The z that `adjusted` turns into a probability.
    const auto unadjusted = [this](double probability) {
        const double moved = normal_quantile(probability) - bias_correction_;
        const double scale = 1 + acceleration_ * moved;
        if (scale <= 0) return std::copysign(std::numeric_limits<double>::infinity(), moved);
        return moved / scale - bias_correction_;
    };
    // The places of the value among the sorted means, counted as `quantile` counts: between two of
    // them in proportion, and from the first to the last of those that are equal to it.
    const auto [first, last] = std::ranges::equal_range(sorted_, value);
    double low = static_cast<double>(first - sorted_.begin());
    double high = static_cast<double>(last - sorted_.begin()) - 1;
    if (first == last && first != sorted_.begin() && first != sorted_.end()) {
        const double part = (value - *(first - 1)) / (*first - *(first - 1));
        low = high = high + part;
    }
    double p = 1;
    if (value < sorted_.back()) {
        const double place = std::max(high, 0.0);
        p = std::min(p, 2 * normal_cdf(unadjusted((place + 1) / (count + 1))));
    }
    if (value > sorted_.front()) {
        const double place = std::min(low, count - 1);
        p = std::min(p, 2 * normal_cdf(-unadjusted((place + 1) / (count + 1))));
    }
    return std::max(p, 1 / (count + 1));
}

Result<std::vector<BootstrapMeans>> bootstrap_means(std::span<const BootstrapColumn> columns,
                                                    const BootstrapOptions& options) {
    if (options.resamples == 0) {
        return failure(ErrorCode::invalid_argument, "a bootstrap needs at least one resample");
    }
    if (columns.empty()) return std::vector<BootstrapMeans>{};
    const Clusters clusters = number_clusters(options.clusters);
    const std::size_t items =
        clusters.count > 0 ? options.clusters.size() : columns.front().values.size();
    std::vector<Prepared> prepared;
    for (const BootstrapColumn& column : columns) {
        ASSAY_CHECK(check_lengths(column, items));
        ASSAY_TRY(Prepared one, prepare(column, clusters));
        prepared.push_back(std::move(one));
    }
    resample_all(prepared, clusters.count > 0 ? clusters.count : items, options);
    std::vector<BootstrapMeans> means;
    for (Prepared& column : prepared) {
        ASSAY_TRY(BootstrapMeans one, finish(std::move(column)));
        means.push_back(std::move(one));
    }
    return means;
}

Result<BootstrapMeans> bootstrap_mean(const BootstrapColumn& column,
                                      const BootstrapOptions& options) {
    ASSAY_TRY(std::vector<BootstrapMeans> means, bootstrap_means({&column, 1}, options));
    return std::move(means.front());
}

}  // namespace assay
