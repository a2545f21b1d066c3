#include "core/stats/cluster.hpp"

#include <fmt/format.h>

#include <cmath>
#include <unordered_map>

#include "core/stats/sample.hpp"
#include "core/stats/summary.hpp"

namespace assay {

Clusters number_clusters(std::span<const std::uint32_t> labels) {
    Clusters clusters;
    clusters.of_item.reserve(labels.size());
    std::unordered_map<std::uint32_t, std::uint32_t> numbers;
    for (const std::uint32_t label : labels) {
        const auto next = static_cast<std::uint32_t>(numbers.size());
        clusters.of_item.push_back(numbers.try_emplace(label, next).first->second);
    }
    clusters.count = numbers.size();
    return clusters;
}

Result<MeanEstimate> estimate_clustered_mean(std::span<const double> values,
                                             std::span<const std::uint32_t> labels) {
    if (values.size() != labels.size()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("each value belongs to one cluster, got {} values and {} labels",
                                   values.size(), labels.size()));
    }
    ASSAY_TRY(const double center, mean(values));
    const Clusters clusters = number_clusters(labels);
    if (clusters.count < 2) {
        return failure(ErrorCode::invalid_argument,
                       "all values are of one cluster; 2 clusters are needed");
    }
    std::vector<double> deviations(clusters.count);
    for (std::size_t i = 0; i < values.size(); ++i) {
        deviations[clusters.of_item[i]] += values[i] - center;
    }
    // The deviations add up to 0, so their deviation with G − 1 in the denominator holds the
    // correction G / (G − 1) already: s · √G = √(G / (G − 1) · Σ deviation²).
    ASSAY_TRY(const double deviation, sample_stddev(deviations));
    const auto count = static_cast<double>(clusters.count);
    return MeanEstimate{
        .mean = center,
        .standard_error = deviation * std::sqrt(count) / static_cast<double>(values.size()),
        .degrees = count - 1};
}

}  // namespace assay
