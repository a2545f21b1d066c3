#include "server/api/users.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.hpp"
#include "server/api/limits.hpp"

namespace assay {

Result<std::string> parse_email(std::string_view text) {
    const std::size_t at = text.find('@');
    const bool has_parts = at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
                           text.find('@', at + 1) == std::string_view::npos;
    const bool is_printable =
        std::ranges::none_of(text, [](char c) { return c == '\x7f' || (c >= '\0' && c <= ' '); });
    if (has_parts && is_printable && text.size() <= limits::k_email_bytes_max) {
        return to_lower_ascii(text);
    }
    return failure(ErrorCode::invalid_argument,
                   fmt::format("\"{}\" is no e-mail address; say one like ada@example.org", text));
}

Result<void> check_new_password(const Secret& password) {
    const std::string& text = password.reveal();
    if (count_code_points(text) >= limits::k_password_characters_min &&
        text.size() <= limits::k_password_bytes_max) {
        return {};
    }
    return failure(ErrorCode::invalid_argument,
                   fmt::format("A password must have at least {} characters and at most {} bytes",
                               limits::k_password_characters_min, limits::k_password_bytes_max));
}

Result<std::optional<User>> sign_in(const AccessStore& access, std::string_view email,
                                    const Secret& password) {
    // Longer ones are nobody's, and hashing them would cost whatever a sender likes.
    if (password.reveal().size() > limits::k_password_bytes_max) return std::nullopt;
    ASSAY_TRY(auto user, access.find_user(to_lower_ascii(email)));
    if (!user) {
        ASSAY_CHECK(hash_password(password));
        return std::nullopt;
    }
    ASSAY_TRY(const bool is_right, is_password(password, user->password_hash));
    if (!is_right) return std::nullopt;
    return user;
}

}  // namespace assay
