#include "server/query/filter.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "core/base/diagnostic.hpp"
#include "server/query/limits.hpp"

namespace assay {
namespace {

using enum FilterOperator;

struct OperatorName {
    FilterOperator op;
    std::string_view name;
};
constexpr std::array k_operator_names = {OperatorName{equal, "="},
                                         OperatorName{unequal, "<>"},
                                         OperatorName{less, "<"},
                                         OperatorName{less_or_equal, "<="},
                                         OperatorName{greater, ">"},
                                         OperatorName{greater_or_equal, ">="},
                                         OperatorName{contains, "contains"},
                                         OperatorName{does_not_contain, "does not contain"},
                                         OperatorName{starts_with, "starts with"},
                                         OperatorName{ends_with, "ends with"},
                                         OperatorName{matches, "matches"},
                                         OperatorName{FilterOperator::any_of, "any of"},
                                         OperatorName{none_of, "none of"},
                                         OperatorName{FilterOperator::all_of, "all of"},
                                         OperatorName{FilterOperator::is_null, "is null"},
                                         OperatorName{FilterOperator::is_not_null, "is not null"}};

constexpr std::array k_time_operators = {greater, less, greater_or_equal, less_or_equal};
constexpr std::array k_number_operators = {equal, greater, less, greater_or_equal, less_or_equal};
constexpr std::array k_text_operators = {equal,       contains,  does_not_contain,
                                         starts_with, ends_with, matches};
constexpr std::array k_boolean_operators = {equal, unequal};
constexpr std::array k_option_operators = {FilterOperator::any_of, none_of};
constexpr std::array k_array_operators = {FilterOperator::any_of, none_of, FilterOperator::all_of};
constexpr std::array k_null_operators = {FilterOperator::is_null, FilterOperator::is_not_null};
constexpr std::array k_position_operators = {equal};
constexpr std::array<std::string_view, 5> k_positions = {"root", "first", "last", "nthFromEnd",
                                                         "nthFromStart"};
constexpr double k_position_max = 1'000'000;

struct TypeRule {
    FilterType type;
    std::string_view name;
    std::span<const FilterOperator> operators;
    bool has_key = false;
};
constexpr std::array k_type_rules = {
    TypeRule{FilterType::datetime, "datetime", k_time_operators},
    TypeRule{FilterType::string, "string", k_text_operators},
    TypeRule{FilterType::string_options, "stringOptions", k_option_operators},
    TypeRule{FilterType::category_options, "categoryOptions", k_option_operators, true},
    TypeRule{FilterType::array_options, "arrayOptions", k_array_operators},
    TypeRule{FilterType::number, "number", k_number_operators},
    TypeRule{FilterType::string_object, "stringObject", k_text_operators, true},
    TypeRule{FilterType::number_object, "numberObject", k_number_operators, true},
    TypeRule{FilterType::boolean_object, "booleanObject", k_boolean_operators, true},
    TypeRule{FilterType::boolean, "boolean", k_boolean_operators},
    TypeRule{FilterType::null, "null", k_null_operators},
    TypeRule{FilterType::position_in_trace, "positionInTrace", k_position_operators, true},
};

std::unexpected<Error> refused(std::size_t index, std::string_view why) {
    return failure(ErrorCode::invalid_argument, fmt::format("filter[{}]: {}", index, why));
}

template <class Values, class Value>
bool holds(const Values& values, const Value& value) {
    return std::ranges::find(values, value) != std::ranges::end(values);
}

template <class Names>
std::vector<std::string> names_of(const Names& entries) {
    std::vector<std::string> names;
    for (const auto& entry : entries) names.emplace_back(entry.name);
    return names;
}

/// One element of the array, while it is read.
class ElementReader {
  public:
    ElementReader(const Json& element, std::size_t index) : element_(element), index_(index) {}

    Result<FilterElement> read() {
        if (!element_.is_object()) return refuse("an element must be an object");
        ASSAY_TRY(const TypeRule* rule, read_type());
        ASSAY_TRY(const FilterOperator op, read_operator(*rule));
        FilterElement read{.type = rule->type, .column = {}, .op = op};
        ASSAY_TRY(read.column, read_text("column"));
        if (rule->has_key) {
            ASSAY_TRY(read.key, read_text("key"));
        }
        ASSAY_TRY(read.value, read_value(read));
        return read;
    }

  private:
    [[nodiscard]] std::unexpected<Error> refuse(std::string_view why) const {
        return refused(index_, why);
    }
    [[nodiscard]] const Json& member(const char* name) const {
        static const Json k_null;
        const auto found = element_.find(name);
        return found == element_.end() ? k_null : *found;
    }

    Result<std::string> check_text(const char* name, const Json& value) const {
        if (!value.is_string()) {
            return refuse(fmt::format("{} must be a string, not {}", name, type_phrase(value)));
        }
        auto text = value.get<std::string>();
        if (text.size() <= limits::k_filter_text_bytes_max) return text;
        return refuse(
            fmt::format("{} is longer than {} bytes", name, limits::k_filter_text_bytes_max));
    }
    Result<std::string> read_text(const char* name) const { return check_text(name, member(name)); }

    Result<const TypeRule*> read_type() const {
        ASSAY_TRY(const std::string name, read_text("type"));
        const auto rule = std::ranges::find(k_type_rules, name, &TypeRule::name);
        if (rule != k_type_rules.end()) return &*rule;
        const auto names = names_of(k_type_rules);
        return refuse(fmt::format("unknown type \"{}\"{}; known are {}", name,
                                  did_you_mean(name, names), fmt::join(names, ", ")));
    }

    Result<FilterOperator> read_operator(const TypeRule& rule) const {
        ASSAY_TRY(const std::string name, read_text("operator"));
        const auto found = std::ranges::find(k_operator_names, name, &OperatorName::name);
        if (found != k_operator_names.end() && holds(rule.operators, found->op)) {
            return found->op;
        }
        std::vector<std::string_view> known;
        for (const FilterOperator op : rule.operators) known.push_back(to_string(op));
        return refuse(fmt::format("unknown operator \"{}\" of the type \"{}\"; known are {}", name,
                                  rule.name, fmt::join(known, ", ")));
    }

    Result<FilterValue> read_value(const FilterElement& read) const {
        switch (read.type) {
            case FilterType::datetime: return read_time();
            case FilterType::string:
            case FilterType::string_object: return read_text("value");
            case FilterType::string_options:
            case FilterType::array_options:
            case FilterType::category_options: return read_options(read);
            case FilterType::number:
            case FilterType::number_object: return read_number();
            case FilterType::boolean:
            case FilterType::boolean_object:
                if (member("value").is_boolean()) return member("value").get<bool>();
                return refuse("value must be true or false");
            case FilterType::null:
                if (member("value").is_null() || member("value") == "") return std::monostate();
                return refuse("value must be \"\"");
            case FilterType::position_in_trace: return read_position(read.key);
        }
        std::unreachable();
    }

    Result<double> read_number() const {
        const Json& value = member("value");
        if (value.is_number() && std::isfinite(value.get<double>())) return value.get<double>();
        return refuse(fmt::format("value must be a number, not {}", type_phrase(value)));
    }

    /// As clients write a time: with an offset, or without one for UTC, or only a day.
    Result<Time> read_time() const {
        ASSAY_TRY(const std::string text, read_text("value"));
        for (const char* const rest : {"", "Z", "T00:00:00Z"}) {
            if (const auto time = parse_rfc3339(text + rest)) return *time;
        }
        return refuse("value must be a time such as 2026-01-31T12:00:00Z");
    }

    Result<std::vector<std::string>> read_options(const FilterElement& read) const {
        const Json& value = member("value");
        if (!value.is_array()) {
            return refuse(
                fmt::format("value must be an array of strings, not {}", type_phrase(value)));
        }
        if (value.empty() && read.op == FilterOperator::any_of && !is_category(read)) {
            return refuse("value must not be empty");
        }
        if (value.size() > limits::k_filter_options_max) {
            return refuse(
                fmt::format("value has more than {} strings", limits::k_filter_options_max));
        }
        std::vector<std::string> options;
        for (const Json& option : value) {
            ASSAY_TRY(std::string text, check_text("each of the values", option));
            options.push_back(std::move(text));
        }
        return options;
    }
    static bool is_category(const FilterElement& read) {
        return read.type == FilterType::category_options;
    }

    Result<FilterValue> read_position(const std::string& key) const {
        if (!holds(k_positions, key)) {
            return refuse(fmt::format("key must be one of {}", fmt::join(k_positions, ", ")));
        }
        if (!key.starts_with("nth")) return std::monostate();
        ASSAY_TRY(const double place, read_number());
        if (place >= 1 && place <= k_position_max && place == std::floor(place)) return place;
        return refuse("value must be a whole number from 1");
    }

    const Json& element_;
    std::size_t index_;
};

}  // namespace

Result<std::vector<FilterElement>> read_filter(const Json& elements) {
    if (!elements.is_array()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("filter must be an array, not {}", type_phrase(elements)));
    }
    if (elements.size() > limits::k_filter_elements_max) {
        return failure(ErrorCode::invalid_argument, fmt::format("filter has more than {} elements",
                                                                limits::k_filter_elements_max));
    }
    std::vector<FilterElement> filter;
    for (std::size_t i = 0; i < elements.size(); ++i) {
        ASSAY_TRY(FilterElement element, ElementReader(elements[i], i).read());
        filter.push_back(std::move(element));
    }
    return filter;
}

Result<std::vector<FilterElement>> parse_filter(std::string_view text) {
    if (text.size() > limits::k_filter_bytes_max) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("filter is longer than {} bytes", limits::k_filter_bytes_max));
    }
    const auto elements = parse_json(text);
    if (!elements) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("filter is not valid JSON: {}", elements.error().message));
    }
    return read_filter(*elements);
}

std::string_view to_string(FilterType type) {
    return std::ranges::find(k_type_rules, type, &TypeRule::type)->name;
}

std::string_view to_string(FilterOperator op) {
    return std::ranges::find(k_operator_names, op, &OperatorName::op)->name;
}

FilterElement text_is(std::string column, std::string text) {
    return {FilterType::string, std::move(column), equal, "", std::move(text)};
}

FilterElement any_of(std::string column, std::vector<std::string> texts) {
    return {FilterType::string_options, std::move(column), FilterOperator::any_of, "",
            std::move(texts)};
}

FilterElement all_of(std::string column, std::vector<std::string> texts) {
    return {FilterType::array_options, std::move(column), FilterOperator::all_of, "",
            std::move(texts)};
}

FilterElement not_before(std::string column, Time time) {
    return {FilterType::datetime, std::move(column), greater_or_equal, "", time};
}

FilterElement before(std::string column, Time time) {
    return {FilterType::datetime, std::move(column), less, "", time};
}

FilterElement is_true(std::string column, bool value) {
    return {FilterType::boolean, std::move(column), equal, "", value};
}

FilterElement compare(std::string column, FilterOperator op, double number) {
    return {FilterType::number, std::move(column), op, "", number};
}

FilterElement is_null(std::string column) {
    return {FilterType::null, std::move(column), FilterOperator::is_null, "", std::monostate()};
}

FilterElement is_not_null(std::string column) {
    return {FilterType::null, std::move(column), FilterOperator::is_not_null, "", std::monostate()};
}

}  // namespace assay
