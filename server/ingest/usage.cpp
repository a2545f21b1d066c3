#include "server/ingest/usage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/text.hpp"
#include "server/ingest/limits.hpp"

namespace assay {
namespace {

std::optional<std::int64_t> in_range(double number) {
    const bool usable = number >= 0 && number <= static_cast<double>(limits::k_usage_units_max) &&
                        std::trunc(number) == number;
    if (!usable) return std::nullopt;
    return static_cast<std::int64_t>(number);
}

/// A whole number that is not negative.
std::optional<std::int64_t> whole_number(const Json& value) {
    if (!value.is_number()) return std::nullopt;
    return in_range(value.get<double>());
}

/// The same, also written as a text.
std::optional<std::int64_t> numeric(const Json& value) {
    if (!value.is_string()) return whole_number(value);
    const std::string_view text = trim(value.get_ref<const std::string&>());
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return in_range(number);
}

/// How one of OpenAI's APIs calls what a model used.
struct OpenAiForm {
    const char* input;
    const char* output;
    const char* total;
    const char* input_details;
    const char* output_details;
};

constexpr std::array k_open_ai_forms = {
    OpenAiForm{"prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details",
               "completion_tokens_details"},
    OpenAiForm{"input_tokens", "output_tokens", "total_tokens", "input_tokens_details",
               "output_tokens_details"},
};

bool are_details(const Json& value) {
    return value.is_null() ||
           (value.is_object() && std::ranges::all_of(value, [](const Json& part) {
                return part.is_null() || whole_number(part);
            }));
}

/// Whether the value has this form and nothing else.
bool has_form(const Json& value, const OpenAiForm& form) {
    std::size_t counts = 0;
    for (const auto& [key, part] : value.items()) {
        if (key == form.input_details || key == form.output_details) {
            if (!are_details(part)) return false;
            continue;
        }
        const bool is_count = key == form.input || key == form.output || key == form.total;
        if (!is_count || !whole_number(part)) return false;
        ++counts;
    }
    return counts == 3;
}

/// One side of it: details are counted apart, and no longer in the side's own number.
void add_side(Json& usage, const std::string& side, std::int64_t count, const Json& details) {
    for (const auto& [key, part] : details.items()) {
        const auto units = whole_number(part);
        if (!units) continue;
        usage[side + "_" + key] = *units;
        count = std::max<std::int64_t>(count - *units, 0);
    }
    usage[side] = count;
}

Json read_form(const Json& value, const OpenAiForm& form) {
    Json usage = Json::object();
    add_side(usage, "input", *whole_number(value.at(form.input)),
             value.value(form.input_details, Json::object()));
    add_side(usage, "output", *whole_number(value.at(form.output)),
             value.value(form.output_details, Json::object()));
    usage["total"] = *whole_number(value.at(form.total));
    return usage;
}

Result<void> check_map(const Json& value) {
    if (!value.is_object()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("must be an object, not {}", type_phrase(value)));
    }
    if (value.size() > limits::k_usage_types_max) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("must have at most {} members", limits::k_usage_types_max));
    }
    return {};
}

/// A member of `usage` and the usage type that it counts.
struct LegacyMember {
    const char* name;
    const char* type;
};

constexpr std::array k_legacy_counts = {
    LegacyMember{"input", "input"},
    LegacyMember{"output", "output"},
    LegacyMember{"total", "total"},
    LegacyMember{"promptTokens", "input"},
    LegacyMember{"completionTokens", "output"},
    LegacyMember{"totalTokens", "total"},
};
constexpr std::array k_legacy_costs = {
    LegacyMember{"inputCost", "input"},
    LegacyMember{"outputCost", "output"},
    LegacyMember{"totalCost", "total"},
};

}  // namespace

Result<Json> read_usage_details(const Json& value) {
    if (value.is_null()) return Json::object();
    ASSAY_CHECK(check_map(value));
    for (const OpenAiForm& form : k_open_ai_forms) {
        if (has_form(value, form)) return read_form(value, form);
    }
    Json usage = Json::object();
    for (const auto& [key, part] : value.items()) {
        if (const auto units = numeric(part)) usage[key] = *units;
    }
    return usage;
}

Result<Json> read_cost_details(const Json& value) {
    if (value.is_null()) return Json::object();
    ASSAY_CHECK(check_map(value));
    Json costs = Json::object();
    for (const auto& [key, part] : value.items()) {
        if (part.is_null()) continue;
        if (!part.is_number() || part.get<double>() > limits::k_client_cost_usd_max) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("must hold US dollars as numbers up to {:.0f}, which its "
                                       "member \"{}\" is not",
                                       limits::k_client_cost_usd_max, key));
        }
        if (part.get<double>() >= 0) costs[key] = part.get<double>();
    }
    return costs;
}

Result<LegacyUsage> read_legacy_usage(const Json& value) {
    LegacyUsage usage;
    if (value.is_null()) return usage;
    ASSAY_CHECK(check_map(value));
    const auto is_form = [&](const OpenAiForm& form) { return has_form(value, form); };
    if (const auto form = std::ranges::find_if(k_open_ai_forms, is_form);
        form != k_open_ai_forms.end()) {
        usage.usage_details = read_form(value, *form);
        return usage;
    }
    for (const auto& [name, type] : k_legacy_counts) {
        const auto member = value.find(name);
        if (member == value.end() || member->is_null()) continue;
        const auto units = whole_number(*member);
        if (!units) {
            return failure(
                ErrorCode::invalid_argument,
                fmt::format("must hold whole numbers, which its member \"{}\" is not", name));
        }
        usage.usage_details[type] = *units;
    }
    Json costs = Json::object();
    for (const auto& [name, type] : k_legacy_costs) {
        if (const auto member = value.find(name); member != value.end()) costs[type] = *member;
    }
    ASSAY_TRY(usage.cost_details, read_cost_details(costs));
    return usage;
}

}  // namespace assay
