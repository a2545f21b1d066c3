#pragma once

#include <optional>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "server/store/sqlite_handle.hpp"

// Values of rows as the domain has them, and back: times are nanoseconds since 1970, NULL is
// nothing.

namespace assay {

[[nodiscard]] inline std::int64_t to_nanoseconds(Time time) {
    return time.time_since_epoch().count();
}

[[nodiscard]] inline Time to_time(std::int64_t nanoseconds) {
    return Time(std::chrono::nanoseconds(nanoseconds));
}

/// Of a column that is never NULL.
[[nodiscard]] inline Time time_at(const Rows& rows, int column) {
    return to_time(rows.integer(column));
}

[[nodiscard]] inline std::optional<Time> optional_time_at(const Rows& rows, int column) {
    if (rows.is_null(column)) return std::nullopt;
    return time_at(rows, column);
}

[[nodiscard]] inline std::optional<std::int64_t> integer_at(const Rows& rows, int column) {
    if (rows.is_null(column)) return std::nullopt;
    return rows.integer(column);
}

[[nodiscard]] inline std::optional<double> real_at(const Rows& rows, int column) {
    if (rows.is_null(column)) return std::nullopt;
    return rows.real(column);
}

[[nodiscard]] inline std::optional<std::string> text_at(const Rows& rows, int column) {
    if (rows.is_null(column)) return std::nullopt;
    return std::string(rows.bytes(column));
}

[[nodiscard]] inline std::optional<std::string> id_at(const Rows& rows, int column) {
    if (rows.is_null(column)) return std::nullopt;
    return rows.id(column);
}

/// How id_at() reads it back.
[[nodiscard]] inline std::optional<StoredId> stored_id(const std::optional<std::string>& id) {
    if (!id) return std::nullopt;
    return StoredId(*id);
}

/// A value that is stored as text; null when there is none. @error data_loss
[[nodiscard]] inline Result<Json> json_at(const Rows& rows, int column) {
    if (rows.is_null(column)) return Json();
    auto value = parse_json(rows.bytes(column));
    if (!value) return failure(ErrorCode::data_loss, "a stored JSON text cannot be read");
    return std::move(*value);
}

/// How json_at() reads it back: null is NULL.
[[nodiscard]] inline std::optional<std::string> stored_json(const Json& value) {
    if (value.is_null()) return std::nullopt;
    return to_text(value);
}

}  // namespace assay
