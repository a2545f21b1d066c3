#include "core/base/dependency_order.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "core/base/random.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

using Nodes = std::vector<std::size_t>;

TEST_CASE("dependency order: what is needed comes first and else the order stays") {
    CHECK(order_dependencies({}).order.empty());
    CHECK(order_dependencies({{}, {}, {}}).order == Nodes{0, 1, 2});
    CHECK(order_dependencies({{2}, {}, {1}}).order == Nodes{1, 2, 0});
    CHECK(order_dependencies({{3}, {}, {}, {2}}).order == Nodes{1, 2, 3, 0});
    CHECK(order_dependencies({{}, {0}, {0}, {1, 2}}).order == Nodes{0, 1, 2, 3});
}

TEST_CASE("dependency order: a cycle is named from its first node on") {
    const auto cycle = [](const Dependencies& needs) {
        const DependencyOrder found = order_dependencies(needs);
        CHECK(found.order.empty());
        return found.cycle;
    };
    CHECK(cycle({{0}}) == Nodes{0});
    CHECK(cycle({{1}, {0}}) == Nodes{0, 1});
    // What only leads into a cycle is no part of it.
    CHECK(cycle({{1}, {3}, {1}, {2}, {}}) == Nodes{1, 3, 2});
    CHECK(cycle({{}, {0, 2}, {0, 1}}) == Nodes{1, 2});
}

TEST_CASE("dependency order: all that is needed through others") {
    CHECK(all_dependencies({{}, {0}, {1}, {}}) == Dependencies{{}, {0}, {0, 1}, {}});
    CHECK(all_dependencies({{1}, {0}}) == Dependencies{{0, 1}, {0, 1}});
}

TEST_CASE("dependency order: random graphs are ordered or their cycle is one") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    for (int round = 0; round < 2000; ++round) {
        Dependencies needs(1 + rng.next_below(8));
        for (Nodes& own : needs) {
            for (std::size_t node = 0; node < needs.size(); ++node) {
                if (rng.next_below(5) == 0) own.push_back(node);
            }
        }
        const auto [order, cycle] = order_dependencies(needs);
        REQUIRE(order.empty() == !cycle.empty());
        for (std::size_t at = 0; at < order.size(); ++at) {
            for (const std::size_t needed : needs[order[at]]) {
                REQUIRE(std::ranges::find(order, needed) < order.begin() + std::ptrdiff_t(at));
            }
        }
        if (!order.empty()) REQUIRE(order.size() == needs.size());
        for (std::size_t at = 0; at < cycle.size(); ++at) {
            const Nodes& own = needs[cycle[at]];
            REQUIRE(std::ranges::find(own, cycle[(at + 1) % cycle.size()]) != own.end());
        }
    }
}

}  // namespace
}  // namespace assay
