#include "evaluators/builtin.hpp"
#include "evaluators/count_range.hpp"

namespace assay {
namespace {

Result<double> cost_in_usd(const EvaluationInput& input) {
    if (input.unit == nullptr || !input.unit->cost) {
        return failure(ErrorCode::invalid_argument,
                       "the price of the model is not known; give the provider a `price`");
    }
    return to_usd(*input.unit->cost);
}

Result<std::unique_ptr<Evaluator>> make_cost(const Json& parameters) {
    return make_count_range(parameters, "USD", &cost_in_usd);
}

}  // namespace

const EvaluatorDefinition cost_definition{
    .id = "cost",
    .version = 1,
    .summary =
        "What the task cost, in US dollars; with min or max: true when it cost that much. An "
        "unknown price is an error and never 0.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = false,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "min": {"type": "number", "minimum": 0,
                    "description": "the least cost in US dollars that is true"},
            "max": {"type": "number", "minimum": 0,
                    "description": "the greatest cost in US dollars that is true"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": "Paris", "unit": {"cost_usd": 0.002}, "score": 0.002},
        {"parameters": {"max": 0.01}, "output": "Paris", "unit": {"cost_usd": 0.002},
         "score": true, "comment": "0.002 USD"},
        {"parameters": {"max": 0.001}, "output": "Paris", "unit": {"cost_usd": 0.002},
         "score": false, "comment": "0.002 USD, more than 0.001"}
    ])",
    .make = &make_cost,
    .data_type_for = &count_range_type};

}  // namespace assay
