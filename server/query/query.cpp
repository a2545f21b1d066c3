#include "server/query/query.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "server/query/conditions.hpp"
#include "server/query/document_functions.hpp"

namespace assay {
namespace {

/// The conditions of a query, together.
struct Conditions {
    std::string sql;       ///< each after " AND "
    std::string slow_sql;  ///< the same
    std::vector<std::string> verifications;
    bool is_indexed = false;
};

// So many rows are sorted faster than the list is searched for them.
constexpr std::int64_t k_sorted_rows_max = 20'000;
constexpr const char* k_count_traces =
    "SELECT count(*) FROM (SELECT 1 FROM trace_metadata WHERE trace_metadata MATCH ?1 LIMIT ?2)";
constexpr const char* k_count_observations =
    "SELECT count(*) FROM (SELECT 1 FROM observation_metadata WHERE observation_metadata MATCH ?1 "
    "LIMIT ?2)";

/// The conditions of one query, one by one.
class ConditionList {
  public:
    ConditionList(const ProjectId& project, SqlParameters& parameters, QueryPurpose purpose,
                  Session* session)
        : project_(project), parameters_(parameters), purpose_(purpose), session_(session) {}

    Result<void> add(const Column& column, const FilterElement& element) {
        const auto verification =
            purpose_ == QueryPurpose::rows ? Verification::wanted : Verification::none;
        Condition condition = to_condition(project_, column, element, parameters_, verification);
        ASSAY_TRY(const bool is_common, is_common_metadata(condition));
        if (is_common) {
            condition.sql.insert(0, "+");  // see from_clause()
            condition.is_indexed = false;
        }
        (condition.is_slow ? all_.slow_sql : all_.sql) += " AND " + condition.sql;
        all_.is_indexed = all_.is_indexed || condition.is_indexed;
        if (!condition.verification.empty()) {
            all_.verifications.push_back(std::move(condition.verification));
        }
        return {};
    }
    [[nodiscard]] Conditions take() { return std::move(all_); }

  private:
    /// Whether so much has it that a page is found sooner in the order of the list.
    Result<bool> is_common_metadata(const Condition& condition) {
        if (condition.token.empty() || session_ == nullptr || purpose_ == QueryPurpose::count) {
            return false;
        }
        const char* const sql =
            condition.metadata == MetadataOf::trace ? k_count_traces : k_count_observations;
        ASSAY_TRY(const auto rows, session_->connection().find_integer(
                                       sql, std::string_view(condition.token), k_sorted_rows_max));
        return rows == k_sorted_rows_max;
    }

    const ProjectId& project_;
    SqlParameters& parameters_;
    QueryPurpose purpose_;
    Session* session_;
    Conditions all_;
};

/// An element that counts, with the column that it means.
struct Asked {
    const Column* column;
    const FilterElement* element;
};

Result<std::vector<Asked>> asked_of(const Query& query) {
    std::vector<Asked> asked;
    for (std::size_t i = 0; i < query.filter.size(); ++i) {
        ASSAY_TRY(const Column* const column, find_column(query.view, query.filter[i], i));
        asked.push_back({column, &query.filter[i]});
    }
    const std::vector<Asked> of_filter = asked;
    for (const FilterElement& element : query.parameters) {
        ASSAY_TRY(const Column* const column, find_column(query.view, element, 0));
        const bool is_left_to_filter =
            std::ranges::find(of_filter, column, &Asked::column) != of_filter.end();
        if (!is_left_to_filter) asked.push_back({column, &element});
    }
    return asked;
}

Result<Conditions> conditions_of(const Query& query, ConditionList conditions) {
    ASSAY_TRY(const auto asked, asked_of(query));
    for (const Asked& each : asked) ASSAY_CHECK(conditions.add(*each.column, *each.element));
    return conditions.take();
}

/// Leaves of a range what a comparison leaves. @return whether it is one that leaves a range.
bool narrow(TimeRange& range, const FilterElement& element) {
    const Time time = std::get<Time>(element.value);
    constexpr std::chrono::nanoseconds k_instant{1};
    switch (element.op) {
        case FilterOperator::less:
            if (time == Time::min()) return false;
            range.last = std::min(range.last, time - k_instant);
            return true;
        case FilterOperator::less_or_equal: range.last = std::min(range.last, time); return true;
        case FilterOperator::greater:
            if (time == Time::max()) return false;
            range.first = std::max(range.first, time + k_instant);
            return true;
        case FilterOperator::greater_or_equal:
            range.first = std::max(range.first, time);
            return true;
        default: return false;
    }
}

/// The range that is asked for when nothing else is.
std::optional<TimeRange> only_range(const std::vector<Asked>& asked) {
    TimeRange range;
    for (const auto& [column, element] : asked) {
        if (column->id != "timestamp" || !std::holds_alternative<Time>(element->value) ||
            !narrow(range, *element)) {
            return std::nullopt;
        }
    }
    return range;
}

std::string sort_key(const View& view, std::string_view id) {
    const auto column = std::ranges::find(view.columns, id, &Column::id);
    ASSAY_ASSERT(column != view.columns.end(), "an order names a column of its view");
    if (column->kind != ColumnKind::symbol) return column->sql;
    return fmt::format("(SELECT text FROM symbols WHERE symbol = {})", column->sql);
}

/// " AND (a, b) < (?, ?)": what comes after the last row that was given.
std::string after_condition(const Query& query, SqlParameters& parameters) {
    if (query.after.empty()) return "";
    ASSAY_ASSERT(query.after.size() == query.order.size(), "a cursor has all that is sorted by");
    std::vector<std::string> keys;
    std::vector<std::string> values;
    for (std::size_t i = 0; i < query.order.size(); ++i) {
        keys.push_back(sort_key(query.view, query.order[i].column));
        values.push_back(parameters.add(query.after[i]));
    }
    return fmt::format(" AND ({}) {} ({})", fmt::join(keys, ", "),
                       query.order.front().is_descending ? "<" : ">", fmt::join(values, ", "));
}

std::string order_clause(const Query& query) {
    std::string clause = " ORDER BY ";
    for (const Order& order : query.order) {
        clause += sort_key(query.view, order.column);
        clause += order.is_descending ? " DESC, " : " ASC, ";
    }
    const bool is_descending = query.order.empty() || query.order.back().is_descending;
    return clause + query.view.row + (is_descending ? " DESC" : " ASC");
}

std::string from_clause(const Query& query, const Conditions& conditions,
                        const std::string& after) {
    const View& view = query.view;
    std::string clause = fmt::format(" FROM {} WHERE ", view.from);
    // Without statistics SQLite takes the index of the project for the best, though it narrows
    // nothing: "+" keeps it away from there.
    if (conditions.is_indexed) clause += "+";
    clause += fmt::format("{} = ?1", view.project);
    if (*view.where != '\0') clause += fmt::format(" AND {}", view.where);
    return clause + conditions.sql + after + conditions.slow_sql;
}

/// The rows of one statement: the first column is the row, the second whether it is verified.
Result<FoundRows> read_rows(Session& session, const Query& query, const ComposedQuery& composed) {
    ASSAY_TRY(Rows rows, session.connection().query_composed(composed.sql, composed.values));
    FoundRows found;
    for (std::int64_t read = 0;; ++read) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return found;
        found.has_more = read == query.limit;
        if (found.has_more || rows.integer(1) == 0) continue;
        if (query.view.is_row_id) {
            found.ids.push_back(rows.id(0));
        } else {
            found.rows.push_back(rows.integer(0));
        }
    }
}

}  // namespace

Result<void> check_filter(const View& view, const std::vector<FilterElement>& elements) {
    for (std::size_t i = 0; i < elements.size(); ++i) {
        ASSAY_CHECK(find_column(view, elements[i], i));
    }
    return {};
}

Result<ComposedQuery> compose(const ProjectId& project, std::int64_t project_row,
                              const Query& query, QueryPurpose purpose, Session* session) {
    SqlParameters parameters(project_row);
    ASSAY_TRY(const Conditions conditions,
              conditions_of(query, ConditionList(project, parameters, purpose, session)));
    if (purpose == QueryPurpose::count) {
        std::string sql = "SELECT count(*)" + from_clause(query, conditions, "");
        return ComposedQuery{std::move(sql), parameters.take()};
    }
    const std::string from =
        from_clause(query, conditions, after_condition(query, parameters)) + order_clause(query);
    const std::string limit = parameters.add(query.limit + 1);
    const std::string part =
        fmt::format("{} LIMIT {} OFFSET {}", from, limit, parameters.add(query.offset));
    if (conditions.verifications.empty()) {
        return ComposedQuery{fmt::format("SELECT {}, 1{}", query.view.row, part),
                             parameters.take()};
    }
    // First the part of the list, then a look into its documents.
    return ComposedQuery{
        fmt::format("WITH page AS MATERIALIZED (SELECT {} AS row{}) SELECT row, {} FROM page",
                    query.view.row, part, fmt::join(conditions.verifications, " AND ")),
        parameters.take()};
}

Result<FoundRows> find_rows(Session& session, const ProjectId& project, const Query& query) {
    ASSAY_CHECK(prepare_document_functions(session));
    ASSAY_TRY(const std::int64_t project_row, session.find_project(project));
    ASSAY_TRY(const ComposedQuery composed,
              compose(project, project_row, query, QueryPurpose::rows, &session));
    return read_rows(session, query, composed);
}

Result<std::int64_t> count_rows(Session& session, const ProjectId& project, const Query& query) {
    ASSAY_CHECK(prepare_document_functions(session));
    ASSAY_TRY(const std::int64_t project_row, session.find_project(project));
    if (query.view.count_in_range != nullptr) {
        ASSAY_TRY(const auto asked, asked_of(query));
        const auto range = only_range(asked);
        if (range) return query.view.count_in_range(session, project_row, *range);
    }
    ASSAY_TRY(const ComposedQuery composed,
              compose(project, project_row, query, QueryPurpose::count));
    ASSAY_TRY(Rows rows, session.connection().query_composed(composed.sql, composed.values));
    ASSAY_CHECK(rows.next());
    return rows.integer(0);
}

Result<std::int64_t> count_rows(Session& session, const ProjectId& project, const Query& query,
                                const FoundRows& found) {
    const auto size = static_cast<std::int64_t>(found.rows.size() + found.ids.size());
    const bool is_end = !found.has_more && (size > 0 || query.offset == 0);
    if (is_end && query.after.empty()) return query.offset + size;
    return count_rows(session, project, query);
}

}  // namespace assay
