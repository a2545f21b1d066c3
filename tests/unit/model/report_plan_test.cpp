#include "core/model/report_plan.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace assay {
namespace {

std::string gate_error(std::string_view text) {
    const auto gate = parse_gate(text);
    if (gate) return "no error";
    CHECK(gate.error().code == ErrorCode::invalid_argument);
    return gate.error().message;
}

ReportPlan full_plan() {
    ReportPlan plan;
    plan.scores = {{.name = "exact_match",
                    .evaluator = "exact_match",
                    .data_type = ScoreDataType::boolean,
                    .check = true},
                   {.name = "team", .evaluator = "route", .data_type = {}, .check = false}};
    plan.run_evaluators = {{.name = "p90",
                            .type = "percentile",
                            .parameters = {{"score", "length"}, {"percentile", 90}},
                            .pointer = {}}};
    plan.gates = {*parse_gate("exact_match >= 85%"),
                  {.text = "share of billing",
                   .score = "team",
                   .category = "billing",
                   .measure = "",
                   .op = GateOperator::less,
                   .threshold = 0.1,
                   .variant = "short",
                   .place = {"a.eval.yaml", 14, 9}}};
    plan.min_coverage = 0.9;
    return plan;
}

}  // namespace

TEST_CASE("gate: every operator is read", "[gate]") {
    struct Example {
        std::string_view text;
        GateOperator op;
    };
    for (const Example& example : std::vector<Example>{{"a >= 0.5", GateOperator::greater_equal},
                                                       {"a > 0.5", GateOperator::greater},
                                                       {"a <= 0.5", GateOperator::less_equal},
                                                       {"a < 0.5", GateOperator::less},
                                                       {"a = 0.5", GateOperator::equal},
                                                       {"a == 0.5", GateOperator::equal},
                                                       {"a>=0.5", GateOperator::greater_equal},
                                                       {"  a  <  0.5  ", GateOperator::less}}) {
        CAPTURE(example.text);
        const auto gate = parse_gate(example.text);
        REQUIRE(gate);
        CHECK(gate->score == "a");
        CHECK(gate->measure == "");
        CHECK(gate->op == example.op);
        CHECK(gate->threshold == 0.5);
        CHECK(gate->variant == "");
    }
}

TEST_CASE("gate: operators compare as they are written", "[gate]") {
    using enum GateOperator;
    CHECK(
        (holds(1, greater_equal, 1) && holds(2, greater_equal, 1) && !holds(0, greater_equal, 1)));
    CHECK((!holds(1, greater, 1) && holds(2, greater, 1) && !holds(0, greater, 1)));
    CHECK((holds(1, less_equal, 1) && !holds(2, less_equal, 1) && holds(0, less_equal, 1)));
    CHECK((!holds(1, less, 1) && !holds(2, less, 1) && holds(0, less, 1)));
    CHECK((holds(1, equal, 1) && !holds(2, equal, 1)));
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (const auto op : {greater_equal, greater, less_equal, less, equal}) {
        CHECK_FALSE(holds(nan, op, 1));
    }
}

TEST_CASE("gate: thresholds may be percentages", "[gate]") {
    CHECK(parse_gate("a >= 85%")->threshold == 0.85);
    CHECK(parse_gate("a >= 85 %")->threshold == 0.85);
    CHECK(parse_gate("a >= 0.5%")->threshold == 0.005);
    CHECK(parse_gate("a >= 100%")->threshold == 1.0);
    CHECK(parse_gate("a >= -5%")->threshold == -0.05);
    CHECK(parse_gate("a >= 1e3")->threshold == 1000);
    CHECK(parse_gate("a >= -2.5")->threshold == -2.5);
}

TEST_CASE("gate: the text is shown in one form", "[gate]") {
    CHECK(parse_gate(" exact_match>=85% ")->text == "exact_match >= 85%");
    CHECK(parse_gate("a == 1")->text == "a = 1");
}

TEST_CASE("gate: measures are told from scores", "[gate]") {
    for (const std::string& measure : gate_measures()) {
        const auto gate = parse_gate(measure + " <= 2.5");
        REQUIRE(gate);
        CHECK(gate->measure == measure);
        CHECK(gate->score == "");
    }
    CHECK(parse_gate("latency_p42_ms <= 5")->score == "latency_p42_ms");
    CHECK(parse_gate("fact-check (v2) >= 0.5")->score == "fact-check (v2)");
}

TEST_CASE("gate: what is no gate says how to write one", "[gate]") {
    for (const std::string_view text :
         {"", "exact_match", "exact_match 0.85", ">= 0.5", "  = 1", "a is 5"}) {
        CHECK_THAT(gate_error(text), Catch::Contains("is no gate; write it as"));
    }
    for (const std::string_view text :
         {"a >= ", "a >= b", "a >= 5x", "a >= 0,85", "a >= %", "a >= 5%%", "a >= nan", "a >= inf",
          "a >= 1e999", "a >= 1 >= 2", "a >< 5", "a => 5", "a <> 5", "a === 5", "a >= 0x10"}) {
        CAPTURE(text);
        CHECK_THAT(gate_error(text), Catch::Contains("no "));
    }
}

TEST_CASE("report plan: it survives JSON", "[report_plan]") {
    const Json json = to_json(full_plan());
    const auto back = report_plan_from_json(*parse_json(to_text(json)));
    REQUIRE(back);
    CHECK(to_json(*back) == json);

    CHECK(back->min_coverage == 0.9);
    REQUIRE(back->scores.size() == 2);
    CHECK(back->scores[0].data_type == ScoreDataType::boolean);
    CHECK(back->scores[0].check);
    CHECK_FALSE(back->scores[1].data_type);
    CHECK(back->scores[1].evaluator == "route");
    REQUIRE(back->run_evaluators.size() == 1);
    CHECK(back->run_evaluators[0].parameters == Json({{"score", "length"}, {"percentile", 90}}));
    REQUIRE(back->gates.size() == 2);
    CHECK(back->gates[0].threshold == 0.85);
    CHECK(back->gates[0].op == GateOperator::greater_equal);
    CHECK(back->gates[1].category == "billing");
    CHECK(back->gates[1].op == GateOperator::less);
    CHECK(back->gates[1].variant == "short");
    CHECK(to_string(Diagnostic{back->gates[1].place, "x"}) == "a.eval.yaml:14:9: x");

    const auto empty = report_plan_from_json(to_json(ReportPlan{}));
    REQUIRE(empty);
    CHECK(empty->min_coverage == 0.95);
}

/// Keys that gates of older stored runs do not have.
const std::set<std::string>& of_newer_gates() {
    static const std::set<std::string> k_keys = {
        "form", "baseline",        "versus",     "slice",         "confidence", "method",
        "tier", "on_inconclusive", "correction", "allow_changed", "requires"};
    return k_keys;
}

TEST_CASE("report plan: gates of older runs are decided as they were", "[report_plan]") {
    Json old = to_json(full_plan());
    old.erase("seed");
    for (Json& gate : old["gates"]) {
        for (const std::string& key : of_newer_gates()) gate.erase(key);
    }
    const auto read = report_plan_from_json(old);
    REQUIRE(read);
    CHECK(to_json(*read) == to_json(full_plan()));
}

TEST_CASE("report plan: gates keep all that decides them", "[report_plan]") {
    ReportPlan plan;
    Gate& gate = plan.gates.emplace_back(parse_gate("a >= 0.5").value());
    gate.form = GateForm::relative;
    gate.baseline = "main";
    gate.versus = "short";
    gate.slice = "metadata.lang";
    gate.confidence = 0.9;
    gate.method = IntervalMethod::bca;
    gate.tier = GateTier::advisory;
    gate.on_inconclusive = OnInconclusive::warn;
    gate.correction = Correction::bh;
    gate.allow_changed = {"dataset"};
    plan.stop = StopRule{.score = "a", .confidence = 0.8, .min_items = 7};
    plan.seed = 11;
    const auto back = report_plan_from_json(to_json(plan));
    REQUIRE(back);
    CHECK(to_json(*back) == to_json(plan));
    CHECK(back->gates[0].method == IntervalMethod::bca);
    CHECK(back->gates[0].correction == Correction::bh);
    CHECK(back->stop->min_items == 7);
    for (const char* const key : {"form", "method", "tier", "on_inconclusive", "correction"}) {
        Json damaged = to_json(plan);
        damaged["gates"][0][key] = "~";
        CHECK_FALSE(report_plan_from_json(damaged));
    }
}

TEST_CASE("random rank: it is that of the documented text", "[report_plan]") {
    // printf '7\nitem-1' | sha256sum
    CHECK(random_rank(DatasetItemId("item-1"), 7) == 0x3745f9fbaaaa0db1ULL);
}

TEST_CASE("report plan: damage anywhere is data loss and never a guess", "[report_plan]") {
    const Json whole = to_json(full_plan());
    std::vector<Json> damaged = {nullptr, Json::array(), "text", Json::object()};
    for (const auto& [key, value] : whole.items()) {
        if (key != "seed") {  // older runs have none
            damaged.push_back(whole);
            damaged.back().erase(key);
        }
        damaged.push_back(whole);
        damaged.back()[key] = "text";
    }
    for (const std::string list : {"scores", "run_evaluators", "gates"}) {
        for (const auto& [key, value] : whole[list][0].items()) {
            if (list == "gates" && of_newer_gates().contains(key)) continue;
            damaged.push_back(whole);
            damaged.back()[list][0].erase(key);
        }
        damaged.push_back(whole);
        damaged.back()[list][0] = 5;
    }
    damaged.push_back(whole);
    damaged.back()["gates"][0]["op"] = "~";
    damaged.push_back(whole);
    damaged.back()["scores"][0]["data_type"] = "LOGICAL";
    for (const Json& json : damaged) {
        CAPTURE(to_text(json));
        const auto read = report_plan_from_json(json);
        CHECK_FALSE(read);
        if (!read) CHECK(read.error().code == ErrorCode::data_loss);
    }
}

}  // namespace assay
