#include "core/base/password.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/hash.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace {

constexpr std::string_view k_scheme = "scrypt";
constexpr std::size_t k_salt_bytes = 16;
constexpr std::size_t k_key_bytes = 32;
constexpr std::uint64_t k_memory_bytes_max = 256U << 20U;

/// How hard it is made to try many.
struct Cost {
    std::uint64_t log_n = 15;
    std::uint64_t r = 8;
    std::uint64_t p = 3;
};
/// What is read is not believed: it must not keep the program busy for long.
constexpr Cost k_cost_max{.log_n = 17, .r = 16, .p = 16};

/// The derived key, in hex.
Result<std::string> derive(const Secret& password, std::string_view salt, const Cost& cost) {
    const std::string& text = password.reveal();
    std::array<unsigned char, k_key_bytes> key{};
    const int done = EVP_PBE_scrypt(
        text.data(), text.size(), reinterpret_cast<const unsigned char*>(salt.data()), salt.size(),
        std::uint64_t{1} << cost.log_n, cost.r, cost.p, k_memory_bytes_max, key.data(), key.size());
    if (done != 1) {
        return failure(ErrorCode::resource_exhausted,
                       "a password cannot be hashed; there is not enough memory");
    }
    return to_hex({reinterpret_cast<const char*>(key.data()), key.size()});
}

std::optional<std::uint64_t> number_in(std::string_view text, std::uint64_t most) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_number = error == std::errc() && end == text.data() + text.size();
    if (!is_number || number < 1 || number > most) return std::nullopt;
    return number;
}

}  // namespace

Result<std::string> hash_password(const Secret& password) {
    const Cost cost;
    const std::string salt = random_hex(k_salt_bytes);
    ASSAY_TRY(const std::string key, derive(password, salt, cost));
    return fmt::format("{}:{}:{}:{}:{}:{}", k_scheme, cost.log_n, cost.r, cost.p, salt, key);
}

Result<bool> is_password(const Secret& password, std::string_view stored) {
    const std::vector<std::string_view> parts = split(stored, ':');
    const bool is_whole = parts.size() == 6 && parts[0] == k_scheme &&
                          parts[4].size() == 2 * k_salt_bytes && parts[5].size() == 2 * k_key_bytes;
    const auto log_n = is_whole ? number_in(parts[1], k_cost_max.log_n) : std::nullopt;
    const auto r = is_whole ? number_in(parts[2], k_cost_max.r) : std::nullopt;
    const auto p = is_whole ? number_in(parts[3], k_cost_max.p) : std::nullopt;
    if (!log_n || !r || !p) {
        return failure(ErrorCode::data_loss, "the stored hash of a password cannot be read");
    }
    ASSAY_TRY(const std::string key, derive(password, parts[4], {*log_n, *r, *p}));
    return CRYPTO_memcmp(key.data(), parts[5].data(), key.size()) == 0;
}

}  // namespace assay
