#include "server/ingest/otlp_messages.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/text.hpp"
#include "server/ingest/fields.hpp"
#include "server/ingest/limits.hpp"

namespace assay {
namespace {

/// A part of a key that counts the elements of a list.
std::optional<std::uint64_t> index_of(std::string_view part) {
    std::uint64_t index = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
    if (error != std::errc() || end != part.data() + part.size()) return std::nullopt;
    return index;
}

/// The parts of "a.0.b"; a key of too many keeps the rest in its last one.
std::vector<std::string_view> parts_of(std::string_view key) {
    std::vector<std::string_view> parts;
    while (parts.size() + 1 < limits::k_otlp_key_parts_max) {
        const auto dot = key.find('.');
        if (dot == std::string_view::npos) break;
        parts.push_back(key.substr(0, dot));
        key.remove_prefix(dot + 1);
    }
    parts.push_back(key);
    return parts;
}

void put(Json& target, std::string_view key, const Json& value) {
    Json* at = &target;
    for (const std::string_view part : parts_of(key)) {
        // A value where others have members is one of them: "content" beside "content.0.text".
        if (!at->is_object()) *at = Json::object({{"value", std::move(*at)}});
        const auto known = at->find(part);
        at = known != at->end() ? &*known : &(at->emplace(part, Json::object()).first.value());
    }
    *at = value;
}

/// Objects whose members are all numbers become lists, in the order of the numbers. Numbers that
/// are left out leave no holes: a client could make a list of any length of one key.
Json with_lists(Json value) {
    if (!value.is_object() || value.empty()) return value;
    std::vector<std::pair<std::uint64_t, Json*>> elements;
    bool is_list = true;
    for (auto& [key, member] : value.get_ref<Json::object_t&>()) {
        member = with_lists(std::move(member));
        const auto index = index_of(key);
        is_list = is_list && index.has_value();
        if (is_list) elements.emplace_back(*index, &member);
    }
    if (!is_list) return value;
    std::ranges::sort(elements);
    Json list = Json::array();
    for (const auto& [index, element] : elements) list.push_back(std::move(*element));
    return list;
}

bool is_choice(const Json& event) {
    const auto name = event.is_object() ? event.find("event.name") : event.end();
    return event.is_object() && name != event.end() && *name == "gen_ai.choice";
}

Json said_or_null(const Json& attributes, std::string_view key) {
    const Json* const value = find_said(attributes, std::array{key});
    return value == nullptr ? Json(nullptr) : *value;
}

std::string joined_texts(const Json& parts);

/// What a part of instructions says as a text: {"type": "text", "content": "..."} or a message of
/// such parts. Empty: it is none.
std::string text_of_part(const Json& part) {
    if (part.is_string()) return part.get<std::string>();
    if (!part.is_object()) return {};
    if (const auto parts = part.find("parts"); parts != part.end() && parts->is_array()) {
        return joined_texts(*parts);
    }
    const auto content = part.find("content");
    return content != part.end() && content->is_string() ? content->get<std::string>() : "";
}

std::string joined_texts(const Json& parts) {
    std::string text;
    for (const Json& part : parts) {
        const std::string more = text_of_part(part);
        if (!text.empty() && !more.empty()) text += '\n';
        text += more;
    }
    return text;
}

/// Instructions as messages: those that are messages as they are, any other form as one text.
Json system_messages(Json instructions) {
    const auto is_message = [](const Json& part) {
        return part.is_object() && part.contains("parts") && part.at("parts").is_array();
    };
    Json messages = Json::array();
    if (!instructions.is_array()) instructions = Json::array({std::move(instructions)});
    if (!instructions.empty() && std::ranges::all_of(instructions, is_message)) {
        for (Json& message : instructions) {
            message.emplace("role", "system");
            messages.push_back(std::move(message));
        }
    } else if (std::string text = joined_texts(instructions); !text.empty()) {
        messages.push_back({{"role", "system"}, {"content", std::move(text)}});
    }
    return messages;
}

bool is_system_message(const Json& message) {
    return message.is_object() && message.value("role", Json()) == "system";
}

}  // namespace

Json nested_members(const Json& attributes, std::string_view prefix) {
    const Json whole = said_or_null(attributes, prefix);
    if (!whole.is_null()) return whole;
    Json members = Json::object();
    each_with_prefix(attributes, std::string(prefix) + ".",
                     [&](std::string_view key, const Json& value) { put(members, key, value); });
    if (members.empty()) return nullptr;
    return with_lists(std::move(members));
}

Json with_instructions(const Json& attributes, Json messages) {
    const Json instructions = unpacked(said_or_null(attributes, "gen_ai.system_instructions"));
    if (instructions.is_null()) return messages;
    Json list = system_messages(instructions);
    if (list.empty()) return messages;
    Json said = unpacked(messages);
    if (said.is_array()) {
        if (std::ranges::any_of(said, is_system_message)) return messages;
        for (Json& message : said) list.push_back(std::move(message));
    } else if (!said.is_null()) {
        list.push_back({{"role", "user"}, {"content", std::move(said)}});
    }
    return list;
}

Json messages_in(const Json& attributes) {
    return with_instructions(attributes, said_or_null(attributes, "gen_ai.input.messages"));
}

Json messages_out(const Json& attributes) {
    return said_or_null(attributes, "gen_ai.output.messages");
}

Json message_events_in(std::span<const OtlpEvent> events) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 4> k_roles = {{
        {"gen_ai.system.message", "system"},
        {"gen_ai.user.message", "user"},
        {"gen_ai.assistant.message", "assistant"},
        {"gen_ai.tool.message", "tool"},
    }};
    Json messages = Json::array();
    for (const OtlpEvent& event : events) {
        const auto role = std::ranges::find(k_roles, event.name,
                                            &std::pair<std::string_view, std::string_view>::first);
        if (role == k_roles.end()) continue;
        Json message = event.attributes;
        message.emplace("role", role->second);
        messages.push_back(std::move(message));
    }
    return messages.empty() ? Json(nullptr) : std::move(messages);
}

Json message_events_out(std::span<const OtlpEvent> events) {
    Json choices = Json::array();
    for (const OtlpEvent& event : events) {
        if (event.name == "gen_ai.choice") choices.push_back(event.attributes);
    }
    if (choices.empty()) return nullptr;
    return choices.size() == 1 ? std::move(choices.front()) : std::move(choices);
}

Json listed_events_in(const Json& events) {
    Json messages = Json::array();
    for (const Json& event : events) {
        if (!is_choice(event)) messages.push_back(event);
    }
    return messages.empty() ? Json(nullptr) : std::move(messages);
}

Json listed_events_out(const Json& events) {
    const auto choice = std::ranges::find_if(events, is_choice);
    return choice == events.end() ? Json(nullptr) : *choice;
}

}  // namespace assay
