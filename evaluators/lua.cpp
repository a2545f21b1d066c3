#include <fmt/format.h>

#include "evaluators/builtin.hpp"
#include "evaluators/lua_runtime.hpp"

namespace assay {
namespace {

ScoreDataType type_of(const Json& parameters) {
    const std::string returns = parameters.value("returns", std::string("boolean"));
    if (returns == "number") return ScoreDataType::numeric;
    return returns == "category" ? ScoreDataType::categorical : ScoreDataType::boolean;
}

/// A program that never mentions the expected value can judge items that have none.
bool mentions_expected(const Json& parameters) {
    return parameters.value("code", std::string()).find("expected_output") != std::string::npos;
}

class Lua final : public Evaluator {
  public:
    Lua(std::string code, ScoreDataType type) : code_(std::move(code)), type_(type) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        const Json nothing;
        ASSAY_TRY(Json result,
                  run_lua(code_, {.input = input.input,
                                  .output = input.output,
                                  .expected_output = input.expected ? *input.expected : nothing,
                                  .metadata = input.metadata}));
        std::string comment;
        if (result.is_object()) {
            if (!result["comment"].is_null()) comment = as_text(result["comment"]);
            result = Json(result["value"]);
        }
        ASSAY_TRY(ScoreValue value, score_value_from_json(result));
        if (data_type_of(value) != type_) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("the program returned {}, but the evaluator is {}; set "
                                       "`returns`",
                                       type_phrase(result), to_string(type_)));
        }
        return one_score(std::move(value), std::move(comment));
    }

  private:
    std::string code_;
    ScoreDataType type_;
};

Result<std::unique_ptr<Evaluator>> make_lua(const Json& parameters) {
    auto code = parameters.at("code").get<std::string>();
    if (const auto checked = check_lua(code); !checked) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("\"code\": {}", checked.error().message));
    }
    return std::make_unique<Lua>(std::move(code), type_of(parameters));
}

}  // namespace

const EvaluatorDefinition lua_definition{
    .id = "lua",
    .version = 1,
    .summary =
        "A Lua 5.4 expression, or a program that returns a value or a function, of input, output, "
        "expected_output and metadata; no I/O, bounded instructions and memory.",
    .data_type = ScoreDataType::boolean,
    .needs_expected = true,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "code": {"type": "string", "minLength": 1,
                     "description": "the result, or a table {value = ..., comment = ...}"},
            "returns": {"enum": ["boolean", "number", "category"], "default": "boolean",
                        "description": "what kind of score the code gives"}
        },
        "required": ["code"],
        "additionalProperties": false
    })",
    .examples = R"json([
        {"parameters": {"code": "#output < 10"}, "output": "short", "score": true},
        {"parameters": {"code": "output == expected_output:upper()"},
         "output": "PARIS", "expected": "Paris", "score": true},
        {"parameters": {"code": "{value = #output / 10, comment = 'tenths'}",
                        "returns": "number"},
         "output": "12345", "score": 0.5, "comment": "tenths"},
        {"parameters": {"code": "return function(i, o) return matches(o, '^[a-z]+$') end"},
         "output": "Paris", "score": false},
        {"parameters": {"code": "output.team or 'none'", "returns": "category"},
         "output": {"team": "billing"}, "score": "billing"}
    ])json",
    .make = &make_lua,
    .data_type_for = &type_of,
    .needs_expected_for = &mentions_expected};

}  // namespace assay
