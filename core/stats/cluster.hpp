#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/error.hpp"
#include "core/stats/interval.hpp"

namespace assay {

/// Which items belong together, e.g. the questions about one document.
struct Clusters {
    std::vector<std::uint32_t> of_item;  ///< in [0, count); each number occurs
    std::size_t count = 0;
};

/// Numbers the clusters in the order in which they first occur. `labels` has one label for every
/// item; which numbers are used as labels does not matter.
[[nodiscard]] Clusters number_clusters(std::span<const std::uint32_t> labels);

/// The plain mean over the items, with a standard error that holds when items of one cluster are
/// alike: √(G / (G − 1) · Σ_g (Σ_{i in g} (x_i − mean))²) / n for G clusters of n items, and G − 1
/// degrees of freedom (CR1). With one item in each cluster this is estimate_mean. It needs many
/// clusters rather than many items: with fewer than about 20 it tends to be too small.
///
/// @param labels  the cluster of each value; any numbers.
/// @error invalid_argument below two clusters, where nothing can be said; for values that are not
///        finite; when the lengths differ.
/// Source: Cameron, Miller, A Practitioner's Guide to Cluster-Robust Inference, Journal of Human
///         Resources 50 (2015) 317–372, equations 11 and 12. Cost: O(n).
[[nodiscard]] Result<MeanEstimate> estimate_clustered_mean(std::span<const double> values,
                                                           std::span<const std::uint32_t> labels);

}  // namespace assay
