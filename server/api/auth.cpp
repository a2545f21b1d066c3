#include "server/api/auth.hpp"

#include "core/base/base64.hpp"
#include "core/base/text.hpp"
#include "server/api/limits.hpp"

namespace assay {
namespace {

constexpr const char* k_no_header = "No authorization header";
constexpr const char* k_invalid_header = "Invalid authorization header";
constexpr const char* k_invalid_credentials =
    "Invalid credentials. Confirm that you've configured the correct host.";
constexpr const char* k_scores_only = "Access denied - insufficient permissions for this endpoint";
constexpr const char* k_organization_key =
    "Access denied - this endpoint needs a project's API key; are you using an organization key?";
constexpr const char* k_project_key =
    "Access denied - this endpoint needs an organization's API key";

// Of an operator who asks as a project.
constexpr const char* k_admin_header = "x-langfuse-admin-api-key";
constexpr const char* k_project_header = "x-langfuse-project-id";
constexpr const char* k_no_project =
    "The header x-langfuse-project-id must name the project that is meant";
constexpr const char* k_unknown_project = "Project not found";

AuthFailure refused(int status, const char* message) { return {status, message}; }

}  // namespace

Result<Authenticator::Outcome> Authenticator::check(const ApiRequest& request, RouteAuth wanted) {
    if (wanted == RouteAuth::none) return Caller{};
    const auto header = request.header("authorization");
    if (!header) return refused(401, k_no_header);
    const std::size_t space = header->find(' ');
    if (space == std::string_view::npos) return refused(401, k_invalid_header);
    const std::string scheme = to_lower_ascii(header->substr(0, space));
    const std::string_view credentials = trim(header->substr(space));
    if (credentials.empty()) return refused(401, k_invalid_header);
    if (wanted == RouteAuth::admin) {
        if (scheme != "bearer") return refused(401, k_invalid_header);
        if (is_admin(credentials)) return Caller{};
        return refused(401, k_invalid_credentials);
    }
    if (scheme == "basic") return check_key_pair(request, credentials, wanted);
    if (scheme != "bearer") return refused(401, k_invalid_header);
    const bool is_operator =
        wanted == RouteAuth::project_or_admin && request.header(k_admin_header).has_value();
    return is_operator ? check_admin(request, credentials) : check_public_key(credentials, wanted);
}

/// The project is looked for only after the key has been found right.
Result<Authenticator::Outcome> Authenticator::check_admin(const ApiRequest& request,
                                                          std::string_view token) {
    const bool is_right = is_admin(token);
    const bool is_right_again = is_admin(*request.header(k_admin_header));
    if (!is_right || !is_right_again) return refused(401, k_invalid_credentials);
    const auto id = request.header(k_project_header);
    if (!id || id->empty()) return refused(400, k_no_project);
    ASSAY_TRY(const auto project, parts_.access.find_project(ProjectId(std::string(*id))));
    if (!project) return refused(404, k_unknown_project);
    return Caller{.owner = {.organization = project->organization.id, .project = project->id}};
}

/// The secret key alone says whose it is; a public key of another pair is worth a warning only.
Result<Authenticator::Outcome> Authenticator::check_key_pair(const ApiRequest& request,
                                                             std::string_view encoded,
                                                             RouteAuth wanted) {
    const auto decoded = from_base64(encoded);
    const std::size_t colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon == std::string::npos) return refused(401, k_invalid_header);
    const std::string_view pair = *decoded;
    const Sha256Digest hash = hash_secret_key(parts_.secrets.salt, pair.substr(colon + 1));
    ASSAY_TRY(const auto key, parts_.access.find_key(hash));
    if (!key || !equal_in_constant_time(key->secret_hash, hash)) {
        return refused(401, k_invalid_credentials);
    }
    if (key->public_key != pair.substr(0, colon)) {
        parts_.log.warning("public key of another pair",
                           {{"key", key->public_key}, {"peer", request.peer}});
    }
    const bool is_of_project = key->owner.project.has_value();
    if (wanted == RouteAuth::organization && is_of_project) return refused(403, k_project_key);
    if (wanted != RouteAuth::organization && !is_of_project) {
        return refused(403, k_organization_key);
    }
    note_use(*key);
    return Caller{.owner = key->owner};
}

Result<Authenticator::Outcome> Authenticator::check_public_key(std::string_view public_key,
                                                               RouteAuth wanted) {
    ASSAY_TRY(const auto key, parts_.access.find_key(public_key));
    if (!key || !key->owner.project) return refused(401, k_invalid_credentials);
    if (wanted != RouteAuth::project_or_scores_key) return refused(403, k_scores_only);
    note_use(*key);
    return Caller{.owner = key->owner, .scores_only = true};
}

bool Authenticator::is_admin(std::string_view token) const {
    return parts_.admin_key &&
           equal_in_constant_time(sha256(token), sha256(parts_.admin_key->reveal()));
}

/// Once a minute is enough to know whether a key is in use; a write for each request is not cheap.
void Authenticator::note_use(const ApiKey& key) {
    const MonotonicTime now = parts_.clock.monotonic();
    const auto noted = noted_.find(key.id);
    if (noted != noted_.end() && now < noted->second + limits::k_key_use_precision) return;
    noted_[key.id] = now;
    const Result<void> done = parts_.access.note_use(key.id, parts_.clock.now());
    if (!done) parts_.log.warning("use of a key not noted", {{"error", done.error().message}});
}

}  // namespace assay
