#include "core/model/unit.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "core/model/run.hpp"

namespace assay {
namespace {

Evaluation evaluation(EvaluationStatus status) { return {.evaluator = "e", .status = status}; }

}  // namespace

TEST_CASE("unit: one error among the evaluations makes it unscored", "[unit]") {
    using enum EvaluationStatus;
    CHECK(status_from({}) == UnitStatus::scored);
    CHECK(status_from({evaluation(scored), evaluation(scored)}) == UnitStatus::scored);
    CHECK(status_from({evaluation(scored), evaluation(error)}) == UnitStatus::unscored);
    CHECK(status_from({evaluation(skipped)}) == UnitStatus::scored);
    CHECK(status_from({evaluation(skipped), evaluation(error)}) == UnitStatus::unscored);
}

TEST_CASE("unit: every enumerator has a name that reads back", "[unit]") {
    for (const auto value :
         {UnitStatus::scored, UnitStatus::failed, UnitStatus::unscored, UnitStatus::skipped}) {
        CHECK(*parse_unit_status(to_string(value)) == value);
    }
    for (const auto value :
         {EvaluationStatus::scored, EvaluationStatus::error, EvaluationStatus::skipped}) {
        CHECK(*parse_evaluation_status(to_string(value)) == value);
    }
    for (const auto value :
         {ObservationType::span, ObservationType::generation, ObservationType::evaluator}) {
        CHECK(*parse_observation_type(to_string(value)) == value);
    }
    for (const auto value :
         {ObservationLevel::normal, ObservationLevel::warning, ObservationLevel::error}) {
        CHECK(*parse_observation_level(to_string(value)) == value);
    }
    for (const auto value :
         {RunState::running, RunState::finished, RunState::incomplete, RunState::interrupted}) {
        CHECK(*parse_run_state(to_string(value)) == value);
    }
    CHECK(std::string(to_string(ObservationLevel::normal)) == "DEFAULT");
    CHECK(std::string(to_string(ObservationType::generation)) == "GENERATION");
}

TEST_CASE("unit: budgets count what was called and not what the cache had", "[unit]") {
    UnitResult unit;
    unit.usage = {{"total", 110}};
    unit.paid = 7;
    unit.observations = {
        {.name = "find", .start = {}, .metadata = {{"cached", true}}, .usage = {{"total", 100}}},
        {.name = "answer", .start = {}, .metadata = {{"cached", 1}}, .usage = {{"total", 10}}},
        {.name = "tone",
         .type = ObservationType::evaluator,
         .start = {},
         .usage = {{"total", 1000}}}};
    unit.cached = 2;
    CHECK(spending_of(unit).tokens == 0);  // nothing was called
    unit.cached = 0;
    unit.calls = 2;
    CHECK(spending_of(unit).tokens == 110);
    unit.cached = 1;
    CHECK(spending_of(unit).tokens == 10);
    CHECK(spending_of(unit).cost == 7);
    CHECK(spending_of(unit).calls == 2);
}

TEST_CASE("unit: a stored name that nobody knows is damaged data", "[unit]") {
    CHECK(parse_unit_status("done").error().code == ErrorCode::data_loss);
    CHECK(parse_evaluation_status("").error().code == ErrorCode::data_loss);
    CHECK(parse_observation_type("span").error().code == ErrorCode::data_loss);
    CHECK(parse_observation_level("ERR").error().code == ErrorCode::data_loss);
    CHECK(parse_run_state("ended").error().code == ErrorCode::data_loss);
}

}  // namespace assay
