#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/secret.hpp"
#include "server/api/server_secrets.hpp"
#include "server/store/access_store.hpp"

namespace assay {

/// Both halves of an API key, as their owner knows them.
struct KeyPair {
    std::string public_key;  ///< "pk-lf-…"
    Secret secret_key;       ///< "sk-lf-…"
};

/// A new pair, each half with 128 random bits.
[[nodiscard]] KeyPair make_key_pair();
/// @error invalid_argument when a half does not begin as it must or is too short to be a secret.
[[nodiscard]] Result<void> check_key_pair(const KeyPair& pair);
/// Whether somebody's own key can be half of a pair, whatever it begins with.
[[nodiscard]] bool is_usable_key(std::string_view key);
inline constexpr const char* k_usable_key =
    "a key must be at most 200 printable ASCII characters without a colon";
/// What is stored of a pair.
[[nodiscard]] ApiKey make_api_key(const KeyPair& pair, KeyOwner owner,
                                  std::optional<std::string> note, const ServerSecrets& secrets,
                                  Time now);

}  // namespace assay
