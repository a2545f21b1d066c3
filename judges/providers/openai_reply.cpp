#include "judges/providers/openai_reply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "judges/providers/model_service.hpp"
#include "judges/providers/reply_json.hpp"

namespace assay {
namespace {

/// The text of a message whose content is a string or a list of parts.
std::string content_text(const Json& content) {
    if (!content.is_array()) return as_text(content);
    std::string text;
    for (const Json& part : content) text += text_member(part, "text");
    return text;
}

Json read_tool_calls(const Json& calls) {
    Json list = Json::array();
    for (const Json& call : calls) {
        const Json* const function = member(call, "function");
        if (function == nullptr) continue;
        // A text by the reference; some servers write the object itself.
        const Json* const arguments = member(*function, "arguments");
        list.push_back(tool_call_of(text_member(call, "id"), text_member(*function, "name"),
                                    arguments == nullptr ? "" : as_text(*arguments)));
    }
    return list;
}

/// DeepSeek's and vLLM's name, and OpenRouter's.
std::string reasoning_of(const Json& message) {
    const std::string& reasoning = text_member(message, "reasoning_content");
    return reasoning.empty() ? text_member(message, "reasoning") : reasoning;
}

void read_message(const Json& message, bool output_is_json, ProviderReply& reply) {
    const Json* const content = member(message, "content");
    std::string text = content == nullptr ? std::string() : content_text(*content);
    Json calls = read_tool_calls(list_member(message, "tool_calls"));
    reply.reasoning = reasoning_of(message);
    reply.refusal = text_member(message, "refusal");
    if (reply.refusal.empty() && reply.finish_reason == "content_filter") {
        reply.refusal = k_filtered_refusal;
    }
    const bool says_only_no = calls.empty() && text.empty() && !reply.refusal.empty();
    if (says_only_no) {
        reply.output = reply.refusal;
        if (reply.finish_reason != "content_filter") reply.finish_reason = "refusal";
        return;
    }
    reply.output = output_of(std::move(text), std::move(calls), output_is_json);
}

/// Whether what came is no answer but its beginning: OpenRouter's word, DeepSeek's and vLLM's.
bool is_broken_off(std::string_view finish_reason) {
    return finish_reason == "error" || finish_reason == "insufficient_system_resource" ||
           finish_reason == "abort";
}

/// Adds a part of a count under a name of its own, when there is any.
void move_part(UsageDetails& details, std::int64_t& whole, std::int64_t part, const char* name) {
    const std::int64_t taken = take_tokens(whole, part);
    if (taken > 0) details[name] = taken;
}

}  // namespace

UsageDetails read_openai_usage(const Json& usage, const OpenAiUsageNames& names) {
    static const Json k_none = Json::object();
    const auto details_of = [&](const char* name) -> const Json& {
        const Json* const details = member(usage, name);
        return details == nullptr ? k_none : *details;
    };
    const Json& input_details = details_of(names.input_details);
    const Json& output_details = details_of(names.output_details);
    std::int64_t input = count_member(usage, names.input);
    std::int64_t output = count_member(usage, names.output);
    const std::int64_t reasoning = count_member(output_details, "reasoning_tokens");
    const std::int64_t total = count_member(usage, "total_tokens");
    // Some servers report reasoning beside the completion instead of as a part of it.
    const bool is_beside =
        reasoning > output || (reasoning > 0 && total == input + output + reasoning);
    if (is_beside) output += reasoning;

    UsageDetails details;
    std::int64_t cached = count_member(input_details, "cached_tokens");
    if (cached == 0) cached = count_member(usage, "prompt_cache_hit_tokens");  // DeepSeek's name
    move_part(details, input, cached, "input_cached_tokens");
    move_part(details, input, count_member(input_details, "audio_tokens"), "input_audio_tokens");
    move_part(details, output, reasoning, "output_reasoning_tokens");
    for (const char* part :
         {"audio_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens"}) {
        move_part(details, output, count_member(output_details, part),
                  fmt::format("output_{}", part).c_str());
    }
    details["input"] = input;
    details["output"] = output;
    set_total(details);
    return details;
}

std::optional<NanoUsd> read_stated_cost(const Json& usage) {
    constexpr double k_usd_max = 1e6;  // beyond it, it is no price of one answer
    const Json* const cost = member(usage, "cost");
    if (cost == nullptr || !cost->is_number()) return std::nullopt;
    const double usd = cost->get<double>();
    const bool is_price = std::isfinite(usd) && usd >= 0 && usd <= k_usd_max;
    return is_price ? std::optional(nanos_from_usd(usd)) : std::nullopt;
}

Result<ProviderReply> read_chat_reply(const Json& body, const ProviderRequest& request) {
    const Json* const choices = member(body, "choices");
    if (choices == nullptr || !choices->is_array()) {
        return failure(ErrorCode::invalid_argument, "has no \"choices\"");
    }
    const auto broken = [](std::string what) {
        return retryable_failure(ErrorCode::unavailable, std::move(what));
    };
    if (choices->empty()) return broken("has no choices");
    const Json& choice = choices->front();
    const Json* const message = member(choice, "message");
    if (message == nullptr) return broken("has a choice without a message");

    ProviderReply reply;
    reply.model = text_member(body, "model");
    reply.finish_reason = text_member(choice, "finish_reason");
    reply.truncated = reply.finish_reason == "length";
    if (is_broken_off(reply.finish_reason)) {
        return broken(
            fmt::format("was broken off by the server, which says \"{}\"", reply.finish_reason));
    }
    read_message(*message, !request.response_schema.is_null(), reply);
    if (const Json* const usage = member(body, "usage")) {
        reply.usage = read_openai_usage(*usage, k_chat_usage);
        reply.cost = read_stated_cost(*usage);
    }
    return reply;
}

Result<ProviderReply> read_embeddings_reply(const Json& body, const ProviderRequest& request) {
    const auto broken = [](std::string what) {
        return retryable_failure(ErrorCode::unavailable, std::move(what));
    };
    const Json* const data = member(body, "data");
    if (data == nullptr || !data->is_array()) {
        return failure(ErrorCode::invalid_argument, "has no \"data\"");
    }
    const std::size_t count = request.texts.size();
    if (data->size() != count) {
        return broken(fmt::format("has {} embeddings for {} texts", data->size(), count));
    }
    ProviderReply reply;
    reply.output = Json(count, Json());
    for (std::size_t i = 0; i < count; ++i) {
        const Json& one = (*data)[i];
        const Json* const index = member(one, "index");
        const std::size_t place =
            index == nullptr ? i : static_cast<std::size_t>(count_member(one, "index"));
        const Json& numbers = list_member(one, "embedding");
        const bool is_vector = !numbers.empty() && std::ranges::all_of(numbers, &Json::is_number);
        if (place >= count || !reply.output[place].is_null() || !is_vector) {
            return broken("has an embedding that is no list of numbers or of no text");
        }
        reply.output[place] = numbers;
    }
    reply.model = text_member(body, "model");
    if (const Json* const usage = member(body, "usage")) {
        reply.usage["input"] = count_member(*usage, "prompt_tokens");
        set_total(reply.usage);
        reply.cost = read_stated_cost(*usage);
    }
    return reply;
}

Complaint read_openai_complaint(const Json& body) {
    Complaint complaint = usual_complaint(body);
    const Json* const error = member(body, "error");
    const Json* const inner = error == nullptr ? nullptr : member(*error, "innererror");
    const std::string inner_code = inner == nullptr ? "" : text_member(*inner, "code");
    constexpr std::array k_filters = {"content_filter", "content_policy_violation",
                                      "ResponsibleAIPolicyViolation"};
    complaint.filtered = std::ranges::any_of(k_filters, [&](std::string_view code) {
        return complaint.code == code || inner_code == code;
    });
    return complaint;
}

}  // namespace assay
