#include "core/base/dependency_order.hpp"

#include <algorithm>

namespace assay {
namespace {

/// Follows what is needed among `left`, nodes that all need one of `left`, until it comes round.
std::vector<std::size_t> find_cycle(const Dependencies& needs, const std::vector<bool>& left) {
    std::size_t node = static_cast<std::size_t>(std::ranges::find(left, true) - left.begin());
    std::vector<std::size_t> path;
    auto met = path.end();
    while (met == path.end()) {
        path.push_back(node);
        node = *std::ranges::find_if(needs[node], [&](std::size_t needed) { return left[needed]; });
        met = std::ranges::find(path, node);
    }
    std::vector<std::size_t> cycle(met, path.end());
    // A cycle is named from the node that stands first.
    std::ranges::rotate(cycle, std::ranges::min_element(cycle));
    return cycle;
}

}  // namespace

DependencyOrder order_dependencies(const Dependencies& needs) {
    DependencyOrder found;
    std::vector<bool> left(needs.size(), true);
    const auto is_free = [&](std::size_t node) {
        return left[node] &&
               std::ranges::none_of(needs[node], [&](std::size_t needed) { return left[needed]; });
    };
    while (found.order.size() < needs.size()) {
        std::size_t node = 0;
        while (node < needs.size() && !is_free(node)) ++node;
        if (node == needs.size()) return {.order = {}, .cycle = find_cycle(needs, left)};
        left[node] = false;
        found.order.push_back(node);
    }
    return found;
}

Dependencies all_dependencies(const Dependencies& needs) {
    Dependencies all(needs.size());
    for (std::size_t node = 0; node < needs.size(); ++node) {
        std::vector<std::size_t> open = needs[node];
        std::vector<bool> seen(needs.size(), false);
        while (!open.empty()) {
            const std::size_t next = open.back();
            open.pop_back();
            if (seen[next]) continue;
            seen[next] = true;
            open.insert(open.end(), needs[next].begin(), needs[next].end());
        }
        for (std::size_t other = 0; other < seen.size(); ++other) {
            if (seen[other]) all[node].push_back(other);
        }
    }
    return all;
}

}  // namespace assay
