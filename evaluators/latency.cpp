#include "evaluators/builtin.hpp"
#include "evaluators/count_range.hpp"

namespace assay {
namespace {

Result<double> latency_in_ms(const EvaluationInput& input) {
    if (input.unit == nullptr || input.unit->latency.count() == 0) {
        return failure(ErrorCode::invalid_argument,
                       "the output was not waited for, so it has no latency");
    }
    return to_ms(input.unit->latency);
}

Result<std::unique_ptr<Evaluator>> make_latency(const Json& parameters) {
    return make_count_range(parameters, "ms", &latency_in_ms);
}

}  // namespace

const EvaluatorDefinition latency_definition{
    .id = "latency",
    .version = 1,
    .summary =
        "How long the task took, in milliseconds, without failed attempts; with min or max: true "
        "when it took that long.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = false,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "min": {"type": "number", "minimum": 0,
                    "description": "the least time in milliseconds that is true"},
            "max": {"type": "number", "minimum": 0,
                    "description": "the greatest time in milliseconds that is true"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": "Paris", "unit": {"latency_ms": 120}, "score": 120},
        {"parameters": {"max": 500}, "output": "Paris", "unit": {"latency_ms": 120},
         "score": true, "comment": "120 ms"},
        {"parameters": {"max": 100}, "output": "Paris", "unit": {"latency_ms": 120},
         "score": false, "comment": "120 ms, more than 100"}
    ])",
    .make = &make_latency,
    .data_type_for = &count_range_type};

}  // namespace assay
