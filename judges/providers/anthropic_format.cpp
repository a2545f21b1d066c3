#include "judges/providers/anthropic_format.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "core/base/text.hpp"
#include "judges/providers/anthropic_stream.hpp"
#include "judges/providers/model_service.hpp"
#include "judges/providers/reply_json.hpp"

namespace assay {
namespace {

constexpr const char* k_version = "2023-06-01";
/// The API wants a limit. Every model has this one.
constexpr int k_max_tokens_default = 4096;
/// Answers with a schema that the API's own mode does not take are the input of this tool.
constexpr const char* k_response_tool = "response";

/// Some write the version into the address, as other APIs want it.
std::string messages_url(std::string_view base_url) {
    const std::string url = join_url(base_url, "messages");
    return url.ends_with("/v1/messages") ? url : join_url(base_url, "v1/messages");
}

void rename(Json& object, const char* from, const char* to) {
    const auto found = object.find(from);
    if (found == object.end()) return;
    Json value = std::move(*found);
    object.erase(found);
    object[to] = std::move(value);
}

/// Where an image comes from; one that says it in the API's own words stays as it is.
void rewrite_image(Json& part) {
    if (part.contains("data")) {
        part["source"] = {{"type", "base64"},
                          {"media_type", part.value("media_type", Json())},
                          {"data", std::move(part["data"])}};
    } else if (part.contains("url")) {
        part["source"] = {{"type", "url"}, {"url", std::move(part["url"])}};
    }
    for (const char* const ours : {"data", "media_type", "url"}) part.erase(ours);
}

/// The API's block for a part of ours; its other members, such as `cache_control`, stay.
Json block_of(Json part) {
    const std::string type = text_member(part, "type");
    if (type == "image") rewrite_image(part);
    if (type == "tool_result") rename(part, "id", "tool_use_id");
    if (type == "tool_call") {
        part["type"] = "tool_use";
        rename(part, "arguments", "input");
        if (!part.contains("input")) part["input"] = Json::object();
    }
    return part;
}

void append_blocks(Json& blocks, const Json& content) {
    for (const Json& part : content_parts(content)) blocks.push_back(block_of(part));
}

/// Instructions have a place of their own, and turns must alternate: neighbours of one role are
/// one turn.
void write_messages(const std::vector<ChatMessage>& messages, Json& body) {
    Json turns = Json::array();
    Json instructions = Json::array();
    for (const ChatMessage& message : messages) {
        if (message.role == "system" || message.role == "developer") {
            append_blocks(instructions, message.content);
            continue;
        }
        const char* const role = message.role == "assistant" ? "assistant" : "user";
        if (turns.empty() || turns.back()["role"] != role) {
            turns.push_back({{"role", role}, {"content", Json::array()}});
        }
        append_blocks(turns.back()["content"], message.content);
    }
    if (!instructions.empty()) body["system"] = std::move(instructions);
    body["messages"] = std::move(turns);
}

/// Our tools as the API's; its own ones have a type.
Json tools_of(const Json& tools) {
    Json list = Json::array();
    for (Json tool : tools) {
        if (tool.contains("name") && !tool.contains("type")) {
            rename(tool, "parameters", "input_schema");
            if (!tool.contains("input_schema")) tool["input_schema"] = {{"type", "object"}};
        }
        list.push_back(std::move(tool));
    }
    return list;
}

/// Whether the API's own mode takes the schema as it is: of JSON Schema it knows a part, and its
/// objects must be closed. Lengths, ranges and patterns, for example, it refuses.
bool is_native(const Json& schema) {
    constexpr std::array k_known = {
        "additionalProperties", "anyOf",    "const", "default", "description", "enum", "items",
        "properties",           "required", "title", "type"};
    if (!schema.is_object() || !schema.value("type", Json("")).is_string()) return false;
    for (const auto& [name, value] : schema.items()) {
        if (std::ranges::find(k_known, name) == k_known.end()) return false;
    }
    const auto are_native = [](const Json& schemas) {
        return std::ranges::all_of(schemas, [](const Json& each) { return is_native(each); });
    };
    const bool is_object = schema.contains("properties") || text_member(schema, "type") == "object";
    if (is_object && schema.value("additionalProperties", Json()) != Json(false)) return false;
    const Json* const items = member(schema, "items");
    return (items == nullptr || is_native(*items)) && are_native(list_member(schema, "anyOf")) &&
           are_native(schema.value("properties", Json::object()));
}

/// Whether the model thinks before it answers; then no tool may be forced on it.
bool thinks(const Json& body) {
    const Json* const thinking = member(body, "thinking");
    return thinking != nullptr && text_member(*thinking, "type") != "disabled";
}

/// Tokens that were written to the cache: apart by how long they are kept, where that is said,
/// since the two have prices of their own.
void read_cache_writes(const Json& usage, UsageDetails& details) {
    std::int64_t left = count_member(usage, "cache_creation_input_tokens");
    if (const Json* const kept = member(usage, "cache_creation")) {
        constexpr std::array k_times = {
            std::pair{"ephemeral_5m_input_tokens", "input_cache_creation_5m"},
            std::pair{"ephemeral_1h_input_tokens", "input_cache_creation_1h"}};
        for (const auto& [theirs, ours] : k_times) {
            const std::int64_t tokens = count_member(*kept, theirs);
            if (tokens > 0) details[ours] = tokens;
            left -= tokens;
        }
    }
    if (left > 0) details["input_cache_creation"] = left;
}

/// `input_tokens` are those that were neither read from the cache nor written to it. What a model
/// thought is a part of `output_tokens` that is not told apart.
UsageDetails read_usage(const Json& usage) {
    UsageDetails details;
    details["input"] = count_member(usage, "input_tokens");
    details["output"] = count_member(usage, "output_tokens");
    const std::int64_t cached = count_member(usage, "cache_read_input_tokens");
    if (cached > 0) details["input_cached_tokens"] = cached;
    read_cache_writes(usage, details);
    set_total(details);
    return details;
}

std::string refusal_of(const Json& body, const std::string& text) {
    if (const Json* const details = member(body, "stop_details")) {
        std::string explanation = text_member(*details, "explanation");
        if (!explanation.empty()) return explanation;
    }
    return text.empty() ? "the model declined to answer" : text;
}

}  // namespace

AnthropicFormat::AnthropicFormat(const ProviderSettings& settings)
    : url_(messages_url(settings.base_url)),
      options_(settings.options),
      structured_output_(text_member(settings.own, "structured_output")) {
    const std::string version = text_member(settings.own, "version");
    headers_.push_back({"anthropic-version", Secret(version.empty() ? k_version : version)});
    const Json& betas = list_member(settings.own, "beta");
    if (betas.empty()) return;
    std::vector<std::string> names;
    for (const Json& beta : betas) names.push_back(as_text(beta));
    headers_.push_back({"anthropic-beta", Secret(fmt::format("{}", fmt::join(names, ",")))});
}

Result<WireFormat::Call> AnthropicFormat::write(const ProviderRequest& request) const {
    if (!request.texts.empty()) {
        return failure(ErrorCode::invalid_argument,
                       "the Messages API has no embeddings; use another provider for them");
    }
    Json body = merged_parameters(options_, request);
    ASSAY_TRY(const bool streams, take_stream_flag(body));
    if (streams) body["stream"] = true;
    body["model"] = request.model;
    if (!body.contains("max_tokens")) body["max_tokens"] = k_max_tokens_default;
    body.erase("seed");  // the API has none; a spec that sets one for all models holds
    rename(body, "stop", "stop_sequences");
    if (Json& stop = body["stop_sequences"]; stop.is_string()) stop = Json::array({stop});
    if (body["stop_sequences"].is_null()) body.erase("stop_sequences");
    write_messages(request.messages, body);
    if (request.tools.is_array()) body["tools"] = tools_of(request.tools);
    if (!request.response_schema.is_null()) ask_for_structure(request.response_schema, body);
    return Call{.url = url_,
                .body = std::move(body),
                .headers = headers_,
                .streams = streams,
                .accepts = streams ? "text/event-stream, application/json" : "application/json"};
}

bool AnthropicFormat::answers_by_tool(const Json& schema) const {
    if (schema.is_null()) return false;
    return structured_output_.empty() ? !is_native(schema) : structured_output_ == "tool";
}

void AnthropicFormat::ask_for_structure(const Json& schema, Json& body) const {
    if (!answers_by_tool(schema)) {
        Json& config = body["output_config"];
        if (!config.is_object()) config = Json::object();
        config["format"] = {{"type", "json_schema"}, {"schema", schema}};
        return;
    }
    Json& tools = body["tools"];
    if (!tools.is_array()) tools = Json::array();
    const bool has_other_tools = !tools.empty();
    tools.push_back({{"name", k_response_tool},
                     {"description", "Gives the answer. Call it exactly once."},
                     {"input_schema", schema}});
    if (thinks(body)) {
        body["tool_choice"] = {{"type", "auto"}};
    } else if (has_other_tools) {
        body["tool_choice"] = {{"type", "any"}};
    } else {
        body["tool_choice"] = {{"type", "tool"}, {"name", k_response_tool}};
    }
}

Result<ProviderReply> AnthropicFormat::read(const Json& body,
                                            const ProviderRequest& request) const {
    const Json* const content = member(body, "content");
    if (content == nullptr || !content->is_array()) {
        return failure(ErrorCode::invalid_argument, "has no \"content\"");
    }
    const bool by_tool = answers_by_tool(request.response_schema);
    ProviderReply reply;
    std::string text;
    Json calls = Json::array();
    const Json* answer = nullptr;
    for (const Json& block : *content) {
        const std::string type = text_member(block, "type");
        if (type == "text") text += text_member(block, "text");
        if (type == "thinking") reply.reasoning += text_member(block, "thinking");
        if (type != "tool_use") continue;
        const std::string name = text_member(block, "name");
        const Json* const input = member(block, "input");
        if (by_tool && name == k_response_tool) {
            answer = input;
            continue;
        }
        calls.push_back({{"id", text_member(block, "id")},
                         {"name", name},
                         {"arguments", input == nullptr ? Json::object() : *input}});
    }
    reply.model = text_member(body, "model");
    reply.finish_reason = text_member(body, "stop_reason");
    // A turn that the server paused is as incomplete as one that hit a limit.
    reply.truncated = reply.finish_reason == "max_tokens" || reply.finish_reason == "pause_turn" ||
                      reply.finish_reason == "model_context_window_exceeded";
    if (reply.finish_reason == "refusal") reply.refusal = refusal_of(body, text);
    reply.output = answer != nullptr ? *answer
                                     : output_of(std::move(text), std::move(calls),
                                                 !request.response_schema.is_null());
    if (const Json* const usage = member(body, "usage")) reply.usage = read_usage(*usage);
    return reply;
}

Complaint AnthropicFormat::read_complaint(const Json& body) const {
    Complaint complaint = usual_complaint(body);
    const std::string_view type = complaint.type;
    const std::string said = to_lower_ascii(complaint.message);
    complaint.quota_spent = type == "billing_error" || said.contains("credit balance is too low");
    complaint.prompt_too_long = type == "request_too_large" ||
                                said.contains("prompt is too long") ||
                                said.contains("exceed context limit");
    complaint.overloaded = type == "overloaded_error";
    complaint.key_refused = type == "authentication_error";
    return complaint;
}

std::unique_ptr<StreamedReply> AnthropicFormat::stream(MonotonicTime sent) const {
    return std::make_unique<AnthropicStream>(sent);
}

}  // namespace assay
