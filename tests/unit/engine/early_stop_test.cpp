#include "runner/engine/early_stop.hpp"

#include <catch2/catch.hpp>
#include <memory>

namespace assay::test {
namespace {

constexpr int k_items = 200;

RunRecord stopping_run() {
    RunRecord run;
    run.variants.emplace_back().name = "v";
    Gate gate = parse_gate("exact_match >= 0.4").value();
    gate.confidence = 0.95;
    run.report_plan.gates.push_back(std::move(gate));
    run.report_plan.stop = StopRule{.score = "exact_match"};
    return run;
}

PlannedUnit planned(int number) {
    auto item = std::make_shared<DatasetItem>();
    item->id = DatasetItemId(std::to_string(number));
    PlannedUnit unit;
    unit.item = std::move(item);
    return unit;
}

UnitResult right_answer(int number) {
    UnitResult unit;
    unit.item.id = DatasetItemId(std::to_string(number));
    unit.variant = "v";
    unit.evaluations.emplace_back().scores.push_back({"exact_match", true, ""});
    return unit;
}

/// How many items the decision rests on, when `at_once` are being worked at and those of a group
/// end backwards.
std::uint64_t decided_after(int at_once) {
    const RunRecord run = stopping_run();
    EarlyStop stop(run);
    for (int first = 0; first < k_items; first += at_once) {
        for (int i = first; i < first + at_once; ++i) stop.begin(planned(i));
        for (int i = first + at_once - 1; i >= first; --i) stop.end(right_answer(i));
    }
    REQUIRE(stop.is_decided());
    return stop.items();
}

}  // namespace

TEST_CASE("early stop: the decision rests on the same items in whatever order they end",
          "[engine]") {
    const std::uint64_t one_by_one = decided_after(1);
    CHECK(one_by_one > 1);
    CHECK(one_by_one < k_items / 2);
    for (const int at_once : {2, 5, 20, 50, k_items}) {
        INFO(at_once);
        CHECK(decided_after(at_once) == one_by_one);
    }
}

}  // namespace assay::test
