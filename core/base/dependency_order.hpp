#pragma once

#include <cstddef>
#include <vector>

namespace assay {

/// For each node, the nodes that it needs.
using Dependencies = std::vector<std::vector<std::size_t>>;

struct DependencyOrder {
    /// Every node after those it needs, else as they stood; empty when there is a cycle.
    std::vector<std::size_t> order;
    /// The nodes of one cycle, each needing the next and the last the first; empty without one.
    std::vector<std::size_t> cycle;
};

/// @param needs  every number is less than needs.size().
[[nodiscard]] DependencyOrder order_dependencies(const Dependencies& needs);

/// For each node, everything that it needs directly or through others, ascending. A node of a cycle
/// needs itself.
[[nodiscard]] Dependencies all_dependencies(const Dependencies& needs);

}  // namespace assay
