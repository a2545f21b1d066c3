#include "server/api/member_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace assay {

const Json& MemberReader::find(const char* name) const {
    static const Json k_null;
    if (!object_->is_object()) return k_null;
    const auto found = object_->find(name);
    return found == object_->end() ? k_null : *found;
}

std::vector<Json> MemberReader::path_of(const char* name) const {
    std::vector<Json> path = path_;
    if (*name != '\0') path.emplace_back(name);
    return path;
}

void MemberReader::refuse(const char* name, std::string code, std::string message) {
    faults_->push_back({std::move(code), path_of(name), std::move(message)});
}

void MemberReader::wrong(const char* name, std::string_view expected) {
    faults_->push_back(wrong_type(path_of(name), expected, find(name)));
}

std::string MemberReader::required_text(const char* name) {
    const Json& member = find(name);
    if (!member.is_string()) {
        wrong(name, "string");
        return {};
    }
    if (member.get_ref<const std::string&>().empty()) {
        refuse(name, "too_small", "Too small: expected string to have >=1 characters");
    }
    return member.get<std::string>();
}

std::optional<std::string> MemberReader::text(const char* name) {
    const Json& member = find(name);
    if (member.is_null()) return std::nullopt;
    if (member.is_string()) return member.get<std::string>();
    wrong(name, "string");
    return std::nullopt;
}

std::optional<std::string> MemberReader::choice(const char* name,
                                                std::span<const std::string_view> choices) {
    const Json& member = find(name);
    if (member.is_null()) return std::nullopt;
    const auto is_member = [&](std::string_view each) { return member == each; };
    if (std::ranges::any_of(choices, is_member)) return member.get<std::string>();
    refuse(name, "invalid_value",
           fmt::format("Invalid option: expected one of {}", fmt::join(choices, ", ")));
    return std::nullopt;
}

std::optional<double> MemberReader::number(const char* name) {
    const Json& member = find(name);
    if (member.is_null()) return std::nullopt;
    if (member.is_number()) return member.get<double>();
    wrong(name, "number");
    return std::nullopt;
}

std::optional<std::int64_t> MemberReader::integer(const char* name) {
    const Json& member = find(name);
    if (member.is_null()) return std::nullopt;
    const bool is_too_large =
        member.is_number_unsigned() && member.get<std::uint64_t>() > std::uint64_t{INT64_MAX};
    if (member.is_number_integer() && !is_too_large) return member.get<std::int64_t>();
    wrong(name, "int");
    return std::nullopt;
}

std::optional<bool> MemberReader::boolean(const char* name) {
    const Json& member = find(name);
    if (member.is_null()) return std::nullopt;
    if (member.is_boolean()) return member.get<bool>();
    wrong(name, "boolean");
    return std::nullopt;
}

std::optional<Time> MemberReader::time(const char* name) {
    const auto written = text(name);
    if (!written) return std::nullopt;
    // A day stands for its beginning.
    const auto time = parse_rfc3339(written->size() == 10 ? *written + "T00:00:00Z" : *written);
    if (time) return *time;
    refuse(name, "invalid_format", "Invalid ISO datetime");
    return std::nullopt;
}

const Json* MemberReader::array(const char* name) {
    const Json& member = find(name);
    if (member.is_array()) return &member;
    if (!member.is_null()) wrong(name, "array");
    return nullptr;
}

std::optional<std::vector<std::string>> MemberReader::texts(const char* name) {
    const Json* const list = array(name);
    if (list == nullptr) return std::nullopt;
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const Json& each = (*list)[i];
        if (each.is_string()) {
            texts.push_back(each.get<std::string>());
            continue;
        }
        std::vector<Json> path = path_of(name);
        path.emplace_back(i);
        faults_->push_back(wrong_type(std::move(path), "string", each));
    }
    return texts;
}

const Json* MemberReader::object(const char* name) {
    const Json& member = find(name);
    if (member.is_object()) return &member;
    if (!member.is_null()) wrong(name, "object");
    return nullptr;
}

MemberReader MemberReader::element(const char* name, std::size_t index) {
    const Json& each = find(name)[index];
    std::vector<Json> path = path_of(name);
    path.emplace_back(index);
    if (!each.is_object()) faults_->push_back(wrong_type(path, "object", each));
    return {each, *faults_, std::move(path)};
}

}  // namespace assay
