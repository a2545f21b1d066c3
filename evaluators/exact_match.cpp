#include "core/base/text.hpp"
#include "core/model/json_value.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/comment.hpp"

namespace assay {
namespace {

class ExactMatch final : public Evaluator {
  public:
    explicit ExactMatch(bool ignore_case) : ignore_case_(ignore_case) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        const bool both_json = !input.output.is_string() && !input.expected->is_string();
        if (both_json && json_equal(input.output, *input.expected)) return one_score(true);
        std::string output_scratch;
        std::string expected_scratch;
        const std::string_view output = as_text(input.output, output_scratch);
        const std::string_view expected = as_text(*input.expected, expected_scratch);
        if (output == expected) return one_score(true);
        if (ignore_case_ && fold_case(output) == fold_case(expected)) return one_score(true);
        return one_score(false, difference_comment(output, expected));
    }

  private:
    bool ignore_case_;
};

Result<std::unique_ptr<Evaluator>> make_exact_match(const Json& parameters) {
    return std::make_unique<ExactMatch>(parameters.value("ignore_case", false));
}

}  // namespace

const EvaluatorDefinition exact_match_definition{
    .id = "exact_match",
    .version = 1,
    .summary = "True when the output equals the expected value: text byte for byte, JSON by value.",
    .data_type = ScoreDataType::boolean,
    .needs_expected = true,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "ignore_case": {"type": "boolean", "default": false,
                            "description": "upper and lower case letters are equal"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": "Paris", "expected": "Paris", "score": true},
        {"output": "paris", "expected": "Paris", "score": false,
         "comment": "expected \"Paris\", got \"paris\""},
        {"parameters": {"ignore_case": true}, "output": "paris", "expected": "Paris",
         "score": true},
        {"output": {"b": [1, 2], "a": 1.0}, "expected": {"a": 1, "b": [1, 2]}, "score": true},
        {"output": "42", "expected": 42, "score": true},
        {"output": "Paris ", "expected": "Paris", "score": false}
    ])",
    .make = &make_exact_match};

}  // namespace assay
