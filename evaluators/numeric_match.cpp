#include <fmt/format.h>

#include "evaluators/builtin.hpp"
#include "evaluators/comment.hpp"
#include "evaluators/number.hpp"

namespace assay {
namespace {

class NumericMatch final : public Evaluator {
  public:
    explicit NumericMatch(Tolerance tolerance) : tolerance_(tolerance) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        ASSAY_TRY(const Number expected, read_expected(*input.expected));
        const auto output = to_number(input.output);
        if (!output) {
            return one_score(false, fmt::format("{} is not a number", excerpt(input.output)));
        }
        if (*output == expected || is_within(output->value, expected.value, tolerance_)) {
            return one_score(true);
        }
        return one_score(false, fmt::format("expected {}, got {}", excerpt(*input.expected),
                                            excerpt(input.output)));
    }

    bool can_read(const Json& output) const override { return to_number(output).has_value(); }

    Result<void> check_expected(const Json& expected) const override {
        ASSAY_CHECK(read_expected(expected));
        return {};
    }

  private:
    static std::string excerpt(const Json& value) {
        std::string scratch;
        const std::string_view text = as_text(value, scratch);
        return value.is_string() ? quoted_excerpt(text) : std::string(text.substr(0, 40));
    }

    static Result<Number> read_expected(const Json& expected) {
        auto number = to_number(expected);
        if (number) return std::move(*number);
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the expected value {} is not a number; `expected_extract` can "
                                   "cut a number out of a text",
                                   excerpt(expected)));
    }

    Tolerance tolerance_;
};

Result<std::unique_ptr<Evaluator>> make_numeric_match(const Json& parameters) {
    return std::make_unique<NumericMatch>(
        Tolerance{.absolute = parameters.value("absolute_tolerance", 0.0),
                  .relative = parameters.value("relative_tolerance", 0.0)});
}

}  // namespace

const EvaluatorDefinition numeric_match_definition{
    .id = "numeric_match",
    .version = 1,
    .summary =
        "True when output and expected value are the same number, however it is written: "
        "1,234.50 and $1234.5, 50% and 1/2.",
    .data_type = ScoreDataType::boolean,
    .needs_expected = true,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "absolute_tolerance": {"type": "number", "minimum": 0, "default": 0,
                                   "description": "the greatest difference that is still a match"},
            "relative_tolerance": {"type": "number", "minimum": 0, "default": 0,
                                   "description":
                    "the same as a share of the expected value; being within either is enough"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": "$1,234.50", "expected": "1234.5", "score": true},
        {"output": "50%", "expected": "1/2", "score": true},
        {"output": "18.", "expected": 18, "score": true},
        {"output": "19", "expected": "18", "score": false,
         "comment": "expected \"18\", got \"19\""},
        {"output": "18 dollars", "expected": "18", "score": false,
         "comment": "\"18 dollars\" is not a number"},
        {"parameters": {"absolute_tolerance": 0.01}, "output": "3.14", "expected": 3.14159,
         "score": true},
        {"parameters": {"relative_tolerance": 0.01}, "output": 1011, "expected": 1000,
         "score": false, "comment": "expected 1000, got 1011"}
    ])",
    .make = &make_numeric_match};

}  // namespace assay
