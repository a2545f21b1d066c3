#include "evaluators/builtin.hpp"
#include "evaluators/json_comparison.hpp"
#include "evaluators/tool_call_match.hpp"

namespace assay {
namespace {

/// Words and JSON that hold no list are an answer without calls.
Result<ToolCalls> read_output(const Json& output) {
    Json scratch;
    const auto value = read_json(output, scratch);
    const Json* const list = value ? find_tool_calls(**value) : nullptr;
    if (list == nullptr) return ToolCalls();
    return read_tool_calls(*list);
}

Result<ToolCalls> calls_of(const EvaluationInput& input) { return read_output(input.output); }

Result<std::unique_ptr<Evaluator>> make_tool_calls(const Json& parameters) {
    return make_tool_call_evaluator(ToolCallRules::read(parameters, "exact"),
                                    {.of_output = &read_output, .of_unit = &calls_of});
}

}  // namespace

const EvaluatorDefinition tool_calls_definition{
    .id = "tool_calls",
    .version = 1,
    .summary =
        "True when the output calls the expected tools: [{\"name\", \"arguments\"}], where an "
        "expected call without arguments allows any. An answer in words has no calls.",
    .data_type = ScoreDataType::boolean,
    .needs_expected = true,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "mode": {"enum": ["exact", "in_order", "any_order", "subset", "superset"],
                     "default": "exact",
                     "description":
                     "in_order: others may stand between; subset: no others; superset: others too"},
            "arguments": {"enum": ["exact", "subset", "ignore"], "default": "exact",
                          "description":
                          "subset: the expected arguments are there, others may be too"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": {"tool_calls": [{"name": "search", "arguments": {"q": "Rome", "limit": 5.0}}]},
         "expected": [{"name": "search", "arguments": {"q": "Rome", "limit": 5}}], "score": true},
        {"output": [{"name": "search", "arguments": {"q": "Rome"}}],
         "expected": [{"name": "search", "arguments": {"q": "Paris"}}], "score": false,
         "comment": "call 1: \"search\" with $.q: \"Rome\" instead of \"Paris\""},
        {"output": [{"type": "function",
                     "function": {"name": "search", "arguments": "{\"q\": \"Rome\"}"}}],
         "expected": ["search"], "score": true},
        {"parameters": {"mode": "any_order"}, "output": [{"name": "book"}, {"name": "search"}],
         "expected": ["search", "book"], "score": true},
        {"parameters": {"arguments": "subset"},
         "output": [{"name": "search", "arguments": {"q": "Rome", "limit": 5}}],
         "expected": [{"name": "search", "arguments": {"q": "Rome"}}], "score": true},
        {"output": "It is sunny.", "expected": ["weather"], "score": false,
         "comment": "0 calls instead of 1: none"},
        {"output": "It is sunny.", "expected": [], "score": true}
    ])",
    .make = &make_tool_calls};

}  // namespace assay
