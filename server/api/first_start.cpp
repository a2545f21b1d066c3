#include "server/api/first_start.hpp"

#include <fmt/format.h>

#include <charconv>

namespace assay {
namespace {

constexpr const char* k_default_name = "default";
constexpr int k_retention_days_min = 3;

Result<int> retention_of(const Environment& environment) {
    const auto text = environment("LANGFUSE_INIT_PROJECT_RETENTION");
    if (!text) return 0;
    int days = -1;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), days);
    const bool is_number = error == std::errc() && end == text->data() + text->size();
    if (is_number && (days == 0 || days >= k_retention_days_min)) return days;
    return failure(ErrorCode::invalid_argument,
                   fmt::format("LANGFUSE_INIT_PROJECT_RETENTION must be 0 or a number of days of "
                               "at least 3, not \"{}\"",
                               *text));
}

/// The pair of the environment.
Result<std::optional<KeyPair>> pair_of(const Environment& environment) {
    auto public_key = environment("LANGFUSE_INIT_PROJECT_PUBLIC_KEY");
    auto secret_key = environment("LANGFUSE_INIT_PROJECT_SECRET_KEY");
    if (!public_key && !secret_key) return std::nullopt;
    if (!public_key || !secret_key) {
        return failure(ErrorCode::invalid_argument,
                       "LANGFUSE_INIT_PROJECT_PUBLIC_KEY and LANGFUSE_INIT_PROJECT_SECRET_KEY "
                       "must be set together");
    }
    KeyPair pair{.public_key = std::move(*public_key),
                 .secret_key = Secret(std::move(*secret_key))};
    ASSAY_CHECK(check_key_pair(pair));
    return pair;
}

/// Does nothing when there is, or was, such a project.
Result<void> ensure_project(AccessStore& access, const Project& project, Time now) {
    const Result<void> done = access.add_project(project, now);
    if (!done && done.error().code != ErrorCode::already_exists) return done;
    ASSAY_TRY(const auto found, access.find_project(project.id));
    if (found && found->organization.id == project.organization.id) return {};
    return failure(
        ErrorCode::invalid_argument,
        fmt::format("LANGFUSE_INIT_PROJECT_ID \"{}\" cannot be used: {}", project.id.value(),
                    done ? "it was not made" : done.error().message));
}

Result<void> ensure_key(AccessStore& access, const ApiKey& key) {
    ASSAY_TRY(const auto known, access.find_key(key.secret_hash));
    const bool is_same =
        known && known->public_key == key.public_key && known->owner.project == key.owner.project;
    return is_same ? Result<void>() : access.add_key(key);
}

Result<void> follow_environment(AccessStore& access, const ServerSecrets& secrets,
                                const Environment& environment, Time now) {
    const OrganizationId id(*environment("LANGFUSE_INIT_ORG_ID"));
    const Organization organization{
        id, environment("LANGFUSE_INIT_ORG_NAME").value_or(std::string("Provisioned Org"))};
    ASSAY_TRY(const int retention, retention_of(environment));
    ASSAY_TRY(const auto pair, pair_of(environment));
    ASSAY_CHECK(access.ensure_organization(organization, now));
    const auto project_id = environment("LANGFUSE_INIT_PROJECT_ID");
    if (!project_id && pair) {
        return failure(ErrorCode::invalid_argument,
                       "LANGFUSE_INIT_PROJECT_PUBLIC_KEY needs LANGFUSE_INIT_PROJECT_ID");
    }
    if (!project_id) return {};
    const Project project{
        .id = ProjectId(*project_id),
        .organization = organization,
        .name = environment("LANGFUSE_INIT_PROJECT_NAME").value_or("Provisioned Project"),
        .metadata = Json::object(),
        .retention_days = retention};
    ASSAY_CHECK(ensure_project(access, project, now));
    if (!pair) return {};
    const KeyOwner owner{.organization = id, .project = project.id};
    return ensure_key(access, make_api_key(*pair, owner, "Provisioned API Key", secrets, now));
}

}  // namespace

Result<std::optional<KeyPair>> prepare_access(AccessStore& access, const ServerSecrets& secrets,
                                              const Environment& environment, Time now) {
    ASSAY_CHECK(access.check_salt(salt_fingerprint(secrets.salt)));
    if (environment("LANGFUSE_INIT_ORG_ID")) {
        ASSAY_CHECK(follow_environment(access, secrets, environment, now));
        return std::nullopt;
    }
    ASSAY_TRY(const auto organizations, access.organizations());
    if (!organizations.empty()) return std::nullopt;
    const Organization organization{OrganizationId(k_default_name), k_default_name};
    const Project project{.id = default_project_id(),
                          .organization = organization,
                          .name = k_default_name,
                          .metadata = Json::object(),
                          .retention_days = 0};
    ASSAY_CHECK(access.ensure_organization(organization, now));
    ASSAY_CHECK(access.add_project(project, now));
    KeyPair pair = make_key_pair();
    const KeyOwner owner{.organization = organization.id, .project = project.id};
    ASSAY_CHECK(access.add_key(make_api_key(pair, owner, "Made at the first start", secrets, now)));
    return pair;
}

}  // namespace assay
