#include "runner/engine/prompt.hpp"

#include <fmt/format.h>

#include "configs/image_part.hpp"
#include "core/base/files.hpp"
#include "core/base/hash.hpp"

namespace assay {
namespace {

/// The messages that stand in the scope under a placeholder's name.
Result<void> append_placeholder(const std::string& name, const TemplateScope& scope,
                                std::vector<ChatMessage>& messages) {
    const Json* const history = find_in_scope(scope, {name});
    if (history == nullptr || !history->is_array()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the placeholder \"{}\" needs a list of messages under that "
                                   "name in the row's input",
                                   name));
    }
    for (const Json& message : *history) {
        const bool usable = message.is_object() && message.contains("role") &&
                            message["role"].is_string() && message.contains("content");
        if (!usable) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("the placeholder \"{}\" holds something that is no message "
                                       "with role and content",
                                       name));
        }
        messages.push_back({message["role"].get<std::string>(), message["content"]});
    }
    return {};
}

bool is_image(const Json& part) {
    return part.is_object() && part.value("type", Json()) == "image";
}

/// The text under a key of a part; nullptr when there is none.
const std::string* text_of(const Json& part, const char* key) {
    if (!part.is_object()) return nullptr;
    const auto found = part.find(key);
    return found == part.end() ? nullptr : found->get_ptr<const std::string*>();
}

Result<std::string> rendered(const std::string& text, const TemplateScope& scope) {
    ASSAY_TRY(const TextTemplate parsed, TextTemplate::parse(text));
    return parsed.render(scope);
}

/// The content of the file that a row names.
Result<std::string> read_image_file(const std::string& written, const PromptSpec& prompt,
                                    const TemplateScope& scope) {
    ASSAY_TRY(const std::string name, rendered(written, scope));
    return read_file(prompt.folder / name, limits::k_image_bytes_max);
}

/// What the row holds may be larger than a rendered text may be.
Result<Json> image_of_row(const std::string& written, const TemplateScope& scope) {
    ASSAY_TRY(const TextTemplate parsed, TextTemplate::parse(written));
    ASSAY_TRY(const Json media, parsed.render_value(scope));
    auto image = media.is_string() ? image_of_media(media.get_ref<const std::string&>())
                                   : failure(ErrorCode::invalid_argument, "is no text");
    if (image) return image;
    return failure(ErrorCode::invalid_argument,
                   fmt::format("the image {} {}", written, image.error().message));
}

Result<Json> render_image(const Json& part, const PromptSpec& prompt, const TemplateScope& scope) {
    if (const std::string* const file = text_of(part, "file")) {
        ASSAY_TRY(const std::string bytes, read_image_file(*file, prompt, scope));
        auto image = image_of_bytes(bytes);
        if (image) return image;
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the file of the image {} {}", *file, image.error().message));
    }
    if (const std::string* const media = text_of(part, "media")) {
        return image_of_row(*media, scope);
    }
    if (const std::string* const url = text_of(part, "url")) {
        ASSAY_TRY(std::string address, rendered(*url, scope));
        return Json{{"type", "image"}, {"url", std::move(address)}};
    }
    return part;  // read already
}

/// Content parts with their templates filled in.
Result<Json> render_parts(const Json& parts, const PromptSpec& prompt, const TemplateScope& scope) {
    Json filled = parts;
    for (Json& part : filled) {
        if (is_image(part)) {
            ASSAY_TRY(part, render_image(part, prompt, scope));
        } else if (const std::string* const text = text_of(part, "text")) {
            ASSAY_TRY(part["text"], rendered(*text, scope));
        }
    }
    return filled;
}

Json normalized_tool(const Json& tool) {
    if (!tool.is_object()) return tool;
    const Json type = tool.value("type", Json("function"));
    const auto function = tool.find("function");
    if (type != "function") return tool;
    Json normal = function != tool.end() && function->is_object() ? *function : tool;
    normal.erase("type");
    if (!normal.contains("name")) return tool;
    if (const auto schema = normal.find("input_schema"); schema != normal.end()) {
        normal["parameters"] = *schema;
        normal.erase("input_schema");
    }
    // A tool without parameters takes none.
    if (!normal.contains("parameters")) {
        normal["parameters"] = {{"type", "object"}, {"properties", Json::object()}};
    }
    return normal;
}

}  // namespace

Result<std::vector<ChatMessage>> render_prompt(const PromptSpec& prompt,
                                               const TemplateScope& scope) {
    std::vector<ChatMessage> messages;
    messages.reserve(prompt.messages.size());
    for (const PromptMessage& message : prompt.messages) {
        if (!message.placeholder.empty()) {
            ASSAY_CHECK(append_placeholder(message.placeholder, scope, messages));
            continue;
        }
        if (!message.parts.is_null()) {
            ASSAY_TRY(Json parts, render_parts(message.parts, prompt, scope));
            messages.push_back({message.role, std::move(parts)});
            continue;
        }
        ASSAY_TRY(std::string text, message.content.render(scope));
        messages.push_back({message.role, Json(std::move(text))});
    }
    return messages;
}

std::string fingerprint_of_files(const PromptSpec& prompt, const TemplateScope& scope) {
    std::string hashes;
    for (const PromptMessage& message : prompt.messages) {
        for (const Json& part : message.parts) {
            const std::string* const file = is_image(part) ? text_of(part, "file") : nullptr;
            if (file == nullptr) continue;
            const auto bytes = read_image_file(*file, prompt, scope);
            // What cannot be read fails the unit when it is sent.
            hashes += bytes ? sha256_hex(*bytes) : "-";
        }
    }
    return hashes.empty() ? hashes : sha256_hex(hashes);
}

Json normalized_tools(const Json& tools) {
    if (!tools.is_array()) return tools;
    Json normal = Json::array();
    for (const Json& tool : tools) normal.push_back(normalized_tool(tool));
    return normal;
}

Json describe_messages(const std::vector<ChatMessage>& messages) {
    Json shown = Json::array();
    for (const ChatMessage& message : messages) {
        Json content = message.content;
        if (content.is_array()) {
            for (Json& part : content) part = without_bytes(part);
        }
        shown.push_back({{"role", message.role}, {"content", std::move(content)}});
    }
    return shown;
}

}  // namespace assay
