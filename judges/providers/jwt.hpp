#pragma once

#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/base/secret.hpp"

namespace assay {

/// Base64 of RFC 4648 section 5, without padding: how tokens are written (RFC 7515, 2).
[[nodiscard]] std::string to_base64url(std::string_view bytes);

/// The signature RS256 (RFC 7518, 3.3) of a text, in base64url.
/// @error as sign_rsa_sha256.
[[nodiscard]] Result<std::string> sign_rs256(const Secret& private_key, std::string_view text);

/// A signed token (RFC 7519): {"alg": "RS256", "typ": "JWT", "kid"} and the claims.
/// @param key_id  "" = none is named.
/// @error the same.
[[nodiscard]] Result<Secret> make_jwt(const Secret& private_key, const std::string& key_id,
                                      const Json& claims);

}  // namespace assay
