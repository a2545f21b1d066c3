#include "server/ingest/otlp_type.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include "core/base/text.hpp"

namespace assay {
namespace {

using Type = std::optional<std::string_view>;

/// What a convention calls a type.
struct TypeName {
    std::string_view name;
    std::string_view type;
};

// Langfuse's own types, in lower case.
constexpr std::array k_langfuse_types = {
    TypeName{"span", "SPAN"},           TypeName{"generation", "GENERATION"},
    TypeName{"event", "EVENT"},         TypeName{"embedding", "EMBEDDING"},
    TypeName{"agent", "AGENT"},         TypeName{"tool", "TOOL"},
    TypeName{"chain", "CHAIN"},         TypeName{"retriever", "RETRIEVER"},
    TypeName{"guardrail", "GUARDRAIL"}, TypeName{"evaluator", "EVALUATOR"},
};

// OpenInference's kinds, in lower case.
constexpr std::array k_openinference_types = {
    TypeName{"llm", "GENERATION"},      TypeName{"chain", "CHAIN"},
    TypeName{"retriever", "RETRIEVER"}, TypeName{"embedding", "EMBEDDING"},
    TypeName{"agent", "AGENT"},         TypeName{"tool", "TOOL"},
    TypeName{"guardrail", "GUARDRAIL"}, TypeName{"evaluator", "EVALUATOR"},
};

// The operations of OpenTelemetry's conventions for generative AI.
constexpr std::array k_operation_types = {
    TypeName{"chat", "GENERATION"},
    TypeName{"completion", "GENERATION"},
    TypeName{"text_completion", "GENERATION"},
    TypeName{"generate_content", "GENERATION"},
    TypeName{"generate", "GENERATION"},
    TypeName{"embeddings", "EMBEDDING"},
    TypeName{"invoke_agent", "AGENT"},
    TypeName{"create_agent", "AGENT"},
    TypeName{"execute_tool", "TOOL"},
};

constexpr std::array k_genkit_types = {
    TypeName{"model", "GENERATION"},    TypeName{"background-model", "GENERATION"},
    TypeName{"embedder", "EMBEDDING"},  TypeName{"retriever", "RETRIEVER"},
    TypeName{"tool", "TOOL"},           TypeName{"tool.v2", "TOOL"},
    TypeName{"evaluator", "EVALUATOR"}, TypeName{"agent", "AGENT"},
};

// The AI SDK's operations, of which some carry the function's name after a blank.
constexpr std::array k_ai_sdk_types = {
    TypeName{"ai.generateText.doGenerate", "GENERATION"},
    TypeName{"ai.streamText.doStream", "GENERATION"},
    TypeName{"ai.generateObject.doGenerate", "GENERATION"},
    TypeName{"ai.streamObject.doStream", "GENERATION"},
    TypeName{"ai.embed.doEmbed", "EMBEDDING"},
    TypeName{"ai.embedMany.doEmbed", "EMBEDDING"},
};

// Spans of LiveKit's agents, which say what they are by name only. Calls of models say their model.
constexpr std::array k_livekit_types = {
    TypeName{"agent_turn", "AGENT"},
    TypeName{"start_agent_activity", "AGENT"},
    TypeName{"function_tool", "TOOL"},
};

// How the names of Flue's spans begin.
constexpr std::array k_flue_types = {
    TypeName{"flue.tool", "TOOL"},
    TypeName{"flue.task", "AGENT"},
    TypeName{"flue.", "SPAN"},
};

constexpr std::array<std::string_view, 8> k_model_keys = {"langfuse.observation.model.name",
                                                          "gen_ai.response.model",
                                                          "gen_ai.request.model",
                                                          "llm.response.model",
                                                          "llm.request.model",
                                                          "llm.model_name",
                                                          "ai.model.id",
                                                          "model"};

Type find_type(std::span<const TypeName> names, std::string_view name) {
    const auto found = std::ranges::find(names, name, &TypeName::name);
    return found == names.end() ? std::nullopt : Type(found->type);
}

std::string text_of(const OtlpView& view, std::string_view key) {
    return find_text(view.span.attributes, std::array{key}).value_or("");
}

/// Whether a version "3.2.1" is 3.3 or older.
bool is_until_3_3(std::string_view version) {
    const auto parts = split(version, '.');
    const auto number = [&](std::size_t i) {
        int value = 0;
        if (i < parts.size()) {
            std::from_chars(parts[i].data(), parts[i].data() + parts[i].size(), value);
        }
        return value;
    };
    return std::pair(number(0), number(1)) <= std::pair(3, 3);
}

/// Langfuse's SDK for Python called generations "span" up to its version 3.3.
Type by_old_python_sdk(const OtlpView& view) {
    constexpr std::array<std::string_view, 7> k_generation_keys = {
        "langfuse.observation.model.name",           "langfuse.observation.model.parameters",
        "langfuse.observation.usage_details",        "langfuse.observation.cost_details",
        "langfuse.observation.prompt.name",          "langfuse.observation.prompt.version",
        "langfuse.observation.completion_start_time"};
    if (text_of(view, "langfuse.observation.type") != "span") return std::nullopt;
    if (view.scope.name != "langfuse-sdk" || !is_until_3_3(view.scope.version)) return std::nullopt;
    const Json* const language = find_attribute(view.resource, "telemetry.sdk.language");
    if (language == nullptr || *language != "python") return std::nullopt;
    const bool is_generation = std::ranges::any_of(k_generation_keys, [&](std::string_view key) {
        return find_attribute(view.span.attributes, key) != nullptr;
    });
    return is_generation ? Type("GENERATION") : std::nullopt;
}

Type by_langfuse(const OtlpView& view) {
    return find_type(k_langfuse_types, to_lower_ascii(text_of(view, "langfuse.observation.type")));
}

Type by_openinference(const OtlpView& view) {
    const std::string kind = text_of(view, "openinference.span.kind");
    if (kind.empty()) return std::nullopt;
    return find_type(k_openinference_types, to_lower_ascii(kind)).value_or("SPAN");
}

Type by_operation(const OtlpView& view) {
    return find_type(k_operation_types, text_of(view, "gen_ai.operation.name"));
}

Type by_genkit(const OtlpView& view) {
    return find_type(k_genkit_types, text_of(view, "genkit:metadata:subtype"));
}

/// The operation without the name of the function that some versions put behind it.
std::string ai_sdk_operation(const OtlpView& view) {
    std::string operation = text_of(view, "ai.operationId");
    if (operation.empty()) operation = text_of(view, "operation.name");
    operation.resize(std::min(operation.size(), operation.find(' ')));
    return operation;
}

Type by_ai_sdk(const OtlpView& view) {
    const std::string operation = ai_sdk_operation(view);
    if (!operation.starts_with("ai.")) return std::nullopt;
    if (operation == "ai.toolCall") return "TOOL";
    if (find_said(view.span.attributes, k_model_keys) == nullptr) return "SPAN";
    return find_type(k_ai_sdk_types, operation).value_or("SPAN");
}

Type by_tool(const OtlpView& view) {
    constexpr std::array<std::string_view, 2> k_keys = {"gen_ai.tool.name", "gen_ai.tool.call.id"};
    return find_said(view.span.attributes, k_keys) != nullptr ? Type("TOOL") : std::nullopt;
}

Type by_name(const OtlpView& view) {
    if (view.scope.name == "livekit-agents") return find_type(k_livekit_types, view.span.name);
    const auto flue = std::ranges::find_if(
        k_flue_types, [&](const TypeName& type) { return view.span.name.starts_with(type.name); });
    return flue == k_flue_types.end() ? std::nullopt : Type(flue->type);
}

Type by_model(const OtlpView& view) {
    const Json* const model = find_said(view.span.attributes, k_model_keys);
    return model != nullptr ? Type("GENERATION") : std::nullopt;
}

constexpr std::array k_rules = {by_old_python_sdk, by_langfuse, by_openinference,
                                by_operation,      by_genkit,   by_ai_sdk,
                                by_tool,           by_name,     by_model};

}  // namespace

std::string_view otlp_type(const OtlpView& view) {
    for (const auto rule : k_rules) {
        if (const Type type = rule(view)) return *type;
    }
    return "SPAN";
}

bool is_ai_sdk_agent(const OtlpView& view) {
    if (!view.is_ai_sdk()) return false;
    const std::string name = text_of(view, "gen_ai.operation.name");
    return name == "invoke_agent" || name == "agent_step";
}

bool repeats_model_calls(const OtlpView& view) {
    if (!view.is_ai_sdk()) return false;
    if (is_ai_sdk_agent(view)) return true;
    const std::string operation = ai_sdk_operation(view);
    return operation.starts_with("ai.") && !find_type(k_ai_sdk_types, operation);
}

}  // namespace assay
