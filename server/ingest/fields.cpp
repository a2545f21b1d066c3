#include "server/ingest/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "server/tracing/limits.hpp"

namespace assay {
namespace {

constexpr std::string_view k_reserved_prefix = "langfuse";
constexpr std::string_view k_default_environment = "default";

bool is_environment_character(char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') ||
           character == '-' || character == '_';
}

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }

std::string cut_marker(std::string_view text) {
    return fmt::format("… [cut: it had {} bytes]", text.size());
}

/// The members of `value` up to `bytes_max` of them as JSON. The first that goes beyond it becomes
/// the beginning of its text.
Json cut_members(Json& value, std::size_t bytes_max) {
    Json kept = Json::object();
    std::size_t used = 2;
    for (auto& [key, member] : value.get_ref<Json::object_t&>()) {
        const std::size_t frame = to_text(Json(key)).size() + 2;
        if (used + frame >= bytes_max) break;
        const std::size_t room = bytes_max - used - frame;
        const std::size_t size = to_text(member).size();
        if (size > room) {
            // Escapes make a text longer, up to six times.
            std::string text(as_text(member));
            (void)cut_text(text, std::max<std::size_t>(room / 6, 64));
            kept[key] = std::move(text);
            break;
        }
        used += frame + size;
        kept[key] = std::move(member);
    }
    return kept;
}

}  // namespace

bool says_nothing(const Json& value) {
    switch (value.type()) {
        case Json::value_t::null:
        case Json::value_t::discarded: return true;
        case Json::value_t::boolean: return !value.get<bool>();
        case Json::value_t::string: return value.get_ref<const std::string&>().empty();
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned:
        case Json::value_t::number_float: return value == 0;
        default: return false;
    }
}

std::string normal_environment(std::string_view text) {
    std::string name = to_lower_ascii(text);
    std::size_t begin = 0;
    while (std::string_view(name).substr(begin).starts_with(k_reserved_prefix)) {
        begin += k_reserved_prefix.size();
        if (begin < name.size() && (name[begin] == '-' || name[begin] == '_')) ++begin;
    }
    name = name.substr(begin, limits::k_environment_characters_max);
    const bool usable = !name.empty() && std::ranges::all_of(name, is_environment_character);
    return usable ? name : std::string(k_default_environment);
}

std::optional<std::string> find_id_fault(std::string_view id) {
    const bool fits = id.size() <= limits::k_entity_id_characters_max ||
                      count_code_points(id) <= limits::k_entity_id_characters_max;
    if (id.empty() || !fits) {
        return fmt::format("must have 1 to {} characters", limits::k_entity_id_characters_max);
    }
    if (id.find('\r') != std::string_view::npos) return "must not contain a carriage return";
    if (id.find('\0') != std::string_view::npos) return "must not contain NUL";
    return std::nullopt;
}

bool cut_text(std::string& text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return false;
    const std::string marker = cut_marker(text);
    std::size_t end = bytes_max - std::min(bytes_max, marker.size());
    while (end > 0 && !begins_character(text[end])) --end;
    text.resize(end);
    text += marker;
    return true;
}

bool cut_characters(std::string& text, std::size_t characters_max) {
    if (text.size() <= characters_max || count_code_points(text) <= characters_max) return false;
    const std::string marker = cut_marker(text);
    std::size_t left = characters_max - std::min(characters_max, count_code_points(marker));
    std::size_t end = 0;
    while (end < text.size() && (!begins_character(text[end]) || left-- > 0)) ++end;
    text.resize(end);
    text += marker;
    return true;
}

std::string short_text(std::string text, std::string_view field, CutFields& cut) {
    if (find_invalid_utf8(text) != std::string_view::npos) text = to_valid_utf8(text);
    // SQLite's functions for texts take NUL as the end.
    for (auto nul = text.find('\0'); nul != std::string::npos; nul = text.find('\0', nul)) {
        text.replace(nul, 1, "\uFFFD");
    }
    if (cut_text(text, limits::k_short_text_bytes_max)) cut.emplace_back(field);
    return text;
}

std::optional<std::string> stored_text(Json value, std::string_view field, CutFields& cut) {
    if (says_nothing(value)) return std::nullopt;
    std::string text =
        value.is_string() ? std::move(value.get_ref<std::string&>()) : to_text(value);
    if (find_invalid_utf8(text) != std::string_view::npos) text = to_valid_utf8(text);
    if (cut_text(text, limits::k_field_bytes_max)) cut.emplace_back(field);
    return text;
}

Json stored_metadata(Json value, std::string_view field, CutFields& cut) {
    if (says_nothing(value)) return Json::object();
    if (!value.is_object()) value = Json{{"metadata", std::move(value)}};
    if (to_text(value).size() <= limits::k_field_bytes_max) return value;
    cut.emplace_back(field);
    return cut_members(value, limits::k_field_bytes_max);
}

}  // namespace assay
