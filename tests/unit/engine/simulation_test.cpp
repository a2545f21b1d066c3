#include <fmt/ranges.h>

#include <catch2/catch.hpp>

#include "tests/support/seed.hpp"
#include "tests/unit/engine/simulation_world.hpp"

namespace assay::test {
namespace {

using Units = std::map<std::string, std::string>;

/// The first unit that is not as it should be, or "".
std::string difference(const Units& units, const Units& expected) {
    for (const auto& [name, what] : expected) {
        const auto found = units.find(name);
        if (found == units.end()) return name + " is missing";
        if (found->second == what) continue;
        return fmt::format("{} is\n  {} and should be\n  {}", name, found->second, what);
    }
    return units.size() == expected.size() ? "" : "there are more units than planned";
}

void expect_no_findings(const World& world) {
    const auto findings = world.findings();
    INFO(fmt::format("{}", fmt::join(findings, "\n")));
    CHECK(findings.empty());
}

}  // namespace

TEST_CASE("simulation: whatever happens every unit ends as it should and is paid once",
          "[engine][simulation]") {
    // About 1200 executions.
    for (const std::uint64_t seed : seeds_of_test(400)) {
        INFO("ASSAY_SEED=" << seed);
        World world(seed);
        world.run_to_the_end();
        expect_no_findings(world);
    }
}

TEST_CASE("simulation: a seed gives the same units at concurrency 1 and 8 and 64",
          "[engine][simulation]") {
    for (const std::uint64_t seed : seeds_of_test(40)) {
        INFO("ASSAY_SEED=" << seed);
        World world = World::calm(seed);
        for (const int concurrency : {1, 8, 64}) {
            CHECK(difference(world.run_once(concurrency), world.job().expected()) == "");
        }
        expect_no_findings(world);
    }
}

TEST_CASE("simulation: the shards of a run are disjoint and give the whole run together",
          "[engine][simulation]") {
    for (const std::uint64_t seed : seeds_of_test(40)) {
        INFO("ASSAY_SEED=" << seed);
        World world = World::calm(seed);
        const int count = 2 + static_cast<int>(seed % 4);
        Units together;
        std::size_t units = 0;
        for (int index = 1; index <= count; ++index) {
            Units part = world.run_once(8, CacheMode::off, Shard{.index = index, .count = count});
            units += part.size();
            together.merge(part);
        }
        CHECK(units == together.size());
        CHECK(difference(together, world.job().expected()) == "");
        expect_no_findings(world);
    }
}

TEST_CASE("simulation: a recorded run is replayed without a call and gives the same units",
          "[engine][simulation]") {
    for (const std::uint64_t seed : seeds_of_test(40)) {
        INFO("ASSAY_SEED=" << seed);
        World world(seed);
        const Units recorded = world.run_once(16, CacheMode::read_write);
        CHECK(difference(recorded, world.job().expected()) == "");
        const Units replayed = world.run_once(16, CacheMode::replay);
        CHECK(world.calls_of_last_run() == 0);
        CHECK(difference(replayed, world.job().expected(true)) == "");
        expect_no_findings(world);
    }
}

}  // namespace assay::test
