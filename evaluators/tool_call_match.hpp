#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "evaluators/evaluator.hpp"

namespace assay {

struct ToolCall {
    std::string name;
    std::optional<Json> arguments;  ///< nothing: any will do
};
using ToolCalls = std::vector<ToolCall>;

/// How calls are held against the expected ones. exact and any_order refuse calls that are not
/// expected; in_order and superset allow them; subset allows expected ones to be absent.
struct ToolCallRules {
    enum class Mode : std::uint8_t { exact, in_order, any_order, subset, superset };
    enum class Arguments : std::uint8_t { exact, subset, ignore };
    Mode mode = Mode::exact;
    Arguments arguments = Arguments::exact;

    /// From the parameters `mode` and `arguments`, which obey the definition's schema.
    static ToolCallRules read(const Json& parameters, std::string_view default_mode);
};

/// The list under `tool_calls`, also of a whole message or reply of a chat API, or the list itself;
/// nullptr when there is none.
[[nodiscard]] const Json* find_tool_calls(const Json& value);
/// Reads a list: names alone, {"name", "arguments"}, or as OpenAI writes it {"function": {"name",
/// "arguments": "JSON text"}}.
/// @error invalid_argument when an element of the list is no call; resource_exhausted.
[[nodiscard]] Result<ToolCalls> read_tool_calls(const Json& list);
/// @error as above; invalid_argument besides when it is neither a list of calls nor a call.
[[nodiscard]] Result<ToolCalls> read_expected_tool_calls(const Json& expected);

/// Why the calls are not as expected; "" when they are.
/// @error resource_exhausted when arguments are too large to be compared.
[[nodiscard]] Result<std::string> tool_call_fault(const ToolCalls& output,
                                                  const ToolCalls& expected,
                                                  const ToolCallRules& rules);

/// Where an evaluator finds the calls that were made.
struct ToolCallReader {
    /// Of the output alone. @error as read_tool_calls.
    Result<ToolCalls> (*of_output)(const Json& output);
    /// Of all that is known of the unit. @error the same.
    Result<ToolCalls> (*of_unit)(const EvaluationInput& input);
};
/// True when the calls are as expected, else false with the reason. Calls that cannot be read are a
/// wrong answer, expected ones an error.
[[nodiscard]] std::unique_ptr<Evaluator> make_tool_call_evaluator(ToolCallRules rules,
                                                                  ToolCallReader reader);

}  // namespace assay
