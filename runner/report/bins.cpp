#include "runner/report/bins.hpp"

#include <algorithm>
#include <cmath>

namespace assay {

std::vector<double> equal_edges(double low, double high, std::size_t bins) {
    std::vector<double> edges;
    for (std::size_t i = 0; i <= bins; ++i) {
        // Not low + (high - low) * share: the difference of two doubles may be infinite.
        const double share = static_cast<double>(i) / static_cast<double>(bins);
        edges.push_back(low * (1 - share) + high * share);
    }
    return edges;
}

std::vector<double> ratio_edges(double low, double high, std::size_t bins) {
    std::vector<double> edges = equal_edges(std::log(low), std::log(high), bins);
    std::ranges::transform(edges, edges.begin(), [](double edge) { return std::exp(edge); });
    edges.front() = low;  // exp(log(x)) may be a little more than x
    edges.back() = high;
    return edges;
}

std::size_t bin_of(const std::vector<double>& edges, double value) {
    // The last edge belongs to the last bin.
    const auto above = std::upper_bound(edges.begin() + 1, edges.end() - 1, value);
    return static_cast<std::size_t>(above - edges.begin()) - 1;
}

}  // namespace assay
