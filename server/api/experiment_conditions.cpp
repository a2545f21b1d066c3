#include "server/api/experiment_conditions.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "core/base/text.hpp"
#include "server/query/query.hpp"

namespace assay {
namespace {

/// What a column of a filter is about.
enum class Topic : std::uint8_t { experiment, name, dataset, item };

struct TopicColumn {
    Topic topic;
    Column column;
};
constexpr std::array k_experiment_columns = {
    TopicColumn{Topic::experiment, {.id = "id", .name = "ID"}},
    TopicColumn{Topic::name, {.id = "name", .name = "Name"}},
    TopicColumn{Topic::dataset, {.id = "datasetId", .name = "Dataset ID"}},
};
constexpr std::array k_item_columns = {
    TopicColumn{Topic::experiment, {.id = "experimentId", .name = "Experiment ID"}},
    TopicColumn{Topic::name, {.id = "experimentName", .name = "Experiment Name"}},
    TopicColumn{Topic::item, {.id = "experimentItemId", .name = "Experiment Item ID"}},
    TopicColumn{Topic::dataset, {.id = "datasetId", .name = "Dataset ID"}},
};

/// @error invalid_argument when an element is about none of the columns or does not fit them.
Result<void> check_elements(std::span<const TopicColumn> known,
                            const std::vector<FilterElement>& elements) {
    std::vector<Column> columns;
    for (const TopicColumn& each : known) columns.push_back(each.column);
    const View texts = {.name = "experiments",
                        .from = "",
                        .row = "",
                        .is_row_id = false,
                        .project = "",
                        .where = "",
                        .columns = columns};
    return check_filter(texts, elements);
}

bool has_all_words(std::string_view text, std::string_view words) {
    const std::string folded = fold_case(text);
    return std::ranges::all_of(split(words, ' '), [&](std::string_view word) {
        return folded.find(fold_case(word)) != std::string::npos;
    });
}

/// Whether a text, or none, meets an element of a filter.
bool is_met(const FilterElement& element, const std::optional<std::string>& text) {
    if (element.op == FilterOperator::is_null) return !text;
    if (element.op == FilterOperator::is_not_null) return text.has_value();
    if (const auto* const options = std::get_if<std::vector<std::string>>(&element.value)) {
        const bool is_one = text && std::ranges::find(*options, *text) != options->end();
        return element.op == FilterOperator::none_of ? !is_one : is_one;
    }
    const auto* const value = std::get_if<std::string>(&element.value);
    if (value == nullptr) return false;
    switch (element.op) {
        case FilterOperator::contains: return text && text->contains(*value);
        case FilterOperator::does_not_contain: return !text || !text->contains(*value);
        case FilterOperator::starts_with: return text && text->starts_with(*value);
        case FilterOperator::ends_with: return text && text->ends_with(*value);
        case FilterOperator::matches: return text && has_all_words(*text, *value);
        default: return text == *value;
    }
}

struct Condition {
    Topic topic;
    FilterElement element;
};

bool is_met(const Condition& condition, const ExperimentNames& names) {
    switch (condition.topic) {
        case Topic::experiment: return is_met(condition.element, names.id);
        case Topic::name: return is_met(condition.element, names.head.name);
        case Topic::dataset: return is_met(condition.element, names.head.dataset_id);
        case Topic::item: return is_met(condition.element, names.item);
    }
    std::unreachable();
}

}  // namespace

Result<std::function<bool(const ExperimentNames&)>> experiment_conditions(
    const QueryParameters& parameters, ExperimentList list) {
    const std::span<const TopicColumn> known =
        list == ExperimentList::items ? std::span<const TopicColumn>(k_item_columns)
                                      : std::span<const TopicColumn>(k_experiment_columns);
    std::vector<FilterElement> elements;
    if (const auto filter = parameters.text("filter")) {
        ASSAY_TRY(elements, parse_filter(std::string_view(*filter)));
        ASSAY_CHECK(check_elements(known, elements));
    }
    std::vector<Condition> conditions;
    for (const auto& [topic, column] : known) {
        const std::size_t before = conditions.size();
        for (const FilterElement& element : elements) {
            if (is_spelling(column, element.column)) conditions.push_back({topic, element});
        }
        auto values = parameters.comma_list(column.id);
        // A column that `filter` speaks of is left to it.
        if (conditions.size() > before || values.empty()) continue;
        conditions.push_back({topic, any_of(std::string(column.id), std::move(values))});
    }
    return [conditions = std::move(conditions)](const ExperimentNames& names) {
        return std::ranges::all_of(
            conditions, [&](const Condition& condition) { return is_met(condition, names); });
    };
}

}  // namespace assay
