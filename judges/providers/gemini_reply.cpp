#include "judges/providers/gemini_reply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/base/text.hpp"
#include "judges/providers/model_service.hpp"
#include "judges/providers/reply_json.hpp"

namespace assay {
namespace {

using std::chrono::milliseconds;

/// Reasons for which an answer is withheld or broken off because of what is in it.
constexpr std::array k_refusals = {
    "BLOCKLIST",   "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "IMAGE_SAFETY",
    "MODEL_ARMOR", "PROHIBITED_CONTENT",       "RECITATION",       "SAFETY",
    "SPII"};

/// Nothing in the prompt's count is in another one but what was cached; what the model thought is
/// beside its answer.
UsageDetails read_usage(const Json& usage) {
    UsageDetails details;
    std::int64_t prompt = count_member(usage, "promptTokenCount");
    const std::int64_t cached = take_tokens(prompt, count_member(usage, "cachedContentTokenCount"));
    const std::int64_t thoughts = count_member(usage, "thoughtsTokenCount");
    details["input"] = prompt + count_member(usage, "toolUsePromptTokenCount");
    details["output"] = count_member(usage, "candidatesTokenCount");
    if (cached > 0) details["input_cached_tokens"] = cached;
    if (thoughts > 0) details["output_reasoning_tokens"] = thoughts;
    set_total(details);
    return details;
}

/// @param place  of the call in the answer: many answers give calls no id, and one that is
///               made of its place is the same every time.
Json tool_call(const Json& call, std::size_t place) {
    const std::string& id = text_member(call, "id");
    const Json* const arguments = member(call, "args");
    return {{"id", id.empty() ? fmt::format("call_{}", place) : id},
            {"name", text_member(call, "name")},
            {"arguments", arguments == nullptr ? Json::object() : *arguments}};
}

void read_candidate(const Json& candidate, bool output_is_json, ProviderReply& reply) {
    std::string text;
    Json calls = Json::array();
    const Json* const content = member(candidate, "content");
    for (const Json& part : list_member(content == nullptr ? Json() : *content, "parts")) {
        const Json* const thought = member(part, "thought");
        const bool is_thought = thought != nullptr && *thought == true;
        (is_thought ? reply.reasoning : text) += text_member(part, "text");
        const Json* const call = member(part, "functionCall");
        if (call != nullptr) calls.push_back(tool_call(*call, calls.size()));
    }
    reply.output = output_of(std::move(text), std::move(calls), output_is_json);
    reply.finish_reason = text_member(candidate, "finishReason");
    reply.truncated = reply.finish_reason == "MAX_TOKENS";
    if (std::ranges::find(k_refusals, reply.finish_reason) == k_refusals.end()) return;
    const std::string& message = text_member(candidate, "finishMessage");
    reply.refusal =
        message.empty() ? fmt::format("the answer was withheld: {}", reply.finish_reason) : message;
}

/// Why the prompt was not answered at all, "" = that is not said.
std::string block_reason(const Json& body) {
    const Json* const feedback = member(body, "promptFeedback");
    return feedback == nullptr ? "" : text_member(*feedback, "blockReason");
}

/// "34s" or "34.074824224s": a google.protobuf.Duration.
std::optional<milliseconds> read_duration(std::string_view text) {
    constexpr double k_seconds_max = 7 * 24 * 3600;
    double seconds = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, seconds, std::chars_format::fixed);
    const bool is_duration = error == std::errc() && std::string_view(rest, end) == "s";
    if (!is_duration || !(seconds >= 0)) return std::nullopt;
    return milliseconds(
        static_cast<std::int64_t>(std::ceil(std::min(seconds, k_seconds_max) * 1000)));
}

}  // namespace

Result<ProviderReply> read_gemini_reply(const Json& body, bool output_is_json) {
    ProviderReply reply;
    const std::string blocked = block_reason(body);
    const Json& candidates = list_member(body, "candidates");
    if (!candidates.empty()) {
        read_candidate(candidates.front(), output_is_json, reply);
    } else if (!blocked.empty()) {
        reply.output = "";
        reply.finish_reason = blocked;
        reply.refusal = fmt::format("the prompt was blocked: {}", blocked);
    } else if (body.is_object() &&
               (body.contains("candidates") || body.contains("usageMetadata"))) {
        return retryable_failure(ErrorCode::unavailable, "has no candidates");
    } else {
        return failure(ErrorCode::invalid_argument, "is JSON without \"candidates\"");
    }
    reply.model = text_member(body, "modelVersion");
    if (const Json* const usage = member(body, "usageMetadata")) reply.usage = read_usage(*usage);
    return reply;
}

Result<ProviderReply> read_gemini_embeddings(const Json& body, const ProviderRequest& request) {
    const Json& embeddings = list_member(body, "embeddings");
    if (embeddings.size() != request.texts.size()) {
        return retryable_failure(
            ErrorCode::unavailable,
            fmt::format("has {} embeddings for {} texts", embeddings.size(), request.texts.size()));
    }
    ProviderReply reply;
    reply.output = Json::array();
    for (const Json& embedding : embeddings) {
        const Json& values = list_member(embedding, "values");
        const bool is_vector =
            !values.empty() &&
            std::ranges::all_of(values, [](const Json& value) { return value.is_number(); });
        if (!is_vector) {
            return retryable_failure(ErrorCode::unavailable, "has an embedding without numbers");
        }
        reply.output.push_back(values);
    }
    if (const Json* const usage = member(body, "usageMetadata")) reply.usage = read_usage(*usage);
    return reply;
}

Complaint read_gemini_complaint(const Json& body) {
    Complaint complaint = usual_complaint(body);
    const Json& whole = body.is_array() && !body.empty() ? body.front() : body;
    const Json* const error = member(whole, "error");
    if (error == nullptr) return complaint;
    complaint.type = text_member(*error, "status");
    for (const Json& detail : list_member(*error, "details")) {
        // A key that is none is said to be an invalid argument.
        if (text_member(detail, "reason").starts_with("API_KEY_")) complaint.key_refused = true;
        const std::string& delay = text_member(detail, "retryDelay");
        if (!delay.empty()) complaint.retry_after = read_duration(delay);
    }
    const std::string said = to_lower_ascii(complaint.message);
    complaint.quota_spent = said.contains("credits are depleted") || said.contains("spending cap");
    complaint.prompt_too_long = said.contains("exceeds the maximum number of tokens");
    return complaint;
}

}  // namespace assay
