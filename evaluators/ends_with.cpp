#include <fmt/format.h>

#include "core/base/text.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/comment.hpp"

namespace assay {
namespace {

/// The last `bytes` of a text without a part of a character.
std::string_view end_of(std::string_view text, std::size_t bytes) {
    if (bytes < text.size()) text.remove_prefix(text.size() - bytes);
    while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xC0U) == 0x80U) {
        text.remove_prefix(1);
    }
    return text;
}

class EndsWith final : public Evaluator {
  public:
    explicit EndsWith(bool ignore_case) : ignore_case_(ignore_case) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        ASSAY_CHECK(check_expected(*input.expected));
        std::string output_scratch;
        std::string expected_scratch;
        const std::string_view output = as_text(input.output, output_scratch);
        const std::string_view expected = as_text(*input.expected, expected_scratch);
        const bool found = ignore_case_ ? fold_case(output).ends_with(fold_case(expected))
                                        : output.ends_with(expected);
        if (found) return one_score(true);
        return one_score(false, fmt::format("the output ends with {}, not with {}",
                                            quoted_excerpt(end_of(output, expected.size())),
                                            quoted_excerpt(expected)));
    }

    Result<void> check_expected(const Json& expected) const override {
        if (expected != "") return {};
        return failure(ErrorCode::invalid_argument,
                       "the expected text is empty, and every output ends with an empty text");
    }

  private:
    bool ignore_case_;
};

Result<std::unique_ptr<Evaluator>> make_ends_with(const Json& parameters) {
    return std::make_unique<EndsWith>(parameters.value("ignore_case", false));
}

}  // namespace

const EvaluatorDefinition ends_with_definition{
    .id = "ends_with",
    .version = 1,
    .summary = "True when the output ends with the expected text.",
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
        {"output": "..., and so it is 42.", "expected": "42.", "score": true},
        {"output": "... and so it is 42", "expected": "42.", "score": false,
         "comment": "the output ends with \" 42\", not with \"42.\""},
        {"parameters": {"ignore_case": true}, "output": "Good bye", "expected": "BYE",
         "score": true}
    ])",
    .make = &make_ends_with};

}  // namespace assay
