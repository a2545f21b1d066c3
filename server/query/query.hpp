#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/ids.hpp"
#include "server/query/filter.hpp"
#include "server/query/view.hpp"
#include "server/store/database.hpp"

// The one way from a request to rows: a filter, an order and a part of the list.

namespace assay {

struct Order {
    std::string_view column;  ///< the id of a column of the view that has one value
    bool is_descending = true;
};

/// What is wanted of a view.
struct Query {
    const View& view;
    std::vector<FilterElement> filter = {};  ///< of the request's `filter`
    /// Of its other parameters. A column that `filter` speaks of is left to it.
    std::vector<FilterElement> parameters = {};
    std::vector<Order> order = {};  ///< equals come in the order of the view's row
    std::int64_t limit = 50;
    std::int64_t offset = 0;
    /// Or, instead of an offset: the values of the last row that was given, one for each of
    /// `order`, which then tells any two rows apart and goes one way.
    std::vector<SqlValue> after = {};
};

struct FoundRows {
    std::vector<std::int64_t> rows;  ///< unless the view's row is an id
    std::vector<std::string> ids;    ///< then these
    bool has_more = false;
};

/// @error invalid_argument, its message for the sender: a column that the view has not, or an
///        element that does not fit its column; deadline_exceeded.
[[nodiscard]] Result<FoundRows> find_rows(Session& session, const ProjectId& project,
                                          const Query& query);
/// How many there are in the whole list. @error as find_rows().
[[nodiscard]] Result<std::int64_t> count_rows(Session& session, const ProjectId& project,
                                              const Query& query);

/// The same, counted only when the part that was found does not tell it already.
[[nodiscard]] Result<std::int64_t> count_rows(Session& session, const ProjectId& project,
                                              const Query& query, const FoundRows& found);

/// Whether the elements fit the view, without asking the store. @error as find_rows().
[[nodiscard]] Result<void> check_filter(const View& view,
                                        const std::vector<FilterElement>& elements);

/// The SQL of a query and its values: what find_rows() and count_rows() run. For tests of plans.
struct ComposedQuery {
    std::string sql;
    std::vector<SqlValue> values;
};
enum class QueryPurpose : std::uint8_t { rows, count };
/// @param session  where to look how much has the metadata that is asked for; null: little.
[[nodiscard]] Result<ComposedQuery> compose(const ProjectId& project, std::int64_t project_row,
                                            const Query& query, QueryPurpose purpose,
                                            Session* session = nullptr);

}  // namespace assay
