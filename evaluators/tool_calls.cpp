#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/base/limits.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/comment.hpp"
#include "evaluators/json_comparison.hpp"

namespace assay {
namespace {

struct ToolCall {
    std::string name;
    std::optional<Json> arguments;  ///< nothing: any will do
};
using ToolCalls = std::vector<ToolCall>;

enum class Mode : std::uint8_t { exact, in_order, any_order, subset, superset };
enum class ArgumentMode : std::uint8_t { exact, subset, ignore };

const Json* member(const Json& value, const char* name) {
    if (!value.is_object()) return nullptr;
    const auto found = value.find(name);
    return found == value.end() ? nullptr : &*found;
}

/// {"name", "arguments"}, or as OpenAI writes it {"function": {"name", "arguments": "JSON text"}}.
std::optional<ToolCall> read_call(const Json& value) {
    if (value.is_string()) return ToolCall{.name = value.get<std::string>(), .arguments = {}};
    const Json* const function = member(value, "function");
    const Json& call = function == nullptr ? value : *function;
    const Json* const name = member(call, "name");
    if (name == nullptr || !name->is_string()) return std::nullopt;
    ToolCall read{.name = name->get<std::string>(), .arguments = {}};
    if (const Json* const arguments = member(call, "arguments")) {
        Json scratch;
        const auto parsed = read_json(*arguments, scratch);
        read.arguments = parsed ? **parsed : *arguments;
    }
    return read;
}

/// The list under `tool_calls`, also of a whole message or reply of a chat API, or the list itself.
const Json* find_list(const Json& value) {
    if (value.is_array()) return &value;
    if (const Json* const calls = member(value, "tool_calls")) {
        return calls->is_array() ? calls : nullptr;
    }
    if (const Json* const message = member(value, "message")) return find_list(*message);
    const Json* const choices = member(value, "choices");
    if (choices == nullptr || !choices->is_array() || choices->empty()) return nullptr;
    return member(choices->front(), "message") == nullptr ? nullptr : find_list(choices->front());
}

/// @error invalid_argument when an element of the list is no call; resource_exhausted.
Result<ToolCalls> read_calls(const Json& list) {
    if (list.size() > limits::k_tool_calls_max) {
        return failure(ErrorCode::resource_exhausted,
                       fmt::format("{} tool calls; up to {} are compared", list.size(),
                                   limits::k_tool_calls_max));
    }
    ToolCalls calls;
    for (const Json& element : list) {
        auto call = read_call(element);
        if (!call) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("element {} of the tool calls has no name", calls.size()));
        }
        calls.push_back(std::move(*call));
    }
    return calls;
}

/// Words and JSON that hold no list are an answer without calls.
Result<ToolCalls> read_output(const Json& output) {
    Json scratch;
    const auto value = read_json(output, scratch);
    const Json* const list = value ? find_list(**value) : nullptr;
    if (list == nullptr) return ToolCalls();
    return read_calls(*list);
}

Result<ToolCalls> read_expected(const Json& expected) {
    Json scratch;
    const auto value = read_json(expected, scratch);
    if (!value) {
        return failure(ErrorCode::invalid_argument,
                       "the expected value is not JSON: " + value.error().message);
    }
    if (const Json* const list = find_list(**value)) return read_calls(*list);
    if (auto call = read_call(**value)) return ToolCalls{std::move(*call)};
    return failure(ErrorCode::invalid_argument,
                   "the expected value is a list of tool calls, each with a name: "
                   "[{\"name\": \"search\", \"arguments\": {...}}]");
}

/// Which expected call each call of the output stands for, when as many as possible stand for one.
/// Source: Kuhn's augmenting paths; the calls are few.
class Pairing {
  public:
    Pairing(std::size_t outputs, std::size_t expecteds, std::vector<bool> fits)
        : fits_(std::move(fits)),
          expecteds_(expecteds),
          expected_of_(outputs),
          output_of_(expecteds) {
        for (std::size_t output = 0; output < outputs; ++output) {
            visited_.assign(expecteds, false);
            find_place(output);
        }
    }

    [[nodiscard]] bool has_pair(std::size_t output) const {
        return expected_of_[output].has_value();
    }
    [[nodiscard]] bool is_made(std::size_t expected) const {
        return output_of_[expected].has_value();
    }

  private:
    bool find_place(std::size_t output) {
        for (std::size_t expected = 0; expected < expecteds_; ++expected) {
            if (!fits_[output * expecteds_ + expected] || visited_[expected]) continue;
            visited_[expected] = true;
            if (output_of_[expected] && !find_place(*output_of_[expected])) continue;
            output_of_[expected] = output;
            expected_of_[output] = expected;
            return true;
        }
        return false;
    }

    std::vector<bool> fits_;
    std::size_t expecteds_;
    std::vector<std::optional<std::size_t>> expected_of_;
    std::vector<std::optional<std::size_t>> output_of_;
    std::vector<bool> visited_;
};

std::string join_names(const ToolCalls& calls) {
    std::string names;
    for (std::size_t i = 0; i < std::min<std::size_t>(calls.size(), 5); ++i) {
        names += fmt::format("{}{}", i == 0 ? "" : ", ", quoted_excerpt(calls[i].name));
    }
    return calls.empty() ? "none" : names + (calls.size() > 5 ? ", …" : "");
}

class ToolCallsEvaluator final : public Evaluator {
  public:
    ToolCallsEvaluator(Mode mode, ArgumentMode arguments) : mode_(mode), arguments_(arguments) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        ASSAY_TRY(const ToolCalls expected, read_expected(*input.expected));
        const auto output = read_output(input.output);
        if (!output && output.error().code == ErrorCode::invalid_argument) {
            return one_score(false, output.error().message);
        }
        if (!output) return std::unexpected(output.error());
        ASSAY_TRY(std::string fault, fault_in(*output, expected));
        return one_score(fault.empty(), std::move(fault));
    }

    bool can_read(const Json& output) const override { return read_output(output).has_value(); }

    Result<void> check_expected(const Json& expected) const override {
        ASSAY_CHECK(read_expected(expected));
        return {};
    }

  private:
    /// Why the calls are not as expected; "" when they are.
    [[nodiscard]] Result<std::string> fault_in(const ToolCalls& output,
                                               const ToolCalls& expected) const {
        switch (mode_) {
            case Mode::exact: return exact_fault(output, expected);
            case Mode::in_order: return order_fault(output, expected);
            case Mode::any_order:
            case Mode::subset:
            case Mode::superset: break;
        }
        return pairing_fault(output, expected);
    }

    [[nodiscard]] Result<std::string> exact_fault(const ToolCalls& output,
                                                  const ToolCalls& expected) const {
        for (std::size_t i = 0; i < std::min(output.size(), expected.size()); ++i) {
            ASSAY_TRY(const std::string fault, call_fault(output[i], expected[i]));
            if (!fault.empty()) return fmt::format("call {}: {}", i + 1, fault);
        }
        if (output.size() == expected.size()) return "";
        return fmt::format("{} calls instead of {}: {}", output.size(), expected.size(),
                           join_names(output));
    }

    /// The expected calls in their order; between them others may stand.
    [[nodiscard]] Result<std::string> order_fault(const ToolCalls& output,
                                                  const ToolCalls& expected) const {
        std::size_t at = 0;
        for (const ToolCall& call : output) {
            if (at == expected.size()) break;
            ASSAY_TRY(const std::string fault, call_fault(call, expected[at]));
            if (fault.empty()) ++at;
        }
        if (at == expected.size()) return "";
        return fmt::format("{} is not called in its place; called: {}",
                           quoted_excerpt(expected[at].name), join_names(output));
    }

    [[nodiscard]] Result<std::string> pairing_fault(const ToolCalls& output,
                                                    const ToolCalls& expected) const {
        std::vector<bool> fits;
        for (const ToolCall& call : output) {
            for (const ToolCall& wanted : expected) {
                ASSAY_TRY(const std::string fault, call_fault(call, wanted));
                fits.push_back(fault.empty());
            }
        }
        const Pairing pairing(output.size(), expected.size(), std::move(fits));
        for (std::size_t i = 0; i < expected.size() && mode_ != Mode::subset; ++i) {
            if (pairing.is_made(i)) continue;
            return fmt::format("{} is not called as expected; called: {}",
                               quoted_excerpt(expected[i].name), join_names(output));
        }
        for (std::size_t i = 0; i < output.size() && mode_ != Mode::superset; ++i) {
            if (pairing.has_pair(i)) continue;
            return fmt::format("call {}, {}, is not expected", i + 1,
                               quoted_excerpt(output[i].name));
        }
        return "";
    }

    [[nodiscard]] Result<std::string> call_fault(const ToolCall& call,
                                                 const ToolCall& expected) const {
        if (call.name != expected.name) {
            return fmt::format("expected {}, got {}", quoted_excerpt(expected.name),
                               quoted_excerpt(call.name));
        }
        if (arguments_ == ArgumentMode::ignore || !expected.arguments) return "";
        const JsonComparisonOptions options{.ignore = {},
                                            .any_order = false,
                                            .allow_extra = arguments_ == ArgumentMode::subset,
                                            .tolerance = {}};
        static const Json k_none = Json::object();
        const Json& arguments = call.arguments ? *call.arguments : k_none;
        ASSAY_TRY(const JsonComparison comparison,
                  compare_json(arguments, *expected.arguments, options));
        if (comparison.is_equal()) return "";
        return fmt::format("{} with {}", quoted_excerpt(call.name), difference_comment(comparison));
    }

    Mode mode_;
    ArgumentMode arguments_;
};

Mode mode_of(std::string_view name) {
    if (name == "in_order") return Mode::in_order;
    if (name == "any_order") return Mode::any_order;
    if (name == "subset") return Mode::subset;
    if (name == "superset") return Mode::superset;
    return Mode::exact;
}

ArgumentMode argument_mode_of(std::string_view name) {
    if (name == "subset") return ArgumentMode::subset;
    if (name == "ignore") return ArgumentMode::ignore;
    return ArgumentMode::exact;
}

Result<std::unique_ptr<Evaluator>> make_tool_calls(const Json& parameters) {
    return std::make_unique<ToolCallsEvaluator>(
        mode_of(parameters.value("mode", "exact")),
        argument_mode_of(parameters.value("arguments", "exact")));
}

}  // namespace

/// The modes are those of trajectory evaluators elsewhere: exact and any_order refuse calls that
/// are not expected; in_order and superset allow them; subset allows expected ones to be absent.
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
