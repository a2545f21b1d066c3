#pragma once

#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/secret.hpp"

namespace assay {

/// What may be stored of a password: a hash with a salt of its own, slow so that who reads it
/// cannot try many. The text holds its parameters: "scrypt:15:8:3:SALT:HASH", that is log2(N), r
/// and p, a salt, which is the text that stands there, and the 32 bytes that are derived, in hex.
/// Takes about a fifth of a second and, for that time, 32 MB.
/// Source: RFC 7914; the parameters are OWASP's.
[[nodiscard]] Result<std::string> hash_password(const Secret& password);

/// Whether it is the password that `stored` was made of. As slow as hash_password(); how long it
/// takes does not depend on how much of the password is right.
/// @error data_loss when `stored` is no such text.
[[nodiscard]] Result<bool> is_password(const Secret& password, std::string_view stored);

}  // namespace assay
