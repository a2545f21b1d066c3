#include "server/query/conditions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include "core/base/diagnostic.hpp"
#include "server/store/metadata_tokens.hpp"

namespace assay {
namespace {

// A negative operator is the opposite of its positive one, also where there is no value: a trace
// without a name does not contain anything.
bool is_negative(const FilterElement& element) {
    switch (element.op) {
        case FilterOperator::does_not_contain:
        case FilterOperator::none_of:
        case FilterOperator::is_not_null: return true;
        // An unequal number is one.
        case FilterOperator::unequal: return std::holds_alternative<bool>(element.value);
        default: return false;
    }
}

bool fits(ColumnKind kind, FilterType type) {
    switch (kind) {
        case ColumnKind::text:
        case ColumnKind::symbol:
        case ColumnKind::id:
            return type == FilterType::string || type == FilterType::string_options ||
                   type == FilterType::null;
        case ColumnKind::number: return type == FilterType::number || type == FilterType::null;
        case ColumnKind::time: return type == FilterType::datetime || type == FilterType::null;
        case ColumnKind::boolean: return type == FilterType::boolean || type == FilterType::null;
        case ColumnKind::texts:
            return type == FilterType::array_options || type == FilterType::string_options ||
                   type == FilterType::null;
        case ColumnKind::numbers_by_key: return type == FilterType::number_object;
        case ColumnKind::booleans_by_key: return type == FilterType::boolean_object;
        case ColumnKind::texts_by_key: return type == FilterType::category_options;
        case ColumnKind::metadata:
            return type == FilterType::string_object || type == FilterType::number_object ||
                   type == FilterType::boolean_object || type == FilterType::null;
        case ColumnKind::content: return type == FilterType::string || type == FilterType::null;
        case ColumnKind::position: return type == FilterType::position_in_trace;
    }
    std::unreachable();
}

/// The types that fit one of several columns of a spelling, as a sentence has them.
std::string fitting_types(std::span<const Column* const> columns) {
    std::set<std::string_view> types;
    for (int i = 0; i <= std::to_underlying(FilterType::position_in_trace); ++i) {
        const auto type = static_cast<FilterType>(i);
        const auto takes = [&](const Column* column) { return fits(column->kind, type); };
        if (std::ranges::any_of(columns, takes)) types.insert(to_string(type));
    }
    return fmt::format("{}", fmt::join(types, ", "));
}

std::string replaced(std::string sql, std::string_view what, std::string_view with) {
    for (std::size_t at = sql.find(what); at != std::string::npos;
         at = sql.find(what, at + with.size())) {
        sql.replace(at, what.size(), with);
    }
    return sql;
}

/// The SQL of an element whose column is known.
class ConditionWriter {
  public:
    ConditionWriter(const ProjectId& project, const Column& column, const FilterElement& element,
                    SqlParameters& parameters, Verification verification)
        : project_(project),
          column_(column),
          element_(element),
          parameters_(parameters),
          verification_(verification) {}

    Condition write() {
        Condition condition = write_positive();
        if (is_negative(element_)) condition = {"NOT coalesce(" + condition.sql + ", 0)"};
        const bool reads_documents =
            column_.kind == ColumnKind::content || column_.kind == ColumnKind::metadata;
        condition.is_slow = reads_documents && !condition.is_indexed;
        return condition;
    }

  private:
    template <class Value>
    [[nodiscard]] const Value& value() const {
        return std::get<Value>(element_.value);
    }
    [[nodiscard]] std::string sql() const { return column_.sql; }

    Condition write_positive() {
        if (element_.type == FilterType::null) return {null_condition()};
        switch (column_.kind) {
            case ColumnKind::text: return single_condition(sql(), sql() + " IN ($values)");
            case ColumnKind::symbol: return symbol_condition();
            case ColumnKind::id:
                return single_condition("(CASE typeof(" + sql() + ") WHEN 'blob' THEN lower(hex(" +
                                            sql() + ")) ELSE " + sql() + " END)",
                                        sql() + " IN ($values)");
            case ColumnKind::number: return {comparison(sql())};
            case ColumnKind::numbers_by_key: return {comparison(with_key())};
            case ColumnKind::time: return {comparison(sql())};
            case ColumnKind::boolean: return {"coalesce(" + sql() + ", 0) = " + add_value()};
            case ColumnKind::booleans_by_key: return {with_key() + " = " + add_value()};
            case ColumnKind::texts: return {set_condition(sql())};
            case ColumnKind::texts_by_key: return {set_condition(with_key())};
            case ColumnKind::metadata: return metadata_condition();
            case ColumnKind::content: return {text_condition(sql())};
            case ColumnKind::position: return {position_condition()};
        }
        std::unreachable();
    }

    /// The one value, bound.
    std::string add_value() {
        if (const auto* const text = std::get_if<std::string>(&element_.value)) {
            return parameters_.add(*text);
        }
        if (const auto* const number = std::get_if<double>(&element_.value)) {
            return parameters_.add(*number);
        }
        if (const auto* const flag = std::get_if<bool>(&element_.value)) {
            return parameters_.add(std::int64_t{*flag ? 1 : 0});
        }
        return parameters_.add(static_cast<std::int64_t>(value<Time>().time_since_epoch().count()));
    }

    /// The values of "=" and "any of", bound and joined by commas.
    std::string add_values() {
        const std::vector<std::string> one = {is_list() ? "" : value<std::string>()};
        std::string list;
        for (const std::string& text : is_list() ? value<std::vector<std::string>>() : one) {
            if (!list.empty()) list += ", ";
            list += column_.kind == ColumnKind::id ? parameters_.add(StoredId(text))
                                                   : parameters_.add(text);
        }
        return list;
    }
    [[nodiscard]] bool is_list() const {
        return std::holds_alternative<std::vector<std::string>>(element_.value);
    }

    std::string with_key() { return replaced(column_.sql, "$key", parameters_.add(element_.key)); }

    /// A column with one text, which an equality can find faster than a look at the text.
    Condition single_condition(const std::string& text, const std::string& is_any_of) {
        if (!is_list() && element_.op != FilterOperator::equal) return {text_condition(text)};
        const bool has_index = column_.is_any_of != nullptr;
        return {.sql = replaced(has_index ? column_.is_any_of : is_any_of, "$values", add_values()),
                .is_indexed = has_index && !is_negative(element_)};
    }

    Condition symbol_condition() {
        const std::string symbols = sql() + " IN (SELECT symbol FROM symbols WHERE ";
        if (!is_list() && element_.op != FilterOperator::equal) {
            return {symbols + "text <> '' AND " + text_condition("text") + ")"};
        }
        return single_condition("", symbols + "text IN ($values))");
    }

    std::string text_condition(const std::string& text) {
        switch (element_.op) {
            case FilterOperator::contains:
            case FilterOperator::does_not_contain:
                return "instr(" + text + ", " + add_value() + ") > 0";
            case FilterOperator::starts_with:
                return "assay_starts_with(" + text + ", " + add_value() + ")";
            case FilterOperator::ends_with:
                return "assay_ends_with(" + text + ", " + add_value() + ")";
            case FilterOperator::matches: return "assay_matches(" + text + ", " + add_value() + ")";
            default: return text + " = " + add_value();
        }
    }

    std::string comparison(const std::string& number) {
        return fmt::format("{} {} {}", number, to_string(element_.op), add_value());
    }

    std::string set_condition(const std::string& select) {
        const auto& options = value<std::vector<std::string>>();
        const std::set<std::string_view> different(options.begin(), options.end());
        if (element_.op != FilterOperator::all_of) {
            return "EXISTS (SELECT 1 FROM (" + select + ") WHERE value IN (" + add_values() + "))";
        }
        return "(SELECT count(DISTINCT value) FROM (" + select + ") WHERE value IN (" +
               add_values() +
               ")) = " + parameters_.add(static_cast<std::int64_t>(different.size()));
    }

    std::string null_condition() {
        switch (column_.kind) {
            case ColumnKind::symbol:
                return "nullif((SELECT text FROM symbols WHERE symbol = " + sql() +
                       "), '') IS NULL";
            case ColumnKind::texts: return "NOT EXISTS (" + sql() + ")";
            case ColumnKind::metadata: return metadata(sql(), "") + " IS NULL";
            default: return sql() + " IS NULL";
        }
    }

    /// The text of a member of the metadata, or NULL.
    [[nodiscard]] std::string metadata(const std::string& row, const std::string& key) const {
        const char* const of = column_.metadata == MetadataOf::trace         ? "trace"
                               : column_.metadata == MetadataOf::observation ? "observation"
                                                                             : "json";
        return fmt::format("assay_{}_metadata({}{}{})", of, row, key.empty() ? "" : ", ", key);
    }

    Condition metadata_condition() {
        if (is_in_metadata_index()) return indexed_metadata_condition();
        const std::string text = metadata(sql(), parameters_.add(element_.key));
        if (element_.type == FilterType::number_object) {
            return {comparison("assay_number(" + text + ")")};
        }
        if (element_.type == FilterType::boolean_object) {
            return {text + (value<bool>() ? " = 'true'" : " = 'false'")};
        }
        return {text_condition(text)};
    }

    [[nodiscard]] bool is_in_metadata_index() const {
        if (element_.type != FilterType::string_object || column_.metadata == MetadataOf::score) {
            return false;
        }
        // Objects and lists are not in the index: see metadata_tokens().
        const auto& text = value<std::string>();
        return element_.op == FilterOperator::equal && !text.starts_with('{') &&
               !text.starts_with('[');
    }

    Condition indexed_metadata_condition() {
        const char* const index =
            column_.metadata == MetadataOf::trace ? "trace_metadata" : "observation_metadata";
        Condition condition{
            .is_indexed = true,
            .metadata = column_.metadata,
            .token = metadata_tokens(project_, Json{{element_.key, value<std::string>()}})};
        condition.sql = fmt::format("{0} IN (SELECT rowid FROM {1} WHERE {1} MATCH {2})", sql(),
                                    index, parameters_.add(condition.token));
        if (verification_ == Verification::none) return condition;
        const std::string key = parameters_.add(element_.key);
        condition.verification = metadata("row", key) + " = " + add_value();
        return condition;
    }

    /// Only observations have a place in their trace.
    std::string position_condition() {
        if (element_.key == "root") return "(o.parent_id IS NULL OR o.app_root = 1)";
        const bool from_start = element_.key == "first" || element_.key == "nthFromStart";
        const bool is_nth = std::holds_alternative<double>(element_.value);
        const auto place = is_nth ? static_cast<std::int64_t>(value<double>()) : 1;
        const std::string number = parameters_.add(place);
        return fmt::format(
            "(SELECT count(*) FROM (SELECT 1 FROM observations e WHERE e.trace = o.trace AND "
            "(e.start_time, e.observation) {} (o.start_time, o.observation) LIMIT {})) = {} - 1",
            from_start ? "<" : ">", number, number);
    }

    const ProjectId& project_;
    const Column& column_;
    const FilterElement& element_;
    SqlParameters& parameters_;
    Verification verification_;
};

}  // namespace

Result<const Column*> find_column(const View& view, const FilterElement& element,
                                  std::size_t index) {
    std::vector<const Column*> meant;
    std::vector<std::string> known;
    for (const Column& column : view.columns) {
        known.emplace_back(column.id);
        if (!is_spelling(column, element.column)) continue;
        if (fits(column.kind, element.type)) return &column;
        meant.push_back(&column);
    }
    if (meant.empty()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("filter[{}]: {} have no column \"{}\"{}; known are {}", index,
                                   view.name, element.column, did_you_mean(element.column, known),
                                   fmt::join(known, ", ")));
    }
    return failure(
        ErrorCode::invalid_argument,
        fmt::format("filter[{}]: the column \"{}\" takes filters of the types {}, not {}", index,
                    element.column, fitting_types(meant), to_string(element.type)));
}

Condition to_condition(const ProjectId& project, const Column& column, const FilterElement& element,
                       SqlParameters& parameters, Verification verification) {
    return ConditionWriter(project, column, element, parameters, verification).write();
}

}  // namespace assay
