#include "core/stats/noise.hpp"

#include <cmath>
#include <unordered_map>

#include "core/stats/distributions.hpp"
#include "core/stats/sample.hpp"

namespace assay {
namespace {

constexpr double k_together_level = 0.01;

Result<void> check_runs(std::span<const std::vector<double>> runs,
                        std::span<const std::uint32_t> clusters, double confidence) {
    const auto refused = [](const char* why) { return failure(ErrorCode::invalid_argument, why); };
    ASSAY_CHECK(check_confidence(confidence));
    if (runs.size() < 2) return refused("noise shows between runs, and there are fewer than two");
    if (runs.front().empty()) return refused("the runs have no item in common");
    if (!clusters.empty() && clusters.size() != runs.front().size()) {
        return refused("there is not one cluster an item");
    }
    for (const std::vector<double>& run : runs) {
        if (run.size() != runs.front().size()) return refused("the runs differ in their items");
        ASSAY_CHECK(check_sample(run, 1));
    }
    return {};
}

/// What varies independently: sums over clusters, or the items themselves, each less its value in
/// the first run, so that what does not change is 0 exactly.
std::vector<std::vector<double>> changes_of_blocks(std::span<const std::vector<double>> runs,
                                                   std::span<const std::uint32_t> clusters) {
    std::unordered_map<std::uint32_t, std::size_t> block_of;
    std::vector<std::vector<double>> blocks;  // block, run
    for (std::size_t item = 0; item < runs.front().size(); ++item) {
        std::size_t block = blocks.size();
        if (!clusters.empty()) block = block_of.try_emplace(clusters[item], block).first->second;
        if (block == blocks.size()) blocks.emplace_back(runs.size());
        for (std::size_t run = 1; run < runs.size(); ++run) {
            blocks[block][run] += runs[run][item] - runs[0][item];
        }
    }
    return blocks;
}

/// With n − 1; of at least two values.
double variance_of(std::span<const double> values) {
    const auto count = static_cast<double>(values.size());
    double sum = 0;
    for (const double value : values) sum += value;
    double squares = 0;
    for (const double value : values) {
        const double deviation = value - sum / count;
        squares += deviation * deviation;
    }
    return squares / (count - 1);
}

/// The value that an F of these degrees of freedom exceeds with probability `level`.
double f_upper(double level, double numerator, double denominator) {
    const double x = beta_quantile(1 - level, numerator / 2, denominator / 2);
    return denominator * x / (numerator * (1 - x));
}

}  // namespace

Result<NoiseFloor> noise_floor(std::span<const std::vector<double>> runs,
                               std::span<const std::uint32_t> clusters, double confidence) {
    ASSAY_CHECK(check_runs(runs, clusters, confidence));
    const auto blocks = changes_of_blocks(runs, clusters);
    std::vector<double> variances;
    std::vector<double> sums(runs.size());
    double own = 0;  // variance of the sum over items, if blocks vary independently
    for (const std::vector<double>& block : blocks) {
        own += variances.emplace_back(variance_of(block));
        for (std::size_t run = 0; run < runs.size(); ++run) sums[run] += block[run];
    }
    if (own == 0) return NoiseFloor{};
    const double of_sums = variance_of(sums);
    if (!std::isfinite(own) || !std::isfinite(of_sums)) {
        return failure(ErrorCode::invalid_argument, "the values lie too far apart");
    }
    double squared_shares = 0;
    for (const double variance : variances) squared_shares += (variance / own) * (variance / own);
    const auto between = static_cast<double>(runs.size() - 1);
    const double degrees = between / squared_shares;
    const auto count = static_cast<double>(blocks.size());
    // What is left of the blocks' variance without what they share in each run.
    const double residual = count > 1 ? (own - of_sums / count) * count / (count - 1) : own;
    NoiseFloor floor;
    floor.moves_together = of_sums > residual * f_upper(k_together_level, between, degrees);
    const auto items = static_cast<double>(runs.front().size());
    floor.run_stddev = std::sqrt(floor.moves_together ? of_sums : own) / items;
    const double t =
        student_t_quantile((1 + confidence) / 2, floor.moves_together ? between : degrees);
    floor.difference = t * std::sqrt(2.0) * floor.run_stddev;
    return floor;
}

}  // namespace assay
