#include <fmt/format.h>

#include <utility>

#include "judges/builtin.hpp"
#include "judges/forms/form_prompt.hpp"

namespace assay {
namespace {

constexpr std::string_view k_system =
    "You judge one output of a system by the criteria that you are given, and by nothing else. "
    "Hold the output against each criterion in turn and point to what in it decides; then give "
    "one verdict. Length, confidence and style count only where a criterion says so.";

constexpr std::string_view k_user =
    "The criteria:\n{}\n\n"
    "The input that the system was given:\n{{{{input | default('')}}}}\n\n"
    "The output to be judged:\n{{{{output}}}}";

std::vector<DeclaredScore> rubric_scores(const Json& parameters) {
    return prompted_judge_scores(parameters, read_result(parameters).value_or(VerdictScale()));
}

Result<std::unique_ptr<AsyncEvaluator>> make_rubric(const Json& parameters,
                                                    const EvaluatorEnvironment& environment) {
    JudgePrompt prompt;
    ASSAY_TRY(prompt.scale, read_result(parameters));
    ASSAY_TRY(const std::string criteria, read_criteria(parameters));
    ASSAY_TRY(prompt.messages,
              form_messages(k_system, fmt::format(fmt::runtime(k_user), criteria)));
    return make_prompted_judge(std::move(prompt), parameters, environment);
}

}  // namespace

const EvaluatorDefinition rubric_definition{
    .id = "rubric",
    .version = 1,
    .summary =
        "A model judges the output by criteria: a number in a range, true or false, or one "
        "of some categories.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = false,
    .parameters_schema = R"({
        "type": "object",
        "properties": {)" ASSAY_JUDGE_PARAMETERS "," ASSAY_CRITERIA_PARAMETER
                         "," ASSAY_RESULT_PARAMETER R"(
        },
        "required": ["provider", "criteria"],
        "additionalProperties": false
    })",
    .examples = "[]",
    .make_async = &make_rubric,
    .takes_mapping = true,
    .scores_for = &rubric_scores};

}  // namespace assay
