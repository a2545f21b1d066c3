#include "judges/providers/bedrock_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/text.hpp"
#include "judges/providers/reply_json.hpp"

namespace assay {
namespace {

/// Members of a request that are no messages; any other parameter is the model's own.
constexpr std::array<std::string_view, 10> k_members = {"additionalModelRequestFields",
                                                        "additionalModelResponseFieldPaths",
                                                        "guardrailConfig",
                                                        "inferenceConfig",
                                                        "outputConfig",
                                                        "performanceConfig",
                                                        "promptVariables",
                                                        "requestMetadata",
                                                        "serviceTier",
                                                        "toolConfig"};
/// Those that we add to.
constexpr std::array<const char*, 3> k_groups = {"additionalModelRequestFields", "inferenceConfig",
                                                 "toolConfig"};
/// Parameters that mean the same everywhere, and their names in `inferenceConfig`.
constexpr std::array<std::pair<std::string_view, const char*>, 4> k_inference_names = {
    {{"max_tokens", "maxTokens"},
     {"stop", "stopSequences"},
     {"temperature", "temperature"},
     {"top_p", "topP"}}};
constexpr std::array<std::string_view, 4> k_image_formats = {"png", "jpeg", "gif", "webp"};

Json text_block(std::string text) { return {{"text", std::move(text)}}; }

Result<Json> image_block(const Json& part) {
    const std::string& url = text_member(part, "url");
    const bool is_stored = url.starts_with("s3://");
    if (!url.empty() && !is_stored) {
        return failure(ErrorCode::invalid_argument,
                       "Converse takes no image by its address, unless it begins with s3://; name "
                       "a `file` in place of the `url`");
    }
    std::string format = to_lower_ascii(text_member(part, "media_type"));
    if (format.empty()) format = to_lower_ascii(url);
    format.erase(0, format.find_last_of("/.") + 1);
    if (format == "jpg") format = "jpeg";
    if (std::ranges::find(k_image_formats, format) == k_image_formats.end()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("Converse takes images as PNG, JPEG, GIF or WebP, not as \"{}\"",
                                   terminal_safe(format)));
    }
    Json source = is_stored ? Json({{"s3Location", {{"uri", url}}}})
                            : Json({{"bytes", text_member(part, "data")}});
    return Json({{"image", {{"format", format}, {"source", std::move(source)}}}});
}

Json tool_result_block(const Json& part) {
    const Json* const content = member(part, "content");
    Json blocks = Json::array();
    blocks.push_back(text_block(content == nullptr ? std::string() : as_text(*content)));
    return {
        {"toolResult", {{"toolUseId", text_member(part, "id")}, {"content", std::move(blocks)}}}};
}

Result<Json> block_of(const Json& part) {
    const std::string& type = text_member(part, "type");
    if (type == "text") return text_block(text_member(part, "text"));
    if (type == "image") return image_block(part);
    if (type == "tool_result") return tool_result_block(part);
    if (type == "tool_call") {
        return Json({{"toolUse",
                      {{"toolUseId", text_member(part, "id")},
                       {"name", text_member(part, "name")},
                       {"input", part.value("arguments", Json::object())}}}});
    }
    return part;
}

Result<void> append_blocks(const Json& content, Json& blocks) {
    if (!content.is_array()) {
        blocks.push_back(text_block(as_text(content)));
        return {};
    }
    for (const Json& part : content) {
        // Converse refuses blank texts, and models write them before a tool call.
        if (content.size() > 1 && part.is_object() && part.value("text", Json()) == "") continue;
        ASSAY_TRY(Json block, block_of(part));
        blocks.push_back(std::move(block));
    }
    return {};
}

/// The role of a turn, "" = the message is an instruction and none.
Result<std::string> turn_of(const ChatMessage& message) {
    const std::string& role = message.role;
    if (role == "system" || role == "developer") return "";
    if (role == "tool" && !message.content.is_array()) {
        return failure(ErrorCode::invalid_argument,
                       "a message of the role \"tool\" has a part {type: tool_result, id, content} "
                       "that says which call it answers");
    }
    if (role == "user" || role == "tool") return "user";
    if (role == "assistant") return role;
    return failure(ErrorCode::invalid_argument,
                   fmt::format("Converse knows no messages of the role \"{}\"; there are system, "
                               "user, assistant and tool",
                               terminal_safe(role)));
}

/// Instructions have a place of their own, and turns must alternate: neighbours of one role are
/// one turn.
Result<void> write_messages(const std::vector<ChatMessage>& messages, Json& body) {
    Json instructions = Json::array();
    Json turns = Json::array();
    for (const ChatMessage& message : messages) {
        ASSAY_TRY(const std::string role, turn_of(message));
        if (role.empty()) {
            ASSAY_CHECK(append_blocks(message.content, instructions));
            continue;
        }
        if (turns.empty() || turns.back()["role"] != role) {
            turns.push_back({{"role", role}, {"content", Json::array()}});
        }
        ASSAY_CHECK(append_blocks(message.content, turns.back()["content"]));
    }
    if (!instructions.empty()) body["system"] = std::move(instructions);
    body["messages"] = std::move(turns);
    return {};
}

void write_parameter(const std::string& name, Json value, Json& body) {
    const auto* const known =
        std::ranges::find(k_inference_names, name, [](const auto& names) { return names.first; });
    if (known == k_inference_names.end()) {
        body["additionalModelRequestFields"][name] = std::move(value);
        return;
    }
    if (name == "stop" && value.is_string()) value = Json::array({std::move(value)});
    body["inferenceConfig"][known->second] = std::move(value);
}

Result<void> write_parameters(const Json& parameters, Json& body) {
    const auto is_member = [](const std::string& name) {
        return std::ranges::find(k_members, name) != k_members.end();
    };
    for (const auto& [name, value] : parameters.items()) {
        if (is_member(name)) body[name] = value;
    }
    for (const char* const group : k_groups) {
        if (!body.contains(group) || body[group].is_object()) continue;
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the parameter `{}` is an object, not {}", group,
                                   type_phrase(body[group])));
    }
    for (const auto& [name, value] : parameters.items()) {
        if (!is_member(name)) write_parameter(name, value, body);
    }
    return {};
}

Json tool_of(std::string name, std::string description, Json schema) {
    Json spec = {{"name", std::move(name)}, {"inputSchema", {{"json", std::move(schema)}}}};
    if (!description.empty()) spec["description"] = std::move(description);
    return {{"toolSpec", std::move(spec)}};
}

void write_tools(const Json& tools, Json& body) {
    if (!tools.is_array() || tools.empty()) return;
    Json list = Json::array();
    for (const Json& tool : tools) {
        if (text_member(tool, "name").empty()) {
            list.push_back(tool);
            continue;
        }
        const Json* const schema = member(tool, "parameters");
        list.push_back(tool_of(text_member(tool, "name"), text_member(tool, "description"),
                               schema == nullptr ? Json({{"type", "object"}}) : *schema));
    }
    body["toolConfig"]["tools"] = std::move(list);
}

Json input_schema_of(const Json& schema) {
    if (!is_wrapped_for_converse(schema)) return schema;
    Json wrapped = {{"type", "object"},
                    {"properties", {{k_converse_response_member, schema}}},
                    {"required", Json::array({k_converse_response_member})}};
    // What the schema refers to by "#/$defs/..." is looked for at the top.
    for (const char* const definitions : {"$defs", "definitions"}) {
        if (const Json* const found = member(schema, definitions)) wrapped[definitions] = *found;
    }
    return wrapped;
}

/// Whether the model thinks before it answers; then no tool may be forced on it.
bool thinks(const Json& body) {
    const Json* const own = member(body, "additionalModelRequestFields");
    const Json* const thinking = own == nullptr ? nullptr : member(*own, "thinking");
    return thinking != nullptr && text_member(*thinking, "type") != "disabled";
}

void ask_for_structure(const Json& schema, Json& body) {
    Json& config = body["toolConfig"];
    const bool has_other_tools = !list_member(config, "tools").empty();
    if (!has_other_tools) config["tools"] = Json::array();
    config["tools"].push_back(tool_of(k_converse_response_tool,
                                      "Gives the answer. Call it exactly once.",
                                      input_schema_of(schema)));
    Json choice = {{"tool", {{"name", k_converse_response_tool}}}};
    if (has_other_tools) choice = {{"any", Json::object()}};
    if (thinks(body)) choice = {{"auto", Json::object()}};
    config["toolChoice"] = std::move(choice);
}

}  // namespace

bool is_wrapped_for_converse(const Json& schema) { return text_member(schema, "type") != "object"; }

Result<Json> write_converse(const ProviderRequest& request, const Json& parameters) {
    if (!request.texts.empty()) {
        return failure(ErrorCode::invalid_argument,
                       "Converse has no embeddings; use another provider for them");
    }
    Json body = Json::object();
    ASSAY_CHECK(write_parameters(parameters, body));
    ASSAY_CHECK(write_messages(request.messages, body));
    write_tools(request.tools, body);
    // Whoever says the form of the output himself wants no other.
    const bool is_formed = request.response_schema.is_null() || body.contains("outputConfig");
    if (!is_formed) ask_for_structure(request.response_schema, body);
    return body;
}

}  // namespace assay
