#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/password.hpp"
#include "server/store/access_store.hpp"

// People who may sign in. What they may do then is their role in an organisation.

namespace assay {

/// An e-mail address as it is stored: in lower case.
/// @error invalid_argument when it is none.
[[nodiscard]] Result<std::string> parse_email(std::string_view text);

/// @error invalid_argument when a password is too short to be one, or longer than anybody types.
[[nodiscard]] Result<void> check_new_password(const Secret& password);

/// The user whose e-mail and password these are; nothing when either is wrong, and how long that
/// takes does not tell which. As slow as is_password(): not on the server's thread.
[[nodiscard]] Result<std::optional<User>> sign_in(const AccessStore& access, std::string_view email,
                                                  const Secret& password);

}  // namespace assay
