#include "runner/engine/rescore.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "tests/unit/engine/engine_support.hpp"

namespace assay::test {
namespace {

const SystemClock clock;

constexpr std::string_view k_spec = R"(
experiment: rescored
dataset: rows.jsonl
task: {recorded: $.answer}
evaluators: [exact_match, {name: short, type: length, max: 3}]
execution: {concurrency: 8}
)";

/// A spec, a run of it, and the stream of its stored units.
struct Stored {
    Stored()
        : folder(k_spec, {{"rows.jsonl", rows()}}),
          experiment(folder.bind()),
          plan(folder.plan(experiment)),
          run(plan.run) {
        REQUIRE(execute(experiment, std::move(plan), journal, SystemClock{},
                        {.handle_signals = false}));
    }

    static std::string rows() {
        std::string text;
        for (int i = 0; i < 40; ++i) {
            const std::string answer = std::to_string(i * 50);
            text += to_text(Json{{"input", i}, {"expected_output", answer}, {"answer", answer}});
            text += "\n";
        }
        return text;
    }
    [[nodiscard]] UnitStream units() const {
        return [this](const UnitVisitor& visit) -> Result<void> {
            for (const UnitResult& unit : journal.units) ASSAY_CHECK(visit(unit));
            return {};
        };
    }

    SpecFolder folder;
    Experiment experiment;
    MemoryJournal journal;
    Plan plan;
    RunRecord run;
};

/// Counts what it is told.
class Watcher final : public ExecutionObserver {
  public:
    void units_stored(const RunRecord& /*run*/, std::size_t /*units*/) override { ++others; }
    void unit_finished(const RunRecord& run, const UnitResult& unit) override {
        CHECK_FALSE(run.id.value().empty());
        finished.insert(unit.key.value());
    }
    void stopping(std::size_t /*units_in_flight*/, bool /*at_once*/) override { ++others; }
    void tick(const ExecutionPulse& pulse) override {
        most = std::max(most, pulse.units_in_flight);
    }

    std::set<std::string> finished;
    std::size_t most = 0;  ///< units in flight at a tick
    int others = 0;
};

}  // namespace

TEST_CASE("rescore: who watches is told of each unit that came out different", "[engine]") {
    Stored stored;
    stored.run.manifest["evaluators"][1]["hash"] = "another";
    Watcher watcher;
    std::set<std::string> changed;
    const UnitVisitor visit = [&](const UnitResult& unit) -> Result<void> {
        CHECK_FALSE(watcher.finished.contains(unit.key.value()));
        changed.insert(unit.key.value());
        return {};
    };
    REQUIRE(rescore_units(stored.experiment, stored.run, stored.units(), visit,
                          {.clock = clock, .observer = &watcher}));
    CHECK(watcher.finished.size() == 40);
    CHECK(watcher.finished == changed);
    CHECK(watcher.others == 0);
    CHECK(watcher.most <= 8);
}

TEST_CASE("rescore: a unit that could not be stored is not told", "[engine]") {
    Stored stored;
    stored.run.manifest["evaluators"] = Json::array();
    Watcher watcher;
    const UnitVisitor visit = [](const UnitResult& /*unit*/) -> Result<void> {
        return failure(ErrorCode::resource_exhausted, "the disk is full");
    };
    REQUIRE_FALSE(rescore_units(stored.experiment, stored.run, stored.units(), visit,
                                {.clock = clock, .observer = &watcher}));
    CHECK(watcher.finished.empty());
}

TEST_CASE("rescore: what has not changed is kept and gives no unit", "[engine]") {
    const Stored stored;
    const UnitVisitor changed = [](const UnitResult& /*unit*/) -> Result<void> {
        return failure(ErrorCode::internal, "a unit changed");
    };
    const auto counts =
        rescore_units(stored.experiment, stored.run, stored.units(), changed, {.clock = clock});
    REQUIRE(counts);
    CHECK(counts->units == 40);
    CHECK(counts->made == 0);
    CHECK(counts->kept == 80);
}

TEST_CASE("rescore: an evaluator of another hash is made again and no other", "[engine]") {
    Stored stored;
    stored.run.manifest["evaluators"][1]["hash"] = "another";
    std::size_t units = 0;
    const UnitVisitor changed = [&](const UnitResult& unit) -> Result<void> {
        ++units;
        CHECK(unit.evaluations.size() == 2);
        CHECK(unit.observations.size() == 3);  // the task and an evaluator each
        CHECK(unit.status == UnitStatus::scored);
        return {};
    };
    const auto counts =
        rescore_units(stored.experiment, stored.run, stored.units(), changed, {.clock = clock});
    REQUIRE(counts);
    CHECK(units == 40);
    CHECK(counts->made == 40);
    CHECK(counts->kept == 40);
}

TEST_CASE("rescore: an error of the visitor ends it while units are under way", "[engine]") {
    Stored stored;
    stored.run.manifest["evaluators"] = Json::array();
    std::size_t units = 0;
    const UnitVisitor changed = [&](const UnitResult& /*unit*/) -> Result<void> {
        if (++units < 3) return {};
        return failure(ErrorCode::resource_exhausted, "the disk is full");
    };
    const auto counts =
        rescore_units(stored.experiment, stored.run, stored.units(), changed, {.clock = clock});
    REQUIRE_FALSE(counts);
    CHECK(counts.error().message == "the disk is full");
    CHECK(units == 3);
}

}  // namespace assay::test
