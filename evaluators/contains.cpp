#include <fmt/format.h>

#include "evaluators/builtin.hpp"
#include "evaluators/comment.hpp"
#include "evaluators/text_list.hpp"
#include "evaluators/text_relation.hpp"

namespace assay {
namespace {

constexpr TextRelation k_relation{
    .holds = [](std::string_view output,
                std::string_view expected) { return is_in(expected, output); },
    .difference =
        [](std::string_view /*output*/, std::string_view expected) {
            return fmt::format("{} is not in the output", quoted_excerpt(expected));
        },
    .when_empty = "every output contains an empty text"};

Result<std::unique_ptr<Evaluator>> make_contains(const Json& parameters) {
    return make_text_relation(k_relation, parameters);
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
