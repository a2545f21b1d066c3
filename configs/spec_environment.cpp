#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "configs/spec_parts.hpp"

namespace assay {
namespace {

bool is_variable_name(std::string_view name) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    const auto is_allowed = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
    return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, is_allowed);
}

std::optional<std::string> value_of(const std::string& variable, const Environment& environment) {
    const std::optional<std::string> missing =
        environment.may_miss ? std::optional<std::string>("") : std::nullopt;
    if (environment.values != nullptr) {
        const auto at = environment.values->find(variable);
        return at == environment.values->end() ? missing : at->second;
    }
    const char* const value = std::getenv(variable.c_str());
    return value == nullptr ? missing : value;
}

}  // namespace

std::optional<std::vector<SettingPiece>> split_setting(const SpecReader& setting,
                                                       const Environment& environment) {
    if (!setting.value().is_string()) {
        setting.mistake(fmt::format("{} must be a string, not {}", setting.title(),
                                    type_phrase(setting.value())));
        return std::nullopt;
    }
    std::string_view rest = setting.value().get_ref<const std::string&>();
    std::vector<SettingPiece> pieces;
    while (true) {
        const std::size_t begin = rest.find("${");
        if (begin != 0 && !rest.empty()) pieces.push_back({std::string(rest.substr(0, begin)), ""});
        if (begin == std::string_view::npos) return pieces;
        const std::size_t end = rest.find('}', begin);
        const std::string variable(rest.substr(begin + 2, end - begin - 2));
        if (end == std::string_view::npos || !is_variable_name(variable)) {
            setting.mistake(
                fmt::format("{} holds a `${{` that is no ${{NAME}} of an environment "
                            "variable",
                            setting.title()));
            return std::nullopt;
        }
        auto value = value_of(variable, environment);
        if (!value) {
            setting.mistake(fmt::format("{} needs the environment variable {}, which is not set",
                                        setting.title(), variable));
            return std::nullopt;
        }
        pieces.push_back({std::move(*value), variable});
        rest.remove_prefix(end + 1);
    }
}

bool is_header_name(std::string_view name) {
    constexpr std::string_view k_punctuation = "!#$%&'*+-.^_`|~";
    const auto is_token = [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               k_punctuation.contains(c);
    };
    return !name.empty() && std::ranges::all_of(name, is_token);
}

bool is_one_line(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace assay
