#include <fmt/format.h>

#include "evaluators/builtin.hpp"
#include "evaluators/text_list.hpp"

namespace assay {
namespace {

class ListContains final : public Evaluator {
  public:
    explicit ListContains(ListReading reading) : reading_(std::move(reading)) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        ASSAY_TRY(const TextSet expected, read_wanted(*input.expected));
        const auto output = read_list(input.output, reading_);
        if (!output && output.error().code == ErrorCode::invalid_argument) {
            return one_score(false, "the output is no list: " + output.error().message);
        }
        if (!output) return std::unexpected(output.error());
        const auto missing = difference(expected, *output);
        if (missing.empty()) return one_score(true);
        return one_score(false, fmt::format("missing: {}", list_excerpt(missing)));
    }

    bool can_read(const Json& output) const override {
        return read_list(output, reading_).has_value();
    }

    Result<void> check_expected(const Json& expected) const override {
        ASSAY_CHECK(read_wanted(expected));
        return {};
    }

  private:
    [[nodiscard]] Result<TextSet> read_wanted(const Json& expected) const {
        ASSAY_TRY(TextSet wanted, read_list(expected, reading_));
        if (!wanted.empty()) return wanted;
        return failure(ErrorCode::invalid_argument,
                       "the expected value names no element, and every list contains nothing");
    }

    ListReading reading_;
};

Result<std::unique_ptr<Evaluator>> make_list_contains(const Json& parameters) {
    ASSAY_TRY(ListReading reading, list_reading(parameters));
    return std::make_unique<ListContains>(std::move(reading));
}

}  // namespace

const EvaluatorDefinition list_contains_definition{
    .id = "list_contains",
    .version = 1,
    .summary =
        "True when the output is a list (a JSON array, or text with an element a line) that holds "
        "the expected element, or all of a list of them.",
    .data_type = ScoreDataType::boolean,
    .needs_expected = true,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "separator": {"type": "string", "minLength": 1, "default": "\n",
                          "description":
                          "between the elements of a text that is no JSON array"},
            "ignore_case": {"type": "boolean", "default": false,
                            "description": "upper and lower case letters are equal"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": ["red", "green"], "expected": "green", "score": true},
        {"output": "[\"red\", \"green\"]", "expected": ["green", "red"], "score": true},
        {"output": "red\ngreen\n", "expected": ["green", "blue"], "score": false,
         "comment": "missing: \"blue\""},
        {"parameters": {"separator": ",", "ignore_case": true}, "output": "Red, Green",
         "expected": "red", "score": true},
        {"output": ["redder"], "expected": "red", "score": false},
        {"output": [1, 2.0], "expected": 2, "score": true}
    ])",
    .make = &make_list_contains};

}  // namespace assay
