#pragma once

#include <optional>

#include "server/api/key_pair.hpp"
#include "server/api/server_secrets.hpp"
#include "server/store/access_store.hpp"

namespace assay {

/// Makes what a server cannot do without. LANGFUSE_INIT_ORG_ID, with ORG_NAME, PROJECT_ID,
/// PROJECT_NAME, PROJECT_RETENTION, PROJECT_PUBLIC_KEY and PROJECT_SECRET_KEY, names an
/// organisation, a project and a key pair: those that are not there are made, at every start.
/// Without it an empty store gets an organisation, the project that `assay run` uses, and a pair.
///
/// @return the pair that was made and that nobody knows yet, if any.
/// @error invalid_argument when a variable cannot be used, or the salt has changed.
[[nodiscard]] Result<std::optional<KeyPair>> prepare_access(AccessStore& access,
                                                            const ServerSecrets& secrets,
                                                            const Environment& environment,
                                                            Time now);

}  // namespace assay
