#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

#include "evaluator_helpers.hpp"
#include "evaluators/json_schema_validator.hpp"

namespace assay {
namespace {

using test::json;

TEST_CASE("evaluators: every definition is complete and found by its id", "[evaluators]") {
    CHECK(builtin_evaluators().size() == 38);  // none was lost on the way
    std::set<std::string_view> ids;
    for (const EvaluatorDefinition* definition : builtin_evaluators()) {
        INFO(definition->id);
        CHECK(ids.insert(definition->id).second);
        CHECK(find_evaluator(definition->id) == definition);
        CHECK(definition->version >= 1);
        CHECK(definition->summary.ends_with('.'));
        // One that waits needs something beside it, so its examples are elsewhere.
        CHECK((definition->make == nullptr) == (definition->make_async != nullptr));
        if (definition->make != nullptr) CHECK(json(definition->examples).size() >= 3);
    }
    CHECK(std::ranges::is_sorted(builtin_evaluators(), {}, &EvaluatorDefinition::id));
    CHECK(find_evaluator("exactmatch") == nullptr);
}

TEST_CASE("evaluators: every schema of parameters is strict and described", "[evaluators]") {
    const Json common = json(common_keys_schema()).at("properties");
    for (const EvaluatorDefinition* definition : builtin_evaluators()) {
        INFO(definition->id);
        const Json schema = json(definition->parameters_schema);
        CHECK(JsonSchema::compile(schema).has_value());
        CHECK(schema.at("additionalProperties") == false);
        for (const auto& [name, property] : schema.at("properties").items()) {
            INFO(name);
            CHECK(property.contains("description"));
            CHECK_FALSE(common.contains(name));
        }
    }
}

TEST_CASE("evaluators: every example gives what it says", "[evaluators]") {
    for (const EvaluatorDefinition* definition : builtin_evaluators()) {
        for (const Json& example : json(definition->examples)) {
            INFO(definition->id << " " << to_text(example));
            const auto evaluator =
                test::bound(definition->id, example.value("parameters", Json::object()));
            if (definition->needs_expected_for == nullptr) {
                CHECK(definition->needs_expected == example.contains("expected"));
            }
            const Evaluation evaluation = evaluator.evaluate(test::unit_of_example(example));
            CHECK(test::outcome(evaluation) == example.at("score"));
            const Score& score = evaluation.scores.at(0);
            CHECK(data_type_of(score.value) == evaluator.data_type("score"));
            if (example.contains("comment")) CHECK(Json(score.comment) == example.at("comment"));
        }
    }
}

/// Something of every kind that can come out of a model or a file.
std::vector<Json> hostile_values() {
    std::vector<Json> values = {nullptr,
                                true,
                                false,
                                0,
                                -1,
                                1.5,
                                1e308,
                                std::nan(""),
                                UINT64_MAX,
                                INT64_MIN,
                                "",
                                " ",
                                "x",
                                "\xff\xfe\x80",
                                "\xed\xa0\x80",
                                std::string(3, '\0'),
                                "{{input}}",
                                "\\{{",
                                "$.a",
                                "[[[[",
                                "\u202e\u0000\u001b[2J",
                                Json::array(),
                                Json::object(),
                                json(R"([1, "x", null])"),
                                json(R"({"a": {"b": ["c"]}})")};
    for (const char c : {'a', '9', '\n', '\xff', '['}) values.emplace_back(std::string(100'000, c));
    values.push_back(json(std::string(limits::k_json_depth_max, '[') +
                          std::string(limits::k_json_depth_max, ']')));
    return values;
}

Json required_parameters(const EvaluatorDefinition& definition) {
    if (definition.id == "json_path") return {{"path", "$..a"}};
    if (definition.id == "lua") return {{"code", "#tostring(output) > #tostring(input)"}};
    if (definition.id == "regex") return {{"pattern", "(a*)*b|\\d+$"}};
    if (definition.id == "json_schema") return {{"schema", {{"pattern", "(a*)*b"}}}};
    return Json::object();
}

std::vector<BoundEvaluator> evaluators_of_all_kinds() {
    std::vector<BoundEvaluator> evaluators;
    for (const EvaluatorDefinition* definition : builtin_evaluators()) {
        if (definition->make == nullptr) continue;
        Json keys = required_parameters(*definition);
        evaluators.push_back(test::bound(definition->id, keys));
        keys["strip"] = true;
        if (definition->data_type == ScoreDataType::numeric) {
            keys["threshold"] = 0.5;
        } else if (definition->data_type == ScoreDataType::boolean) {
            keys["not"] = true;
        }
        evaluators.push_back(test::bound(definition->id, keys));
        keys["on"] = "$..*";
        evaluators.push_back(test::bound(definition->id, keys));
    }
    for (const char* type : {"exact_match", "contains", "numeric_match", "levenshtein"}) {
        evaluators.push_back(
            test::bound(type, {{"extract", "a: (.*)|(9+)"}, {"expected_extract", "(?s)(.*)"}}));
    }
    for (const char* type : {"exact_match", "contains", "levenshtein"}) {
        evaluators.push_back(test::bound(type, {{"ignore_case", true}}));
    }
    return evaluators;
}

void expect_answer(const BoundEvaluator& evaluator, const Json& output, const Json& expected) {
    const auto began = std::chrono::steady_clock::now();
    const Evaluation evaluation = evaluator.evaluate(test::item_expecting(expected), output);
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(10));
    const bool scored = evaluation.status == EvaluationStatus::scored;
    CHECK(scored == !evaluation.scores.empty());
    CHECK(scored == evaluation.message.empty());
    for (const Score& score : evaluation.scores) {
        CHECK(score.comment.size() < 1000);
        CHECK(data_type_of(score.value) == evaluator.data_type(score.name));
    }
}

TEST_CASE("evaluators: every value gives a score or an error in bounded time", "[evaluators]") {
    const std::vector<BoundEvaluator> evaluators = evaluators_of_all_kinds();
    const std::vector<Json> values = hostile_values();
    for (std::size_t e = 0; e < evaluators.size(); ++e) {
        for (std::size_t v = 0; v < values.size(); ++v) {
            INFO(evaluators[e].definition().id << " (" << e << ") and value " << v);
            expect_answer(evaluators[e], values[v], "42");
            expect_answer(evaluators[e], values[v], values[v]);
            expect_answer(evaluators[e], "a: 42", values[v]);
        }
    }
}

TEST_CASE("evaluators: a text of 10 MB is judged in bounded time", "[evaluators]") {
    const Json word = std::string(10U << 20U, 'a');
    const Json no_text = std::string(10U << 20U, '\xff');
    for (const EvaluatorDefinition* definition : builtin_evaluators()) {
        if (definition->make == nullptr) continue;
        INFO(definition->id);
        const auto evaluator = test::bound(definition->id, required_parameters(*definition));
        expect_answer(evaluator, word, "42");
        expect_answer(evaluator, no_text, word);
    }
}

}  // namespace
}  // namespace assay
