#include <fmt/format.h>

#include <charconv>

#include "configs/spec_parts.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace {

const Place k_command_line = {.file = "--set", .line = 0, .column = 0};

/// The member or element of `parent` that `step` names; created in a map. nullptr with a message
/// when there can be none.
Json* child_of(Json& parent, std::string_view step, std::string_view path, std::string& message) {
    if (parent.is_null()) parent = Json::object();
    if (parent.is_object()) return &parent[std::string(step)];
    if (!parent.is_array()) {
        message = fmt::format(
            "\"{}\" leads nowhere: the value before \"{}\" is {}, which has no "
            "keys",
            path, step, type_phrase(parent));
        return nullptr;
    }
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
    if (error == std::errc() && end == step.data() + step.size() && index < parent.size()) {
        return &parent[index];
    }
    message = fmt::format(
        "\"{}\" leads nowhere: \"{}\" must be the number of one of the {} entries "
        "of a list, counted from 0",
        path, step, parent.size());
    return nullptr;
}

}  // namespace

void apply_override(const std::string& argument, LocatedDocument& document) {
    const auto mistake = [&document](std::string message) {
        document.diagnostics.push_back({k_command_line, std::move(message)});
    };
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0) {
        mistake(fmt::format("\"{}\" must have the form KEY=VALUE, as in execution.concurrency=8",
                            argument.substr(0, equals)));
        return;
    }
    const std::string_view path = std::string_view(argument).substr(0, equals);
    const std::vector<std::string_view> steps = split(path, '.');
    DocumentContext context{.words = plain_word_pointers()};
    for (const std::string_view step : steps) context.at = pointer_to(context.at, step);
    LocatedDocument value =
        parse_located(std::string_view(argument).substr(equals + 1), k_command_line.file, context);
    for (Diagnostic& found : value.diagnostics) {
        mistake(fmt::format("the value of {}: {}", path, found.message));
    }
    if (!value.diagnostics.empty()) return;
    // No key of the spec itself may be null, so that null can take one out: `matrix=null`.
    if (steps.size() == 1 && value.value.is_null() && document.value.is_object()) {
        document.value.erase(std::string(path));
        document.places.erase(pointer_to("", path));
        return;
    }

    Json* target = &document.value;
    std::string pointer;
    for (const std::string_view step : steps) {
        std::string message;
        target = child_of(*target, step, path, message);
        if (target == nullptr) {
            mistake(std::move(message));
            return;
        }
        pointer = pointer_to(pointer, step);
        // What the file does not have has no place in it.
        if (target->is_null()) document.places.set_key(pointer, k_command_line);
    }
    *target = std::move(value.value);
    document.places.erase(pointer);
    document.places.set(pointer, k_command_line);
    document.places.set_key(pointer, k_command_line);
}

}  // namespace assay
