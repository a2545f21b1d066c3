#include <fmt/format.h>

#include "core/base/text.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/comment.hpp"
#include "evaluators/text_list.hpp"

namespace assay {
namespace {

class Contains final : public Evaluator {
  public:
    explicit Contains(bool ignore_case) : ignore_case_(ignore_case) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        ASSAY_CHECK(check_expected(*input.expected));
        std::string output_scratch;
        std::string expected_scratch;
        const std::string_view output = as_text(input.output, output_scratch);
        const std::string_view expected = as_text(*input.expected, expected_scratch);
        const bool found =
            ignore_case_ ? is_in(fold_case(expected), fold_case(output)) : is_in(expected, output);
        if (found) return one_score(true);
        return one_score(false, fmt::format("{} is not in the output", quoted_excerpt(expected)));
    }

    Result<void> check_expected(const Json& expected) const override {
        if (expected != "") return {};
        return failure(ErrorCode::invalid_argument,
                       "the expected text is empty, and every output contains an empty text");
    }

  private:
    bool ignore_case_;
};

Result<std::unique_ptr<Evaluator>> make_contains(const Json& parameters) {
    return std::make_unique<Contains>(parameters.value("ignore_case", false));
}

}  // namespace

const EvaluatorDefinition contains_definition{
    .id = "contains",
    .version = 1,
    .summary = "True when the expected text is found anywhere in the output.",
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
        {"output": "The capital is Paris.", "expected": "Paris", "score": true},
        {"output": "The capital is Lyon.", "expected": "Paris", "score": false,
         "comment": "\"Paris\" is not in the output"},
        {"parameters": {"ignore_case": true}, "output": "PARIS", "expected": "Paris",
         "score": true},
        {"output": {"answer": 42}, "expected": 42, "score": true}
    ])",
    .make = &make_contains};

}  // namespace assay
