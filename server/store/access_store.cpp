#include "server/store/access_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "server/store/database.hpp"
#include "server/store/row_values.hpp"

namespace assay {
namespace {

constexpr const char* k_salt = "SELECT fingerprint FROM key_salt";
constexpr const char* k_add_salt = "INSERT INTO key_salt(fingerprint) VALUES(?1)";
constexpr const char* k_organizations = "SELECT id, name FROM organizations ORDER BY organization";
constexpr const char* k_add_organization =
    "INSERT INTO organizations(id, name, created_at) VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING";
constexpr const char* k_rename_organization = "UPDATE organizations SET name = ?2 WHERE id = ?1";
constexpr const char* k_has_projects =
    "SELECT 1 FROM project_settings WHERE organization = ?1 AND removed_at IS NULL LIMIT 1";
constexpr const char* k_remove_keys_of_organization =
    "DELETE FROM api_keys WHERE organization = ?1";
constexpr const char* k_remove_members = "DELETE FROM members WHERE organization = ?1";
constexpr const char* k_remove_organization = "DELETE FROM organizations WHERE organization = ?1";
constexpr const char* k_organization_row = "SELECT organization FROM organizations WHERE id = ?1";
constexpr const char* k_projects =
    "SELECT p.id, o.id, o.name, s.name, s.metadata, s.retention_days FROM project_settings s "
    "JOIN projects p USING(project) JOIN organizations o USING(organization) "
    "WHERE o.id = ?1 AND s.removed_at IS NULL ORDER BY s.created_at, s.project";
constexpr const char* k_find_project =
    "SELECT p.id, o.id, o.name, s.name, s.metadata, s.retention_days FROM projects p "
    "JOIN project_settings s USING(project) JOIN organizations o USING(organization) "
    "WHERE p.id = ?1 AND s.removed_at IS NULL";
constexpr const char* k_project_row =
    "SELECT s.project FROM project_settings s JOIN projects p USING(project) "
    "WHERE p.id = ?1 AND s.removed_at IS NULL";
constexpr const char* k_is_id_taken =
    "SELECT 1 FROM project_settings s JOIN projects p USING(project) WHERE p.id = ?1";
constexpr const char* k_is_name_taken =
    "SELECT 1 FROM project_settings s JOIN projects p USING(project) "
    "JOIN organizations o USING(organization) "
    "WHERE o.id = ?1 AND s.name = ?2 AND p.id <> ?3 AND s.removed_at IS NULL";
constexpr const char* k_add_project =
    "INSERT INTO project_settings(project, organization, name, metadata, retention_days, "
    "created_at, updated_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?6)";
constexpr const char* k_update_project =
    "UPDATE project_settings SET name = ?2, metadata = ?3, retention_days = ?4, updated_at = ?5 "
    "WHERE project = ?1";
constexpr const char* k_hide_project =
    "UPDATE project_settings SET removed_at = ?2, name = '', metadata = '{}' WHERE project = ?1";
constexpr const char* k_upkeep =
    "SELECT p.id, s.removed_at IS NOT NULL, s.retention_days FROM project_settings s "
    "JOIN projects p USING(project) WHERE s.removed_at IS NOT NULL OR s.retention_days > 0 "
    "ORDER BY s.project";
constexpr const char* k_recent_event =
    "SELECT 1 FROM projects p WHERE EXISTS (SELECT 1 FROM traces t WHERE t.project = p.project "
    "AND t.timestamp >= ?1) OR EXISTS (SELECT 1 FROM observations o "
    "WHERE o.project = p.project AND o.start_time >= ?1) LIMIT 1";
constexpr const char* k_remove_keys_of_project = "DELETE FROM api_keys WHERE project = ?1";
constexpr const char* k_keys =
    "SELECT k.id, o.id, p.id, k.public_key, k.secret_hash, k.shown_secret, k.note, k.created_at, "
    "k.last_used_at FROM api_keys k JOIN organizations o USING(organization) "
    "LEFT JOIN projects p ON p.project = k.project WHERE o.id = ?1 AND p.id IS ?2 "
    "ORDER BY k.api_key";
constexpr const char* k_key_by_hash =
    "SELECT k.id, o.id, p.id, k.public_key, k.secret_hash, k.shown_secret, k.note, k.created_at, "
    "k.last_used_at FROM api_keys k JOIN organizations o USING(organization) "
    "LEFT JOIN projects p ON p.project = k.project WHERE k.secret_hash = ?1";
constexpr const char* k_key_by_public_key =
    "SELECT k.id, o.id, p.id, k.public_key, k.secret_hash, k.shown_secret, k.note, k.created_at, "
    "k.last_used_at FROM api_keys k JOIN organizations o USING(organization) "
    "LEFT JOIN projects p ON p.project = k.project WHERE k.public_key = ?1";
constexpr const char* k_is_key_taken =
    "SELECT 1 FROM api_keys WHERE public_key = ?1 OR secret_hash = ?2";
constexpr const char* k_add_key =
    "INSERT INTO api_keys(id, organization, project, public_key, secret_hash, shown_secret, note, "
    "created_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
constexpr const char* k_remove_key =
    "DELETE FROM api_keys WHERE id = ?1 "
    "AND organization = (SELECT organization FROM organizations WHERE id = ?2) "
    "AND project IS (SELECT project FROM projects WHERE id = ?3) "
    "AND (project IS NULL) = (?3 IS NULL)";
constexpr const char* k_user_by_email =
    "SELECT id, email, name, password_hash FROM users WHERE email = ?1";
constexpr const char* k_user_by_id =
    "SELECT id, email, name, password_hash FROM users WHERE id = ?1";
constexpr const char* k_is_user_taken = "SELECT 1 FROM users WHERE email = ?1 OR id = ?2";
constexpr const char* k_add_user =
    "INSERT INTO users(id, email, name, password_hash, created_at, updated_at) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?5)";
constexpr const char* k_user_row = "SELECT user FROM users WHERE id = ?1";
constexpr const char* k_members =
    "SELECT u.id, u.email, u.name, u.password_hash, m.role FROM members m JOIN users u USING(user) "
    "JOIN organizations o USING(organization) WHERE o.id = ?1 ORDER BY u.user";
constexpr const char* k_set_member =
    "INSERT INTO members(organization, user, role) VALUES(?1, ?2, ?3) "
    "ON CONFLICT DO UPDATE SET role = excluded.role";
constexpr const char* k_remove_member =
    "DELETE FROM members WHERE organization = (SELECT organization FROM organizations "
    "WHERE id = ?1) AND user = (SELECT user FROM users WHERE id = ?2)";
constexpr const char* k_note_use = "UPDATE api_keys SET last_used_at = ?2 WHERE id = ?1";

Blob as_blob(const Sha256Digest& digest) {
    return Blob{{reinterpret_cast<const char*>(digest.data()), digest.size()}};
}

std::optional<StoredId> stored_project(const KeyOwner& owner) {
    return owner.project ? std::optional(StoredId(*owner.project)) : std::nullopt;
}

Result<Project> read_project(const Rows& rows) {
    ASSAY_TRY(Json metadata, parse_json(rows.bytes(4)));
    return Project{.id = ProjectId(rows.id(0)),
                   .organization = {OrganizationId(rows.id(1)), std::string(rows.bytes(2))},
                   .name = std::string(rows.bytes(3)),
                   .metadata = std::move(metadata),
                   .retention_days = static_cast<int>(rows.integer(5))};
}

ApiKey read_key(const Rows& rows) {
    ApiKey key{.id = ApiKeyId(rows.id(0)),
               .owner = {.organization = OrganizationId(rows.id(1)), .project = std::nullopt},
               .public_key = std::string(rows.bytes(3)),
               .secret_hash = {},
               .shown_secret = std::string(rows.bytes(5)),
               .note = std::nullopt,
               .created = time_at(rows, 7),
               .last_used = std::nullopt};
    if (!rows.is_null(2)) key.owner.project = ProjectId(rows.id(2));
    const std::string_view hash = rows.bytes(4);
    std::copy_n(hash.begin(), std::min(hash.size(), key.secret_hash.size()),
                key.secret_hash.begin());
    if (!rows.is_null(6)) key.note = std::string(rows.bytes(6));
    if (!rows.is_null(8)) key.last_used = time_at(rows, 8);
    return key;
}

Result<std::optional<ApiKey>> first_key(Result<Rows> started) {
    ASSAY_TRY(Rows rows, std::move(started));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) return std::nullopt;
    return read_key(rows);
}

User read_user(const Rows& rows) {
    return {.id = UserId(rows.id(0)),
            .email = std::string(rows.bytes(1)),
            .name = std::string(rows.bytes(2)),
            .password_hash = std::string(rows.bytes(3))};
}

Result<std::optional<User>> first_user(Result<Rows> started) {
    ASSAY_TRY(Rows rows, std::move(started));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) return std::nullopt;
    return read_user(rows);
}

/// In the order of the enumerators.
constexpr std::array<std::string_view, 5> k_roles = {"OWNER", "ADMIN", "MEMBER", "VIEWER", "NONE"};

std::unexpected<Error> no_such(std::string_view what, std::string_view id) {
    return failure(ErrorCode::not_found, fmt::format("there is no {} \"{}\"", what, id));
}

}  // namespace

std::string_view to_text(Role role) { return k_roles.at(static_cast<std::size_t>(role)); }

std::optional<Role> parse_role(std::string_view text) {
    const auto found = std::ranges::find(k_roles, text);
    if (found == k_roles.end()) return std::nullopt;
    return static_cast<Role>(found - k_roles.begin());
}

class AccessStore::Impl {
  public:
    explicit Impl(std::unique_ptr<Database> database) : database_(std::move(database)) {}

    [[nodiscard]] Database& database() { return *database_; }
    [[nodiscard]] Session& writer() { return database_->writer(); }
    [[nodiscard]] Connection& writing() { return writer().connection(); }
    [[nodiscard]] Connection& reading() { return database_->reader().connection(); }

    Result<std::int64_t> organization_row(const OrganizationId& id) {
        ASSAY_TRY(const auto row, writing().find_integer(k_organization_row, StoredId(id)));
        if (!row) return no_such("organisation", id.value());
        return *row;
    }
    Result<std::int64_t> user_row(const UserId& id) {
        ASSAY_TRY(const auto row, writing().find_integer(k_user_row, StoredId(id)));
        if (!row) return no_such("user", id.value());
        return *row;
    }
    Result<std::int64_t> project_row(const ProjectId& id) {
        ASSAY_TRY(const auto row, writing().find_integer(k_project_row, StoredId(id)));
        if (!row) return no_such("project", id.value());
        return *row;
    }
    Result<void> check_name(const Project& project) {
        ASSAY_TRY(const auto taken,
                  writing().find_integer(k_is_name_taken, StoredId(project.organization.id),
                                         std::string_view(project.name), StoredId(project.id)));
        if (!taken) return {};
        return failure(ErrorCode::already_exists,
                       fmt::format("the organisation has a project \"{}\"", project.name));
    }

  private:
    std::unique_ptr<Database> database_;
};

AccessStore::AccessStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AccessStore::~AccessStore() = default;

Result<std::unique_ptr<AccessStore>> AccessStore::open(const std::filesystem::path& folder) {
    ASSAY_TRY(auto database, Database::open(folder, Database::Missing::create));
    return std::unique_ptr<AccessStore>(
        new AccessStore(std::make_unique<Impl>(std::move(database))));
}

Result<std::unique_ptr<AccessStore>> AccessStore::open_existing(
    const std::filesystem::path& folder) {
    ASSAY_TRY(auto database, Database::open(folder, Database::Missing::refuse));
    return std::unique_ptr<AccessStore>(
        new AccessStore(std::make_unique<Impl>(std::move(database))));
}

Result<void> AccessStore::check_salt(const Sha256Digest& fingerprint) {
    return impl_->database().transact([&]() -> Result<void> {
        const Blob expected = as_blob(fingerprint);
        {
            ASSAY_TRY(Rows rows, impl_->writing().query(k_salt));
            ASSAY_TRY(const bool found, rows.next());
            if (found && rows.bytes(0) == expected.bytes) return {};
            if (found) {
                return failure(ErrorCode::invalid_argument,
                               "SALT is not the one that the keys of this store were made with, so "
                               "none would be accepted; set SALT to it again");
            }
        }
        return impl_->writing().run(k_add_salt, expected);
    });
}

Result<std::vector<Organization>> AccessStore::organizations() const {
    ASSAY_TRY(Rows rows, impl_->reading().query(k_organizations));
    std::vector<Organization> organizations;
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return organizations;
        organizations.push_back({OrganizationId(rows.id(0)), std::string(rows.bytes(1))});
    }
}

Result<void> AccessStore::ensure_organization(const Organization& organization, Time now) {
    return impl_->database().transact([&] {
        return impl_->writing().run(k_add_organization, StoredId(organization.id),
                                    std::string_view(organization.name), to_nanoseconds(now));
    });
}

Result<void> AccessStore::rename_organization(const Organization& organization) {
    return impl_->database().transact([&]() -> Result<void> {
        ASSAY_CHECK(impl_->writing().run(k_rename_organization, StoredId(organization.id),
                                         std::string_view(organization.name)));
        if (impl_->writing().changes() > 0) return {};
        return no_such("organisation", organization.id.value());
    });
}

Result<void> AccessStore::remove_organization(const OrganizationId& id) {
    return impl_->database().transact([&]() -> Result<void> {
        ASSAY_TRY(const std::int64_t row, impl_->organization_row(id));
        ASSAY_TRY(const auto has_projects, impl_->writing().find_integer(k_has_projects, row));
        if (has_projects) {
            return failure(ErrorCode::invalid_argument,
                           "The organization has projects; delete them first");
        }
        ASSAY_CHECK(impl_->writing().run(k_remove_keys_of_organization, row));
        ASSAY_CHECK(impl_->writing().run(k_remove_members, row));
        return impl_->writing().run(k_remove_organization, row);
    });
}

Result<std::vector<Project>> AccessStore::projects(const OrganizationId& organization) const {
    ASSAY_TRY(Rows rows, impl_->reading().query(k_projects, StoredId(organization)));
    std::vector<Project> projects;
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return projects;
        ASSAY_TRY(Project project, read_project(rows));
        projects.push_back(std::move(project));
    }
}

Result<std::optional<Project>> AccessStore::find_project(const ProjectId& id) const {
    ASSAY_TRY(Rows rows, impl_->reading().query(k_find_project, StoredId(id)));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) return std::nullopt;
    return read_project(rows);
}

Result<void> AccessStore::add_project(const Project& project, Time now) {
    return impl_->database().transact([&]() -> Result<void> {
        ASSAY_TRY(const auto taken,
                  impl_->writing().find_integer(k_is_id_taken, StoredId(project.id)));
        if (taken) {
            return failure(
                ErrorCode::already_exists,
                fmt::format("the id \"{}\" is or was that of a project", project.id.value()));
        }
        ASSAY_CHECK(impl_->check_name(project));
        ASSAY_TRY(const std::int64_t organization,
                  impl_->organization_row(project.organization.id));
        ASSAY_TRY(const std::int64_t row, impl_->writer().ensure_project(project.id));
        const std::string metadata = to_text(project.metadata);
        return impl_->writing().run(k_add_project, row, organization,
                                    std::string_view(project.name), std::string_view(metadata),
                                    project.retention_days, to_nanoseconds(now));
    });
}

Result<void> AccessStore::update_project(const Project& project, Time now) {
    return impl_->database().transact([&]() -> Result<void> {
        ASSAY_TRY(const std::int64_t row, impl_->project_row(project.id));
        ASSAY_CHECK(impl_->check_name(project));
        const std::string metadata = to_text(project.metadata);
        return impl_->writing().run(k_update_project, row, std::string_view(project.name),
                                    std::string_view(metadata), project.retention_days,
                                    to_nanoseconds(now));
    });
}

Result<void> AccessStore::remove_project(const ProjectId& id, Time now) {
    return impl_->database().transact([&]() -> Result<void> {
        ASSAY_TRY(const std::int64_t row, impl_->project_row(id));
        ASSAY_CHECK(impl_->writing().run(k_remove_keys_of_project, row));
        return impl_->writing().run(k_hide_project, row, to_nanoseconds(now));
    });
}

Result<std::vector<UpkeepOfProject>> AccessStore::upkeep() const {
    ASSAY_TRY(Rows rows, impl_->reading().query(k_upkeep));
    std::vector<UpkeepOfProject> projects;
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return projects;
        projects.push_back({.id = ProjectId(rows.id(0)),
                            .is_removed = rows.integer(1) != 0,
                            .retention_days = static_cast<int>(rows.integer(2))});
    }
}

Result<bool> AccessStore::has_events_since(Time time) const {
    ASSAY_TRY(const auto found,
              impl_->reading().find_integer(k_recent_event, to_nanoseconds(time)));
    return found.has_value();
}

Result<std::vector<ApiKey>> AccessStore::keys(const KeyOwner& owner) const {
    ASSAY_TRY(Rows rows,
              impl_->reading().query(k_keys, StoredId(owner.organization), stored_project(owner)));
    std::vector<ApiKey> keys;
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return keys;
        keys.push_back(read_key(rows));
    }
}

Result<void> AccessStore::add_key(const ApiKey& key) {
    return impl_->database().transact([&]() -> Result<void> {
        const std::string_view public_key = key.public_key;
        const Blob hash = as_blob(key.secret_hash);
        ASSAY_TRY(const auto taken,
                  impl_->writing().find_integer(k_is_key_taken, public_key, hash));
        if (taken) return failure(ErrorCode::already_exists, "this API key is in use");
        ASSAY_TRY(const std::int64_t organization, impl_->organization_row(key.owner.organization));
        std::optional<std::int64_t> project;
        if (key.owner.project) {
            ASSAY_TRY(project, impl_->project_row(*key.owner.project));
        }
        std::optional<std::string_view> note;
        if (key.note) note = *key.note;
        return impl_->writing().run(k_add_key, StoredId(key.id), organization, project, public_key,
                                    hash, std::string_view(key.shown_secret), note,
                                    to_nanoseconds(key.created));
    });
}

Result<void> AccessStore::remove_key(const KeyOwner& owner, const ApiKeyId& id) {
    return impl_->database().transact([&]() -> Result<void> {
        ASSAY_CHECK(impl_->writing().run(k_remove_key, StoredId(id), StoredId(owner.organization),
                                         stored_project(owner)));
        if (impl_->writing().changes() == 0) return no_such("API key", id.value());
        return {};
    });
}

Result<std::optional<ApiKey>> AccessStore::find_key(const Sha256Digest& secret_hash) const {
    return first_key(impl_->reading().query(k_key_by_hash, as_blob(secret_hash)));
}

Result<std::optional<ApiKey>> AccessStore::find_key(std::string_view public_key) const {
    return first_key(impl_->reading().query(k_key_by_public_key, public_key));
}

Result<void> AccessStore::note_use(const ApiKeyId& id, Time now) {
    return impl_->database().transact(
        [&] { return impl_->writing().run(k_note_use, StoredId(id), to_nanoseconds(now)); },
        Durability::none);
}

Result<std::optional<User>> AccessStore::find_user(std::string_view email) const {
    return first_user(impl_->reading().query(k_user_by_email, email));
}

Result<std::optional<User>> AccessStore::find_user(const UserId& id) const {
    return first_user(impl_->reading().query(k_user_by_id, StoredId(id)));
}

Result<void> AccessStore::add_user(const User& user, Time now) {
    return impl_->database().transact([&]() -> Result<void> {
        const std::string_view email = user.email;
        ASSAY_TRY(const auto taken,
                  impl_->writing().find_integer(k_is_user_taken, email, StoredId(user.id)));
        if (taken) {
            return failure(ErrorCode::already_exists,
                           fmt::format("there is a user {} already", user.email));
        }
        return impl_->writing().run(k_add_user, StoredId(user.id), email,
                                    std::string_view(user.name),
                                    std::string_view(user.password_hash), to_nanoseconds(now));
    });
}

Result<std::vector<Member>> AccessStore::members(const OrganizationId& organization) const {
    ASSAY_TRY(Rows rows, impl_->reading().query(k_members, StoredId(organization)));
    std::vector<Member> members;
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return members;
        const auto role = parse_role(rows.bytes(4));
        members.push_back({.user = read_user(rows), .role = role.value_or(Role::none)});
    }
}

Result<void> AccessStore::set_member(const OrganizationId& organization, const UserId& user,
                                     Role role) {
    return impl_->database().transact([&]() -> Result<void> {
        ASSAY_TRY(const std::int64_t organization_row, impl_->organization_row(organization));
        ASSAY_TRY(const std::int64_t user_row, impl_->user_row(user));
        return impl_->writing().run(k_set_member, organization_row, user_row, to_text(role));
    });
}

Result<void> AccessStore::remove_member(const OrganizationId& organization, const UserId& user) {
    return impl_->database().transact([&]() -> Result<void> {
        ASSAY_CHECK(impl_->writing().run(k_remove_member, StoredId(organization), StoredId(user)));
        if (impl_->writing().changes() > 0) return {};
        return no_such("member", user.value());
    });
}

}  // namespace assay
