#include "core/base/hash.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "core/base/error.hpp"

namespace assay {

struct Sha256::State {
    struct Free {
        void operator()(EVP_MD_CTX* held) const noexcept { EVP_MD_CTX_free(held); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
    // Fetching the algorithm by name costs more than hashing a short text, so it is done once.
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    const bool ready =
        state_->context && EVP_DigestInit_ex2(state_->context.get(), algorithm, nullptr) == 1;
    ASSAY_ASSERT(ready, "SHA-256 is part of every OpenSSL build");
}

Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
    const bool done = EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1;
    ASSAY_ASSERT(done, "hashing cannot fail");
}

Sha256Digest Sha256::finish() {
    Sha256Digest digest{};
    unsigned int length = 0;
    const bool done = EVP_DigestFinal_ex(state_->context.get(), digest.data(), &length) == 1;
    ASSAY_ASSERT(done && length == digest.size(), "SHA-256 gives 32 bytes");
    return digest;
}

Sha256Digest sha256(std::string_view bytes) {
    Sha256 hash;
    hash.update(bytes);
    return hash.finish();
}

std::string sha256_hex(std::string_view bytes, std::size_t characters) {
    return to_hex(sha256(bytes)).substr(0, characters);
}

Sha256Digest hmac_sha256(std::string_view key, std::string_view message) {
    Sha256Digest digest{};
    unsigned int length = 0;
    const auto* const bytes = reinterpret_cast<const unsigned char*>(message.data());
    const bool done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes,
                           message.size(), digest.data(), &length) != nullptr;
    ASSAY_ASSERT(done && length == digest.size(), "HMAC with SHA-256 gives 32 bytes");
    return digest;
}

std::string to_hex(std::string_view bytes) {
    static constexpr std::string_view k_digits = "0123456789abcdef";
    std::string text(bytes.size() * 2, '0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto byte = static_cast<unsigned char>(bytes[i]);
        text[2 * i] = k_digits[byte >> 4U];
        text[2 * i + 1] = k_digits[byte & 15U];
    }
    return text;
}

std::string to_hex(const Sha256Digest& digest) {
    return to_hex(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

}  // namespace assay
