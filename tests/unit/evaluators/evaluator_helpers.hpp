#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/base/json.hpp"
#include "evaluators/evaluation.hpp"

namespace assay::test {

inline Json json(std::string_view text) {
    auto parsed = parse_json(text);
    INFO(text);
    REQUIRE(parsed.has_value());
    return std::move(*parsed);
}

/// Binds an entry as it stands in a spec: its own and the common keys together.
inline std::optional<BoundEvaluator> try_bind(std::string_view type, Json keys,
                                              std::vector<ParameterMistake>& mistakes,
                                              std::string name = "score") {
    const EvaluatorDefinition* const definition = find_evaluator(type);
    REQUIRE(definition != nullptr);
    return BoundEvaluator::bind(*definition, {std::move(name), std::move(keys), Json::object()},
                                mistakes);
}

inline BoundEvaluator bound(std::string_view type, Json keys = Json::object()) {
    std::vector<ParameterMistake> mistakes;
    auto bound = try_bind(type, std::move(keys), mistakes);
    for (const ParameterMistake& mistake : mistakes) UNSCOPED_INFO(mistake.message);
    REQUIRE(bound.has_value());
    REQUIRE(mistakes.empty());
    return std::move(*bound);
}

/// The mistakes in an entry, each as "POINTER: MESSAGE".
inline std::vector<std::string> mistakes_in(std::string_view type, Json keys) {
    std::vector<ParameterMistake> mistakes;
    const auto bound = try_bind(type, std::move(keys), mistakes);
    CHECK(bound.has_value() == mistakes.empty());
    std::vector<std::string> texts;
    for (const ParameterMistake& mistake : mistakes) {
        texts.push_back(mistake.pointer + ": " + mistake.message);
    }
    return texts;
}

inline DatasetItem item_expecting(Json expected) {
    DatasetItem item;
    item.expected_output = std::move(expected);
    return item;
}

/// The unit that an example of a definition describes.
inline UnitResult unit_of_example(const Json& example) {
    UnitResult unit;
    unit.item = item_expecting(example.value("expected", Json()));
    unit.output = example.at("output");
    const Json measures = example.value("unit", Json::object());
    unit.latency = std::chrono::milliseconds(measures.value("latency_ms", 0));
    if (measures.contains("cost_usd")) unit.cost = nanos_from_usd(measures["cost_usd"]);
    unit.usage = measures.value("usage", UsageDetails());
    return unit;
}

/// One evaluation in short: the value of its first score, or "error: MESSAGE".
inline Json outcome(const Evaluation& evaluation) {
    if (evaluation.status == EvaluationStatus::error) return "error: " + evaluation.message;
    REQUIRE(!evaluation.scores.empty());
    return to_json(evaluation.scores.front().value);
}

inline Json outcome(const BoundEvaluator& evaluator, const Json& output, Json expected = nullptr) {
    return outcome(evaluator.evaluate(item_expecting(std::move(expected)), output));
}

inline std::string comment_of(const BoundEvaluator& evaluator, const Json& output,
                              Json expected = nullptr) {
    const Evaluation evaluation = evaluator.evaluate(item_expecting(std::move(expected)), output);
    REQUIRE(evaluation.scores.size() == 1);
    return evaluation.scores.front().comment;
}

inline bool is_error(const Json& outcome) {
    return outcome.is_string() && outcome.get<std::string>().starts_with("error: ");
}

}  // namespace assay::test
