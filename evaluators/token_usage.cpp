#include "evaluators/builtin.hpp"
#include "evaluators/count_range.hpp"

namespace assay {
namespace {

Result<double> tokens_of_kind(const EvaluationInput& input, const std::string& kind) {
    if (input.unit == nullptr || input.unit->usage.empty()) {
        return failure(ErrorCode::invalid_argument, "the task reported no tokens");
    }
    const UsageDetails& usage = input.unit->usage;
    const auto found = usage.find(kind);
    return found == usage.end() ? 0.0 : static_cast<double>(found->second);
}

Result<std::unique_ptr<Evaluator>> make_tokens(const Json& parameters) {
    const std::string kind = parameters.value("kind", "total");
    return make_count_range(parameters, "tokens", [kind](const EvaluationInput& input) {
        return tokens_of_kind(input, kind);
    });
}

}  // namespace

const EvaluatorDefinition tokens_definition{
    .id = "tokens",
    .version = 1,
    .summary =
        "How many tokens the task used, of one kind; with min or max: true when it used that many.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = false,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "kind": {"type": "string", "default": "total",
                     "description": "total, input, output, input_cached_tokens, ..."},
            "min": {"type": "number", "minimum": 0,
                    "description": "the least number of tokens that is true"},
            "max": {"type": "number", "minimum": 0,
                    "description": "the greatest number of tokens that is true"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": "Paris", "unit": {"usage": {"input": 20, "output": 5, "total": 25}},
         "score": 25},
        {"parameters": {"kind": "output"}, "output": "Paris",
         "unit": {"usage": {"input": 20, "output": 5, "total": 25}}, "score": 5},
        {"parameters": {"max": 10}, "output": "Paris", "unit": {"usage": {"total": 25}},
         "score": false, "comment": "25 tokens, more than 10"}
    ])",
    .make = &make_tokens,
    .data_type_for = &count_range_type};

}  // namespace assay
