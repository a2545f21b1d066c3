#include "core/stats/sign_flip.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/stats/cluster.hpp"
#include "core/stats/random.hpp"
#include "core/stats/sample.hpp"

namespace assay {
namespace {

constexpr std::uint64_t k_combinations_max = std::uint64_t{1} << 20U;
constexpr std::size_t k_block = 1024;  // resamples that one call of the caller's `Parallel` draws
/// Sums that differ by less than this share of the sum of all magnitudes are equal. It is above
/// the rounding of a million additions and far below the spread of the sums.
constexpr double k_rounding = 1e-11;

/// Differences of the same size; their signs are tossed one by one.
struct Magnitude {
    double value = 0;
    std::uint64_t count = 0;
};

/// What is tossed: the differences without their signs, and what their sum is compared with.
struct Tosses {
    std::vector<double> sizes;          ///< one of each difference that is not 0, descending
    std::vector<Magnitude> magnitudes;  ///< the same, counted
    double bound = 0;                   ///< sums at least as far from 0 as this are hits
};

/// The sums of the clusters, scaled by a power of two so that no sum of them overflows.
Result<std::vector<double>> summed(std::span<const double> differences,
                                   std::span<const std::uint32_t> clusters) {
    ASSAY_CHECK(check_sample(differences, 2));
    if (!clusters.empty() && clusters.size() != differences.size()) {
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("{} differences have {} clusters", differences.size(), clusters.size()));
    }
    double largest = 0;
    for (const double value : differences) largest = std::max(largest, std::abs(value));
    const int exponent = largest == 0 ? 0 : std::ilogb(largest);
    const Clusters numbered = number_clusters(clusters);
    if (!clusters.empty() && numbered.count < 2) {
        return failure(ErrorCode::invalid_argument, "2 clusters are needed, got 1");
    }
    std::vector<double> sums(clusters.empty() ? differences.size() : numbered.count);
    for (std::size_t i = 0; i < differences.size(); ++i) {
        sums[clusters.empty() ? i : numbered.of_item[i]] += std::scalbn(differences[i], -exponent);
    }
    return sums;
}

/// Counts sizes that are the same but for rounding.
std::vector<Magnitude> counted(std::span<const double> descending) {
    std::vector<Magnitude> magnitudes;
    for (const double size : descending) {
        if (magnitudes.empty() || size < magnitudes.back().value * (1 - k_rounding))
            magnitudes.push_back({.value = size});
        ++magnitudes.back().count;
    }
    return magnitudes;
}

Tosses tosses_of(std::span<const double> sums) {
    Tosses tosses;
    for (const double sum : sums) {
        if (sum != 0) tosses.sizes.push_back(std::abs(sum));
    }
    std::ranges::sort(tosses.sizes, std::ranges::greater());
    tosses.magnitudes = counted(tosses.sizes);
    const double observed = std::accumulate(sums.begin(), sums.end(), 0.0);
    const double total = std::accumulate(tosses.sizes.begin(), tosses.sizes.end(), 0.0);
    tosses.bound = std::abs(observed) - k_rounding * total;
    return tosses;
}

bool can_be_enumerated(std::span<const Magnitude> magnitudes) {
    std::uint64_t combinations = 1;
    for (const Magnitude& magnitude : magnitudes) {
        if (magnitude.count >= k_combinations_max / combinations) return false;
        combinations *= magnitude.count + 1;
    }
    return true;
}

/// Chances of 0 … `count` heads in as many tosses, from the middle outwards, where none underflows
/// before it stops to matter.
std::vector<double> chances_of_heads(std::uint64_t count) {
    std::vector<double> chances(count + 1);
    const std::uint64_t middle = count / 2;
    chances[middle] = 1;
    for (std::uint64_t k = middle; k < count; ++k) {
        chances[k + 1] = chances[k] * static_cast<double>(count - k) / static_cast<double>(k + 1);
    }
    for (std::uint64_t k = 0; k < middle; ++k) chances[k] = chances[count - k];
    const double total = std::accumulate(chances.begin(), chances.end(), 0.0);
    for (double& chance : chances) chance /= total;
    return chances;
}

/// The exact distribution of the sum, walked one magnitude after the other.
class Enumeration {
  public:
    explicit Enumeration(const Tosses& tosses)
        : magnitudes_(tosses.magnitudes), bound_(tosses.bound), reach_(magnitudes_.size() + 1) {
        for (std::size_t i = magnitudes_.size(); i-- > 0;) {
            const auto count = static_cast<double>(magnitudes_[i].count);
            reach_[i] = reach_[i + 1] + magnitudes_[i].value * count;
        }
        for (const Magnitude& magnitude : magnitudes_)
            chances_.push_back(chances_of_heads(magnitude.count));
    }

    /// The chance of a hit when the magnitudes before number `next` add up to `sum`.
    [[nodiscard]] double hits(std::size_t next = 0, double sum = 0) const {
        if (std::abs(sum) - reach_[next] >= bound_) return 1;
        if (std::abs(sum) + reach_[next] < bound_) return 0;
        const auto& [value, count] = magnitudes_[next];
        double chance = 0;
        for (std::uint64_t heads = 0; heads <= count; ++heads) {
            const double balance = 2 * static_cast<double>(heads) - static_cast<double>(count);
            chance += chances_[next][heads] * hits(next + 1, sum + value * balance);
        }
        return chance;
    }

  private:
    std::span<const Magnitude> magnitudes_;
    double bound_;
    std::vector<double> reach_;  ///< the sum of the magnitudes from this one on
    std::vector<std::vector<double>> chances_;
};

/// Adds a toss of all sizes to each sum. Eight sizes at a time become a table of their 256 sums, so
/// that a byte of randomness adds eight of them at once.
void add_one_by_one(std::span<const double> sizes, Rng& random, std::span<double> sums) {
    while (!sizes.empty()) {
        const auto group = sizes.first(std::min<std::size_t>(8, sizes.size()));
        std::array<double, 256> table{};
        std::size_t filled = 1;
        for (const double size : group) {
            for (std::size_t i = 0; i < filled; ++i) {
                table[filled + i] = table[i] + size;
                table[i] -= size;
            }
            filled *= 2;
        }
        std::uint64_t word = 0;
        for (std::size_t i = 0; i < sums.size(); ++i) {
            word = i % 8 == 0 ? random.next() : word >> 8U;
            sums[i] += table[word & (filled - 1)];
        }
        sizes = sizes.subspan(group.size());
    }
}

/// The same where few sizes occur many times: only the number of heads of each matters.
void add_by_count(std::span<const Magnitude> magnitudes, Rng& random, std::span<double> sums) {
    for (const auto& [value, count] : magnitudes) {
        for (double& sum : sums) {
            const std::uint64_t heads = random_binomial(random, count, 0.5);
            sum += value * (2 * static_cast<double>(heads) - static_cast<double>(count));
        }
    }
}

std::uint64_t drawn_hits(const Tosses& tosses, const SignFlipOptions& options) {
    const std::size_t blocks = (options.resamples + k_block - 1) / k_block;
    // A draw of a number of heads costs about as much as 32 sizes of a table.
    const bool by_count = tosses.magnitudes.size() * 32 < tosses.sizes.size();
    std::vector<std::ptrdiff_t> hits(blocks);
    options.parallel(blocks, [&](std::size_t block) {
        Rng random = random_stream(options.seed, block);
        std::vector<double> sums(std::min(k_block, options.resamples - block * k_block));
        if (by_count) {
            add_by_count(tosses.magnitudes, random, sums);
        } else {
            add_one_by_one(tosses.sizes, random, sums);
        }
        hits[block] =
            std::ranges::count_if(sums, [&](double sum) { return std::abs(sum) >= tosses.bound; });
    });
    return static_cast<std::uint64_t>(std::accumulate(hits.begin(), hits.end(), std::ptrdiff_t{0}));
}

}  // namespace

Result<SignFlipTest> sign_flip(std::span<const double> differences,
                               const SignFlipOptions& options) {
    ASSAY_TRY(const std::vector<double> sums, summed(differences, options.clusters));
    if (options.resamples == 0) {
        return failure(ErrorCode::invalid_argument, "a permutation test needs resamples");
    }
    const Tosses tosses = tosses_of(sums);
    if (tosses.bound <= 0) return SignFlipTest{.p = 1, .exact = true};
    if (can_be_enumerated(tosses.magnitudes)) {
        return SignFlipTest{.p = std::min(1.0, Enumeration(tosses).hits()), .exact = true};
    }
    const auto hits = static_cast<double>(drawn_hits(tosses, options));
    return SignFlipTest{.p = (hits + 1) / (static_cast<double>(options.resamples) + 1)};
}

}  // namespace assay
