#pragma once

#include <optional>

#include "server/api/key_pair.hpp"
#include "server/api/server_log.hpp"
#include "server/api/server_secrets.hpp"
#include "server/store/access_store.hpp"

namespace assay {

struct FirstStart {
    AccessStore& access;
    const ServerSecrets& secrets;
    Environment environment;
    ServerLog& log;
    Time now;
};

/// Makes what a server cannot do without. LANGFUSE_INIT_ORG_ID, with ORG_NAME, PROJECT_ID,
/// PROJECT_NAME, PROJECT_RETENTION, PROJECT_PUBLIC_KEY, PROJECT_SECRET_KEY, USER_EMAIL, USER_NAME
/// and USER_PASSWORD, names an organisation, a project, a key pair and an owner: those that are not
/// there are made, at every start. What is there is left as it is, and the log says where the
/// environment differs. Without it a store without organisations gets one, the project that
/// `assay run` uses, and a pair.
///
/// @return the pair that was made and that nobody knows yet, if any.
/// @error invalid_argument when a variable cannot be used, before anything is made; or when the
///        salt has changed.
[[nodiscard]] Result<std::optional<KeyPair>> prepare_access(const FirstStart& start);

}  // namespace assay
