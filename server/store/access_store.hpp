#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/hash.hpp"
#include "core/base/json.hpp"
#include "core/base/strong_id.hpp"
#include "core/model/ids.hpp"

namespace assay {

using OrganizationId = StrongId<struct OrganizationTag>;
using ApiKeyId = StrongId<struct ApiKeyTag>;
using UserId = StrongId<struct UserTag>;

struct Organization {
    OrganizationId id;
    std::string name;
};

struct Project {
    ProjectId id;
    Organization organization;
    std::string name;
    Json metadata = Json::object();
    int retention_days = 0;  ///< 0: for ever
};

/// Whose key it is: a project's, or, without one, the organisation's.
struct KeyOwner {
    OrganizationId organization;
    std::optional<ProjectId> project;
};

/// What is kept of a key. Its secret is not: only a keyed hash of it and its last digits.
struct ApiKey {
    ApiKeyId id;
    KeyOwner owner;
    std::string public_key;
    Sha256Digest secret_hash{};
    std::string shown_secret;  ///< "sk-lf-...90ab"
    std::optional<std::string> note;
    Time created;
    std::optional<Time> last_used;
};

/// Somebody who may sign in.
struct User {
    UserId id;
    std::string email;  ///< in lower case; no two users have the same
    std::string name;
    std::string password_hash;  ///< slow and salted; what it is made of is the caller's affair
};

/// What a user may do in an organisation.
enum class Role : std::uint8_t { owner, admin, member, viewer, none };
/// "OWNER" and so on, as clients say it.
[[nodiscard]] std::string_view to_text(Role role);
[[nodiscard]] std::optional<Role> parse_role(std::string_view text);

struct Member {
    User user;
    Role role = Role::none;
};

/// What is to be removed of a project.
struct UpkeepOfProject {
    ProjectId id;
    bool is_removed = false;  ///< everything; else what is older than `retention_days`
    int retention_days = 0;
};

/// Who may do what: organisations, their users, projects and API keys, in the database of a store's
/// folder. One thread at a time. A project that is removed is hidden at once, with its keys; what
/// it holds stays in the file for whoever clears it (upkeep()).
class AccessStore {
  public:
    /// Opens the store, creating it as needed. @error as Store::open.
    static Result<std::unique_ptr<AccessStore>> open(const std::filesystem::path& folder);
    /// The same without creating anything. @error not_found when there is no store.
    static Result<std::unique_ptr<AccessStore>> open_existing(const std::filesystem::path& folder);
    ~AccessStore();

    /// Keeps the salt's fingerprint when there is none yet.
    /// @error invalid_argument when another salt was used before: no key would be accepted.
    [[nodiscard]] Result<void> check_salt(const Sha256Digest& fingerprint);

    /// Oldest first.
    [[nodiscard]] Result<std::vector<Organization>> organizations() const;
    /// Does nothing when its id is there.
    [[nodiscard]] Result<void> ensure_organization(const Organization& organization, Time now);
    /// @error not_found
    [[nodiscard]] Result<void> rename_organization(const Organization& organization);
    /// With its keys and memberships; users stay.
    /// @error not_found; invalid_argument while it has projects.
    [[nodiscard]] Result<void> remove_organization(const OrganizationId& id);

    /// Oldest first, without those that were removed.
    [[nodiscard]] Result<std::vector<Project>> projects(const OrganizationId& organization) const;
    [[nodiscard]] Result<std::optional<Project>> find_project(const ProjectId& id) const;
    /// @error already_exists when the organisation has a project of that name, or the id is in use
    ///        (also by one that was removed).
    [[nodiscard]] Result<void> add_project(const Project& project, Time now);
    /// Sets name, metadata and retention.
    /// @error not_found; already_exists when another project of the organisation has that name.
    [[nodiscard]] Result<void> update_project(const Project& project, Time now);
    /// Hides the project and removes its keys. @error not_found
    [[nodiscard]] Result<void> remove_project(const ProjectId& id, Time now);

    /// Projects that were removed, and those that keep things for a time only.
    [[nodiscard]] Result<std::vector<UpkeepOfProject>> upkeep() const;

    /// Whether any project has a trace or an observation of that time or later.
    [[nodiscard]] Result<bool> has_events_since(Time time) const;

    /// Of exactly this owner, oldest first.
    [[nodiscard]] Result<std::vector<ApiKey>> keys(const KeyOwner& owner) const;
    /// @error already_exists when the public key or the secret is in use.
    [[nodiscard]] Result<void> add_key(const ApiKey& key);
    /// @error not_found when this owner has no such key.
    [[nodiscard]] Result<void> remove_key(const KeyOwner& owner, const ApiKeyId& id);
    [[nodiscard]] Result<std::optional<ApiKey>> find_key(const Sha256Digest& secret_hash) const;
    [[nodiscard]] Result<std::optional<ApiKey>> find_key(std::string_view public_key) const;
    /// Not waited for: a power failure may forget it.
    [[nodiscard]] Result<void> note_use(const ApiKeyId& id, Time now);

    /// @param email  in lower case.
    [[nodiscard]] Result<std::optional<User>> find_user(std::string_view email) const;
    [[nodiscard]] Result<std::optional<User>> find_user(const UserId& id) const;
    /// @error already_exists when there is a user of that e-mail or id.
    [[nodiscard]] Result<void> add_user(const User& user, Time now);

    /// Of an organisation, those first who were made users first.
    [[nodiscard]] Result<std::vector<Member>> members(const OrganizationId& organization) const;
    /// Makes a user a member, or gives the member another role. @error not_found
    [[nodiscard]] Result<void> set_member(const OrganizationId& organization, const UserId& user,
                                          Role role);
    /// @error not_found when the user is no member.
    [[nodiscard]] Result<void> remove_member(const OrganizationId& organization,
                                             const UserId& user);

  private:
    class Impl;
    explicit AccessStore(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace assay
