#include <fmt/format.h>

#include "core/base/text.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/comment.hpp"

namespace assay {
namespace {

class StartsWith final : public Evaluator {
  public:
    explicit StartsWith(bool ignore_case) : ignore_case_(ignore_case) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        ASSAY_CHECK(check_expected(*input.expected));
        std::string output_scratch;
        std::string expected_scratch;
        const std::string_view output = as_text(input.output, output_scratch);
        const std::string_view expected = as_text(*input.expected, expected_scratch);
        const bool found = ignore_case_ ? fold_case(output).starts_with(fold_case(expected))
                                        : output.starts_with(expected);
        if (found) return one_score(true);
        return one_score(false, fmt::format("{} does not begin with {}", quoted_excerpt(output),
                                            quoted_excerpt(expected)));
    }

    Result<void> check_expected(const Json& expected) const override {
        if (expected != "") return {};
        return failure(ErrorCode::invalid_argument,
                       "the expected text is empty, and every output begins with an empty text");
    }

  private:
    bool ignore_case_;
};

Result<std::unique_ptr<Evaluator>> make_starts_with(const Json& parameters) {
    return std::make_unique<StartsWith>(parameters.value("ignore_case", false));
}

}  // namespace

const EvaluatorDefinition starts_with_definition{
    .id = "starts_with",
    .version = 1,
    .summary = "True when the output begins with the expected text.",
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
        {"output": "Dear Ms Smith, ...", "expected": "Dear", "score": true},
        {"output": "Hello Ms Smith, ...", "expected": "Dear", "score": false,
         "comment": "\"Hello Ms Smith, ...\" does not begin with \"Dear\""},
        {"parameters": {"ignore_case": true}, "output": "DEAR", "expected": "dear",
         "score": true}
    ])",
    .make = &make_starts_with};

}  // namespace assay
