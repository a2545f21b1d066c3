#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "core/base/clock.hpp"
#include "core/base/secret.hpp"
#include "server/api/http_message.hpp"
#include "server/api/server_log.hpp"
#include "server/api/server_secrets.hpp"
#include "server/store/access_store.hpp"

namespace assay {

/// Whose key a route wants.
enum class RouteAuth : std::uint8_t {
    none,
    project,                ///< Basic, with the key pair of a project
    project_or_scores_key,  ///< the same, or Bearer with its public key, which may send scores only
    /// The key pair of a project; or, as its key, ADMIN_API_KEY twice (Bearer, and the header
    /// x-langfuse-admin-api-key) with the project's id in x-langfuse-project-id.
    project_or_admin,
    organization,  ///< Basic, with the key pair of an organisation
    admin,         ///< Bearer, with ADMIN_API_KEY
};

/// Who asks.
struct Caller {
    KeyOwner owner;
    bool scores_only = false;
};

struct AuthFailure {
    int status = 401;
    std::string message;  ///< as the contract words it
};

/// Knows callers by the headers of their requests. On the store's thread.
class Authenticator {
  public:
    struct Parts {
        AccessStore& access;
        const ServerSecrets& secrets;
        const Clock& clock;
        ServerLog& log;
        std::optional<Secret> admin_key = std::nullopt;  ///< without one nobody is admin
    };
    explicit Authenticator(Parts parts) : parts_(std::move(parts)) {}

    using Outcome = std::variant<Caller, AuthFailure>;
    /// Who asks, when they may use a route that wants `wanted`.
    /// @error that of a store which cannot be read.
    [[nodiscard]] Result<Outcome> check(const ApiRequest& request, RouteAuth wanted);

  private:
    [[nodiscard]] Result<Outcome> check_key_pair(const ApiRequest& request,
                                                 std::string_view encoded, RouteAuth wanted);
    [[nodiscard]] Result<Outcome> check_public_key(std::string_view public_key, RouteAuth wanted);
    [[nodiscard]] Result<Outcome> check_admin(const ApiRequest& request, std::string_view token);
    [[nodiscard]] bool is_admin(std::string_view token) const;
    void note_use(const ApiKey& key);

    Parts parts_;
    std::map<ApiKeyId, MonotonicTime> noted_;  ///< when a use was last recorded
};

}  // namespace assay
