#include <fmt/format.h>

#include "evaluators/builtin.hpp"
#include "evaluators/count_range.hpp"

namespace assay {
namespace {

class TokenCount final : public Evaluator {
  public:
    TokenCount(CountRange range, std::string kind) : range_(range), kind_(std::move(kind)) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        if (input.unit == nullptr || input.unit->usage.empty()) {
            return failure(ErrorCode::invalid_argument, "the task reported no tokens");
        }
        const UsageDetails& usage = input.unit->usage;
        const auto found = usage.find(kind_);
        const std::int64_t tokens = found == usage.end() ? 0 : found->second;
        return range_.judge(static_cast<double>(tokens), "tokens");
    }

  private:
    CountRange range_;
    std::string kind_;
};

Result<std::unique_ptr<Evaluator>> make_tokens(const Json& parameters) {
    ASSAY_TRY(const CountRange range, CountRange::from(parameters));
    return std::make_unique<TokenCount>(range, parameters.value("kind", std::string("total")));
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
    .data_type_for = &CountRange::data_type};

}  // namespace assay
