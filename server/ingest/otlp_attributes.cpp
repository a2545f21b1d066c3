#include "server/ingest/otlp_attributes.hpp"

#include <charconv>
#include <cmath>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "server/ingest/fields.hpp"

namespace assay {
namespace {

/// So deep that what it is put into can still be read back as JSON.
constexpr std::size_t k_unpacked_depth_max = limits::k_json_depth_max - 16;

std::optional<double> number_of(const Json& value) {
    if (value.is_number()) return value.get<double>();
    if (!value.is_string()) return std::nullopt;
    const std::string_view text = trim(value.get_ref<const std::string&>());
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

const Json* find_attribute(const Json& attributes, std::string_view key) {
    const auto found = attributes.find(key);
    return found == attributes.end() ? nullptr : &*found;
}

const Json* find_said(const Json& attributes, OtlpKeys keys) {
    for (const std::string_view key : keys) {
        const Json* const value = key.empty() ? nullptr : find_attribute(attributes, key);
        if (value != nullptr && !says_nothing(*value)) return value;
    }
    return nullptr;
}

std::optional<std::string> find_text(const Json& attributes, OtlpKeys keys) {
    const Json* const value = find_said(attributes, keys);
    return value == nullptr ? std::nullopt : std::optional(as_text(*value));
}

std::optional<std::int64_t> find_integer(const Json& attributes, OtlpKeys keys) {
    constexpr double k_exact = 0x1p53;
    for (const std::string_view key : keys) {
        const Json* const value = find_attribute(attributes, key);
        const auto number = value == nullptr ? std::nullopt : number_of(*value);
        if (number && std::abs(*number) < k_exact) return static_cast<std::int64_t>(*number);
    }
    return std::nullopt;
}

bool is_true(const Json& attributes, std::string_view key) {
    const Json* const value = find_attribute(attributes, key);
    return value != nullptr && (*value == true || *value == "true");
}

Json unpacked(const Json& value) {
    if (!value.is_string()) return value;
    auto parsed =
        parse_json_part(value.get_ref<const std::string&>(), {.depth_max = k_unpacked_depth_max});
    return parsed ? std::move(*parsed) : value;
}

std::optional<Json> find_object(const Json& attributes, OtlpKeys keys) {
    const Json* const value = find_said(attributes, keys);
    if (value == nullptr) return std::nullopt;
    Json object = unpacked(*value);
    return object.is_object() ? std::optional(std::move(object)) : std::nullopt;
}

}  // namespace assay
