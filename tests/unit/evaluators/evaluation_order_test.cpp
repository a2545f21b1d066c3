#include "evaluators/evaluation_order.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/unit/evaluators/evaluator_helpers.hpp"

namespace assay {
namespace {

using test::json;

/// Evaluators of one spec.
std::vector<BoundEvaluator> evaluators_of(const Json& entries) {
    std::vector<BoundEvaluator> evaluators;
    for (const Json& entry : entries) {
        std::vector<ParameterMistake> mistakes;
        Json keys = entry;
        keys.erase("name");
        keys.erase("type");
        auto bound = test::try_bind(entry.at("type").get<std::string>(), keys, mistakes,
                                    entry.at("name").get<std::string>());
        for (const ParameterMistake& mistake : mistakes) UNSCOPED_INFO(mistake.message);
        REQUIRE(bound.has_value());
        evaluators.push_back(std::move(*bound));
    }
    return evaluators;
}

EvaluationOrder order_of(std::vector<BoundEvaluator>& evaluators) {
    std::vector<OrderMistake> mistakes;
    auto order = EvaluationOrder::bind(evaluators, mistakes);
    for (const OrderMistake& found : mistakes) UNSCOPED_INFO(found.mistake.message);
    REQUIRE(order.has_value());
    REQUIRE(mistakes.empty());
    return std::move(*order);
}

/// Each as "INDEX POINTER: MESSAGE".
std::vector<std::string> mistakes_in(const Json& entries) {
    std::vector<BoundEvaluator> evaluators = evaluators_of(entries);
    std::vector<OrderMistake> mistakes;
    CHECK_FALSE(EvaluationOrder::bind(evaluators, mistakes).has_value());
    std::vector<std::string> texts;
    for (const OrderMistake& found : mistakes) {
        texts.push_back(fmt::format("{} {}: {}", found.evaluator, found.mistake.pointer,
                                    found.mistake.message));
    }
    return texts;
}

using Nodes = std::vector<std::size_t>;

TEST_CASE("evaluation order: a condition needs whoever gives the scores that it names") {
    auto evaluators = evaluators_of(json(R"([
        {"name": "judge", "type": "exact_match", "needs": ["format"],
         "when": "size_pass = 1 and metadata.tier = 'gold' and scores.`fact-check` = 1"},
        {"name": "format", "type": "json_valid"},
        {"name": "size", "type": "length", "threshold": 3},
        {"name": "fact-check", "type": "exact_match"},
        {"name": "last", "type": "exact_match", "needs": ["judge", "format"]}
    ])"));
    const EvaluationOrder order = order_of(evaluators);
    CHECK(order.needs(0) == Nodes{1, 2, 3});
    CHECK(order.needs(1).empty());
    CHECK(order.needs(4) == Nodes{0, 1});
    const EvaluationOrder nobody_waits;
    CHECK(nobody_waits.needs(7).empty());
}

TEST_CASE("evaluation order: names that nobody has are refused with the nearest") {
    CHECK(mistakes_in(json(R"([
        {"name": "format", "type": "json_valid"},
        {"name": "a", "type": "exact_match", "needs": ["format", "fromat"]},
        {"name": "b", "type": "exact_match", "when": "formt = 1"},
        {"name": "c", "type": "exact_match", "when": "scores.fmt = 1"},
        {"name": "d", "type": "exact_match", "when": "scores = 1"},
        {"name": "e", "type": "exact_match", "when": "format.x = 1"},
        {"name": "f", "type": "exact_match", "when": "format == 1"},
        {"name": "g", "type": "exact_match", "needs": ["zebra"]}
    ])")) ==
          std::vector<std::string>{
              R"(1 /needs/1: unknown evaluator "fromat"; did you mean "format"?)",
              R"(2 /when: condition "formt = 1", column 1: unknown name "formt"; did you mean )"
              R"("format"?; known here: id, input, expected_output, metadata, output, scores, )"
              R"(format, a, b, c, d, e, f, g)",
              R"(3 /when: "scores.fmt": no evaluator gives the score "fmt"; known here: format, )"
              R"(a, b, c, d, e, f, g)",
              R"(4 /when: "scores" is followed by a name, as in scores.format)",
              R"(5 /when: "format.x": a score is a single value and has no parts)",
              R"(6 /when: condition "format == 1", column 8: equality is written =)",
              R"(7 /needs/0: unknown evaluator "zebra"; known here: format, a, b, c, d, e, f, g)"});
}

TEST_CASE("evaluation order: a cycle is named also when a condition closes it") {
    CHECK(mistakes_in(json(R"([
        {"name": "a", "type": "exact_match", "needs": ["b"]},
        {"name": "b", "type": "exact_match", "when": "c = 1"},
        {"name": "c", "type": "exact_match", "when": "a = 1"},
        {"name": "d", "type": "exact_match", "needs": ["a"]}
    ])")) ==
          std::vector<std::string>{"0 /needs: the evaluators need each other: a -> b -> c -> a"});
    CHECK(mistakes_in(json(R"([{"name": "a", "type": "exact_match", "when": "a = 1"}])")) ==
          std::vector<std::string>{"0 /when: the evaluators need each other: a -> a"});
}

TEST_CASE("evaluation order: the hash covers what is needed and nothing else") {
    const auto hash_of_judge = [](const char* pattern, const char* other) {
        auto evaluators = evaluators_of(json(fmt::format(R"([
            {{"name": "judge", "type": "exact_match", "needs": ["middle"]}},
            {{"name": "middle", "type": "exact_match", "when": "format = 1"}},
            {{"name": "format", "type": "regex", "pattern": "{}"}},
            {{"name": "other", "type": "regex", "pattern": "{}"}}
        ])",
                                                         pattern, other)));
        (void)order_of(evaluators);
        return evaluators[0].hash();
    };
    CHECK(hash_of_judge("a", "b") == hash_of_judge("a", "b"));
    CHECK(hash_of_judge("a", "b") == hash_of_judge("a", "c"));
    CHECK(hash_of_judge("a", "b") != hash_of_judge("x", "b"));

    auto alone = evaluators_of(json(R"([{"name": "a", "type": "exact_match"}])"));
    const std::string before = alone[0].hash();
    (void)order_of(alone);
    CHECK(alone[0].hash() == before);
}

/// Why the second of two evaluators is not run after the first said `first`.
std::string reason(const char* when, const Evaluation& first, const UnitResult& unit) {
    auto evaluators = evaluators_of(
        {{{"name", "size"}, {"type", "length"}},
         {{"name", "judge"}, {"type", "exact_match"}, {"needs", {"size"}}, {"when", when}}});
    const EvaluationOrder order = order_of(evaluators);
    return order.reason_to_skip(1, unit, {first, {}});
}

TEST_CASE("evaluation order: a condition sees the item the output and the scores") {
    UnitResult unit;
    unit.item.id = DatasetItemId("i1");
    unit.item.input = {{"lang", "de"}};
    unit.item.metadata = {{"tier", "gold"}};
    unit.output = "an answer";
    const Evaluation seven{.evaluator = "size", .scores = {{.name = "size", .value = 7.0}}};
    for (const char* when :
         {"size = 7", "scores.size > 6", "id = 'i1'", "input.lang = 'de'", "metadata.tier exists",
          "output contains 'answer'", "not expected_output exists", "size in (1, 7)"}) {
        INFO(when);
        CHECK(reason(when, seven, unit).empty());
    }
    for (const char* when : {"size > 7", "scores.size = '7'", "input.lang != 'de'",
                             "metadata.age = 1", "expected_output exists", "metadata.tier.x exists",
                             "output = 'answer'", "not id = 'i1'"}) {
        INFO(when);
        CHECK(reason(when, seven, unit) == fmt::format("its condition is false: {}", when));
    }
    const Evaluation none{.evaluator = "size", .scores = {}};
    CHECK_FALSE(reason("size = 7", none, unit).empty());
}

TEST_CASE("evaluation order: without the scores that it needs an evaluator is skipped") {
    const UnitResult unit;
    const Evaluation broken{.evaluator = "size", .status = EvaluationStatus::error, .message = "x"};
    CHECK(reason("not size = 7", broken, unit) == R"(it needs "size", which broke)");
    const Evaluation skipped{.evaluator = "size", .status = EvaluationStatus::skipped};
    CHECK(reason("not size = 7", skipped, unit) == R"(it needs "size", which was skipped)");
}

}  // namespace
}  // namespace assay
