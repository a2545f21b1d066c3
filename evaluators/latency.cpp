#include <fmt/format.h>

#include "evaluators/builtin.hpp"
#include "evaluators/count_range.hpp"

namespace assay {
namespace {

class Latency final : public Evaluator {
  public:
    explicit Latency(CountRange range) : range_(range) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        if (input.unit == nullptr || input.unit->latency.count() == 0) {
            return failure(ErrorCode::invalid_argument,
                           "the output was not waited for, so it has no latency");
        }
        return range_.judge(to_ms(input.unit->latency), "ms");
    }

  private:
    CountRange range_;
};

Result<std::unique_ptr<Evaluator>> make_latency(const Json& parameters) {
    ASSAY_TRY(const CountRange range, CountRange::from(parameters));
    return std::make_unique<Latency>(range);
}

}  // namespace

const EvaluatorDefinition latency_definition{.id = "latency",
                                             .version = 1,
                                             .summary =
                                                 "How long the task took, in milliseconds, without "
                                                 "failed attempts; with min or max: true when "
                                                 "it took that long.",
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
                                             .data_type_for = &CountRange::data_type};

}  // namespace assay
