#include "server/ingest/otlp_usage.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "server/ingest/otlp_type.hpp"
#include "server/ingest/usage.hpp"

namespace assay {
namespace {

/// A usage type and what a convention calls it.
struct UsageName {
    std::string_view name;
    std::string_view type;
};

// After "gen_ai.usage." (also with "details." before it) or "llm.token_count.". Of the names of one
// type the first that is there counts: several libraries send each number twice.
constexpr std::array k_usage_names = {
    UsageName{"prompt_tokens", "input"},
    UsageName{"input_tokens", "input"},
    UsageName{"prompt", "input"},
    UsageName{"completion_tokens", "output"},
    UsageName{"output_tokens", "output"},
    UsageName{"completion", "output"},
    UsageName{"total_tokens", "total"},
    UsageName{"total", "total"},
    UsageName{"cache_read.input_tokens", "input_cached_tokens"},
    UsageName{"cache_read_input_tokens", "input_cached_tokens"},
    UsageName{"cache_read_tokens", "input_cached_tokens"},
    UsageName{"prompt_details.cache_read", "input_cached_tokens"},
    UsageName{"input_cached_tokens", "input_cached_tokens"},
    UsageName{"cache_creation.input_tokens", "input_cache_creation"},
    UsageName{"cache_creation_input_tokens", "input_cache_creation"},
    UsageName{"cache_write_tokens", "input_cache_creation"},
    UsageName{"cache_creation_tokens", "input_cache_creation"},
    UsageName{"prompt_details.cache_write", "input_cache_creation"},
    UsageName{"input_cache_creation", "input_cache_creation"},
    UsageName{"reasoning.output_tokens", "output_reasoning_tokens"},
    UsageName{"completion_details.reasoning", "output_reasoning_tokens"},
    UsageName{"completion_details.audio", "output_audio_tokens"},
};

// Genkit's, in the usage of a model's output.
constexpr std::array k_genkit_names = {
    UsageName{"inputTokens", "input"},
    UsageName{"outputTokens", "output"},
    UsageName{"totalTokens", "total"},
    UsageName{"cachedContentTokens", "input_cached_tokens"},
    UsageName{"thoughtsTokens", "output_reasoning_tokens"},
};

// The AI SDK's own attributes.
constexpr std::array k_ai_sdk_names = {
    UsageName{"gen_ai.usage.prompt_tokens", "input"},
    UsageName{"gen_ai.usage.input_tokens", "input"},
    UsageName{"gen_ai.usage.completion_tokens", "output"},
    UsageName{"gen_ai.usage.output_tokens", "output"},
    UsageName{"ai.usage.tokens", "total"},
    UsageName{"ai.usage.cachedInputTokens", "input_cached_tokens"},
    UsageName{"gen_ai.usage.cache_read.input_tokens", "input_cached_tokens"},
    UsageName{"gen_ai.usage.cache_creation.input_tokens", "input_cache_creation"},
    UsageName{"ai.usage.reasoningTokens", "output_reasoning_tokens"},
    UsageName{"gen_ai.usage.reasoning.output_tokens", "output_reasoning_tokens"},
};

/// A number in what a provider told the AI SDK: members of objects, from the provider on.
struct ProviderUsage {
    std::array<std::string_view, 4> path;  ///< empty ones at the end are none
    std::string_view type;
};

constexpr std::array k_provider_usage = {
    ProviderUsage{{"openai", "cachedPromptTokens"}, "input_cached_tokens"},
    ProviderUsage{{"openai", "reasoningTokens"}, "output_reasoning_tokens"},
    ProviderUsage{{"openai", "acceptedPredictionTokens"}, "accepted_prediction_tokens"},
    ProviderUsage{{"openai", "rejectedPredictionTokens"}, "rejected_prediction_tokens"},
    ProviderUsage{{"anthropic", "usage", "cache_read_input_tokens"}, "input_cached_tokens"},
    ProviderUsage{{"anthropic", "usage", "cache_creation_input_tokens"}, "input_cache_creation"},
    ProviderUsage{{"anthropic", "usage", "cache_creation", "ephemeral_5m_input_tokens"},
                  "input_cache_creation_5m"},
    ProviderUsage{{"anthropic", "usage", "cache_creation", "ephemeral_1h_input_tokens"},
                  "input_cache_creation_1h"},
    ProviderUsage{{"bedrock", "usage", "cacheReadInputTokens"}, "input_cache_read"},
    ProviderUsage{{"bedrock", "usage", "cacheWriteInputTokens"}, "input_cache_write"},
    ProviderUsage{{"bedrock", "usage", "cacheCreationInputTokens"}, "input_cache_creation"},
};

// What providers count within another number, which is told without it.
constexpr std::array<std::string_view, 2> k_parts_of_cache_creation = {"input_cache_creation_5m",
                                                                       "input_cache_creation_1h"};
constexpr std::array<std::string_view, 5> k_parts_of_input = {
    "input_cached_tokens", "input_cache_creation", "input_cache_creation_5m",
    "input_cache_creation_1h", "input_cache_read"};
constexpr std::array<std::string_view, 2> k_parts_of_output = {"output_reasoning_tokens",
                                                               "output_audio_tokens"};

/// Subtracts from a number what is told besides it; never below nothing.
void without_parts(Json& usage, std::string_view whole, OtlpKeys parts) {
    const auto number = find_integer(usage, std::array{whole});
    if (!number) return;
    std::int64_t rest = *number;
    for (const std::string_view part : parts) {
        rest -= std::max<std::int64_t>(find_integer(usage, std::array{part}).value_or(0), 0);
    }
    usage[whole] = std::max<std::int64_t>(rest, 0);
}

Json without_double_counts(Json usage) {
    without_parts(usage, "input_cache_creation", k_parts_of_cache_creation);
    without_parts(usage, "input", k_parts_of_input);
    without_parts(usage, "output", k_parts_of_output);
    return usage;
}

/// Takes the numbers that have a name in the table.
void take_named(const Json& source, std::span<const UsageName> names, Json& usage) {
    for (const auto& [name, type] : names) {
        if (usage.contains(type)) continue;
        if (const auto number = find_integer(source, std::array{name})) usage[type] = *number;
    }
}

/// In the order of the table of names, and those without a name as they are.
Json by_convention(const Json& attributes) {
    constexpr std::string_view k_details = "details.";
    Json sent = Json::object();
    const auto take = [&](std::string_view name, const Json& value) {
        if (name == "cost") return;
        const bool is_detail = name.starts_with(k_details);
        if (is_detail) name.remove_prefix(k_details.size());
        // The plain number counts where a detail says it again.
        if (!is_detail || !sent.contains(name)) sent[name] = value;
    };
    each_with_prefix(attributes, "gen_ai.usage.", take);
    each_with_prefix(attributes, "llm.token_count.", take);
    Json usage = Json::object();
    take_named(sent, k_usage_names, usage);
    for (const auto& [name, value] : sent.items()) {
        const bool is_named =
            std::ranges::find(k_usage_names, name, &UsageName::name) != k_usage_names.end();
        if (!is_named && !usage.contains(name)) usage[name] = value;
    }
    return usage;
}

const Json* find_by_path(const Json& value, const ProviderUsage& usage) {
    const Json* at = &value;
    for (const std::string_view name : usage.path) {
        if (name.empty()) break;
        if (!at->is_object()) return nullptr;
        at = find_attribute(*at, name);
        if (at == nullptr) return nullptr;
    }
    return at;
}

Json by_ai_sdk(const Json& attributes) {
    constexpr std::array<std::string_view, 1> k_metadata = {"ai.response.providerMetadata"};
    Json usage = Json::object();
    take_named(attributes, k_ai_sdk_names, usage);
    const auto metadata = find_object(attributes, k_metadata);
    if (!metadata) return usage;
    for (const ProviderUsage& known : k_provider_usage) {
        const Json* const number = find_by_path(*metadata, known);
        const bool is_new = number != nullptr && number->is_number() && !usage.contains(known.type);
        if (is_new) usage[known.type] = *number;
    }
    return usage;
}

Json by_genkit(const Json& attributes) {
    constexpr std::array<std::string_view, 1> k_output = {"genkit:output"};
    Json usage = Json::object();
    const auto output = find_object(attributes, k_output);
    if (!output) return usage;
    const Json* const said = find_attribute(*output, "usage");
    if (said != nullptr && said->is_object()) take_named(*said, k_genkit_names, usage);
    return usage;
}

/// Only what is a count.
Json cleaned(const Json& usage) { return read_usage_details(usage).value_or(Json::object()); }

}  // namespace

Json otlp_usage(const OtlpView& view) {
    constexpr std::array<std::string_view, 1> k_said = {"langfuse.observation.usage_details"};
    const Json& attributes = view.span.attributes;
    if (const auto said = find_object(attributes, k_said)) {
        if (auto usage = read_usage_details(*said)) return std::move(*usage);
    }
    if (repeats_model_calls(view)) return Json::object();
    Json usage = by_genkit(attributes);
    if (usage.empty()) {
        usage = view.is_ai_sdk() ? by_ai_sdk(attributes) : by_convention(attributes);
    }
    return cleaned(without_double_counts(std::move(usage)));
}

Json otlp_costs(const OtlpView& view) {
    constexpr std::array<std::string_view, 1> k_said = {"langfuse.observation.cost_details"};
    constexpr std::array<std::string_view, 2> k_totals = {"gen_ai.usage.cost", "llm.cost.total"};
    const Json& attributes = view.span.attributes;
    if (const auto said = find_object(attributes, k_said)) {
        if (auto costs = read_cost_details(*said)) return std::move(*costs);
    }
    for (const std::string_view key : k_totals) {
        const Json* const total = find_attribute(attributes, key);
        if (total == nullptr) continue;
        auto costs = read_cost_details(Json::object({{"total", unpacked(*total)}}));
        if (costs && !costs->empty()) return std::move(*costs);
    }
    return Json::object();
}

}  // namespace assay
