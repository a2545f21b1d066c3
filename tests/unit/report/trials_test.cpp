// The run evaluators over repetitions: pass_at_k and pass_hat_k.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "core/base/random.hpp"
#include "runner/report/report.hpp"
#include "stored_run.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

const std::vector<ScoreColumn> k_scores = {
    {.name = "exact_match",
     .evaluator = "exact_match",
     .data_type = ScoreDataType::boolean,
     .check = false},
    {.name = "length", .evaluator = "length", .data_type = ScoreDataType::numeric, .check = false},
    {.name = "team", .evaluator = "team", .data_type = ScoreDataType::categorical, .check = false}};

RunEvaluator evaluator(std::string type, Json parameters) {
    return {.name = type, .type = type, .parameters = std::move(parameters), .pointer = {}};
}

std::string mistake(Json parameters, int repetitions = 5) {
    return check_run_evaluator(evaluator("pass_at_k", std::move(parameters)), k_scores,
                               repetitions);
}

using Passes = std::vector<std::vector<bool>>;  ///< of each item, of each repetition

test::StoredRun run_of(const Passes& items, int repetitions) {
    test::StoredRun stored =
        test::small_run(items.size() * static_cast<std::uint64_t>(repetitions));
    stored.run.repetitions = repetitions;
    for (std::size_t item = 0; item < items.size(); ++item) {
        for (const bool passes : items[item]) {
            stored.units.push_back(test::exact_match_unit(static_cast<int>(item), passes));
        }
    }
    return stored;
}

Result<double> value_of(test::StoredRun& stored, RunEvaluator run_evaluator) {
    stored.run.report_plan.run_evaluators = {std::move(run_evaluator)};
    return stored.report().variants.at(0).run_scores.at(0).value;
}

std::string reason(test::StoredRun& stored, RunEvaluator run_evaluator) {
    const Result<double> value = value_of(stored, std::move(run_evaluator));
    REQUIRE_FALSE(value.has_value());
    return value.error().message;
}

TEST_CASE("trials: parameters are checked before the run") {
    CHECK(mistake({{"score", "exact_match"}}).empty());
    CHECK(mistake({{"score", "exact_match"}, {"k", 1}}).empty());
    CHECK(mistake({{"score", "exact_match"}, {"k", 5}}).empty());
    CHECK(mistake({{"score", "length"}, {"threshold", 3}}).empty());
    CHECK(mistake({{"score", "exact_match"}, {"k", 6}}) ==
          "`k` is 6, but an item has 5 repetitions; raise `repetitions`");
    CHECK(mistake({{"score", "exact_match"}, {"k", 2}}, 1) ==
          "`k` is 2, but an item has 1 repetition; raise `repetitions`");
    for (const Json& bad : {Json(0), Json(-1), Json(1.5), Json("2"), Json(nullptr)}) {
        CHECK(mistake({{"score", "exact_match"}, {"k", bad}}) ==
              "`k` must be a whole number of at least 1");
    }
    CHECK(mistake(Json::object()) ==
          "the run evaluator pass_at_k needs `score`, the name of the score it runs over");
    CHECK(mistake({{"score", "length"}}) ==
          "pass_at_k of the NUMERIC score \"length\" needs `threshold`, the least value that "
          "passes");
    CHECK(mistake({{"score", "team"}}) ==
          "the score \"team\" is CATEGORICAL; the run evaluator pass_at_k needs numbers");
}

TEST_CASE("trials: pass at k is the mean over the items") {
    test::StoredRun stored = run_of({{true, false, false}, {false, false, false}}, 3);
    // Of the first item, 2 of the 3 pairs hold the pass; of the second none.
    CHECK(value_of(stored, evaluator("pass_at_k", {{"score", "exact_match"}, {"k", 2}})).value() ==
          Approx(1.0 / 3));
    CHECK(value_of(stored, evaluator("pass_at_k", {{"score", "exact_match"}})).value() == 0.5);
    CHECK(value_of(stored, evaluator("pass_hat_k", {{"score", "exact_match"}})).value() == 0);
    stored = run_of({{true, true, false}, {true, true, true}}, 3);
    CHECK(value_of(stored, evaluator("pass_hat_k", {{"score", "exact_match"}, {"k", 2}})).value() ==
          Approx((1.0 / 3 + 1) / 2));
    CHECK(value_of(stored, evaluator("pass_hat_k", {{"score", "exact_match"}})).value() == 0.5);
}

/// Tries every pair of repetitions of every item.
double pairs(const Passes& items, bool all) {
    double sum = 0;
    for (const std::vector<bool>& item : items) {
        double passing = 0;
        double count = 0;
        for (std::size_t i = 0; i < item.size(); ++i) {
            for (std::size_t j = i + 1; j < item.size(); ++j) {
                ++count;
                passing += (all ? item[i] && item[j] : item[i] || item[j]) ? 1 : 0;
            }
        }
        sum += passing / count;
    }
    return sum / static_cast<double>(items.size());
}

TEST_CASE("trials: both agree with trying every pair of repetitions") {
    const std::uint64_t seed = test::seed_of_test();
    CAPTURE(seed);
    Rng random(seed);
    for (int round = 0; round < 100; ++round) {
        const int repetitions = 2 + static_cast<int>(random.next_below(5));
        Passes items(1 + random.next_below(8));
        for (std::vector<bool>& item : items) {
            for (int i = 0; i < repetitions; ++i) item.push_back(random.next_below(2) == 1);
        }
        test::StoredRun stored = run_of(items, repetitions);
        const Json parameters = {{"score", "exact_match"}, {"k", 2}};
        const double at = value_of(stored, evaluator("pass_at_k", parameters)).value();
        const double hat = value_of(stored, evaluator("pass_hat_k", parameters)).value();
        CHECK(at == Approx(pairs(items, false)).margin(1e-12));
        CHECK(hat == Approx(pairs(items, true)).margin(1e-12));
        CHECK(hat <= at);
        const Json once = {{"score", "exact_match"}, {"k", 1}};
        const double mean = stored.report().variants.at(0).scores.at(0).mean.value();
        CHECK(value_of(stored, evaluator("pass_at_k", once)).value() == Approx(mean).margin(1e-12));
    }
}

TEST_CASE("trials: a numeric score passes from its threshold on") {
    test::StoredRun stored = run_of({{true, true}}, 2);
    stored.units.at(0).evaluations.push_back(test::scored("length", 4.0));
    stored.units.at(1).evaluations.push_back(test::scored("length", 3.9));
    const Json parameters = {{"score", "length"}, {"threshold", 4}};
    CHECK(value_of(stored, evaluator("pass_at_k", parameters)).value() == 1);
    CHECK(value_of(stored, evaluator("pass_hat_k", parameters)).value() == 0);
    CHECK(reason(stored, evaluator("pass_at_k", {{"score", "length"}})) ==
          "length is NUMERIC; `threshold` must say what passes");
    stored.units.at(0).evaluations.push_back(test::scored("team", std::string("a")));
    CHECK(reason(stored, evaluator("pass_at_k", {{"score", "team"}})) ==
          "team is CATEGORICAL and does not say what passes");
}

TEST_CASE("trials: an item with fewer than k values keeps it from being computed") {
    test::StoredRun stored = run_of({{true, true, false}, {true, true}, {false}}, 3);
    CHECK(reason(stored, evaluator("pass_at_k", {{"score", "exact_match"}})) ==
          "2 of 3 items have fewer than k = 3 values of exact_match: item-1 has 2; a smaller "
          "`k` needs fewer");
    CHECK(value_of(stored, evaluator("pass_at_k", {{"score", "exact_match"}, {"k", 1}})).value() ==
          Approx((2.0 / 3 + 1 + 0) / 3));

    // A unit that failed is a missing value and not a fail.
    stored = run_of({{true, true}}, 2);
    stored.units.at(1).status = UnitStatus::failed;
    stored.units.at(1).evaluations.clear();
    CHECK(reason(stored, evaluator("pass_hat_k", {{"score", "exact_match"}})) ==
          "1 of 1 items have fewer than k = 2 values of exact_match: item-0 has 1; a smaller "
          "`k` needs fewer");
    stored = test::small_run(0);
    CHECK(reason(stored, evaluator("pass_at_k", {{"score", "exact_match"}})) ==
          "no item has the score exact_match");
}

}  // namespace
}  // namespace assay
