#include <catch2/catch.hpp>

#include "runner/report/findings.hpp"
#include "runner/report/judge_warnings.hpp"
#include "runner/report/reference_run.hpp"
#include "runner/report/write_formats.hpp"
#include "runner/report/writers.hpp"
#include "tests/unit/report/stored_run.hpp"

namespace assay::test {
namespace {

JudgeRecord judge_of(std::optional<NanoUsd> cost, UsageDetails usage) {
    return {.trace_id = TraceId("of-the-judge"),
            .usage = std::move(usage),
            .cost = cost,
            .paid = cost ? std::optional(*cost / 2) : std::nullopt,
            .calls = 2,
            .retries = 1,
            .cached = 3};
}

/// Two units, each judged twice: once in vain.
StoredRun judged_run(std::optional<NanoUsd> cost = 1'000'000) {
    StoredRun stored = small_run(2);
    for (int item = 0; item < 2; ++item) {
        UnitResult unit = exact_match_unit(item, true);
        unit.usage = {{"total", 7}};
        unit.cost = 500;
        unit.evaluations.push_back(scored("tone", 0.5, "why"));
        unit.evaluations.back().scores.front().name = "tone";
        unit.evaluations.back().judge = judge_of(cost, {{"input", 10}, {"output", 5}});
        unit.evaluations.push_back(broken("other", "no verdict"));
        unit.evaluations.back().judge = judge_of(2'000'000, {{"total", 20}});
        stored.units.push_back(std::move(unit));
    }
    return stored;
}

RunRecord run_with(Json manifest) {
    RunRecord run = small_run(0).run;
    run.manifest = std::move(manifest);
    return run;
}

Gate gate_on(std::string_view text) {
    auto gate = parse_gate(text);
    REQUIRE(gate.has_value());
    return *gate;
}

GateVerdict decided(StoredRun stored, std::string_view gate) {
    stored.run.report_plan.gates = {gate_on(gate)};
    stored.run.report_plan.min_coverage = 0;
    return stored.report().gates.at(0);
}

const Json k_canaries = {
    {"canaries",
     {{"tone",
       {{"judged", 5},
        {"failed",
         {{{"canary", 1}, {"expected", true}, {"got", false}},
          {{"canary", 2}, {"expected", {{"min", 4}}}, {"got", nullptr}, {"error", "no JSON"}},
          {{"canary", 3}, {"expected", "A"}, {"got", "B"}},
          {{"canary", 4}, {"expected", "A"}, {"got", "B"}}}}}},
      {"good", {{"judged", 2}, {"failed", Json::array()}}},
      {"lost", {{"error", "the model is down"}}}}}};

}  // namespace

TEST_CASE("judges: what they used is summed apart from the task", "[report]") {
    const VariantSummary variant = judged_run().report().variants.at(0);
    REQUIRE(variant.judges.has_value());
    CHECK(variant.judges->calls == 8);
    CHECK(variant.judges->retried == 4);
    CHECK(variant.judges->cached == 12);
    CHECK(variant.judges->tokens.at("total") == 70);
    CHECK(variant.judges->cost == 6'000'000);
    CHECK(variant.judges->paid == 3'000'000);
    CHECK(variant.tokens.at("total") == 14);
    CHECK(variant.cost == 1000);
    CHECK(variant.calls == 0);
}

TEST_CASE("judges: an unknown price makes the sum unknown", "[report]") {
    const StoredRun stored = judged_run(std::nullopt);
    const VariantSummary variant = stored.report().variants.at(0);
    CHECK_FALSE(variant.judges->cost.has_value());
    CHECK_FALSE(variant.judges->paid.has_value());
    CHECK(variant.cost == 1000);
    const OrderedJson json = report_to_json(stored.report());
    CHECK(json["variants"][0]["judges"]["cost_usd"].is_null());
    CHECK(json["variants"][0]["judges"]["tokens"] == 70);
    CHECK(decided(stored, "judge_cost_usd <= 1").status == GateStatus::inconclusive);
}

TEST_CASE("judges: a report without any says nothing of them", "[report]") {
    const StoredRun stored = small_run(0);
    const OrderedJson json = report_to_json(stored.report());
    CHECK_FALSE(json["variants"][0].contains("judges"));
    CHECK_FALSE(json.contains("warnings"));
    CHECK(report_to_table(stored.report(), {}).find("judges") == std::string::npos);
    CHECK(report_to_markdown(stored.report()).find("judges") == std::string::npos);
}

TEST_CASE("judges: a report file gives back what was in it", "[report]") {
    const Report report = judged_run().report();
    auto parsed = parse_json(to_text(Json(report_to_json(report))));
    REQUIRE(parsed.has_value());
    (*parsed)["manifest"] = Json::object();
    const auto read = reference_from_text(to_text(*parsed), "report.json");
    REQUIRE(read.has_value());
    const JudgeTotals& judges = read->summaries.at(0).judges.value();
    CHECK(judges.calls == 8);
    CHECK(judges.tokens.at("total") == 70);
    CHECK(judges.cost == 6'000'000);
}

TEST_CASE("judges: measures of gates are theirs and cost_usd is the task's", "[report]") {
    CHECK(decided(judged_run(), "judge_tokens <= 70").status == GateStatus::passed);
    CHECK(decided(judged_run(), "judge_tokens < 70").status == GateStatus::failed);
    CHECK(decided(judged_run(), "judge_cost_usd <= 0.006").status == GateStatus::passed);
    CHECK(decided(judged_run(), "judge_cost_usd < 0.006").status == GateStatus::failed);
    CHECK(decided(judged_run(), "cost_usd <= 0.000001").status == GateStatus::passed);
    CHECK(decided(small_run(0), "judge_cost_usd <= 0").status == GateStatus::passed);
}

TEST_CASE("judges: the line of a unit says which trace the execution is", "[report]") {
    const OrderedJson json = unit_to_json(judged_run().units.at(0));
    CHECK(json["scores"]["tone"]["judge_trace_id"] == "of-the-judge");
    CHECK_FALSE(json["scores"]["exact_match"].contains("judge_trace_id"));
}

TEST_CASE("judges: canaries that came out wrong are warned about", "[report]") {
    const auto warnings = judge_warnings(run_with(k_canaries));
    REQUIRE(warnings.size() == 2);
    CHECK(warnings[0] == "the canaries of \"lost\" could not be judged: the model is down");
    CHECK(warnings[1] ==
          "4 of 5 canaries of \"tone\" came out wrong, so its scores are not to be believed "
          "(1: expected true, got false; 2: expected {\"min\":4}, got no JSON; "
          "3: expected \"A\", got \"B\"; and 1 more)");
}

TEST_CASE("judges: a judge of its own answers is warned about", "[report]") {
    const RunRecord run = run_with({{"self_judging",
                                     {{{"evaluator", "tone"},
                                       {"model", "openai:gpt-4.1"},
                                       {"variants", {"short", "long"}}}}}});
    const auto warnings = judge_warnings(run);
    REQUIRE(warnings.size() == 1);
    CHECK(
        warnings[0].starts_with("the judge of \"tone\" is openai:gpt-4.1, the model under test in "
                                "short, long: "));
    CHECK(canary_warnings(run).empty());
    CHECK(self_judging_warnings(run) == warnings);
}

TEST_CASE("judges: warnings are in the report and in its table and among the findings",
          "[report]") {
    StoredRun stored = judged_run();
    stored.run.manifest = k_canaries;
    const Report report = stored.report();
    CHECK(report_to_json(report)["warnings"].size() == 2);
    CHECK(report_to_table(report, {.columns = 200}).find("canaries of \"tone\"") !=
          std::string::npos);
    CHECK(report_to_markdown(report).find("canaries of") != std::string::npos);
    const auto findings = findings_of(report);
    REQUIRE(findings.size() == 2);
    CHECK(findings[0].severity == Severity::warning);
    CHECK(findings[0].rule == "judges");
    CHECK(findings[0].fingerprint != findings[1].fingerprint);
}

}  // namespace assay::test
