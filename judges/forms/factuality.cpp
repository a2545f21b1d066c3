#include <array>
#include <string_view>
#include <utility>

#include "judges/builtin.hpp"
#include "judges/forms/form_prompt.hpp"

namespace assay {
namespace {

// The five relations between two answers are those of OpenAI's evals (fact.yaml, 2023).
struct Relation {
    std::string_view label;
    std::string_view meaning;
    double score;
};
constexpr std::array k_relations = {
    Relation{"A", "the submission is a subset of the expert's answer and consistent with it", 0.4},
    Relation{"B", "the submission is a superset of the expert's answer and consistent with it",
             0.6},
    Relation{"C", "the submission says all that the expert's answer says, and no more", 1},
    Relation{"D", "the submission and the expert's answer disagree", 0},
    Relation{"E", "they differ, but not in anything that matters for the facts", 1},
};

constexpr std::string_view k_system =
    "You compare the facts in a submitted answer with those in an expert's answer to the same "
    "question. Differences of style, grammar and punctuation do not count. List the facts that "
    "the one states and the other does not, and those in which they contradict each other; then "
    "choose the one relation that holds.";

constexpr std::string_view k_user =
    "The question:\n{{input | default('')}}\n\n"
    "The expert's answer:\n{{expected_output}}\n\n"
    "The submitted answer:\n{{output}}";

VerdictScale relations(const Json& parameters) {
    const Json scores = parameters.value("choice_scores", Json::object());
    VerdictScale scale{.type = ScoreDataType::categorical, .scores_points = true};
    for (const Relation& relation : k_relations) {
        const std::string label(relation.label);
        scale.points.push_back({.label = label,
                                .meaning = std::string(relation.meaning),
                                .score = scores.value(label, relation.score)});
    }
    return scale;
}

std::vector<DeclaredScore> factuality_scores(const Json& parameters) {
    return prompted_judge_scores(parameters, relations(parameters));
}

Result<std::unique_ptr<AsyncEvaluator>> make_factuality(const Json& parameters,
                                                        const EvaluatorEnvironment& environment) {
    JudgePrompt prompt{.scale = relations(parameters)};
    ASSAY_TRY(prompt.messages, form_messages(k_system, k_user));
    return make_prompted_judge(std::move(prompt), parameters, environment);
}

}  // namespace

const EvaluatorDefinition factuality_definition{
    .id = "factuality",
    .version = 1,
    .summary =
        "A model compares the facts in the output with those in the expected output: "
        "subset, superset, same, disagreement or no difference that matters.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = true,
    .parameters_schema = R"({
        "type": "object",
        "properties": {)" ASSAY_JUDGE_PARAMETERS R"(,
            "choice_scores": {
                "type": "object",
                "description": "what relations are worth; default: A 0.4, B 0.6, C 1, D 0, E 1",
                "properties": {"A": {"type": "number"}, "B": {"type": "number"},
                               "C": {"type": "number"}, "D": {"type": "number"},
                               "E": {"type": "number"}},
                "additionalProperties": false
            }
        },
        "required": ["provider"],
        "additionalProperties": false
    })",
    .examples = "[]",
    .make_async = &make_factuality,
    .takes_mapping = true,
    .scores_for = &factuality_scores};

}  // namespace assay
