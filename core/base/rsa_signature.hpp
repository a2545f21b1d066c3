#pragma once

#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/secret.hpp"

namespace assay {

/// The bytes of the signature of a text: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2).
/// @param private_key  an RSA key in PEM, without a password.
/// @error invalid_argument when it is no such key; the message does not repeat any of it.
[[nodiscard]] Result<std::string> sign_rsa_sha256(const Secret& private_key, std::string_view text);

}  // namespace assay
