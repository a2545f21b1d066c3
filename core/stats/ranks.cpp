#include "core/stats/ranks.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace assay {
namespace {

constexpr double k_rounding = 1e-12;

bool is_tie(double smaller, double larger) {
    return larger - smaller <= k_rounding * std::max(std::abs(smaller), std::abs(larger));
}

}  // namespace

Ranks rank(std::span<const double> values) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [&](std::size_t x, std::size_t y) { return values[x] < values[y]; });
    Ranks ranks{.of_value = std::vector<double>(values.size())};
    for (std::size_t first = 0; first < order.size();) {
        std::size_t end = first + 1;
        while (end < order.size() && is_tie(values[order[first]], values[order[end]])) ++end;
        const double shared = static_cast<double>(first + 1 + end) / 2;
        for (std::size_t i = first; i < end; ++i) ranks.of_value[order[i]] = shared;
        ranks.has_ties = ranks.has_ties || end - first > 1;
        first = end;
    }
    return ranks;
}

}  // namespace assay
