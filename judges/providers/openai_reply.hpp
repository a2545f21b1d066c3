#pragma once

#include "judges/providers/wire_format.hpp"

namespace assay {

/// How OpenAI names the counts of tokens: its two APIs differ.
struct OpenAiUsageNames {
    const char* input;
    const char* input_details;
    const char* output;
    const char* output_details;
};
inline constexpr OpenAiUsageNames k_chat_usage{"prompt_tokens", "prompt_tokens_details",
                                               "completion_tokens", "completion_tokens_details"};
inline constexpr OpenAiUsageNames k_responses_usage{"input_tokens", "input_tokens_details",
                                                    "output_tokens", "output_tokens_details"};

/// Why an answer that a content filter stopped counts as refused.
inline constexpr const char* k_filtered_refusal = "a content filter stopped the answer";

/// Reads a Chat Completions object. @error as WireFormat::read.
[[nodiscard]] Result<ProviderReply> read_chat_reply(const Json& body,
                                                    const ProviderRequest& request);
/// Reads a Response object. @error as WireFormat::read.
[[nodiscard]] Result<ProviderReply> read_responses_reply(const Json& body,
                                                         const ProviderRequest& request);
/// Reads the answer to a request with `texts`. @error as WireFormat::read.
[[nodiscard]] Result<ProviderReply> read_embeddings_reply(const Json& body,
                                                          const ProviderRequest& request);

/// Tokens under the tracing backend's names, none counted twice.
[[nodiscard]] UsageDetails read_openai_usage(const Json& usage, const OpenAiUsageNames& names);
/// What a server itself says the answer cost: `usage.cost` in US dollars, as OpenRouter tells it.
[[nodiscard]] std::optional<NanoUsd> read_stated_cost(const Json& usage);

/// usual_complaint() with the codes of OpenAI's and Azure's content filters.
[[nodiscard]] Complaint read_openai_complaint(const Json& body);

}  // namespace assay
