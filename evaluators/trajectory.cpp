#include <fmt/format.h>

#include <utility>

#include "core/base/limits.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/json_comparison.hpp"
#include "evaluators/tool_call_match.hpp"

namespace assay {
namespace {

/// The messages of a conversation: a list of objects with a role, or under `messages`.
const Json* find_messages(const Json& value) {
    if (value.is_object() && value.contains("messages")) return find_messages(value["messages"]);
    const bool is_conversation = value.is_array() && !value.empty() && value.front().is_object() &&
                                 value.front().contains("role");
    return is_conversation ? &value : nullptr;
}

Result<void> append_calls(const Json& value, ToolCalls& calls) {
    const Json* const list = find_tool_calls(value);
    if (list == nullptr) return {};
    ASSAY_TRY(ToolCalls found, read_tool_calls(*list));
    for (ToolCall& call : found) calls.push_back(std::move(call));
    if (calls.size() <= limits::k_tool_calls_max) return {};
    return failure(ErrorCode::resource_exhausted,
                   fmt::format("{} tool calls; up to {} are compared", calls.size(),
                               limits::k_tool_calls_max));
}

/// The calls that an output tells of: those of all messages of a conversation, or its own.
Result<ToolCalls> calls_in(const Json& output) {
    ToolCalls calls;
    Json scratch;
    const auto value = read_json(output, scratch);
    if (!value) return calls;
    const Json* const messages = find_messages(**value);
    if (messages == nullptr) {
        ASSAY_CHECK(append_calls(**value, calls));
        return calls;
    }
    for (const Json& message : *messages) ASSAY_CHECK(append_calls(message, calls));
    return calls;
}

/// The calls that the steps of the unit made, one step after the other.
Result<ToolCalls> calls_of_steps(const UnitResult& unit) {
    ToolCalls calls;
    for (const Observation& observation : unit.observations) {
        // A step may well answer with a list that holds no calls.
        const bool may_call = observation.output.is_object();
        if (observation.type == ObservationType::evaluator || !may_call) continue;
        ASSAY_CHECK(append_calls(observation.output, calls));
    }
    return calls;
}

/// An answer in words is judged by what the steps called.
Result<ToolCalls> calls_on_the_way(const EvaluationInput& input) {
    auto calls = calls_in(input.output);
    const bool look_at_steps = calls && calls->empty() && input.unit != nullptr;
    return look_at_steps ? calls_of_steps(*input.unit) : calls;
}

Result<std::unique_ptr<Evaluator>> make_trajectory(const Json& parameters) {
    return make_tool_call_evaluator(ToolCallRules::read(parameters, "in_order"),
                                    {.of_output = &calls_in, .of_unit = &calls_on_the_way});
}

}  // namespace

const EvaluatorDefinition trajectory_definition{
    .id = "trajectory",
    .version = 1,
    .summary =
        "True when the tools that were called on the whole way, by all messages of the output or "
        "by all steps, are the expected ones.",
    .data_type = ScoreDataType::boolean,
    .needs_expected = true,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "mode": {"enum": ["in_order", "exact", "any_order", "subset", "superset"],
                     "default": "in_order",
                     "description":
                     "in_order: others may stand between; subset: no others; superset: others too"},
            "arguments": {"enum": ["exact", "subset", "ignore"], "default": "exact",
                          "description":
                          "subset: the expected arguments are there, others may be too"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": [{"role": "assistant", "tool_calls": [{"name": "search", "arguments": {}}]},
                    {"role": "tool", "content": "Rome"},
                    {"role": "assistant", "tool_calls": [{"name": "book", "arguments": {"n": 2}}]},
                    {"role": "assistant", "content": "Done."}],
         "expected": [{"name": "search"}, {"name": "book", "arguments": {"n": 2}}], "score": true},
        {"output": {"messages": [{"role": "assistant", "tool_calls": [{"name": "book"}]},
                                 {"role": "assistant", "tool_calls": [{"name": "search"}]}]},
         "expected": ["search", "book"], "score": false,
         "comment": "\"book\" is not called in its place; called: \"book\", \"search\""},
        {"parameters": {"mode": "any_order"},
         "output": {"messages": [{"role": "assistant", "tool_calls": [{"name": "book"}]},
                                 {"role": "assistant", "tool_calls": [{"name": "search"}]}]},
         "expected": ["search", "book"], "score": true},
        {"parameters": {"mode": "exact"},
         "output": {"tool_calls": [{"name": "search"}, {"name": "search"}]},
         "expected": ["search"], "score": false,
         "comment": "2 calls instead of 1: \"search\", \"search\""},
        {"output": "It is sunny.", "expected": ["weather"], "score": false,
         "comment": "\"weather\" is not called in its place; called: none"}
    ])",
    .make = &make_trajectory};

}  // namespace assay
