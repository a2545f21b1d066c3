#include "evaluators/builtin.hpp"
#include "evaluators/text_search.hpp"

namespace assay {
namespace {

constexpr TextSearch k_search{.holds = [](const FoundTexts& texts) { return !texts.found.empty(); },
                              .complaint = "not in the output"};

Result<std::unique_ptr<Evaluator>> make_contains_any(const Json& parameters) {
    return make_text_search(k_search, parameters);
}

}  // namespace

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
