#pragma once

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

/// What is to be removed of a project.
struct UpkeepOfProject {
    ProjectId id;
    bool is_removed = false;  ///< everything; else what is older than `retention_days`
    int retention_days = 0;
};

/// Who may do what: organisations, their projects and API keys, in the database of a store's
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

  private:
    class Impl;
    explicit AccessStore(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace assay
