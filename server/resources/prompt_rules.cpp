#include "server/resources/prompt_rules.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "core/base/text.hpp"
#include "server/resources/limits.hpp"

namespace assay {
namespace {

/// Pages of the followed system stand at these names.
constexpr std::array<std::string_view, 3> k_reserved_names = {"new", "metrics", "prompt-detail"};

std::unexpected<Error> invalid(std::string message) {
    return failure(ErrorCode::invalid_argument, std::move(message));
}

/// The names between "{{" and "}}".
void find_variables(std::string_view text, std::set<std::string>& names) {
    std::size_t at = 0;
    while ((at = text.find("{{", at)) != std::string_view::npos) {
        const std::size_t end = text.find_first_of("{}", at + 2);
        if (end == std::string_view::npos) return;
        if (text.substr(end, 2) == "}}") names.emplace(trim(text.substr(at + 2, end - at - 2)));
        at = end;
    }
}

Result<Json> normalise_message(const Json& message, std::size_t index) {
    if (!message.is_object()) return invalid(fmt::format("prompt[{}] must be an object", index));
    const Json type = message.value("type", Json());
    if (type == "placeholder") {
        const Json name = message.value("name", Json());
        if (!name.is_string() || name.get_ref<const std::string&>().empty()) {
            return invalid(fmt::format("prompt[{}].name: a placeholder needs a name", index));
        }
        return Json{{"type", "placeholder"}, {"name", name}};
    }
    for (const char* const member : {"role", "content"}) {
        if (!message.value(member, Json()).is_string()) {
            return invalid(fmt::format("prompt[{}].{} must be a string", index, member));
        }
    }
    Json kept = message;
    if (type == "chatmessage") kept.erase("type");
    return kept;
}

/// A variable is replaced by a text and a placeholder by messages: one name cannot be both.
Result<void> check_names(const Json& messages) {
    std::set<std::string> variables;
    std::set<std::string> placeholders;
    for (const Json& message : messages) {
        if (message.contains("content")) {
            find_variables(message["content"].get_ref<const std::string&>(), variables);
        } else {
            placeholders.insert(message["name"].get<std::string>());
        }
    }
    std::vector<std::string> both;
    std::ranges::set_intersection(variables, placeholders, std::back_inserter(both));
    if (both.empty()) return {};
    return invalid(
        fmt::format("Placeholders and variables must be unique, the following are used as both: {}",
                    fmt::join(both, ", ")));
}

}  // namespace

Result<void> check_prompt_name(std::string_view name) {
    if (name.empty()) return invalid("Enter a name");
    if (count_code_points(name) > limits::k_prompt_name_characters_max) {
        return invalid(fmt::format("Prompt name cannot be longer than {} characters",
                                   limits::k_prompt_name_characters_max));
    }
    if (name.contains('|')) return invalid("Prompt name cannot contain '|' character");
    if (name.starts_with('/')) return invalid("Name cannot start with a slash");
    if (name.ends_with('/')) return invalid("Name cannot end with a slash");
    if (name.contains("//")) return invalid("Name cannot contain consecutive slashes");
    if (std::ranges::find(k_reserved_names, name) != k_reserved_names.end()) {
        return invalid(fmt::format("Prompt name cannot be '{}'", name));
    }
    return {};
}

Result<void> check_prompt_label(std::string_view label) {
    const bool is_short = !label.empty() && label.size() <= limits::k_prompt_label_characters_max;
    const bool is_plain = label.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-.") ==
                          std::string_view::npos;
    if (is_short && is_plain) return {};
    return invalid(
        fmt::format("Label must be lowercase alphanumeric with optional underscores, "
                    "hyphens, or periods, of at most {} characters",
                    limits::k_prompt_label_characters_max));
}

Result<Json> normalise_prompt(std::string_view type, const Json& content) {
    if (type == "text") {
        if (!content.is_string()) return invalid("prompt must be a string when type is text");
        return content;
    }
    if (!content.is_array()) return invalid("prompt must be a list of messages when type is chat");
    Json messages = Json::array();
    for (std::size_t i = 0; i < content.size(); ++i) {
        ASSAY_TRY(Json message, normalise_message(content[i], i));
        messages.push_back(std::move(message));
    }
    ASSAY_CHECK(check_names(messages));
    return messages;
}

}  // namespace assay
