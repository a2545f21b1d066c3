#include <fmt/format.h>

#include "evaluators/builtin.hpp"
#include "evaluators/text_list.hpp"

namespace assay {
namespace {

class ContainsAny final : public Evaluator {
  public:
    explicit ContainsAny(bool ignore_case) : ignore_case_(ignore_case) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        ASSAY_TRY(const std::vector<std::string> parts, read_texts(*input.expected));
        ASSAY_TRY(const FoundTexts texts, find_texts(parts, input.output, ignore_case_));
        if (!texts.found.empty()) return one_score(true);
        return one_score(false, fmt::format("not in the output: {}", list_excerpt(texts.missing)));
    }

    Result<void> check_expected(const Json& expected) const override {
        ASSAY_CHECK(read_texts(expected));
        return {};
    }

  private:
    bool ignore_case_;
};

Result<std::unique_ptr<Evaluator>> make_contains_any(const Json& parameters) {
    return std::make_unique<ContainsAny>(parameters.value("ignore_case", false));
}

}  // namespace

/// The expected value is a list of texts; one text, also that of a JSON array, will do.
const EvaluatorDefinition contains_any_definition{
    .id = "contains_any",
    .version = 1,
    .summary = "True when at least one of the expected texts is found in the output.",
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
        {"output": "It is Lyon.", "expected": ["Paris", "Lyon"], "score": true},
        {"output": "It is Rome.", "expected": ["Paris", "Lyon"], "score": false,
         "comment": "not in the output: \"Paris\", \"Lyon\""},
        {"parameters": {"ignore_case": true}, "output": "LYON", "expected": ["paris", "lyon"],
         "score": true},
        {"output": "Paris", "expected": "Paris", "score": true}
    ])",
    .make = &make_contains_any};

}  // namespace assay
