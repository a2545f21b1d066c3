#include "evaluators/text_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/model/json_value.hpp"
#include "evaluators/comment.hpp"

namespace assay {
namespace {

constexpr std::size_t k_texts_shown_max = 3;
constexpr std::size_t k_separator_bytes_max = 16;

TextSet split_text(std::string_view text, std::string_view separator) {
    TextSet parts;
    while (true) {
        const std::size_t at = text.find(separator);
        const std::string_view part = trim(text.substr(0, at));
        if (!part.empty()) parts.emplace_back(part);
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + separator.size());
    }
}

std::unexpected<Error> too_long() {
    return failure(ErrorCode::resource_exhausted,
                   fmt::format("a list has more than {} elements, which is more than is compared",
                               limits::k_list_elements_max));
}

std::string element_text(const Json& element) {
    std::string scratch;
    if (!element.is_number()) return std::string(trim(as_text(element, scratch)));
    return canonical_number(element);
}

}  // namespace

bool is_in(std::string_view part, std::string_view text) {
    // memmem takes linear time on any input; std::string_view::find takes quadratic time on
    // "aaa...", which models do write.
    return ::memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

std::optional<Json> array_in(const Json& value) {
    if (!value.is_string()) return std::nullopt;
    const std::string_view text = trim(value.get_ref<const std::string&>());
    if (!text.starts_with('[') || !text.ends_with(']')) return std::nullopt;
    auto parsed = parse_json(text);
    if (!parsed) return std::nullopt;
    return std::move(*parsed);
}

Result<ListReading> list_reading(const Json& parameters) {
    ListReading reading{.separator = parameters.value("separator", "\n"),
                        .ignore_case = parameters.value("ignore_case", false)};
    if (reading.separator.empty() || reading.separator.size() > k_separator_bytes_max) {
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("\"separator\" is a text of 1 to {} bytes", k_separator_bytes_max));
    }
    return reading;
}

Result<TextSet> read_list(const Json& value, const ListReading& reading) {
    const auto written = array_in(value);
    const Json& list = written ? *written : value;
    TextSet texts;
    if (list.is_array()) {
        if (list.size() > limits::k_list_elements_max) return too_long();
        for (const Json& element : list) texts.push_back(element_text(element));
    } else if (list.is_string()) {
        texts = split_text(list.get_ref<const std::string&>(), reading.separator);
    } else if (list.is_object() || list.is_null()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("{} is not a list", type_phrase(list)));
    } else {
        texts.push_back(element_text(list));
    }
    if (texts.size() > limits::k_list_elements_max) return too_long();
    if (reading.ignore_case) {
        for (std::string& text : texts) text = fold_case(text);
    }
    std::ranges::sort(texts);
    const auto repeated = std::ranges::unique(texts);
    texts.erase(repeated.begin(), repeated.end());
    return texts;
}

std::vector<std::string_view> difference(const TextSet& set, const TextSet& other) {
    std::vector<std::string_view> rest;
    std::ranges::set_difference(set, other, std::back_inserter(rest));
    return rest;
}

std::string list_excerpt(const std::vector<std::string_view>& texts) {
    std::string excerpt;
    for (std::size_t i = 0; i < std::min(texts.size(), k_texts_shown_max); ++i) {
        if (i > 0) excerpt += ", ";
        excerpt += quoted_excerpt(texts[i]);
    }
    if (texts.size() > k_texts_shown_max) {
        excerpt += fmt::format(" and {} more", texts.size() - k_texts_shown_max);
    }
    return excerpt;
}

}  // namespace assay
