#include "server/api/first_start.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "server/api/limits.hpp"
#include "server/api/users.hpp"

namespace assay {
namespace {

constexpr const char* k_default_name = "default";
constexpr std::size_t k_id_bytes = 12;

constexpr const char* k_org_id = "LANGFUSE_INIT_ORG_ID";
constexpr const char* k_org_name = "LANGFUSE_INIT_ORG_NAME";
constexpr const char* k_project_id = "LANGFUSE_INIT_PROJECT_ID";
constexpr const char* k_project_name = "LANGFUSE_INIT_PROJECT_NAME";
constexpr const char* k_retention = "LANGFUSE_INIT_PROJECT_RETENTION";
constexpr const char* k_public_key = "LANGFUSE_INIT_PROJECT_PUBLIC_KEY";
constexpr const char* k_secret_key = "LANGFUSE_INIT_PROJECT_SECRET_KEY";
constexpr const char* k_user_email = "LANGFUSE_INIT_USER_EMAIL";
constexpr const char* k_user_name = "LANGFUSE_INIT_USER_NAME";
constexpr const char* k_user_password = "LANGFUSE_INIT_USER_PASSWORD";

struct Need {
    const char* variable;
    const char* needed;
};
constexpr std::array k_needs = {
    Need{k_org_name, k_org_id},          Need{k_project_id, k_org_id},
    Need{k_project_name, k_project_id},  Need{k_retention, k_project_id},
    Need{k_public_key, k_secret_key},    Need{k_secret_key, k_public_key},
    Need{k_public_key, k_project_id},    Need{k_user_name, k_user_email},
    Need{k_user_email, k_user_password}, Need{k_user_password, k_user_email},
    Need{k_user_email, k_org_id},
};

struct WantedUser {
    std::string email;
    std::string name;
    Secret password;
};

/// What the environment names, read and checked.
struct Wanted {
    Organization organization;
    std::optional<Project> project;
    std::optional<KeyPair> pair;
    std::optional<WantedUser> user;
};

std::unexpected<Error> unusable(const char* variable, std::string_view why) {
    return failure(ErrorCode::invalid_argument, fmt::format("{}: {}", variable, why));
}

Result<void> check_needs(const Environment& environment) {
    for (const Need& need : k_needs) {
        const bool is_set = environment(need.variable).has_value();
        if (!is_set || environment(need.needed)) continue;
        return unusable(need.variable, fmt::format("it needs {}, which is not set", need.needed));
    }
    return {};
}

Result<int> retention_of(const Environment& environment) {
    const auto text = environment(k_retention);
    if (!text) return 0;
    int days = -1;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), days);
    const bool is_number = error == std::errc() && end == text->data() + text->size();
    if (is_number && limits::is_retention(days)) return days;
    return unusable(k_retention,
                    fmt::format("it must be 0 or a number of days from {} to {}, not "
                                "\"{}\"",
                                limits::k_retention_days_min, limits::k_retention_days_max, *text));
}

Result<std::optional<WantedUser>> user_of(const Environment& environment) {
    const auto email = environment(k_user_email);
    if (!email) return std::nullopt;
    WantedUser user{.email = {},
                    .name = environment(k_user_name).value_or("Provisioned User"),
                    .password = Secret(environment(k_user_password).value_or(""))};
    auto parsed = parse_email(*email);
    if (!parsed) return unusable(k_user_email, parsed.error().message);
    user.email = std::move(*parsed);
    const auto checked = check_new_password(user.password);
    if (!checked) return unusable(k_user_password, checked.error().message);
    return user;
}

Result<std::optional<KeyPair>> pair_of(const Environment& environment) {
    auto public_key = environment(k_public_key);
    auto secret_key = environment(k_secret_key);
    if (!public_key || !secret_key) return std::nullopt;
    KeyPair pair{.public_key = std::move(*public_key),
                 .secret_key = Secret(std::move(*secret_key))};
    if (!is_usable_key(pair.public_key)) return unusable(k_public_key, k_usable_key);
    if (!is_usable_key(pair.secret_key.reveal())) return unusable(k_secret_key, k_usable_key);
    return pair;
}

Result<Wanted> read_wanted(const Environment& environment) {
    Wanted wanted{.organization = {OrganizationId(*environment(k_org_id)),
                                   environment(k_org_name).value_or("Provisioned Org")},
                  .project = std::nullopt,
                  .pair = std::nullopt,
                  .user = std::nullopt};
    ASSAY_TRY(const int retention, retention_of(environment));
    ASSAY_TRY(wanted.pair, pair_of(environment));
    ASSAY_TRY(wanted.user, user_of(environment));
    if (const auto id = environment(k_project_id)) {
        wanted.project =
            Project{.id = ProjectId(*id),
                    .organization = wanted.organization,
                    .name = environment(k_project_name).value_or("Provisioned Project"),
                    .metadata = Json::object(),
                    .retention_days = retention};
    }
    return wanted;
}

/// Makes what the environment names and is not there yet.
class Provision {
  public:
    explicit Provision(const FirstStart& start) : start_(start), access_(start.access) {}

    Result<void> make(const Wanted& wanted) {
        ASSAY_CHECK(make_organization(wanted.organization));
        if (wanted.project) {
            ASSAY_TRY(const bool is_there, make_project(*wanted.project));
            if (is_there && wanted.pair) ASSAY_CHECK(make_key(*wanted.pair, *wanted.project));
        }
        if (!wanted.user) return {};
        return make_user(*wanted.user, wanted.organization.id);
    }

  private:
    /// A value that is not the one of what is there already.
    void tell_left(const char* variable, std::string_view why) {
        start_.log.warning("left as it is", {{"variable", variable}, {"why", why}});
    }

    Result<void> make_organization(const Organization& wanted) {
        ASSAY_CHECK(access_.ensure_organization(wanted, start_.now));
        ASSAY_TRY(const auto organizations, access_.organizations());
        const auto found = std::ranges::find(organizations, wanted.id, &Organization::id);
        const bool is_asked = start_.environment(k_org_name).has_value();
        if (is_asked && found != organizations.end() && found->name != wanted.name) {
            tell_left(k_org_name, "the organization has another name");
        }
        return {};
    }

    /// @return false when there was such a project: its id is not given again.
    Result<bool> make_project(const Project& wanted) {
        const Result<void> made = access_.add_project(wanted, start_.now);
        if (made) return true;
        if (made.error().code != ErrorCode::already_exists) return std::unexpected(made.error());
        ASSAY_TRY(const auto found, access_.find_project(wanted.id));
        if (found && found->organization.id != wanted.organization.id) {
            return unusable(k_project_id, "another organization has the project of this id");
        }
        if (found) {
            tell_differences(*found, wanted);
            return true;
        }
        // The name is in use, or the project was deleted, which a restart must not undo.
        ASSAY_TRY(const auto others, access_.projects(wanted.organization.id));
        if (std::ranges::find(others, wanted.name, &Project::name) != others.end()) {
            return unusable(k_project_name, made.error().message);
        }
        tell_left(k_project_id, "the project of this id was deleted");
        return false;
    }

    void tell_differences(const Project& found, const Project& wanted) {
        if (start_.environment(k_project_name) && found.name != wanted.name) {
            tell_left(k_project_name, "the project has another name");
        }
        if (start_.environment(k_retention) && found.retention_days != wanted.retention_days) {
            tell_left(k_retention, "the project has another retention");
        }
    }

    Result<void> make_key(const KeyPair& pair, const Project& project) {
        const KeyOwner owner{.organization = project.organization.id, .project = project.id};
        const ApiKey key =
            make_api_key(pair, owner, "Provisioned API Key", start_.secrets, start_.now);
        ASSAY_TRY(const auto known, access_.find_key(key.secret_hash));
        const bool is_there = known && known->public_key == key.public_key &&
                              known->owner.project == key.owner.project;
        if (is_there) return {};
        const Result<void> added = access_.add_key(key);
        if (added || added.error().code != ErrorCode::already_exists) return added;
        return unusable(k_public_key,
                        "it or the secret key is in use, in another pair or by another project; "
                        "`assay keys revoke` ends that one");
    }

    Result<void> make_user(const WantedUser& wanted, const OrganizationId& organization) {
        ASSAY_TRY(auto user, access_.find_user(wanted.email));
        if (!user) {
            ASSAY_TRY(std::string hash, hash_password(wanted.password));
            user = User{.id = UserId(random_hex(k_id_bytes)),
                        .email = wanted.email,
                        .name = wanted.name,
                        .password_hash = std::move(hash)};
            ASSAY_CHECK(access_.add_user(*user, start_.now));
            return access_.set_member(organization, user->id, Role::owner);
        }
        ASSAY_TRY(const bool is_same, is_password(wanted.password, user->password_hash));
        if (!is_same) tell_left(k_user_password, "the user has another password and keeps it");
        if (start_.environment(k_user_name) && user->name != wanted.name) {
            tell_left(k_user_name, "the user has another name");
        }
        ASSAY_TRY(const auto members, access_.members(organization));
        const bool is_member = std::ranges::any_of(
            members, [&](const Member& member) { return member.user.id == user->id; });
        if (is_member) return {};
        return access_.set_member(organization, user->id, Role::owner);
    }

    const FirstStart& start_;
    AccessStore& access_;
};

/// Organisation, project and pair of a store that has none.
Result<KeyPair> make_first(const FirstStart& start) {
    const Organization organization{OrganizationId(k_default_name), k_default_name};
    Project project{.id = default_project_id(),
                    .organization = organization,
                    .name = k_default_name,
                    .metadata = Json::object(),
                    .retention_days = 0};
    ASSAY_CHECK(start.access.ensure_organization(organization, start.now));
    Result<void> made = start.access.add_project(project, start.now);
    if (!made && made.error().code == ErrorCode::already_exists) {
        project.id = ProjectId(random_hex(k_id_bytes));  // that one was deleted
        made = start.access.add_project(project, start.now);
    }
    ASSAY_CHECK(made);
    KeyPair pair = make_key_pair();
    const KeyOwner owner{.organization = organization.id, .project = project.id};
    ASSAY_CHECK(start.access.add_key(
        make_api_key(pair, owner, "Made at the first start", start.secrets, start.now)));
    return pair;
}

}  // namespace

Result<std::optional<KeyPair>> prepare_access(const FirstStart& start) {
    ASSAY_CHECK(start.access.check_salt(salt_fingerprint(start.secrets.salt)));
    ASSAY_CHECK(check_needs(start.environment));
    if (start.environment(k_org_id)) {
        ASSAY_TRY(const Wanted wanted, read_wanted(start.environment));
        ASSAY_CHECK(Provision(start).make(wanted));
        return std::nullopt;
    }
    ASSAY_TRY(const auto organizations, start.access.organizations());
    if (!organizations.empty()) return std::nullopt;
    return make_first(start);
}

}  // namespace assay
