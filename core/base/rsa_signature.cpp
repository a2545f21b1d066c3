#include "core/base/rsa_signature.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <climits>
#include <memory>

namespace assay {
namespace {

struct Free {
    void operator()(BIO* held) const noexcept { (void)BIO_free(held); }
    void operator()(EVP_PKEY* held) const noexcept { EVP_PKEY_free(held); }
    void operator()(EVP_MD_CTX* held) const noexcept { EVP_MD_CTX_free(held); }
};
template <class T>
using Handle = std::unique_ptr<T, Free>;

/// Without this OpenSSL asks for the password of a key on the terminal.
int no_password(char* /*buffer*/, int /*size*/, int /*is_writing*/, void* /*data*/) { return -1; }

Handle<EVP_PKEY> read_key(const std::string& pem) {
    if (pem.size() > INT_MAX) return nullptr;
    const Handle<BIO> text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    if (!text) return nullptr;
    Handle<EVP_PKEY> key(PEM_read_bio_PrivateKey(text.get(), nullptr, &no_password, nullptr));
    ERR_clear_error();  // what went wrong is no other caller's affair
    const bool is_rsa = key && EVP_PKEY_is_a(key.get(), "RSA") == 1;
    return is_rsa ? std::move(key) : nullptr;
}

}  // namespace

Result<std::string> sign_rsa_sha256(const Secret& private_key, std::string_view text) {
    const Handle<EVP_PKEY> key = read_key(private_key.reveal());
    if (!key) {
        return failure(ErrorCode::invalid_argument,
                       "the private key is not an RSA key in PEM without a password");
    }
    const Handle<EVP_MD_CTX> context(EVP_MD_CTX_new());
    const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t length = static_cast<std::size_t>(EVP_PKEY_get_size(key.get()));
    std::string signature(length, '\0');
    const bool is_signed =
        context &&
        EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length,
                       bytes, text.size()) == 1;
    if (!is_signed) {
        ERR_clear_error();
        return failure(ErrorCode::invalid_argument, "the private key cannot sign");
    }
    signature.resize(length);
    return signature;
}

}  // namespace assay
