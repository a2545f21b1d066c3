#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "server/tracing/trace_counts.hpp"

// What can be asked of a kind of thing, as data: its columns in all their spellings, and the SQL
// that gives them. All of this text is ours; what comes from a client is only ever bound.

namespace assay {

/// What the SQL of a column gives, and with it which elements of a filter fit.
enum class ColumnKind : std::uint8_t {
    text,             ///< a text or NULL. Fits: string, stringOptions
    symbol,           ///< a row of `symbols`; NULL and the row of "" are null. Fits: the same
    id,               ///< a StoredId or NULL. Fits: the same
    number,           ///< in the API's unit, or NULL. Fits: number
    time,             ///< nanoseconds since 1970, or NULL. Fits: datetime
    boolean,          ///< 0, 1; NULL is 0. Fits: boolean
    texts,            ///< a SELECT of a column `value`: a set. Fits: arrayOptions, stringOptions
    numbers_by_key,   ///< a number or NULL, of the name that $key is. Fits: numberObject
    booleans_by_key,  ///< 0, 1 or NULL, of the name that $key is. Fits: booleanObject
    texts_by_key,     ///< a SELECT of a column `value`, of that name. Fits: categoryOptions
    metadata,         ///< the row that has the metadata. Fits: stringObject, numberObject,
                      ///< booleanObject
    content,          ///< a text or NULL that is slow to read. Fits: string
    position,         ///< nothing: the place in the trace. Fits: positionInTrace
};

/// Which metadata a column of that kind means.
enum class MetadataOf : std::uint8_t { none, trace, observation, score };

/// A column. Its SQL may say ?1 for the project's row and, where its kind says so, $key for the
/// element's key.
struct Column {
    std::string_view id;                          ///< "traceName"
    std::string_view name;                        ///< as pages show it: "Trace Name"
    std::span<const std::string_view> aliases{};  ///< other spellings
    ColumnKind kind = ColumnKind::text;
    const char* sql = "";
    /// A condition that an index helps with, for "= $values" and "any of $values" ($values: one
    /// or several, with commas). Of a text, symbol or id. Null: the SQL above is compared.
    const char* is_any_of = nullptr;
    MetadataOf metadata = MetadataOf::none;
};

/// A kind of thing.
struct View {
    std::string_view name;  ///< for messages: "traces"
    const char* from;       ///< "traces t"
    const char* row;        ///< what find_rows() gives of each, unique: "t.trace"
    bool is_row_id;         ///< whether that is a StoredId rather than an integer
    const char* project;    ///< the column with the project's row: "t.project"
    const char* where;      ///< what else holds for all: "t.mentioned IS NULL"; "" for nothing
    std::span<const Column> columns;
    /// How many there are in a range of the column "timestamp", where that is known without
    /// counting them.
    Result<std::int64_t> (*count_in_range)(Session& session, std::int64_t project,
                                           const TimeRange& range) = nullptr;
};

/// Rows: TraceRow.
[[nodiscard]] const View& trace_view();
/// Rows: ObservationRow.
[[nodiscard]] const View& observation_view();
/// Rows: the ids of scores.
[[nodiscard]] const View& score_view();
/// The same without those of sessions and dataset runs.
[[nodiscard]] const View& trace_score_view();
/// Rows: SessionRow.
[[nodiscard]] const View& session_view();

/// Whether that is a spelling (id, name or alias, in any case) of the column. Columns of different
/// kinds may share one: the type of the element tells them apart.
[[nodiscard]] bool is_spelling(const Column& column, std::string_view spelling);

}  // namespace assay
