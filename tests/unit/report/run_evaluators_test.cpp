#include <catch2/catch.hpp>

#include "runner/report/report.hpp"
#include "stored_run.hpp"

namespace assay {
namespace {

const std::vector<ScoreColumn> k_scores = {
    {.name = "exact_match",
     .evaluator = "exact_match",
     .data_type = ScoreDataType::boolean,
     .check = false},
    {.name = "length", .evaluator = "length", .data_type = ScoreDataType::numeric, .check = false},
    {.name = "team", .evaluator = "team", .data_type = ScoreDataType::categorical, .check = false},
    {.name = "custom", .evaluator = "custom", .data_type = {}, .check = false}};

RunEvaluator evaluator(std::string type, Json parameters) {
    return {.name = type, .type = type, .parameters = std::move(parameters), .pointer = {}};
}

std::string mistake(std::string type, Json parameters) {
    return check_run_evaluator(evaluator(std::move(type), std::move(parameters)), k_scores, 5);
}

TEST_CASE("run evaluators: well-formed ones have no mistake") {
    for (const char* type : {"mean", "median", "min", "max", "stddev", "pass_rate"}) {
        CHECK(mistake(type, {{"score", "exact_match"}}).empty());
    }
    CHECK(mistake("percentile", {{"score", "length"}, {"percentile", 0}}).empty());
    CHECK(mistake("percentile", {{"score", "length"}, {"percentile", 100}}).empty());
    CHECK(mistake("pass_rate", {{"score", "length"}, {"threshold", -2.5}}).empty());
    CHECK(mistake("pass_rate", {{"score", "custom"}}).empty());
}

TEST_CASE("run evaluators: each mistake is named with the remedy") {
    CHECK(mistake("medain", {{"score", "length"}}) ==
          "unknown run evaluator \"medain\"; did you mean \"median\"?");
    CHECK(mistake("zzz", {{"score", "length"}}) ==
          "unknown run evaluator \"zzz\"; there are mean, median, min, max, stddev, percentile, "
          "pass_rate, accuracy, precision, recall, f1, confusion_matrix, pass_at_k, pass_hat_k, "
          "code");
    CHECK(mistake("mean", Json::array()) ==
          "the parameters of the run evaluator mean must be a map, not an array");
    CHECK(mistake("mean", Json::object()) ==
          "the run evaluator mean needs `score`, the name of the score it runs over");
    CHECK(mistake("mean", {{"score", 3}}) == "`score` must be the name of a score, not an integer");
    CHECK(mistake("mean", {{"score", "lenght"}}) ==
          "no evaluator gives the score \"lenght\"; did you mean \"length\"?");
    CHECK(mistake("mean", {{"score", "zzz"}}) ==
          "no evaluator gives the score \"zzz\"; there are exact_match, length, team, custom");
    CHECK(mistake("mean", {{"score", "length"}, {"threshold", 1}}) ==
          "unknown parameter \"threshold\" of the run evaluator mean; it has score");
    CHECK(mistake("percentile", {{"score", "length"}, {"percentil", 5}}) ==
          "unknown parameter \"percentil\" of the run evaluator percentile; did you mean "
          "\"percentile\"?");
    CHECK(mistake("median", {{"score", "team"}}) ==
          "the score \"team\" is CATEGORICAL; the run evaluator median needs numbers");
    CHECK(mistake("pass_rate", {{"score", "length"}}) ==
          "pass_rate of the NUMERIC score \"length\" needs `threshold`, the least value that "
          "passes");
    CHECK(mistake("pass_rate", {{"score", "length"}, {"threshold", "3"}}) ==
          "`threshold` must be a number, not a string");
}

TEST_CASE("run evaluators: a percentile must be a number from 0 to 100") {
    const char* const expected =
        "the run evaluator percentile needs `percentile`, a number from 0 to 100";
    CHECK(mistake("percentile", {{"score", "length"}}) == expected);
    for (const Json& bad : {Json(-0.1), Json(100.1), Json("95"), Json(nullptr)}) {
        CHECK(mistake("percentile", {{"score", "length"}, {"percentile", bad}}) == expected);
    }
}

TEST_CASE("run evaluators: every type is listed with a summary") {
    std::vector<std::string> ids;
    for (const RunEvaluatorInfo& info : run_evaluator_types()) {
        ids.push_back(info.id);
        CHECK(info.summary.ends_with('.'));
    }
    CHECK(ids == std::vector<std::string>{"mean", "median", "min", "max", "stddev", "percentile",
                                          "pass_rate", "accuracy", "precision", "recall", "f1",
                                          "confusion_matrix", "pass_at_k", "pass_hat_k", "code"});
}

/// Lengths 2 and 4 for the first item (mean 3), 7 for the second, 11 for the third.
test::StoredRun three_items() {
    test::StoredRun stored = test::small_run(6);
    const std::pair<int, double> values[] = {{0, 2}, {0, 4}, {1, 7}, {2, 11}};
    for (const auto& [item, value] : values) {
        UnitResult unit = test::exact_match_unit(item, value > 3);
        unit.evaluations.push_back(test::scored("length", value));
        stored.units.push_back(std::move(unit));
    }
    stored.run.report_plan.scores = k_scores;
    return stored;
}

TEST_CASE("run evaluators: they run over the item means") {
    test::StoredRun stored = three_items();
    auto& evaluators = stored.run.report_plan.run_evaluators;
    for (const char* type : {"mean", "median", "min", "max", "stddev"}) {
        evaluators.push_back(evaluator(type, {{"score", "length"}}));
    }
    evaluators.push_back(evaluator("percentile", {{"score", "length"}, {"percentile", 75}}));
    evaluators.push_back(evaluator("pass_rate", {{"score", "length"}, {"threshold", 7}}));
    evaluators.push_back(evaluator("pass_rate", {{"score", "exact_match"}}));
    evaluators.push_back(
        evaluator("pass_rate", {{"score", "exact_match"}, {"threshold", 1}}));  // all repetitions
    const auto scores = stored.report().variants.at(0).run_scores;
    REQUIRE(scores.size() == 9);
    CHECK(scores.at(0).name == "mean");
    CHECK(scores.at(0).value.value() == 7.0);
    CHECK(scores.at(1).value.value() == 7.0);
    CHECK(scores.at(2).value.value() == 3.0);
    CHECK(scores.at(3).value.value() == 11.0);
    CHECK(scores.at(4).value.value() == 4.0);
    CHECK(scores.at(5).value.value() == 9.0);
    CHECK(scores.at(6).value.value() == Approx(2.0 / 3));
    CHECK(scores.at(7).value.value() == Approx(2.5 / 3));
    CHECK(scores.at(8).value.value() == Approx(2.0 / 3));
}

TEST_CASE("run evaluators: without values there is no run score but the reason") {
    test::StoredRun stored = three_items();
    auto& evaluators = stored.run.report_plan.run_evaluators;
    evaluators.push_back(evaluator("mean", {{"score", "custom"}}));
    evaluators.push_back(evaluator("pass_rate", {{"score", "custom"}, {"threshold", 0}}));
    evaluators.push_back(evaluator("median", {{"score", "nowhere"}}));
    evaluators.push_back(evaluator("mean", {{"score", "team"}}));
    for (UnitResult& unit : stored.units) unit.evaluations.push_back(test::scored("team", "a"));
    std::vector<std::string> reasons;
    for (const RunScore& score : stored.report().variants.at(0).run_scores) {
        REQUIRE_FALSE(score.value.has_value());
        reasons.push_back(score.value.error().message);
    }
    CHECK(reasons == std::vector<std::string>{"no item has the score custom",
                                              "no item has the score custom",
                                              "no item has the score nowhere",
                                              "team is CATEGORICAL and has no numbers"});
}

TEST_CASE("run evaluators: a type that a newer version stored is said to be unknown") {
    test::StoredRun stored = three_items();
    stored.run.report_plan.run_evaluators = {evaluator("kurtosis", {{"score", "length"}})};
    const RunScore score = stored.report().variants.at(0).run_scores.at(0);
    REQUIRE_FALSE(score.value.has_value());
    CHECK(score.value.error().message == "there is no run evaluator kurtosis");
}

TEST_CASE("run evaluators: a deviation of one item is not defined") {
    test::StoredRun stored = test::small_run(1);
    stored.units = {test::exact_match_unit(0, true)};
    stored.run.report_plan.run_evaluators = {evaluator("stddev", {{"score", "exact_match"}})};
    const RunScore score = stored.report().variants.at(0).run_scores.at(0);
    REQUIRE_FALSE(score.value.has_value());
    CHECK(score.value.error().message == "2 values are needed, got 1");
}

}  // namespace
}  // namespace assay
