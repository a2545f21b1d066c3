#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/base/secret.hpp"

namespace assay {

/// A variable of the environment; nothing when it is not set or empty.
using Environment = std::function<std::optional<std::string>(const char* name)>;
[[nodiscard]] std::optional<std::string> process_environment(const char* name);

/// What the server's safety hangs on, besides the database.
struct ServerSecrets {
    Secret salt;            ///< keys the hashes of API keys
    Secret encryption_key;  ///< 64 hex digits; for the secrets that a project will keep here
};

/// SALT and ENCRYPTION_KEY from the environment, else from the files `salt` and `encryption_key` in
/// the data folder, which are made, with mode 0600, when they are not there.
/// @error invalid_argument when an ENCRYPTION_KEY is not 64 hex digits; permission_denied when a
///        file can be read by others, or as the files say.
[[nodiscard]] Result<ServerSecrets> load_server_secrets(const std::filesystem::path& folder,
                                                        const Environment& environment);

/// What is stored of a secret key.
[[nodiscard]] Sha256Digest hash_secret_key(const Secret& salt, std::string_view secret_key);
/// Tells salts apart without telling them.
[[nodiscard]] Sha256Digest salt_fingerprint(const Secret& salt);
/// Whether the texts are equal; how long it takes depends on neither.
[[nodiscard]] bool equal_in_constant_time(const Sha256Digest& a, const Sha256Digest& b);

}  // namespace assay
