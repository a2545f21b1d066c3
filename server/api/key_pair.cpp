#include "server/api/key_pair.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/base/random.hpp"

namespace assay {
namespace {

constexpr std::string_view k_public_prefix = "pk-lf-";
constexpr std::string_view k_secret_prefix = "sk-lf-";
constexpr std::size_t k_random_bytes = 16;
constexpr std::size_t k_id_bytes = 12;
constexpr std::size_t k_shown_characters = 4;
constexpr std::size_t k_own_characters_min = 8;  // of a pair that was not made here
constexpr std::size_t k_own_characters_max = 200;

/// By which its owner knows a secret key again; of a short one nothing.
std::string shown(std::string_view secret) {
    const bool is_long = secret.size() >= k_secret_prefix.size() + k_own_characters_min;
    return fmt::format("{}...{}", k_secret_prefix,
                       is_long ? secret.substr(secret.size() - k_shown_characters) : "");
}

/// "0123abcd-…": hex in the groups of a UUID, as clients expect it.
std::string random_text() {
    std::string text = random_hex(k_random_bytes);
    for (const std::size_t at : {20U, 16U, 12U, 8U}) text.insert(at, 1, '-');
    return text;
}

bool is_half(std::string_view key, std::string_view prefix) {
    return key.starts_with(prefix) && is_usable_key(key) &&
           key.size() >= prefix.size() + k_own_characters_min;
}

}  // namespace

KeyPair make_key_pair() {
    return {.public_key = fmt::format("{}{}", k_public_prefix, random_text()),
            .secret_key = Secret(fmt::format("{}{}", k_secret_prefix, random_text()))};
}

bool is_usable_key(std::string_view key) {
    return !key.empty() && key.size() <= k_own_characters_max &&
           std::ranges::all_of(key, [](char c) { return c > ' ' && c < '\x7f' && c != ':'; });
}

Result<void> check_key_pair(const KeyPair& pair) {
    if (!is_half(pair.public_key, k_public_prefix)) {
        return failure(ErrorCode::invalid_argument,
                       "A public key must be pk-lf- and at least 8 printable characters");
    }
    if (!is_half(pair.secret_key.reveal(), k_secret_prefix)) {
        return failure(ErrorCode::invalid_argument,
                       "A secret key must be sk-lf- and at least 8 printable characters");
    }
    return {};
}

ApiKey make_api_key(const KeyPair& pair, KeyOwner owner, std::optional<std::string> note,
                    const ServerSecrets& secrets, Time now) {
    const std::string_view secret = pair.secret_key.reveal();
    return {.id = ApiKeyId(random_hex(k_id_bytes)),
            .owner = std::move(owner),
            .public_key = pair.public_key,
            .secret_hash = hash_secret_key(secrets.salt, secret),
            .shown_secret = shown(secret),
            .note = std::move(note),
            .created = now,
            .last_used = std::nullopt};
}

}  // namespace assay
