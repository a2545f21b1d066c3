#include <utility>

#include "judges/providers/model_service.hpp"
#include "judges/providers/openai_reply.hpp"
#include "judges/providers/reply_json.hpp"

namespace assay {
namespace {

/// What the items of an answer say, put together.
struct Said {
    std::string text;
    std::string refusal;
    std::string reasoning;
    Json tool_calls = Json::array();
};

void take_message(const Json& item, Said& said) {
    for (const Json& part : list_member(item, "content")) {
        if (text_member(part, "type") == "output_text") said.text += text_member(part, "text");
        if (text_member(part, "type") == "refusal") said.refusal += text_member(part, "refusal");
    }
}

/// A model's thoughts are told as a summary; servers with open models tell them all.
void take_reasoning(const Json& item, Said& said) {
    for (const char* list : {"summary", "content"}) {
        for (const Json& part : list_member(item, list)) {
            if (!said.reasoning.empty()) said.reasoning += "\n";
            said.reasoning += text_member(part, "text");
        }
    }
}

Said read_items(const Json& output) {
    Said said;
    for (const Json& item : output) {
        const std::string& type = text_member(item, "type");
        if (type == "message") take_message(item, said);
        if (type == "reasoning") take_reasoning(item, said);
        if (type == "function_call") {
            said.tool_calls.push_back(tool_call_of(text_member(item, "call_id"),
                                                   text_member(item, "name"),
                                                   text_member(item, "arguments")));
        }
    }
    return said;
}

/// "completed", or why it is incomplete: "max_output_tokens", "content_filter".
std::string finish_reason_of(const Json& body) {
    const Json* const details = member(body, "incomplete_details");
    const std::string reason = details == nullptr ? "" : text_member(*details, "reason");
    return reason.empty() ? text_member(body, "status") : reason;
}

}  // namespace

Result<ProviderReply> read_responses_reply(const Json& body, const ProviderRequest& request) {
    const Json* const output = member(body, "output");
    if (output == nullptr || !output->is_array()) {
        return failure(ErrorCode::invalid_argument, "has no \"output\"");
    }
    const std::string& status = text_member(body, "status");
    // What was not waited for, was called off or failed without a word is no answer.
    if (status == "failed" || status == "cancelled" || status == "queued" ||
        status == "in_progress") {
        return retryable_failure(ErrorCode::unavailable, "is not complete: it is " + status);
    }
    ProviderReply reply;
    reply.model = text_member(body, "model");
    reply.finish_reason = finish_reason_of(body);
    reply.truncated = reply.finish_reason == "max_output_tokens";
    Said said = read_items(*output);
    reply.reasoning = std::move(said.reasoning);
    reply.refusal = std::move(said.refusal);
    if (reply.refusal.empty() && reply.finish_reason == "content_filter") {
        reply.refusal = k_filtered_refusal;
    }
    const bool says_only_no =
        said.tool_calls.empty() && said.text.empty() && !reply.refusal.empty();
    if (says_only_no) {
        reply.output = reply.refusal;
        if (reply.finish_reason != "content_filter") reply.finish_reason = "refusal";
    } else {
        reply.output = output_of(std::move(said.text), std::move(said.tool_calls),
                                 !request.response_schema.is_null());
    }
    if (const Json* const usage = member(body, "usage")) {
        reply.usage = read_openai_usage(*usage, k_responses_usage);
        reply.cost = read_stated_cost(*usage);
    }
    return reply;
}

}  // namespace assay
