#include "server/api/paging.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "core/base/base64.hpp"
#include "core/base/text.hpp"
#include "server/api/error_body.hpp"

namespace assay {
namespace {

// So that no product of page and limit leaves 64 bits, and no client notices.
constexpr std::int64_t k_page_max = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t k_cursor_bytes_max = 16U << 10U;

/// A number that is the whole text.
template <class Number>
std::optional<Number> number_of(std::string_view text) {
    Number value{};
    const char* const end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, value);
    if (code != std::errc() || stop != end) return std::nullopt;
    return value;
}

void append_parts(std::vector<std::string>& parts, std::string_view text) {
    for (const std::string_view part : split(text, ',')) {
        if (!trim(part).empty()) parts.emplace_back(trim(part));
    }
}

std::string without_padding(std::string text) {
    text.resize(text.find_last_not_of('=') + 1);
    return text;
}

std::unexpected<Error> invalid_cursor() {
    return failure(ErrorCode::invalid_argument, "Invalid cursor format");
}

void replace_all(std::string& text, char from, char to) {
    for (char& byte : text) byte = byte == from ? to : byte;
}

}  // namespace

std::optional<std::string> QueryParameters::text(std::string_view name) const {
    for (const auto& [key, value] : *query_) {
        if (key == name && !value.empty()) return value;
    }
    return std::nullopt;
}

std::vector<std::string> QueryParameters::list(std::string_view name) const {
    std::vector<std::string> values;
    for (const auto& [key, value] : *query_) {
        if (key == name && !value.empty()) values.push_back(value);
    }
    return values.size() == 1 ? comma_list(name) : values;
}

std::vector<std::string> QueryParameters::comma_list(std::string_view name) const {
    std::vector<std::string> values;
    for (const auto& [key, value] : *query_) {
        if (key == name) append_parts(values, value);
    }
    return values;
}

std::optional<Time> QueryParameters::time(std::string_view name) {
    const auto value = text(name);
    if (!value) return std::nullopt;
    const auto time = parse_rfc3339(*value);
    if (time) return *time;
    refuse(name, "invalid_string",
           fmt::format("{} must be a time with an offset, such as 2026-01-31T12:00:00Z", name));
    return std::nullopt;
}

std::optional<bool> QueryParameters::boolean(std::string_view name) {
    const auto value = text(name);
    if (!value) return std::nullopt;
    if (*value == "true" || *value == "false") return *value == "true";
    refuse(name, "invalid_enum_value", fmt::format("{} must be \"true\" or \"false\"", name));
    return std::nullopt;
}

std::optional<double> QueryParameters::number(std::string_view name) {
    const auto value = text(name);
    if (!value) return std::nullopt;
    const auto number = number_of<double>(*value);
    if (number && std::isfinite(*number)) return number;
    refuse(name, "invalid_type", fmt::format("{} must be a finite number", name));
    return std::nullopt;
}

std::optional<std::int64_t> QueryParameters::integer(std::string_view name, std::int64_t least,
                                                     std::int64_t most) {
    const auto value = text(name);
    if (!value) return std::nullopt;
    const auto number = number_of<std::int64_t>(*value);
    if (number && *number >= least && *number <= most) return number;
    const char* const code = !number ? "invalid_type" : *number < least ? "too_small" : "too_big";
    refuse(name, code, fmt::format("{} must be an integer from {} to {}", name, least, most));
    return std::nullopt;
}

Page QueryParameters::page(std::int64_t limit_default, std::int64_t limit_max) {
    return {.number = integer("page", 1, k_page_max).value_or(1),
            .limit = limit(limit_default, limit_max)};
}

std::int64_t QueryParameters::limit(std::int64_t limit_default, std::int64_t limit_max) {
    return integer("limit", 1, limit_max).value_or(limit_default);
}

void QueryParameters::refuse(std::string_view name, std::string code, std::string message) {
    faults_.push_back({std::move(code), {Json(name)}, std::move(message)});
}

OrderedJson page_meta(const Page& page, std::int64_t total_items) {
    OrderedJson meta;
    meta["page"] = page.number;
    meta["limit"] = page.limit;
    meta["totalItems"] = total_items;
    meta["totalPages"] = (total_items + page.limit - 1) / page.limit;
    return meta;
}

ApiResponse page_response(OrderedJson data, const Page& page, std::int64_t total_items) {
    OrderedJson body;
    body["data"] = std::move(data);
    body["meta"] = page_meta(page, total_items);
    return json_response(200, body);
}

std::string to_cursor(const OrderedJson& position) { return to_base64(to_text(position)); }

std::string to_url_cursor(const OrderedJson& position) {
    std::string cursor = without_padding(to_cursor(position));
    replace_all(cursor, '+', '-');
    replace_all(cursor, '/', '_');
    return cursor;
}

Result<Json> parse_cursor(std::string_view cursor) {
    if (cursor.size() > k_cursor_bytes_max) return invalid_cursor();
    std::string base64 = without_padding(std::string(cursor));
    replace_all(base64, '-', '+');
    replace_all(base64, '_', '/');
    base64.resize((base64.size() + 3) / 4 * 4, '=');
    const auto text = from_base64(base64);
    if (!text) return invalid_cursor();
    auto position = parse_json(*text);
    if (!position || !position->is_object()) return invalid_cursor();
    return std::move(*position);
}

std::string to_cursor_time(Time time) {
    const auto nanoseconds = time - std::chrono::floor<std::chrono::milliseconds>(time);
    std::string text = to_rfc3339(time);
    text.pop_back();
    return fmt::format("{}{:06}Z", text, nanoseconds.count());
}

Result<std::string> cursor_text(const Json& position, const std::string& name) {
    const auto text = position.find(name);
    if (text == position.end() || !text->is_string()) return invalid_cursor();
    return text->get<std::string>();
}

Result<Time> cursor_time(const Json& position, const std::string& name) {
    ASSAY_TRY(const std::string text, cursor_text(position, name));
    const auto time = parse_rfc3339(text);
    if (!time) return invalid_cursor();
    return *time;
}

OrderedJson to_api_time(std::optional<Time> time) {
    return time ? OrderedJson(to_api_time(*time)) : OrderedJson();
}

}  // namespace assay
