#include "runner/engine/unit_source.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "tests/unit/engine/engine_support.hpp"

namespace assay::test {
namespace {

constexpr const char* k_spec = R"(
experiment: e
dataset: rows.jsonl
task: {recorded: $.output}
variants: [{name: a}, {name: b}]
repetitions: 2
evaluators: [exact_match]
)";

std::string rows_of(int count) {
    std::string rows;
    for (int i = 0; i < count; ++i) {
        rows += to_text(Json{{"input", i}, {"expected_output", "x"}, {"output", "x"}}) + "\n";
    }
    return rows;
}

/// A spec with so many rows, and its units as a source gives them.
struct Scene {
    explicit Scene(int rows)
        : folder(k_spec, {{"rows.jsonl", rows_of(rows)}}), experiment(folder.bind()) {}

    std::vector<PlannedUnit> units(std::optional<Shard> shard = {}, FinishedUnits finished = {}) {
        const Plan plan = folder.plan(experiment, {.shard = shard});
        auto items = plan.dataset.items();
        REQUIRE(items);
        UnitSource source(experiment, std::move(*items), shard, std::move(finished));
        std::vector<PlannedUnit> found;
        while (true) {
            auto unit = source.next();
            REQUIRE(unit);
            if (!*unit) return found;
            found.push_back(std::move(**unit));
        }
    }

    SpecFolder folder;
    Experiment experiment;
};

std::set<std::string> keys_of(const std::vector<PlannedUnit>& units) {
    std::set<std::string> keys;
    for (const PlannedUnit& unit : units) keys.insert(unit.key.value());
    return keys;
}

std::string name_of(const PlannedUnit& unit) {
    return to_text(unit.item->input) + unit.variant->name + std::to_string(unit.repetition);
}

}  // namespace

TEST_CASE("unit source: items in order and of each every repetition of every variant", "[engine]") {
    Scene scene(2);
    std::vector<std::string> names;
    for (const PlannedUnit& unit : scene.units()) names.push_back(name_of(unit));
    CHECK(names ==
          std::vector<std::string>{"0a0", "0b0", "0a1", "0b1", "1a0", "1b0", "1a1", "1b1"});
}

TEST_CASE("unit source: keys are those of the units and differ", "[engine]") {
    Scene scene(10);
    const auto units = scene.units();
    CHECK(keys_of(units).size() == 40);
    const PlannedUnit& unit = units.at(7);
    CHECK(unit.key == unit_key(*unit.item, *unit.variant, unit.repetition, 0));
}

TEST_CASE("unit source: shards are disjoint and complete", "[engine]") {
    Scene scene(50);
    const auto all = keys_of(scene.units());
    for (const int count : {1, 2, 3, 7}) {
        std::set<std::string> together;
        std::size_t sum = 0;
        for (int index = 1; index <= count; ++index) {
            const auto part = keys_of(scene.units(Shard{.index = index, .count = count}));
            // 200 units: a shard without one would be a broken hash, not bad luck.
            CHECK_FALSE(part.empty());
            sum += part.size();
            together.insert(part.begin(), part.end());
        }
        CHECK(sum == all.size());
        CHECK(together == all);
    }
}

TEST_CASE("unit source: a unit's shard depends on its key alone", "[engine]") {
    const UnitKey key(std::string(63, '0') + "1");
    CHECK(shard_of(key, 1) == 1);
    CHECK(shard_of(key, 5) == 1);
    const UnitKey other("00000009" + std::string(56, 'f'));
    CHECK(shard_of(other, 5) == 5);
    CHECK(shard_of(other, 10) == 10);
    CHECK(shard_of(UnitKey("ffffffff" + std::string(56, '0')), 2) == 2);
}

TEST_CASE("unit source: the plan counts what the source of a shard gives", "[engine]") {
    Scene scene(20);
    for (int index = 1; index <= 3; ++index) {
        const Shard shard{.index = index, .count = 3};
        const Plan plan = scene.folder.plan(scene.experiment, {.shard = shard});
        std::map<std::string, std::uint64_t> counted;
        for (const PlannedUnit& unit : scene.units(shard)) ++counted[unit.variant->name];
        for (const VariantRecord& variant : plan.run.variants) {
            CHECK(variant.planned == counted[variant.name]);
        }
    }
}

TEST_CASE("unit source: what is finished is passed over", "[engine]") {
    Scene scene(10);
    const auto all = scene.units();
    FinishedUnits finished;
    std::set<std::string> left = keys_of(all);
    for (std::size_t i = 0; i < all.size(); i += 3) {
        finished.insert(all[i].key);
        left.erase(all[i].key.value());
    }
    CHECK(keys_of(scene.units({}, finished)) == left);
    for (const PlannedUnit& unit : all) finished.insert(unit.key);
    CHECK(finished.size() == all.size());
    CHECK(scene.units({}, finished).empty());
}

TEST_CASE("unit source: finished units of another shard change nothing", "[engine]") {
    Scene scene(10);
    const auto first = scene.units(Shard{.index = 1, .count = 2});
    FinishedUnits finished;
    for (const PlannedUnit& unit : first) finished.insert(unit.key);
    const Shard second{.index = 2, .count = 2};
    CHECK(keys_of(scene.units(second, finished)) == keys_of(scene.units(second)));
}

TEST_CASE("unit source: a dataset that changed is an error and not an end", "[engine]") {
    Scene scene(3);
    const Plan plan = scene.folder.plan(scene.experiment);
    scene.folder.folder.write("rows.jsonl", rows_of(4));
    auto items = plan.dataset.items();
    if (!items) {
        CHECK(items.error().code == ErrorCode::data_loss);
        return;
    }
    UnitSource source(scene.experiment, std::move(*items), {}, {});
    std::optional<Error> failed;
    for (int i = 0; i < 100 && !failed; ++i) {
        const auto unit = source.next();
        if (!unit) failed = unit.error();
    }
    REQUIRE(failed);
    CHECK(failed->code == ErrorCode::data_loss);
}

}  // namespace assay::test
