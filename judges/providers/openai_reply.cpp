#include "judges/providers/openai_reply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/text.hpp"
#include "judges/providers/rate_limit_headers.hpp"

namespace assay {
namespace {

constexpr std::size_t k_quoted_columns_max = 300;

/// A member of an object, or nullptr.
const Json* member(const Json& object, const char* name) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_member(const Json& object, const char* name) {
    const Json* const value = member(object, name);
    return value == nullptr ? std::string() : as_text(*value);
}

std::int64_t count_member(const Json& object, const char* name) {
    const Json* const value = member(object, name);
    const bool usable = value != nullptr && value->is_number_integer() && *value >= 0;
    return usable ? value->get<std::int64_t>() : 0;
}

bool is_html(const HttpResponse& response) {
    const auto type = response.headers.find("content-type");
    if (type != response.headers.end() && type->second.starts_with("text/html")) return true;
    return trim(response.body).starts_with('<');
}

/// What the provider says went wrong, from the forms that servers use; "" when it says nothing.
struct ProviderComplaint {
    std::string message;
    std::string code;
    std::string type;
};

ProviderComplaint read_complaint(const HttpResponse& response) {
    const auto body = parse_json(response.body);
    if (!body) {
        const bool is_text = !is_html(response) && !response.body.empty();
        return {is_text ? std::string(trim(response.body)) : "", "", ""};
    }
    const Json* const error = member(*body, "error");
    const Json& about = error == nullptr ? *body : *error;
    if (about.is_string()) return {about.get<std::string>(), "", ""};
    std::string message = text_member(about, "message");
    if (message.empty()) message = text_member(about, "detail");
    if (message.empty()) message = to_text(about);
    return {std::move(message), text_member(about, "code"), text_member(about, "type")};
}

/// Whether money is missing and not time: "insufficient_quota", "insufficient_balance",
/// "billing_hard_limit_reached".
bool is_spent(const HttpResponse& response, const ProviderComplaint& complaint) {
    if (response.status == 402) return true;
    if (response.status != 429) return false;
    return std::ranges::any_of(std::array{&complaint.code, &complaint.type}, [](const auto* name) {
        return name->starts_with("insufficient_") || name->starts_with("billing_");
    });
}

/// The provider's words as the end of a sentence.
std::string quoted(const std::string& message) {
    if (message.empty()) return "";
    return fmt::format(": {}", fit_width(terminal_safe(message), k_quoted_columns_max));
}

Error not_an_api(const ChatReplyContext& context, const char* what) {
    return {ErrorCode::invalid_argument,
            fmt::format("{}: the endpoint answered {}: is base_url right? it usually ends in /v1",
                        context.provider, what)};
}

Error refused_key(const HttpResponse& response, const ChatReplyContext& context,
                  const std::string& said) {
    const std::string remedy =
        context.key_variable.empty()
            ? "set its `api_key` under `providers:`"
            : fmt::format("set {} or its `api_key` under `providers:`", context.key_variable);
    return {ErrorCode::unauthenticated,
            fmt::format("{} does not accept the key ({}); {}{}", context.provider, response.status,
                        remedy, said)};
}

/// The error of a reply whose status is none of 2xx.
Error status_error(const HttpResponse& response, const ChatReplyContext& context) {
    const ProviderComplaint complaint = read_complaint(response);
    const std::string said = quoted(complaint.message);
    const auto error = [&](ErrorCode code, std::string_view what) {
        return Error{code,
                     fmt::format("{} {} ({}){}", context.provider, what, response.status, said)};
    };
    const auto passing = [&](ErrorCode code, std::string what) {
        const auto wait = read_retry_after(response);
        if (wait) what += fmt::format(" and asks to wait {:g} s", to_ms(*wait) / 1000);
        Error passing_error = error(code, what);
        passing_error.retryable = true;
        passing_error.retry_after = wait;
        return passing_error;
    };
    const int status = response.status;
    if (status == 401 || status == 403) return refused_key(response, context, said);
    if (status == 404 && is_html(response)) return not_an_api(context, "404 with a page of HTML");
    if (status == 404) return error(ErrorCode::invalid_argument, "knows no such model or address");
    if (status == 413 || complaint.code == "context_length_exceeded") {
        return error(ErrorCode::invalid_argument, "says the prompt is too long for the model");
    }
    if (is_spent(response, complaint)) {
        return error(ErrorCode::resource_exhausted, "says the account's quota is spent");
    }
    if (status == 429) return passing(ErrorCode::resource_exhausted, "limits the rate of requests");
    if (status == 529) return passing(ErrorCode::resource_exhausted, "is overloaded");
    // 409: a lock that another request holds, as OpenAI uses it.
    const bool may_pass = is_retryable_status(status) || status == 409;
    if (may_pass) return passing(ErrorCode::unavailable, "cannot answer now");
    if (status >= 500) return error(ErrorCode::unavailable, "cannot answer this");
    if (status >= 300 && status < 400) {
        return error(ErrorCode::invalid_argument,
                     "redirects elsewhere; set base_url to the final address");
    }
    return error(ErrorCode::invalid_argument, "refuses the request");
}

/// Tokens under the tracing backend's names, none counted twice: cached ones are not in `input`,
/// those of reasoning not in `output`.
UsageDetails read_usage(const Json& usage) {
    const std::int64_t prompt = count_member(usage, "prompt_tokens");
    const std::int64_t completion = count_member(usage, "completion_tokens");
    const Json* const prompt_details = member(usage, "prompt_tokens_details");
    const Json* const completion_details = member(usage, "completion_tokens_details");
    const std::int64_t cached =
        prompt_details == nullptr ? 0 : count_member(*prompt_details, "cached_tokens");
    const std::int64_t reasoning =
        completion_details == nullptr ? 0 : count_member(*completion_details, "reasoning_tokens");
    const std::int64_t total = count_member(usage, "total_tokens");
    // Some servers report reasoning beside the completion instead of as a part of it.
    const bool is_beside =
        reasoning > completion || (reasoning > 0 && total == prompt + completion + reasoning);
    const std::int64_t answer = is_beside ? completion : completion - reasoning;

    UsageDetails details;
    details["input"] = prompt - std::min(cached, prompt);
    details["output"] = answer;
    if (cached > 0) details["input_cached_tokens"] = std::min(cached, prompt);
    if (reasoning > 0) details["output_reasoning_tokens"] = reasoning;
    details["total"] = total > 0 ? total : prompt + answer + reasoning;
    return details;
}

std::int64_t tokens_of(const UsageDetails& usage, std::string_view prefix) {
    std::int64_t tokens = 0;
    for (const auto& [name, count] : usage) {
        if (name.starts_with(prefix)) tokens += count;
    }
    return tokens;
}

/// Nothing when a price or the usage is unknown: an unknown cost must not look like a free one.
/// Cached tokens are counted at the input price, the most they can cost.
std::optional<NanoUsd> cost_of(const UsageDetails& usage, const ChatReplyContext& context) {
    if (!context.price_input_usd || !context.price_output_usd) return std::nullopt;
    const bool is_free = *context.price_input_usd == 0 && *context.price_output_usd == 0;
    if (usage.empty() && !is_free) return std::nullopt;
    const double usd_millionths =
        static_cast<double>(tokens_of(usage, "input")) * *context.price_input_usd +
        static_cast<double>(tokens_of(usage, "output")) * *context.price_output_usd;
    return nanos_from_usd(usd_millionths / 1e6);
}

/// The text of a message whose content is a string or a list of parts.
std::string content_text(const Json& content) {
    if (!content.is_array()) return as_text(content);
    std::string text;
    for (const Json& part : content) text += text_member(part, "text");
    return text;
}

/// [{id, name, arguments}], the arguments as JSON where they are that.
Json read_tool_calls(const Json& calls) {
    Json list = Json::array();
    for (const Json& call : calls) {
        const Json* const function = member(call, "function");
        if (function == nullptr) continue;
        Json arguments = text_member(*function, "arguments");
        if (auto parsed = parse_json(arguments.get_ref<const std::string&>())) {
            arguments = std::move(*parsed);
        }
        list.push_back({{"id", text_member(call, "id")},
                        {"name", text_member(*function, "name")},
                        {"arguments", std::move(arguments)}});
    }
    return list;
}

void read_message(const Json& message, bool output_is_json, ProviderReply& reply) {
    const Json* const content = member(message, "content");
    const Json* const calls = member(message, "tool_calls");
    const std::string refusal = text_member(message, "refusal");
    if (calls != nullptr && calls->is_array() && !calls->empty()) {
        reply.output = {{"content", content == nullptr ? Json() : Json(content_text(*content))},
                        {"tool_calls", read_tool_calls(*calls)}};
        return;
    }
    if (content == nullptr && !refusal.empty()) {
        reply.output = refusal;
        reply.finish_reason = "refusal";
        return;
    }
    std::string text = content == nullptr ? std::string() : content_text(*content);
    if (output_is_json) {
        if (auto parsed = parse_json(text)) {
            reply.output = std::move(*parsed);
            return;
        }
    }
    reply.output = std::move(text);
}

}  // namespace

Result<ProviderReply> read_chat_reply(const HttpResponse& response,
                                      const ChatReplyContext& context) {
    if (response.status < 200 || response.status > 299) {
        return std::unexpected(status_error(response, context));
    }
    if (is_html(response)) return std::unexpected(not_an_api(context, "HTML, not JSON"));
    const auto broken = [&](std::string_view what) {
        return retryable_failure(ErrorCode::unavailable,
                                 fmt::format("{}: the answer {}", context.provider, what));
    };
    const auto body = parse_json(response.body);
    if (!body) return broken(fmt::format("is not valid JSON ({})", body.error().message));
    if (member(*body, "error") != nullptr) {  // some gateways report failures with status 200
        return broken(fmt::format("is an error{}", quoted(read_complaint(response).message)));
    }
    const Json* const choices = member(*body, "choices");
    if (choices == nullptr || !choices->is_array()) {
        return std::unexpected(not_an_api(context, "JSON without \"choices\""));
    }
    if (choices->empty()) return broken("has no choices");
    const Json& choice = choices->front();
    const Json* const message = member(choice, "message");
    if (message == nullptr) return broken("has a choice without a message");

    ProviderReply reply;
    reply.model = text_member(*body, "model");
    reply.finish_reason = text_member(choice, "finish_reason");
    reply.truncated = reply.finish_reason == "length";
    read_message(*message, context.output_is_json, reply);
    if (const Json* const usage = member(*body, "usage")) reply.usage = read_usage(*usage);
    reply.cost = cost_of(reply.usage, context);
    reply.rate_limits = read_rate_limit_news(response);
    return reply;
}

}  // namespace assay
