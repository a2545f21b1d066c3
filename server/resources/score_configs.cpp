#include "server/resources/score_configs.hpp"

#include <utility>

#include "server/store/row_values.hpp"

namespace assay {
namespace {

constexpr const char* k_find =
    "SELECT id, name, data_type, min_value, max_value, categories, description, archived, "
    "created_at, updated_at FROM score_configs WHERE project = ?1 AND id = ?2";
constexpr const char* k_list =
    "SELECT id, name, data_type, min_value, max_value, categories, description, archived, "
    "created_at, updated_at FROM score_configs WHERE project = ?1 "
    "ORDER BY created_at DESC, score_config DESC LIMIT ?2 OFFSET ?3";
constexpr const char* k_count = "SELECT count(*) FROM score_configs WHERE project = ?1";
constexpr const char* k_put =
    "INSERT INTO score_configs(project, id, name, data_type, min_value, max_value, categories, "
    "description, archived, created_at, updated_at) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT(project, id) DO UPDATE SET "
    "name = excluded.name, min_value = excluded.min_value, max_value = excluded.max_value, "
    "categories = excluded.categories, description = excluded.description, "
    "archived = excluded.archived, updated_at = excluded.updated_at";

Result<ScoreConfig> read_config(const Rows& rows) {
    ASSAY_TRY(const Json categories, json_at(rows, 5));
    ScoreConfig config{.id = ScoreConfigId(rows.id(0)),
                       .name = std::string(rows.bytes(1)),
                       .data_type = std::string(rows.bytes(2)),
                       .min_value = real_at(rows, 3),
                       .max_value = real_at(rows, 4),
                       .categories = {},
                       .description = text_at(rows, 6),
                       .is_archived = rows.integer(7) != 0,
                       .created = time_at(rows, 8),
                       .updated = time_at(rows, 9)};
    for (const Json& category : categories) {
        config.categories.push_back(
            {.label = category.value("label", ""), .value = category.value("value", 0.0)});
    }
    return config;
}

Json to_json(const std::vector<ScoreCategory>& categories) {
    Json list;
    for (const ScoreCategory& category : categories) {
        list.push_back({{"label", category.label}, {"value", category.value}});
    }
    return list;
}

}  // namespace

Result<std::optional<ScoreConfig>> find_score_config(Session& session, std::int64_t project,
                                                     const ScoreConfigId& id) {
    ASSAY_TRY(Rows rows, session.connection().query(k_find, project, StoredId(id)));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) return std::nullopt;
    ASSAY_TRY(ScoreConfig config, read_config(rows));
    return config;
}

Result<ScoreConfigList> list_score_configs(Session& session, std::int64_t project,
                                           ScoreConfigRange range) {
    ScoreConfigList list;
    ASSAY_TRY(const auto total, session.connection().find_integer(k_count, project));
    list.total = total.value_or(0);
    ASSAY_TRY(Rows rows, session.connection().query(k_list, project, range.limit, range.offset));
    for (;;) {
        ASSAY_TRY(const bool found, rows.next());
        if (!found) return list;
        ASSAY_TRY(ScoreConfig config, read_config(rows));
        list.configs.push_back(std::move(config));
    }
}

Result<void> put_score_config(Session& writer, std::int64_t project, const ScoreConfig& config) {
    return writer.connection().run(
        k_put, project, StoredId(config.id), std::string_view(config.name),
        std::string_view(config.data_type), config.min_value, config.max_value,
        stored_json(to_json(config.categories)), config.description, config.is_archived,
        to_nanoseconds(config.created), to_nanoseconds(config.updated));
}

}  // namespace assay
