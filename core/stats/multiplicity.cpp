#include "core/stats/multiplicity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace assay {
namespace {

Result<void> check(std::span<const double> p_values) {
    for (const double p : p_values) {
        if (p >= 0 && p <= 1) continue;
        return failure(ErrorCode::invalid_argument,
                       fmt::format("a p-value lies between 0 and 1, not {}", p));
    }
    return {};
}

/// Positions of the p-values from the smallest to the largest.
std::vector<std::size_t> ascending(std::span<const double> p_values) {
    std::vector<std::size_t> order(p_values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
        return p_values[a] != p_values[b] ? p_values[a] < p_values[b] : a < b;
    });
    return order;
}

}  // namespace

Result<std::vector<double>> holm(std::span<const double> p_values) {
    ASSAY_CHECK(check(p_values));
    std::vector<double> adjusted(p_values.size());
    auto left = static_cast<double>(p_values.size());
    double largest = 0;
    for (const std::size_t i : ascending(p_values)) {
        largest = std::max(largest, std::min(1.0, left * p_values[i]));
        adjusted[i] = largest;
        --left;
    }
    return adjusted;
}

Result<std::vector<double>> benjamini_hochberg(std::span<const double> p_values) {
    ASSAY_CHECK(check(p_values));
    std::vector<double> adjusted(p_values.size());
    const auto count = static_cast<double>(p_values.size());
    std::vector<std::size_t> order = ascending(p_values);
    std::ranges::reverse(order);
    double rank = count;
    double smallest = 1;
    for (const std::size_t i : order) {
        smallest = std::min(smallest, count / rank * p_values[i]);
        adjusted[i] = smallest;
        --rank;
    }
    return adjusted;
}

}  // namespace assay
