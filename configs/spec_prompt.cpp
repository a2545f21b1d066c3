#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include "configs/image_part.hpp"
#include "configs/spec_parts.hpp"
#include "core/base/hash.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace {

constexpr std::uint64_t k_version_max = std::numeric_limits<std::int32_t>::max();
const std::array<std::string_view, 2> k_text_endings = {".txt", ".md"};
const std::array<std::string_view, 3> k_message_endings = {".yaml", ".yml", ".json"};

bool ends_with_any(std::string_view text, std::span<const std::string_view> endings) {
    return std::ranges::any_of(endings, [text](std::string_view e) { return text.ends_with(e); });
}

/// A prompt names a file when it is one line without variables and ends as such a file does.
bool names_file(std::string_view prompt) {
    if (prompt.contains('\n') || prompt.contains("{{")) return false;
    return ends_with_any(prompt, k_text_endings) || ends_with_any(prompt, k_message_endings);
}

std::optional<TextTemplate> read_template(const SpecReader& reader, std::string_view text) {
    auto parsed = TextTemplate::parse(text);
    if (parsed) return std::move(*parsed);
    const std::string title = reader.pointer().empty() ? "" : reader.title() + ": ";
    reader.mistake(title + parsed.error().message);
    return std::nullopt;
}

/// Reads the messages of one prompt.
class PromptReader {
  public:
    PromptReader(SpecFiles& files, PromptSpec& prompt) : files_(files), prompt_(prompt) {}

    void read_messages(const SpecReader& list);

  private:
    [[nodiscard]] std::optional<PromptMessage> read_message(const SpecReader& reader);
    void read_content(const SpecReader& content, PromptMessage& message);
    /// The part as it is kept.
    [[nodiscard]] Json read_part(const SpecReader& part);
    [[nodiscard]] Json read_image(const SpecReader& part);
    [[nodiscard]] Json read_image_file(const SpecReader& file, const std::string& written);

    SpecFiles& files_;
    PromptSpec& prompt_;
};

Json PromptReader::read_part(const SpecReader& part) {
    static const KnownNames k_types = {.names = {"text", "image", "image_url", "input_audio"},
                                       .later = {"audio", "file", "media", "video"}};
    if (!part.expect_map()) return part.value();
    const auto type = part.require("type");
    const auto name = type ? type->text() : std::nullopt;
    if (!name || !type->expect_name("content part type", *name, k_types)) return part.value();
    if (*name == "image") return read_image(part);
    const auto body = part.require(*name);
    if (!body || *name != "text") return part.value();
    if (const auto text = body->text()) (void)read_template(*body, *text);
    return part.value();
}

Json PromptReader::read_image(const SpecReader& part) {
    constexpr std::array k_sources = {"file", "url", "media"};
    (void)part.expect_map({.names = {"type", "file", "url", "media"}});
    std::vector<SpecReader> given;
    for (const char* const source : k_sources) {
        if (auto reader = part.find(source)) given.push_back(std::move(*reader));
    }
    if (given.size() != 1) {
        part.mistake(fmt::format("{} needs one of `file`, `url` and `media`", part.title()));
        return part.value();
    }
    const SpecReader& source = given.front();
    const auto text = source.text();
    const auto parsed = text ? read_template(source, *text) : std::nullopt;
    if (!parsed) return part.value();
    const bool of_step = std::ranges::any_of(
        parsed->paths(), [](const auto& path) { return path.front() == "steps"; });
    if (of_step) {
        source.mistake(fmt::format("{}: an image comes from a file or the row, not from a step",
                                   source.title()));
    }
    const bool is_fixed_file = part.find("file") && !parsed->has_variables();
    return is_fixed_file ? read_image_file(source, *text) : part.value();
}

/// What is sent is part of the prompt, so it is part of the prompt's hash.
Json PromptReader::read_image_file(const SpecReader& file, const std::string& written) {
    const SpecFiles::File* const content = files_.read(file, written, limits::k_image_bytes_max);
    if (content == nullptr) return nullptr;
    auto image = image_of_bytes(content->content);
    if (!image) {
        file.mistake(fmt::format("{}: \"{}\" {}", file.title(), written, image.error().message));
        return nullptr;
    }
    prompt_.sha256 = sha256_hex(prompt_.sha256 + sha256_hex(content->content));
    return std::move(*image);
}

void PromptReader::read_content(const SpecReader& content, PromptMessage& message) {
    if (content.value().is_string()) {
        auto text = read_template(content, content.value().get_ref<const std::string&>());
        if (text) message.content = std::move(*text);
        return;
    }
    if (!content.value().is_array()) {
        content.wrong_type("text or a list of content parts");
        return;
    }
    message.parts = Json::array();
    for (const SpecReader& part : content.items()) message.parts.push_back(read_part(part));
}

std::optional<PromptMessage> PromptReader::read_message(const SpecReader& reader) {
    static const KnownNames k_roles = {
        .names = {"system", "developer", "user", "assistant", "tool"}, .later = {}};
    PromptMessage message;
    if (const auto type = reader.find("type")) {
        if (!reader.expect_map({.names = {"type", "name"}, .later = {}})) return std::nullopt;
        const auto name = type->text();
        if (name &&
            type->expect_name("message type", *name, {.names = {"placeholder"}, .later = {}})) {
            if (reader.require("name")) read_text(reader, "name", message.placeholder);
        }
        return message;
    }
    if (!reader.expect_map({.names = {"role", "content"}, .later = {}})) {
        return std::nullopt;
    }
    if (const auto role = reader.require("role")) {
        message.role = role->text().value_or("");
        if (!message.role.empty()) (void)role->expect_name("role", message.role, k_roles);
    }
    if (const auto content = reader.require("content")) read_content(*content, message);
    return message;
}

void PromptReader::read_messages(const SpecReader& list) {
    if (list.value().empty()) list.mistake(fmt::format("{} has no messages", list.title()));
    for (const SpecReader& item : list.items()) {
        if (auto message = read_message(item)) prompt_.messages.push_back(std::move(*message));
    }
}

void read_text_prompt(const SpecReader& reader, std::string_view text, PromptSpec& prompt) {
    auto content = read_template(reader, text);
    if (!content) return;
    prompt.messages.push_back({.role = "user", .content = std::move(*content)});
}

/// A prompt file of messages: a list of them, a map with the key `messages`, or one text.
void read_message_file(const SpecFiles::File& file, Diagnostics& diagnostics, SpecFiles& files,
                       PromptSpec& prompt) {
    const LocatedDocument document = parse_located(file.content, file.name);
    std::ranges::copy(document.diagnostics, std::back_inserter(diagnostics));
    if (!document.diagnostics.empty()) return;
    const SpecReader content(document.value, {}, {&document.places, &diagnostics});
    PromptReader reader(files, prompt);
    if (document.value.is_array()) {
        reader.read_messages(content);
    } else if (document.value.is_string()) {
        read_text_prompt(content, document.value.get_ref<const std::string&>(), prompt);
    } else if (document.value.is_object()) {
        (void)content.expect_map({.names = {"messages"}, .later = {}});
        const auto messages = content.require("messages");
        if (messages && messages->expect_list()) reader.read_messages(*messages);
    } else {
        content.wrong_type("a list of messages, a map with the key `messages`, or text");
    }
}

void read_prompt_file(const SpecReader& reader, const std::string& written, SpecFiles& files,
                      PromptSpec& prompt) {
    prompt.name = std::filesystem::path(written).stem().string();
    const SpecFiles::File* const file = files.read(reader, written);
    if (file == nullptr) return;
    prompt.sha256 = sha256_hex(file->content);
    if (ends_with_any(written, k_message_endings)) {
        read_message_file(*file, *reader.source().diagnostics, files, prompt);
        return;
    }
    // Editors end a file with a newline that nobody means to send.
    std::string_view text = file->content;
    if (text.ends_with('\n')) text.remove_suffix(text.ends_with("\r\n") ? 2 : 1);
    SourceMap places;
    places.set({}, {file->name, 0, 0});
    const SpecReader content(reader.value(), {}, {&places, reader.source().diagnostics});
    if (const std::size_t at = find_invalid_utf8(text); at != std::string_view::npos) {
        content.mistake(fmt::format("byte {} is not valid UTF-8; save the file as UTF-8", at + 1));
        return;
    }
    read_text_prompt(content, text, prompt);
}

/// {name, label} or {name, version}; the version in production when it is a name alone.
std::optional<StoredPromptName> read_stored_name(const SpecReader& reader) {
    (void)reader.expect_map({.names = {"name", "label", "version"}});
    const auto written = reader.require("name");
    StoredPromptName name{.name = written ? written->text().value_or("") : ""};
    if (name.name.empty()) return std::nullopt;
    const auto version = reader.find("version");
    const auto label = reader.find("label");
    if (version && label) {
        version->mistake_at_key("`label` and `version` exclude each other; keep one");
        return std::nullopt;
    }
    if (version) {
        const auto number = version->whole(1, k_version_max);
        if (!number) return std::nullopt;
        name.version = static_cast<std::int64_t>(*number);
        return name;
    }
    name.label = label ? label->text().value_or("") : "production";
    if (name.label.empty()) return std::nullopt;
    return name;
}

void read_stored_prompt(const SpecReader& reader, SpecFiles& files, PromptSpec& prompt) {
    const auto name = read_stored_name(reader);
    const StoredPrompt* const stored = name ? files.read(reader, *name) : nullptr;
    if (stored == nullptr) return;
    prompt.name = name->name;
    prompt.version = stored->version;
    prompt.sha256 = sha256_hex(as_text(stored->content));
    SourceMap places;
    places.set({}, reader.place());
    const SpecReader content(stored->content, {}, {&places, reader.source().diagnostics});
    if (stored->content.is_string()) {
        read_text_prompt(content, stored->content.get_ref<const std::string&>(), prompt);
    } else {
        PromptReader(files, prompt).read_messages(content);
    }
}

}  // namespace

std::optional<PromptSpec> read_prompt(const SpecReader& reader, SpecFiles& files) {
    PromptSpec prompt{.name = "inline", .folder = files.folder(), .pointer = reader.pointer()};
    prompt.sha256 = sha256_hex(as_text(reader.value()));
    if (reader.value().is_array()) {
        PromptReader(files, prompt).read_messages(reader);
    } else if (reader.value().is_object()) {
        read_stored_prompt(reader, files, prompt);
    } else if (!reader.value().is_string()) {
        reader.wrong_type("text, a list of chat messages, the name of a file, or a map");
    } else if (const auto text = reader.text()) {
        if (names_file(*text)) {
            read_prompt_file(reader, *text, files, prompt);
        } else {
            read_text_prompt(reader, *text, prompt);
        }
    }
    return prompt;
}

}  // namespace assay
