#include <array>

#include "server/query/view.hpp"

namespace assay {
namespace {

constexpr std::array<std::string_view, 2> k_created = {"timestamp", "Timestamp"};
constexpr std::array<std::string_view, 2> k_users = {"userId", "User ID"};
constexpr std::array<std::string_view, 2> k_trace_tags = {"tags", "Tags"};

constexpr std::array k_columns = {
    Column{.id = "id",
           .name = "ID",
           .kind = ColumnKind::id,
           .sql = "s.id",
           .is_any_of = "s.project = ?1 AND s.id IN ($values)"},
    Column{.id = "createdAt",
           .name = "Created At",
           .aliases = k_created,
           .kind = ColumnKind::time,
           .sql = "s.created_at"},
    Column{.id = "environment",
           .name = "Environment",
           .kind = ColumnKind::symbol,
           .sql = "s.environment"},
    Column{.id = "userIds",
           .name = "User IDs",
           .aliases = k_users,
           .kind = ColumnKind::texts,
           .sql = "SELECT t.user_id AS value FROM traces t "
                  "WHERE t.session = s.session AND t.user_id IS NOT NULL"},
    Column{.id = "traceTags",
           .name = "Trace Tags",
           .aliases = k_trace_tags,
           .kind = ColumnKind::texts,
           .sql = "SELECT tag.value AS value FROM traces t, json_each(t.tags) tag "
                  "WHERE t.session = s.session"},
};

constexpr View k_sessions = {.name = "sessions",
                             .from = "sessions s",
                             .row = "s.session",
                             .is_row_id = false,
                             .project = "s.project",
                             .where = "",
                             .columns = k_columns};

}  // namespace

const View& session_view() { return k_sessions; }

}  // namespace assay
