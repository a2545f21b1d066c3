#pragma once

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/base64.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace assay::test {

struct FreeOpenSsl {
    void operator()(EVP_PKEY* held) const noexcept { EVP_PKEY_free(held); }
    void operator()(EVP_MD_CTX* held) const noexcept { EVP_MD_CTX_free(held); }
    void operator()(BIO* held) const noexcept { (void)BIO_free(held); }
};
using PrivateKey = std::unique_ptr<EVP_PKEY, FreeOpenSsl>;

inline PrivateKey new_rsa_key() {
    PrivateKey key(EVP_RSA_gen(2048));
    REQUIRE(key);
    return key;
}

/// @param password  "" = it is not encrypted.
inline std::string pem_of(const PrivateKey& key, std::string password = "") {
    const std::unique_ptr<BIO, FreeOpenSsl> text(BIO_new(BIO_s_mem()));
    auto* const bytes = reinterpret_cast<unsigned char*>(password.data());
    REQUIRE(PEM_write_bio_PrivateKey(text.get(), key.get(),
                                     password.empty() ? nullptr : EVP_aes_128_cbc(),
                                     password.empty() ? nullptr : bytes,
                                     static_cast<int>(password.size()), nullptr, nullptr) == 1);
    char* start = nullptr;
    const long size = BIO_get_mem_data(text.get(), &start);
    return {start, static_cast<std::size_t>(size)};
}

inline std::string from_base64url(std::string_view text) {
    std::string padded(text);
    for (char& c : padded) {
        if (c == '-') c = '+';
        if (c == '_') c = '/';
    }
    padded.append((4 - padded.size() % 4) % 4, '=');
    return from_base64(padded).value();
}

/// A signed token, taken apart.
struct ReadToken {
    Json header;
    Json claims;
    bool is_signed = false;  ///< by the key
};

inline ReadToken read_token(std::string_view token, const PrivateKey& key) {
    const auto parts = split(token, '.');
    REQUIRE(parts.size() == 3);
    const std::string_view text = token.substr(0, token.rfind('.'));
    const std::string signature = from_base64url(parts[2]);
    const std::unique_ptr<EVP_MD_CTX, FreeOpenSsl> context(EVP_MD_CTX_new());
    REQUIRE(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1);
    const int verified = EVP_DigestVerify(
        context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
        reinterpret_cast<const unsigned char*>(text.data()), text.size());
    return {.header = Json::parse(from_base64url(parts[0])),
            .claims = Json::parse(from_base64url(parts[1])),
            .is_signed = verified == 1};
}

}  // namespace assay::test
