#include "evaluators/tool_call_match.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/limits.hpp"
#include "core/model/json_value.hpp"
#include "evaluators/comment.hpp"
#include "evaluators/json_comparison.hpp"

namespace assay {
namespace {

/// {"name", "arguments"}, or as OpenAI writes it {"function": {"name", "arguments": "JSON text"}}.
std::optional<ToolCall> read_call(const Json& value) {
    if (value.is_string()) return ToolCall{.name = value.get<std::string>(), .arguments = {}};
    const Json* const function = find_member(value, "function");
    const Json& call = function == nullptr ? value : *function;
    const Json* const name = find_member(call, "name");
    if (name == nullptr || !name->is_string()) return std::nullopt;
    ToolCall read{.name = name->get<std::string>(), .arguments = {}};
    if (const Json* const arguments = find_member(call, "arguments")) {
        Json scratch;
        const auto parsed = read_json(*arguments, scratch);
        read.arguments = parsed ? **parsed : *arguments;
    }
    return read;
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

/// Holds the calls of one output against the expected ones.
class Match {
  public:
    Match(const ToolCalls& output, const ToolCalls& expected, ToolCallRules rules)
        : output_(output), expected_(expected), rules_(rules) {}

    [[nodiscard]] Result<std::string> fault() const {
        switch (rules_.mode) {
            case ToolCallRules::Mode::exact: return exact_fault();
            case ToolCallRules::Mode::in_order: return order_fault();
            case ToolCallRules::Mode::any_order:
            case ToolCallRules::Mode::subset:
            case ToolCallRules::Mode::superset: break;
        }
        return pairing_fault();
    }

  private:
    [[nodiscard]] Result<std::string> exact_fault() const {
        for (std::size_t i = 0; i < std::min(output_.size(), expected_.size()); ++i) {
            ASSAY_TRY(const std::string fault, call_fault(output_[i], expected_[i]));
            if (!fault.empty()) return fmt::format("call {}: {}", i + 1, fault);
        }
        if (output_.size() == expected_.size()) return "";
        return fmt::format("{} calls instead of {}: {}", output_.size(), expected_.size(),
                           join_names(output_));
    }

    /// The expected calls in their order; between them others may stand.
    [[nodiscard]] Result<std::string> order_fault() const {
        std::size_t at = 0;
        for (const ToolCall& call : output_) {
            if (at == expected_.size()) break;
            ASSAY_TRY(const std::string fault, call_fault(call, expected_[at]));
            if (fault.empty()) ++at;
        }
        if (at == expected_.size()) return "";
        return fmt::format("{} is not called in its place; called: {}",
                           quoted_excerpt(expected_[at].name), join_names(output_));
    }

    [[nodiscard]] Result<std::string> pairing_fault() const {
        std::vector<bool> fits;
        for (const ToolCall& call : output_) {
            for (const ToolCall& wanted : expected_) {
                ASSAY_TRY(const std::string fault, call_fault(call, wanted));
                fits.push_back(fault.empty());
            }
        }
        const Pairing pairing(output_.size(), expected_.size(), std::move(fits));
        const bool all_wanted = rules_.mode != ToolCallRules::Mode::subset;
        for (std::size_t i = 0; i < expected_.size() && all_wanted; ++i) {
            if (pairing.is_made(i)) continue;
            return fmt::format("{} is not called as expected; called: {}",
                               quoted_excerpt(expected_[i].name), join_names(output_));
        }
        const bool no_others = rules_.mode != ToolCallRules::Mode::superset;
        for (std::size_t i = 0; i < output_.size() && no_others; ++i) {
            if (pairing.has_pair(i)) continue;
            return fmt::format("call {}, {}, is not expected", i + 1,
                               quoted_excerpt(output_[i].name));
        }
        return "";
    }

    [[nodiscard]] Result<std::string> call_fault(const ToolCall& call,
                                                 const ToolCall& expected) const {
        if (call.name != expected.name) {
            return fmt::format("expected {}, got {}", quoted_excerpt(expected.name),
                               quoted_excerpt(call.name));
        }
        const bool any = rules_.arguments == ToolCallRules::Arguments::ignore;
        if (any || !expected.arguments) return "";
        const JsonComparisonOptions options{
            .ignore = {},
            .any_order = false,
            .allow_extra = rules_.arguments == ToolCallRules::Arguments::subset,
            .tolerance = {}};
        static const Json k_none = Json::object();
        const Json& arguments = call.arguments ? *call.arguments : k_none;
        ASSAY_TRY(const JsonComparison comparison,
                  compare_json(arguments, *expected.arguments, options));
        if (comparison.is_equal()) return "";
        return fmt::format("{} with {}", quoted_excerpt(call.name), difference_comment(comparison));
    }

    const ToolCalls& output_;
    const ToolCalls& expected_;
    ToolCallRules rules_;
};

ToolCallRules::Mode mode_of(std::string_view name) {
    if (name == "in_order") return ToolCallRules::Mode::in_order;
    if (name == "any_order") return ToolCallRules::Mode::any_order;
    if (name == "subset") return ToolCallRules::Mode::subset;
    if (name == "superset") return ToolCallRules::Mode::superset;
    return ToolCallRules::Mode::exact;
}

ToolCallRules::Arguments arguments_of(std::string_view name) {
    if (name == "subset") return ToolCallRules::Arguments::subset;
    if (name == "ignore") return ToolCallRules::Arguments::ignore;
    return ToolCallRules::Arguments::exact;
}

class ToolCallEvaluator final : public Evaluator {
  public:
    ToolCallEvaluator(ToolCallRules rules, ToolCallReader reader)
        : rules_(rules), reader_(reader) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        ASSAY_TRY(const ToolCalls expected, read_expected_tool_calls(*input.expected));
        const auto calls = reader_.of_unit(input);
        if (!calls && calls.error().code == ErrorCode::invalid_argument) {
            return one_score(false, calls.error().message);
        }
        if (!calls) return std::unexpected(calls.error());
        ASSAY_TRY(std::string fault, tool_call_fault(*calls, expected, rules_));
        return one_score(fault.empty(), std::move(fault));
    }

    bool can_read(const Json& output) const override {
        return reader_.of_output(output).has_value();
    }

    Result<void> check_expected(const Json& expected) const override {
        ASSAY_CHECK(read_expected_tool_calls(expected));
        return {};
    }

  private:
    ToolCallRules rules_;
    ToolCallReader reader_;
};

}  // namespace

const Json* find_tool_calls(const Json& value) {
    if (value.is_array()) return &value;
    if (const Json* const calls = find_member(value, "tool_calls")) {
        return calls->is_array() ? calls : nullptr;
    }
    if (const Json* const message = find_member(value, "message")) return find_tool_calls(*message);
    const Json* const choices = find_member(value, "choices");
    if (choices == nullptr || !choices->is_array() || choices->empty()) return nullptr;
    return find_member(choices->front(), "message") == nullptr ? nullptr
                                                               : find_tool_calls(choices->front());
}

Result<ToolCalls> read_tool_calls(const Json& list) {
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

Result<ToolCalls> read_expected_tool_calls(const Json& expected) {
    Json scratch;
    const auto value = read_json(expected, scratch);
    if (!value) {
        return failure(ErrorCode::invalid_argument,
                       "the expected value is not JSON: " + value.error().message);
    }
    if (const Json* const list = find_tool_calls(**value)) return read_tool_calls(*list);
    if (auto call = read_call(**value)) return ToolCalls{std::move(*call)};
    return failure(ErrorCode::invalid_argument,
                   "the expected value is a list of tool calls, each with a name: "
                   "[{\"name\": \"search\", \"arguments\": {...}}]");
}

Result<std::string> tool_call_fault(const ToolCalls& output, const ToolCalls& expected,
                                    const ToolCallRules& rules) {
    return Match(output, expected, rules).fault();
}

ToolCallRules ToolCallRules::read(const Json& parameters, std::string_view default_mode) {
    return {.mode = mode_of(parameters.value("mode", std::string(default_mode))),
            .arguments = arguments_of(parameters.value("arguments", "exact"))};
}

std::unique_ptr<Evaluator> make_tool_call_evaluator(ToolCallRules rules, ToolCallReader reader) {
    return std::make_unique<ToolCallEvaluator>(rules, reader);
}

}  // namespace assay
