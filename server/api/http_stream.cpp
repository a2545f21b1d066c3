#include "server/api/http_stream.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core/base/files.hpp"

namespace assay {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
namespace {

constexpr auto k_await = asio::as_tuple(asio::use_awaitable);
constexpr const char* k_certificate = "TLS certificate";
constexpr const char* k_key = "TLS key";

constexpr std::uint64_t k_pem_bytes_max = 1U << 20U;

std::unexpected<Error> unusable(std::string_view what, const std::string& file,
                                std::string_view why) {
    return failure(ErrorCode::invalid_argument,
                   fmt::format("cannot use the {} {}: {}", what, file, why));
}

/// What OpenSSL says of a file that is not there helps nobody.
Result<void> check_readable(std::string_view what, const std::string& file) {
    const auto text = read_file(file, k_pem_bytes_max);
    if (text) return {};
    return failure(ErrorCode::invalid_argument, fmt::format("{}: {}", what, text.error().message));
}

}  // namespace

Result<std::unique_ptr<ssl::context>> load_tls(const std::string& certificate_file,
                                               const std::string& key_file) {
    auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
    SSL_CTX* const handle = context->native_handle();
    const bool is_set = SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION) == 1;
    if (!is_set) return failure(ErrorCode::internal, "OpenSSL does not know TLS 1.2");
    SSL_CTX_set_options(
        handle, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // Idle connections give their buffers back.
    SSL_CTX_set_mode(handle, SSL_MODE_RELEASE_BUFFERS);
    ASSAY_CHECK(check_readable(k_certificate, certificate_file));
    ASSAY_CHECK(check_readable(k_key, key_file));
    boost::system::error_code error;
    (void)context->use_certificate_chain_file(certificate_file, error);
    if (error) return unusable(k_certificate, certificate_file, "it is no certificate in PEM");
    // A wrong passphrase is an error; nobody is asked for one at a terminal.
    context->set_password_callback(
        [](std::size_t, ssl::context::password_purpose) { return std::string(); });
    (void)context->use_private_key_file(key_file, ssl::context::pem, error);
    if (!error) return context;
    const auto reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
    return unusable(k_key, key_file,
                    reason == X509_R_KEY_VALUES_MISMATCH
                        ? "it does not belong to the certificate"
                        : "it is no private key in PEM without a passphrase");
}

HttpStream::HttpStream(asio::ip::tcp::socket socket, ssl::context* tls)
    : stream_(std::in_place_type<Plain>, std::move(socket)) {
    if (tls == nullptr) return;
    Plain plain = std::move(std::get<Plain>(stream_));
    stream_.emplace<Tls>(std::move(plain), *tls);
}

HttpStream::Plain& HttpStream::tcp() {
    if (auto* const tls = std::get_if<Tls>(&stream_)) return tls->next_layer();
    return std::get<Plain>(stream_);
}

asio::awaitable<bool> HttpStream::open() {
    auto* const tls = std::get_if<Tls>(&stream_);
    if (tls == nullptr) co_return true;
    const auto [error] = co_await tls->async_handshake(ssl::stream_base::server, k_await);
    co_return !error;
}

void HttpStream::end_sending() {
    boost::system::error_code ignored;
    (void)tcp().socket().shutdown(asio::socket_base::shutdown_send, ignored);
}

asio::awaitable<void> HttpStream::close() {
    if (auto* const tls = std::get_if<Tls>(&stream_)) (void)co_await tls->async_shutdown(k_await);
    boost::system::error_code ignored;
    (void)tcp().socket().shutdown(asio::socket_base::shutdown_both, ignored);
}

}  // namespace assay
