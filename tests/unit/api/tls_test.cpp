#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "core/base/json.hpp"
#include "server/api/error_body.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/api/raw_client.hpp"

namespace assay::test {
namespace {

template <auto release>
struct Free {
    template <class T>
    void operator()(T* object) const {
        release(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using Tls = std::unique_ptr<SSL, Free<SSL_free>>;

/// A key, and a certificate that it has signed itself, as files.
struct TlsFiles {
    TemporaryFolder folder;
    std::string certificate = (folder.path() / "certificate.pem").string();
    std::string key = (folder.path() / "key.pem").string();
    std::string other_key = (folder.path() / "other_key.pem").string();

    TlsFiles() {
        const Key made(EVP_EC_gen("P-256"));
        const Key other(EVP_EC_gen("P-256"));
        const Certificate signed_by_itself(X509_new());
        X509* const x509 = signed_by_itself.get();
        X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
        X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
        X509_set_pubkey(x509, made.get());
        REQUIRE(X509_sign(x509, made.get(), EVP_sha256()) > 0);
        write(certificate, [&](BIO* out) { return PEM_write_bio_X509(out, x509); });
        for (const auto& [path, secret] : {std::pair(key, made.get()), {other_key, other.get()}}) {
            write(path, [&](BIO* out) {
                return PEM_write_bio_PrivateKey(out, secret, nullptr, nullptr, 0, nullptr, nullptr);
            });
        }
    }

    [[nodiscard]] HttpServerOptions options() const {
        return {.tls_certificate = certificate, .tls_key = key};
    }

  private:
    template <class Write>
    static void write(const std::string& path, const Write& content) {
        const std::unique_ptr<BIO, Free<BIO_free_all>> out(BIO_new_file(path.c_str(), "w"));
        REQUIRE(content(out.get()) == 1);
    }
};

class Echo final : public HttpApplication {
  public:
    [[nodiscard]] std::size_t body_bytes_max(const ApiRequest& /*request*/) const override {
        return 10U << 20U;
    }
    boost::asio::awaitable<ApiResponse> answer(ApiRequest request) override {
        co_return ApiResponse{.status = 200,
                              .content_type = "text/plain",
                              .body = request.scheme + " " + std::move(request.body),
                              .headers = {}};
    }
    ApiResponse refuse(int status, std::string_view why) override {
        return error_response(ErrorShape::named, status, why);
    }
};

/// A client that speaks TLS of at most that version.
class TlsClient {
  public:
    explicit TlsClient(std::uint16_t port, int version_max = TLS1_3_VERSION)
        : context_(SSL_CTX_new(TLS_client_method())) {
        SSL_CTX_set_security_level(context_.get(), 0);  // lets it offer what is too old
        SSL_CTX_set_max_proto_version(context_.get(), version_max);
        session_.reset(SSL_new(context_.get()));
        BIO* const socket = BIO_new_connect(fmt::format("127.0.0.1:{}", port).c_str());
        SSL_set_bio(session_.get(), socket, socket);
        is_open_ = SSL_connect(session_.get()) == 1;
        ERR_clear_error();
    }

    [[nodiscard]] bool is_open() const { return is_open_; }
    void send(std::string_view text) {
        while (!text.empty()) {
            const int sent = SSL_write(session_.get(), text.data(), static_cast<int>(text.size()));
            if (sent <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    /// Everything up to the end; is_ended() says whether the server told it.
    std::string read_all() {
        std::string text;
        char bytes[4096];
        int count = 0;
        while ((count = SSL_read(session_.get(), bytes, sizeof bytes)) > 0) {
            text.append(bytes, static_cast<std::size_t>(count));
        }
        is_ended_ = SSL_get_error(session_.get(), count) == SSL_ERROR_ZERO_RETURN;
        ERR_clear_error();
        return text;
    }
    [[nodiscard]] bool is_ended() const { return is_ended_; }

  private:
    Context context_;
    Tls session_;
    bool is_open_ = false;
    bool is_ended_ = false;
};

}  // namespace

TEST_CASE("tls: requests are read and answered as without it", "[api]") {
    const TlsFiles files;
    Echo echo;
    RunningServer server(echo, files.options());
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsClient client(server.port(), version);
        REQUIRE(client.is_open());
        const std::string body(3U << 20U, 'b');
        client.send(request_text("POST", "/", "", "small") +
                    request_text("POST", "/", "Connection: close\r\n", body));
        const std::string answers = client.read_all();
        CHECK_THAT(answers, Catch::StartsWith("HTTP/1.1 200 OK\r\n"));
        CHECK_THAT(answers, Catch::Contains("\r\n\r\nhttps smallHTTP/1.1 200 OK\r\n"));
        CHECK(answers.ends_with("\r\n\r\nhttps " + body));
        CHECK(client.is_ended());
    }
}

TEST_CASE("tls: a request that is refused has its answer", "[api]") {
    const TlsFiles files;
    Echo echo;
    RunningServer server(echo, files.options());
    TlsClient client(server.port());
    client.send("GET / HTTP/1.1\nHost: localhost\n\n");
    CHECK_THAT(client.read_all(), Catch::StartsWith("HTTP/1.1 400"));
}

TEST_CASE("tls: old versions and what is no TLS are not answered", "[api]") {
    const TlsFiles files;
    Echo echo;
    RunningServer server(echo, files.options());
    CHECK_FALSE(TlsClient(server.port(), TLS1_1_VERSION).is_open());
    RawClient plain(server.port());
    plain.send(request_text("GET", "/"));
    CHECK_FALSE(plain.read());
    CHECK(TlsClient(server.port()).is_open());
}

TEST_CASE("tls: a handshake that does not come and an idle connection end in time", "[api]") {
    const TlsFiles files;
    Echo echo;
    HttpServerOptions options = files.options();
    options.header_time = std::chrono::milliseconds(200);
    options.idle_time = std::chrono::milliseconds(200);
    RunningServer server(echo, options);
    const auto began = std::chrono::steady_clock::now();
    RawClient silent(server.port());
    TlsClient idle(server.port());
    CHECK(silent.is_closed());
    CHECK(idle.read_all().empty());
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(3));
}

TEST_CASE("tls: a drain ends idle connections", "[api]") {
    const TlsFiles files;
    Echo echo;
    RunningServer server(echo, files.options());
    TlsClient client(server.port());
    RawClient in_handshake(server.port());
    std::size_t open = 0;
    while (open < 2) {
        server.on_thread([&](HttpServer& running) { open = running.connections(); });
    }
    server.on_thread([](HttpServer& running) { running.drain(); });
    CHECK(client.read_all().empty());
    CHECK(in_handshake.is_closed());
    server.join();
}

TEST_CASE("tls: files that cannot be used are named", "[api]") {
    const TlsFiles files;
    const std::string no_pem = (files.folder.path() / "no.pem").string();
    std::ofstream(no_pem) << "no PEM";
    boost::asio::io_context io;
    Echo echo;
    const auto problem = [&](const std::string& certificate, const std::string& key) {
        const auto made = HttpServer::listen(
            io, io.get_executor(), {.tls_certificate = certificate, .tls_key = key}, echo);
        REQUIRE_FALSE(made);
        CHECK(made.error().code == ErrorCode::invalid_argument);
        return made.error().message;
    };
    CHECK_THAT(problem(no_pem, files.key),
               Catch::Contains("TLS certificate " + no_pem + ": it is no certificate"));
    CHECK_THAT(problem(files.certificate, no_pem),
               Catch::Contains("TLS key " + no_pem + ": it is no private key"));
    CHECK_THAT(problem(files.certificate, files.other_key),
               Catch::Contains(files.other_key + ": it does not belong to the certificate"));
    CHECK_THAT(problem(files.certificate, "none.pem"),
               Catch::StartsWith("TLS key: ") && Catch::Contains("none.pem"));
    CHECK_THAT(problem("none.pem", files.key), Catch::StartsWith("TLS certificate: "));
    CHECK_THAT(problem(files.certificate, files.folder.path().string()),
               Catch::StartsWith("TLS key"));
}

}  // namespace assay::test
