#include "core/model/json_path.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/model/json_value.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/comment.hpp"
#include "evaluators/json_comparison.hpp"

namespace assay {
namespace {

/// As exact_match compares: JSON by value, and as text as soon as one of both is a text, so that
/// the 3 of a CSV file equals the number 3.
bool is_equal(const Json& selected, const Json& expected) {
    if (json_equal(selected, expected)) return true;
    if (selected.is_string() == expected.is_string()) return false;
    std::string selected_scratch;
    std::string expected_scratch;
    return as_text(selected, selected_scratch) == as_text(expected, expected_scratch);
}

class JsonPathEvaluator final : public Evaluator {
  public:
    JsonPathEvaluator(JsonPath path, bool exists) : path_(std::move(path)), exists_(exists) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        Json scratch;
        const auto output = read_json(input.output, scratch);
        if (!output) {
            return one_score(false, "the output is not JSON: " + output.error().message);
        }
        ASSAY_TRY(const std::vector<const Json*> nodes, path_.select(**output));
        if (nodes.empty()) {
            return one_score(false, fmt::format("{} selects nothing in the output", path_.text()));
        }
        const auto equals = [&](const Json* node) { return is_equal(*node, *input.expected); };
        if (exists_ || std::ranges::any_of(nodes, equals)) return one_score(true);
        std::string expected_scratch;
        const std::string expected = quoted_excerpt(as_text(*input.expected, expected_scratch));
        if (nodes.size() > 1) {
            return one_score(
                false, fmt::format("none of the {} selected values is {}", nodes.size(), expected));
        }
        std::string node_scratch;
        return one_score(false, fmt::format("expected {}, got {}", expected,
                                            quoted_excerpt(as_text(*nodes.front(), node_scratch))));
    }

    bool can_read(const Json& output) const override {
        Json scratch;
        return read_json(output, scratch).has_value();
    }

  private:
    JsonPath path_;
    bool exists_;
};

Result<std::unique_ptr<Evaluator>> make_json_path(const Json& parameters) {
    auto path = JsonPath::parse(parameters.at("path").get_ref<const std::string&>());
    if (!path) {
        return failure(path.error().code, fmt::format("\"path\": {}", path.error().message));
    }
    return std::make_unique<JsonPathEvaluator>(std::move(*path), parameters.value("exists", false));
}

bool json_path_needs_expected(const Json& parameters) { return !parameters.value("exists", false); }

}  // namespace

const EvaluatorDefinition json_path_definition{
    .id = "json_path",
    .version = 1,
    .summary =
        "True when a JSONPath selects the expected value in the output, or with `exists` when it "
        "selects anything.",
    .data_type = ScoreDataType::boolean,
    .needs_expected = true,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "path": {"type": "string",
                     "description":
                     "RFC 9535; of several values that it selects one must be the expected one"},
            "exists": {"type": "boolean", "default": false,
                       "description": "any selected value will do; there is no expected value"}
        },
        "required": ["path"],
        "additionalProperties": false
    })",
    .examples = R"([
        {"parameters": {"path": "$.team"}, "output": "{\"team\": \"tech\"}", "expected": "tech",
         "score": true},
        {"parameters": {"path": "$.team"}, "output": {"team": "sales"}, "expected": "tech",
         "score": false, "comment": "expected \"tech\", got \"sales\""},
        {"parameters": {"path": "$.items[*].id"}, "output": {"items": [{"id": 1}, {"id": 2.0}]},
         "expected": 2, "score": true},
        {"parameters": {"path": "$.items[?@.price > 9]", "exists": true},
         "output": {"items": [{"price": 5}]}, "score": false,
         "comment": "$.items[?@.price > 9] selects nothing in the output"},
        {"parameters": {"path": "$.error", "exists": true}, "output": {"error": null},
         "score": true}
    ])",
    .make = &make_json_path,
    .data_type_for = nullptr,
    .needs_expected_for = &json_path_needs_expected};

}  // namespace assay
