#include <utility>

#include "judges/builtin.hpp"
#include "judges/forms/form_prompt.hpp"

namespace assay {
namespace {

Result<VerdictScale> read_choices(const Json& parameters) {
    return parse_verdict_scale({{"type", "CATEGORICAL"}, {"points", parameters.at("choices")}},
                               "choices");
}

std::vector<DeclaredScore> choice_scores(const Json& parameters) {
    return prompted_judge_scores(parameters, read_choices(parameters).value_or(VerdictScale()));
}

Result<std::unique_ptr<AsyncEvaluator>> make_choice(const Json& parameters,
                                                    const EvaluatorEnvironment& environment) {
    JudgePrompt prompt;
    ASSAY_TRY(prompt.scale, read_choices(parameters));
    ASSAY_TRY(prompt.messages, read_judge_messages(parameters));
    return make_prompted_judge(std::move(prompt), parameters, environment);
}

}  // namespace

const EvaluatorDefinition choice_definition{
    .id = "choice",
    .version = 1,
    .summary =
        "A model answers a question of yours about the output with one of some choices, "
        "each of which may be worth a number.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = false,
    .parameters_schema = R"({
        "type": "object",
        "properties": {)" ASSAY_JUDGE_PARAMETERS "," ASSAY_PROMPT_PARAMETER R"(,
            "choices": {
                "description": "labels, or a map from each to its score, its meaning or both",
                "anyOf": [
                    {"type": "array", "minItems": 2, "uniqueItems": true,
                     "items": {"type": "string", "minLength": 1}},
                    {"type": "object", "minProperties": 2,
                     "additionalProperties": {
                         "anyOf": [{"type": ["number", "string"]},
                                   {"type": "object",
                                    "properties": {"score": {"type": "number"},
                                                   "meaning": {"type": "string"}},
                                    "additionalProperties": false}]}}
                ]
            }
        },
        "required": ["provider", "prompt", "choices"],
        "additionalProperties": false
    })",
    .examples = "[]",
    .make_async = &make_choice,
    .takes_mapping = true,
    .scores_for = &choice_scores};

}  // namespace assay
