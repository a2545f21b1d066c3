#include <fmt/format.h>

#include <utility>

#include "judges/builtin.hpp"
#include "judges/forms/form_prompt.hpp"

namespace assay {
namespace {

constexpr std::string_view k_system =
    "You decide whether a submitted answer meets a criterion. Decide by the criterion alone: an "
    "answer may be wrong in other ways and still meet it, and may be good and still not meet it. "
    "Say what in the answer decides; then decide. When the answer does not show that it meets the "
    "criterion, it does not.";

constexpr std::string_view k_user =
    "The task:\n{{{{input | default('')}}}}\n\n"
    "The criterion:\n{}\n\n"
    "The submitted answer:\n{{{{output}}}}";

VerdictScale yes_or_no() {
    return {.type = ScoreDataType::boolean,
            .points = {{.label = "true", .meaning = "the answer meets the criterion"},
                       {.label = "false", .meaning = "it does not"}}};
}

std::vector<DeclaredScore> closed_qa_scores(const Json& parameters) {
    return prompted_judge_scores(parameters, yes_or_no());
}

Result<std::unique_ptr<AsyncEvaluator>> make_closed_qa(const Json& parameters,
                                                       const EvaluatorEnvironment& environment) {
    JudgePrompt prompt{.scale = yes_or_no()};
    ASSAY_TRY(const std::string criteria, read_criteria(parameters));
    ASSAY_TRY(prompt.messages,
              form_messages(k_system, fmt::format(fmt::runtime(k_user), criteria)));
    return make_prompted_judge(std::move(prompt), parameters, environment);
}

}  // namespace

const EvaluatorDefinition closed_qa_definition{
    .id = "closed_qa",
    .version = 1,
    .summary = "A model decides whether the output meets a criterion, without a reference answer.",
    .data_type = ScoreDataType::boolean,
    .needs_expected = false,
    .parameters_schema = R"({
        "type": "object",
        "properties": {)" ASSAY_JUDGE_PARAMETERS "," ASSAY_CRITERIA_PARAMETER R"(},
        "required": ["provider", "criteria"],
        "additionalProperties": false
    })",
    .examples = "[]",
    .make_async = &make_closed_qa,
    .takes_mapping = true,
    .scores_for = &closed_qa_scores};

}  // namespace assay
