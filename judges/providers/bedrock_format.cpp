#include "judges/providers/bedrock_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/text.hpp"
#include "judges/providers/bedrock_request.hpp"
#include "judges/providers/bedrock_stream.hpp"
#include "judges/providers/model_service.hpp"
#include "judges/providers/reply_json.hpp"

namespace assay {
namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> texts) {
    return std::ranges::find(texts, text) != texts.end();
}

/// `inputTokens` are those that were neither read from the cache nor written to it (Amazon Bedrock
/// User Guide, "Prompt caching", 2025). What a model thought is a part of `outputTokens` that is
/// not told apart.
UsageDetails read_usage(const Json& usage) {
    std::int64_t written = count_member(usage, "cacheWriteInputTokens");
    std::int64_t written_for_long = 0;
    for (const Json& detail : list_member(usage, "cacheDetails")) {
        if (text_member(detail, "ttl") != "1h") continue;
        written_for_long += take_tokens(written, count_member(detail, "inputTokens"));
    }
    UsageDetails details = {{"input", count_member(usage, "inputTokens")},
                            {"output", count_member(usage, "outputTokens")},
                            {"input_cached_tokens", count_member(usage, "cacheReadInputTokens")},
                            {"input_cache_creation", written},
                            {"input_cache_creation_1h", written_for_long}};
    std::erase_if(details, [](const auto& detail) {
        return detail.second == 0 && detail.first.starts_with("input_");
    });
    set_total(details);
    return details;
}

/// What the blocks of an answer hold.
struct Content {
    std::string text;
    std::string reasoning;
    Json calls = Json::array();
    const Json* response = nullptr;  ///< the input of the tool that is our own
};

void read_block(const Json& block, bool has_schema, Content& content) {
    content.text += text_member(block, "text");
    if (const Json* const cited = member(block, "citationsContent")) {
        for (const Json& part : list_member(*cited, "content")) {
            content.text += text_member(part, "text");
        }
    }
    if (const Json* const thought = member(block, "reasoningContent")) {
        const Json* const shown = member(*thought, "reasoningText");
        if (shown != nullptr) content.reasoning += text_member(*shown, "text");
    }
    const Json* const call = member(block, "toolUse");
    if (call == nullptr) return;
    const Json* const input = member(*call, "input");
    if (has_schema && input != nullptr && text_member(*call, "name") == k_converse_response_tool) {
        content.response = input;
        return;
    }
    content.calls.push_back({{"id", text_member(*call, "toolUseId")},
                             {"name", text_member(*call, "name")},
                             {"arguments", input == nullptr ? Json::object() : *input}});
}

Json output_in(Content content, const Json& schema) {
    if (content.response == nullptr) {
        return output_of(std::move(content.text), std::move(content.calls), !schema.is_null());
    }
    const Json& input = *content.response;
    const bool is_wrapped = is_wrapped_for_converse(schema) && input.is_object() &&
                            input.contains(k_converse_response_member);
    return is_wrapped ? input[k_converse_response_member] : input;
}

/// The model that a router of prompts chose; otherwise the one that was asked.
std::string model_of(const Json& body, const ProviderRequest& request) {
    const Json* const trace = member(body, "trace");
    const Json* const router = trace == nullptr ? nullptr : member(*trace, "promptRouter");
    const std::string chosen = router == nullptr ? "" : text_member(*router, "invokedModelId");
    return chosen.empty() ? request.model : chosen;
}

}  // namespace

Result<WireFormat::Call> ConverseFormat::write(const ProviderRequest& request) const {
    Json parameters = merged_parameters(options_, request);
    ASSAY_TRY(const bool streams, take_stream_flag(parameters));
    ASSAY_TRY(Json body, write_converse(request, parameters));
    // A model may be an ARN, with colons and slashes.
    const std::string path = fmt::format("model/{}/{}", percent_encode(request.model),
                                         streams ? "converse-stream" : "converse");
    Call call{.url = join_url(base_url_, path), .body = std::move(body), .headers = {}};
    call.streams = streams;
    if (streams) call.accepts = "application/vnd.amazon.eventstream, application/json";
    return call;
}

Result<ProviderReply> ConverseFormat::read(const Json& body, const ProviderRequest& request) const {
    const Json* const output = member(body, "output");
    const Json* const message = output == nullptr ? nullptr : member(*output, "message");
    if (message == nullptr) {
        return failure(ErrorCode::invalid_argument, "has no \"message\" in its \"output\"");
    }
    const std::string& reason = text_member(body, "stopReason");
    if (reason.starts_with("malformed_")) {
        return retryable_failure(
            ErrorCode::unavailable,
            fmt::format("is {}: what the model wrote could not be read", terminal_safe(reason)));
    }
    Content content;
    for (const Json& block : list_member(*message, "content")) {
        read_block(block, !request.response_schema.is_null(), content);
    }
    ProviderReply reply;
    reply.model = model_of(body, request);
    reply.finish_reason = reason;
    reply.truncated = is_one_of(reason, {"max_tokens", "model_context_window_exceeded"});
    if (is_one_of(reason, {"guardrail_intervened", "content_filtered", "refusal"})) {
        reply.refusal = content.text.empty() ? "the answer was withheld: " + reason : content.text;
    }
    reply.reasoning = std::move(content.reasoning);
    reply.output = output_in(std::move(content), request.response_schema);
    if (const Json* const usage = member(body, "usage")) reply.usage = read_usage(*usage);
    return reply;
}

/// The name of the error is in `__type`, where follow_converse() puts it.
///
/// Source: Amazon Bedrock User Guide, "Troubleshooting Amazon Bedrock API error codes", 2025.
Complaint ConverseFormat::read_complaint(const Json& body) const {
    Complaint complaint = usual_complaint(body);
    for (const char* const name : {"message", "Message"}) {
        if (!text_member(body, name).empty()) complaint.message = text_member(body, name);
    }
    complaint.type = text_member(body, "__type");
    const std::string said = to_lower_ascii(complaint.message);
    complaint.key_refused = is_one_of(
        complaint.type,
        {"AccessDeniedException", "ExpiredTokenException", "IncompleteSignature",
         "IncompleteSignatureException", "InvalidClientTokenId", "InvalidSignatureException",
         "MissingAuthenticationToken", "MissingAuthenticationTokenException", "NotAuthorized",
         "OptInRequired", "RequestExpired", "UnrecognizedClientException"});
    complaint.quota_spent = complaint.type == "ServiceQuotaExceededException";
    complaint.prompt_too_long =
        said.contains("input is too long") || said.contains("prompt is too long") ||
        said.contains("maximum context length") || said.contains("maximum number of tokens");
    if (!complaint.type.empty()) {
        complaint.message = fmt::format("{}: {}", complaint.type, complaint.message);
    }
    return complaint;
}

std::unique_ptr<StreamedReply> ConverseFormat::stream(MonotonicTime sent) const {
    return follow_converse(sent);
}

}  // namespace assay
