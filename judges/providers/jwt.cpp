#include "judges/providers/jwt.hpp"

#include <fmt/format.h>

#include "core/base/base64.hpp"
#include "core/base/rsa_signature.hpp"

namespace assay {

std::string to_base64url(std::string_view bytes) {
    std::string text = to_base64(bytes);
    for (char& c : text) {
        if (c == '+') c = '-';
        if (c == '/') c = '_';
    }
    text.erase(text.find_last_not_of('=') + 1);
    return text;
}

Result<std::string> sign_rs256(const Secret& private_key, std::string_view text) {
    ASSAY_TRY(const std::string signature, sign_rsa_sha256(private_key, text));
    return to_base64url(signature);
}

Result<Secret> make_jwt(const Secret& private_key, const std::string& key_id, const Json& claims) {
    Json header = {{"alg", "RS256"}, {"typ", "JWT"}};
    if (!key_id.empty()) header["kid"] = key_id;
    const std::string text =
        fmt::format("{}.{}", to_base64url(to_text(header)), to_base64url(to_text(claims)));
    ASSAY_TRY(const std::string signature, sign_rs256(private_key, text));
    return Secret(fmt::format("{}.{}", text, signature));
}

}  // namespace assay
