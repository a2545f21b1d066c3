#include "server/resources/prompt_store.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/random.hpp"
#include "server/resources/prompt_compose.hpp"
#include "server/store/row_values.hpp"

namespace assay {
namespace {

constexpr std::size_t k_id_bytes = 12;
constexpr std::size_t k_dependents_named_max = 10;

constexpr const char* k_find =
    "SELECT id FROM prompts WHERE project = ?1 AND name = ?2 AND version = ?3";
constexpr const char* k_read =
    "SELECT id, version, type, content, config, created_by, commit_message, created_at, updated_at "
    "FROM prompts WHERE project = ?1 AND name = ?2 AND version = ?3";
constexpr const char* k_newest =
    "SELECT version, type FROM prompts WHERE project = ?1 AND name = ?2 "
    "ORDER BY version DESC LIMIT 1";
constexpr const char* k_versions =
    "SELECT version FROM prompts WHERE project = ?1 AND name = ?2 ORDER BY version";
constexpr const char* k_add =
    "INSERT INTO prompts(project, id, name, version, type, content, config, created_by, "
    "commit_message, created_at, updated_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)";
constexpr const char* k_touch =
    "UPDATE prompts SET updated_at = ?4 WHERE project = ?1 AND name = ?2 AND version = ?3";
constexpr const char* k_touch_all =
    "UPDATE prompts SET updated_at = ?3 WHERE project = ?1 AND name = ?2";
constexpr const char* k_remove =
    "DELETE FROM prompts WHERE project = ?1 AND name = ?2 AND version = ?3";

constexpr const char* k_version_of_label =
    "SELECT version FROM prompt_labels WHERE project = ?1 AND name = ?2 AND label = ?3";
constexpr const char* k_labels =
    "SELECT label, version FROM prompt_labels WHERE project = ?1 AND name = ?2 "
    "ORDER BY label = 'latest', label";
constexpr const char* k_put_label =
    "INSERT INTO prompt_labels(project, name, label, version) VALUES(?1, ?2, ?3, ?4) "
    "ON CONFLICT DO UPDATE SET version = excluded.version";
constexpr const char* k_remove_labels =
    "DELETE FROM prompt_labels WHERE project = ?1 AND name = ?2 AND version = ?3";

constexpr const char* k_tags = "SELECT tags FROM prompt_tags WHERE project = ?1 AND name = ?2";
constexpr const char* k_put_tags =
    "INSERT INTO prompt_tags(project, name, tags) VALUES(?1, ?2, ?3) "
    "ON CONFLICT DO UPDATE SET tags = excluded.tags";
constexpr const char* k_remove_tags = "DELETE FROM prompt_tags WHERE project = ?1 AND name = ?2";

// A statement is found by the address of its text, so each list of conditions is a text of its own.
#define ASSAY_PROMPT_FITS                                                                  \
    "p.project = ?1 AND (?2 IS NULL OR p.name = ?2) "                                      \
    "AND (?3 IS NULL OR EXISTS(SELECT 1 FROM prompt_labels l WHERE l.project = p.project " \
    "AND l.name = p.name AND l.label = ?3 AND l.version = p.version)) "                    \
    "AND (?4 IS NULL OR EXISTS(SELECT 1 FROM prompt_tags t, json_each(t.tags) tag "        \
    "WHERE t.project = p.project AND t.name = p.name AND tag.value = ?4)) "                \
    "AND (?5 IS NULL OR p.updated_at >= ?5) AND (?6 IS NULL OR p.updated_at < ?6) "        \
    "AND (?7 IS NULL OR p.version = ?7) "
constexpr const char* k_count_names =
    "SELECT count(DISTINCT p.name) FROM prompts p WHERE " ASSAY_PROMPT_FITS;
constexpr const char* k_page =
    "SELECT p.name, p.type, max(p.updated_at) FROM prompts p WHERE " ASSAY_PROMPT_FITS
    "GROUP BY p.name ORDER BY p.name LIMIT ?8 OFFSET ?9";
constexpr const char* k_fitting_versions =
    "SELECT p.version FROM prompts p WHERE " ASSAY_PROMPT_FITS "ORDER BY p.version";
#undef ASSAY_PROMPT_FITS
constexpr const char* k_config =
    "SELECT config FROM prompts WHERE project = ?1 AND name = ?2 AND version = ?3";

using Labels = std::vector<std::pair<std::string, std::int64_t>>;

Result<Labels> labels_of(Session& session, std::int64_t project, std::string_view name) {
    ASSAY_TRY(Rows rows, session.connection().query(k_labels, project, name));
    Labels labels;
    while (true) {
        ASSAY_TRY(const bool found, rows.next());
        if (!found) return labels;
        labels.emplace_back(std::string(rows.bytes(0)), rows.integer(1));
    }
}

std::vector<std::string> labels_at(const Labels& labels, std::int64_t version) {
    std::vector<std::string> names;
    for (const auto& [label, at] : labels) {
        if (at == version) names.push_back(label);
    }
    return names;
}

Result<std::vector<std::string>> tags_of(Session& session, std::int64_t project,
                                         std::string_view name) {
    ASSAY_TRY(Rows rows, session.connection().query(k_tags, project, name));
    ASSAY_TRY(const bool found, rows.next());
    std::vector<std::string> tags;
    if (!found) return tags;
    ASSAY_TRY(const Json list, json_at(rows, 0));
    for (const Json& tag : list) tags.push_back(as_text(tag));
    return tags;
}

Result<std::vector<std::int64_t>> integers(Result<Rows> started) {
    ASSAY_TRY(Rows rows, std::move(started));
    std::vector<std::int64_t> values;
    while (true) {
        ASSAY_TRY(const bool found, rows.next());
        if (!found) return values;
        values.push_back(rows.integer(0));
    }
}

Result<std::optional<PromptRecord>> read_version(Session& session, std::int64_t project,
                                                 std::string_view name, std::int64_t version) {
    PromptRecord prompt;
    prompt.name = std::string(name);
    prompt.version = version;
    {
        ASSAY_TRY(Rows rows, session.connection().query(k_read, project, name, version));
        ASSAY_TRY(const bool found, rows.next());
        if (!found) return std::nullopt;
        prompt.id = PromptId(rows.id(0));
        prompt.type = std::string(rows.bytes(2));
        ASSAY_TRY(prompt.content, json_at(rows, 3));
        ASSAY_TRY(prompt.config, json_at(rows, 4));
        prompt.created_by = std::string(rows.bytes(5));
        prompt.commit_message = text_at(rows, 6);
        prompt.created = time_at(rows, 7);
        prompt.updated = time_at(rows, 8);
    }
    ASSAY_TRY(const Labels labels, labels_of(session, project, name));
    prompt.labels = labels_at(labels, version);
    ASSAY_TRY(prompt.tags, tags_of(session, project, name));
    return prompt;
}

/// The number of the version that a selector means, if it may be there.
Result<std::optional<std::int64_t>> version_of(Session& session, std::int64_t project,
                                               std::string_view name,
                                               const PromptSelector& selector) {
    if (!selector.label) return selector.version;
    ASSAY_TRY(const auto version, session.connection().find_integer(k_version_of_label, project,
                                                                    name, *selector.label));
    const bool is_other = selector.version && version != selector.version;
    return is_other ? std::nullopt : version;
}

/// Moves labels to a version. The versions that lose one have changed, too.
Result<void> move_labels(Session& writer, std::int64_t project, std::string_view name,
                         const std::vector<std::string>& labels, std::int64_t version, Time now) {
    ASSAY_TRY(const Labels before, labels_of(writer, project, name));
    for (const std::string& label : labels) {
        const auto at = std::ranges::find(before, label, &Labels::value_type::first);
        const bool moves = at != before.end() && at->second != version;
        if (moves) {
            ASSAY_CHECK(
                writer.connection().run(k_touch, project, name, at->second, to_nanoseconds(now)));
        }
        ASSAY_CHECK(
            writer.connection().run(k_put_label, project, name, std::string_view(label), version));
    }
    return {};
}

/// Stores the tags of a name. All its versions have changed when the tags have.
Result<void> put_tags(Session& writer, std::int64_t project, std::string_view name,
                      const std::vector<std::string>& tags, Time now) {
    std::vector<std::string> each;
    for (const std::string& tag : tags) {
        if (std::ranges::find(each, tag) == each.end()) each.push_back(tag);
    }
    ASSAY_TRY(const auto before, tags_of(writer, project, name));
    if (each == before) return {};
    const std::string text = to_text(Json(each));
    ASSAY_CHECK(writer.connection().run(k_put_tags, project, name, std::string_view(text)));
    return writer.connection().run(k_touch_all, project, name, to_nanoseconds(now));
}

Result<std::vector<std::int64_t>> versions_meant(Session& session, std::int64_t project,
                                                 std::string_view name,
                                                 const PromptSelector& selector) {
    ASSAY_TRY(auto versions, integers(session.connection().query(k_versions, project, name)));
    if (!selector.version && !selector.label) return versions;
    ASSAY_TRY(const auto wanted, version_of(session, project, name, selector));
    std::erase_if(versions, [&](std::int64_t version) { return version != wanted; });
    return versions;
}

}  // namespace

Result<std::optional<PromptRecord>> read_prompt(Session& session, std::int64_t project,
                                                std::string_view name,
                                                const PromptSelector& selector) {
    ASSAY_TRY(const auto version, version_of(session, project, name, selector));
    if (!version) return std::nullopt;
    return read_version(session, project, name, *version);
}

Result<std::optional<PromptId>> find_prompt(Session& session, std::int64_t project,
                                            std::string_view name, std::int64_t version) {
    ASSAY_TRY(Rows rows, session.connection().query(k_find, project, name, version));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) return std::nullopt;
    return PromptId(rows.id(0));
}

Result<PromptPage> list_prompts(Session& session, std::int64_t project, const PromptFilter& filter,
                                std::int64_t offset, std::int64_t limit) {
    const auto from = filter.updated_from ? std::optional(to_nanoseconds(*filter.updated_from))
                                          : std::optional<std::int64_t>();
    const auto to = filter.updated_to ? std::optional(to_nanoseconds(*filter.updated_to))
                                      : std::optional<std::int64_t>();
    Connection& connection = session.connection();
    ASSAY_TRY(const auto total,
              connection.find_integer(k_count_names, project, filter.name, filter.label, filter.tag,
                                      from, to, filter.version));
    PromptPage page{.prompts = {}, .total = total.value_or(0)};
    {
        ASSAY_TRY(Rows rows, connection.query(k_page, project, filter.name, filter.label,
                                              filter.tag, from, to, filter.version, limit, offset));
        while (true) {
            ASSAY_TRY(const bool found, rows.next());
            if (!found) break;
            page.prompts.push_back({.name = std::string(rows.bytes(0)),
                                    .type = std::string(rows.bytes(1)),
                                    .versions = {},
                                    .labels = {},
                                    .tags = {},
                                    .updated = time_at(rows, 2),
                                    .last_config = {}});
        }
    }
    for (PromptSummary& prompt : page.prompts) {
        const std::string_view name = prompt.name;
        ASSAY_TRY(prompt.versions,
                  integers(connection.query(k_fitting_versions, project, name, filter.label,
                                            filter.tag, from, to, filter.version)));
        ASSAY_TRY(const Labels labels, labels_of(session, project, name));
        for (const auto& [label, version] : labels) {
            if (std::ranges::binary_search(prompt.versions, version)) {
                prompt.labels.push_back(label);
            }
        }
        ASSAY_TRY(prompt.tags, tags_of(session, project, name));
        ASSAY_TRY(Rows rows, connection.query(k_config, project, name, prompt.versions.back()));
        ASSAY_TRY(const bool found, rows.next());
        if (found) {
            ASSAY_TRY(prompt.last_config, json_at(rows, 0));
        }
    }
    return page;
}

Result<PromptRecord> add_prompt(Session& writer, std::int64_t project, NewPrompt prompt, Time now) {
    PromptRecord record{.id = PromptId(random_hex(k_id_bytes)),
                        .name = std::move(prompt.name),
                        .version = 1,
                        .type = std::move(prompt.type),
                        .content = std::move(prompt.content),
                        .config = std::move(prompt.config),
                        .created_by = std::move(prompt.created_by),
                        .commit_message = std::move(prompt.commit_message),
                        .created = now,
                        .updated = now};
    const std::string_view name = record.name;
    {
        ASSAY_TRY(Rows rows, writer.connection().query(k_newest, project, name));
        ASSAY_TRY(const bool found, rows.next());
        if (found) record.version = rows.integer(0) + 1;
        if (found && rows.bytes(1) != record.type) {
            return failure(ErrorCode::invalid_argument,
                           "Previous versions have different prompt type. Create a new prompt with "
                           "a different name.");
        }
    }
    ASSAY_CHECK(resolve_prompt(writer, project, record));
    ASSAY_CHECK(writer.connection().run(
        k_add, project, StoredId(record.id), name, record.version, std::string_view(record.type),
        std::string_view(to_text(record.content)), std::string_view(to_text(record.config)),
        std::string_view(record.created_by), record.commit_message, to_nanoseconds(now)));
    std::vector<std::string> labels = std::move(prompt.labels);
    labels.emplace_back(k_latest_label);
    ASSAY_CHECK(move_labels(writer, project, name, labels, record.version, now));
    if (prompt.tags) ASSAY_CHECK(put_tags(writer, project, name, *prompt.tags, now));
    ASSAY_TRY(auto stored, read_version(writer, project, name, record.version));
    ASSAY_ASSERT(stored.has_value(), "what was inserted is there");
    return std::move(*stored);
}

Result<std::optional<PromptRecord>> add_prompt_labels(Session& writer, std::int64_t project,
                                                      std::string_view name, std::int64_t version,
                                                      const std::vector<std::string>& labels,
                                                      Time now) {
    ASSAY_TRY(const auto found, find_prompt(writer, project, name, version));
    if (!found) return std::nullopt;
    ASSAY_CHECK(move_labels(writer, project, name, labels, version, now));
    ASSAY_CHECK(writer.connection().run(k_touch, project, name, version, to_nanoseconds(now)));
    return read_version(writer, project, name, version);
}

Result<std::int64_t> remove_prompts(Session& writer, std::int64_t project, std::string_view name,
                                    const PromptSelector& selector, Time now) {
    ASSAY_TRY(const auto versions, versions_meant(writer, project, name, selector));
    if (versions.empty()) return 0;
    ASSAY_TRY(const Labels labels, labels_of(writer, project, name));
    Referred referred{.name = name, .versions = versions, .labels = {}};
    for (const auto& [label, version] : labels) {
        if (std::ranges::binary_search(versions, version)) referred.labels.push_back(label);
    }
    ASSAY_TRY(auto dependents, prompts_that_refer_to(writer, project, referred));
    if (!dependents.empty()) {
        if (dependents.size() > k_dependents_named_max) {
            dependents.resize(k_dependents_named_max);
            dependents.emplace_back("and more");
        }
        return failure(ErrorCode::invalid_argument,
                       fmt::format("Other prompts depend on prompt versions you are trying to "
                                   "delete: {}. Please delete these references first.",
                                   fmt::join(dependents, ", ")));
    }
    for (const std::int64_t version : versions) {
        ASSAY_CHECK(writer.connection().run(k_remove, project, name, version));
        ASSAY_CHECK(writer.connection().run(k_remove_labels, project, name, version));
    }
    ASSAY_TRY(const auto newest, writer.connection().find_integer(k_newest, project, name));
    const auto removed = static_cast<std::int64_t>(versions.size());
    if (!newest) {
        ASSAY_CHECK(writer.connection().run(k_remove_tags, project, name));
        return removed;
    }
    const bool had_latest =
        std::ranges::find(referred.labels, k_latest_label) != referred.labels.end();
    if (!had_latest) return removed;
    ASSAY_CHECK(move_labels(writer, project, name, {k_latest_label}, *newest, now));
    ASSAY_CHECK(writer.connection().run(k_touch, project, name, *newest, to_nanoseconds(now)));
    return removed;
}

}  // namespace assay
