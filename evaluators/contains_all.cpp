#include "evaluators/builtin.hpp"
#include "evaluators/text_search.hpp"

namespace assay {
namespace {

constexpr TextSearch k_search{
    .holds = [](const FoundTexts& texts) { return texts.missing.empty(); }, .complaint = "missing"};

Result<std::unique_ptr<Evaluator>> make_contains_all(const Json& parameters) {
    return make_text_search(k_search, parameters);
}

}  // namespace

const EvaluatorDefinition contains_all_definition{
    .id = "contains_all",
    .version = 1,
    .summary = "True when every one of the expected texts is found in the output.",
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
        {"output": "Paris and Lyon", "expected": ["Paris", "Lyon"], "score": true},
        {"output": "Paris and Rome", "expected": ["Paris", "Lyon", "Nice"], "score": false,
         "comment": "missing: \"Lyon\", \"Nice\""},
        {"parameters": {"ignore_case": true}, "output": "PARIS", "expected": ["paris"],
         "score": true},
        {"output": "Paris", "expected": "[\"Paris\", \"Lyon\"]", "score": false,
         "comment": "missing: \"Lyon\""}
    ])",
    .make = &make_contains_all};

}  // namespace assay
