#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/model/ids.hpp"
#include "server/query/filter.hpp"
#include "server/query/view.hpp"
#include "server/store/sqlite_handle.hpp"

namespace assay {

/// The values of a statement. The first is the row of the project.
class SqlParameters {
  public:
    explicit SqlParameters(std::int64_t project_row) : values_{project_row} {}

    /// @return what stands for the value in the statement: "?7".
    [[nodiscard]] std::string add(SqlValue value) {
        values_.push_back(std::move(value));
        return "?" + std::to_string(values_.size());
    }
    [[nodiscard]] std::vector<SqlValue> take() { return std::move(values_); }

  private:
    std::vector<SqlValue> values_;
};

/// An element as SQL.
struct Condition {
    std::string sql = {};
    /// What must hold besides, looked at on the rows that are given only: it reads their documents
    /// and fails practically never. In it the row is called `row`.
    std::string verification = {};
    /// Whether an index finds what fulfils it, without that of the project.
    bool is_indexed = false;
    bool is_slow = false;  ///< it reads documents: all else is asked before
    /// When that is the index of metadata: which one, and what it is asked for.
    MetadataOf metadata = MetadataOf::none;
    std::string token = {};
};

/// The column that an element means. @error invalid_argument, see find_rows().
[[nodiscard]] Result<const Column*> find_column(const View& view, const FilterElement& element,
                                                std::size_t index);
enum class Verification : std::uint8_t { none, wanted };
/// @param column  as find_column() gave it.
[[nodiscard]] Condition to_condition(const ProjectId& project, const Column& column,
                                     const FilterElement& element, SqlParameters& parameters,
                                     Verification verification);

}  // namespace assay
