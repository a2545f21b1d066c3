#include "tests/unit/http/tls_server.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

namespace assay::test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

template <auto free>
struct Free {
    template <class T>
    void operator()(T* object) const noexcept {
        free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;
using Memory = std::unique_ptr<BIO, Free<BIO_free>>;
using TlsContext = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using Tls = std::unique_ptr<SSL, Free<SSL_free>>;

void require(bool holds, const char* what) {
    if (!holds) throw std::runtime_error(what);
}

Certificate sign_itself(EVP_PKEY* key) {
    Certificate certificate(X509_new());
    X509* const x509 = certificate.get();
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_version(x509, 2);
    X509_set_pubkey(x509, key);
    X509_NAME* const name = X509_get_subject_name(x509);
    const std::string common = "assay test";
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common.data()),
                               static_cast<int>(common.size()), -1, 0);
    X509_set_issuer_name(x509, name);
    const Extension names(X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name,
                                              "IP:127.0.0.1,DNS:model.invalid"));
    X509_add_ext(x509, names.get(), -1);
    require(X509_sign(x509, key, EVP_sha256()) > 0, "signing failed");
    return certificate;
}

/// Accepts connections on a thread and gives them away, one after the other.
class Acceptor {
  public:
    using Serve = std::function<void(tcp::socket)>;

    explicit Acceptor(Serve serve)
        : serve_(std::move(serve)),
          acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
        accept();
        thread_ = std::thread([this] { io_.run(); });
    }
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;
    ~Acceptor() {
        io_.stop();
        thread_.join();
    }
    [[nodiscard]] int port() const { return acceptor_.local_endpoint().port(); }

  private:
    void accept() {
        acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
            if (error) return;
            const timeval patience{.tv_sec = 5, .tv_usec = 0};  // for clients that say no more
            ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience,
                         sizeof patience);
            socket.native_non_blocking(false);
            serve_(std::move(socket));
            accept();
        });
    }

    Serve serve_;
    asio::io_context io_;
    tcp::acceptor acceptor_;
    std::thread thread_;
};

/// What a server was asked, kept for the test's thread.
class Requests {
  public:
    void add(std::string request) {
        const std::scoped_lock lock(mutex_);
        requests_.push_back(std::move(request));
    }
    [[nodiscard]] std::vector<std::string> all() const {
        const std::scoped_lock lock(mutex_);
        return requests_;
    }

  private:
    mutable std::mutex mutex_;
    std::vector<std::string> requests_;
};

/// Reads up to the end of the headers. @param read  like read(2).
std::string read_head(const std::function<int(char*, int)>& read) {
    std::string head;
    char byte = 0;
    while (!head.ends_with("\r\n\r\n") && read(&byte, 1) == 1) head += byte;
    return head;
}

/// Carries bytes both ways until one side ends.
void relay(int one, int other) {
    std::array<pollfd, 2> sides = {{{one, POLLIN, 0}, {other, POLLIN, 0}}};
    std::array<char, 4096> bytes{};
    while (::poll(sides.data(), sides.size(), 5000) > 0) {
        for (std::size_t i = 0; i < sides.size(); ++i) {
            if (sides.at(i).revents == 0) continue;
            const auto count = ::recv(sides.at(i).fd, bytes.data(), bytes.size(), 0);
            if (count <= 0) return;
            (void)::send(sides.at(1 - i).fd, bytes.data(), static_cast<std::size_t>(count),
                         MSG_NOSIGNAL);
        }
    }
}

void send_text(tcp::socket& socket, std::string_view text) {
    boost::system::error_code ignored;
    asio::write(socket, asio::buffer(text), ignored);
}

}  // namespace

class TlsServer::Impl {
  public:
    Impl() : context_(SSL_CTX_new(TLS_server_method())) {
        const Key key(EVP_EC_gen("P-256"));
        const Certificate signed_certificate = sign_itself(key.get());
        require(SSL_CTX_use_certificate(context_.get(), signed_certificate.get()) == 1 &&
                    SSL_CTX_use_PrivateKey(context_.get(), key.get()) == 1,
                "the certificate is not usable");
        const Memory text(BIO_new(BIO_s_mem()));
        PEM_write_bio_X509(text.get(), signed_certificate.get());
        char* data = nullptr;
        const long size = BIO_get_mem_data(text.get(), &data);
        certificate.assign(data, static_cast<std::size_t>(size));
        acceptor.emplace([this](tcp::socket socket) { serve(std::move(socket)); });
    }

    std::string certificate;
    Requests requests;
    std::optional<Acceptor> acceptor;  ///< last: its thread uses all others

  private:
    void serve(tcp::socket socket) {
        const Tls tls(SSL_new(context_.get()));
        SSL_set_fd(tls.get(), socket.native_handle());
        if (SSL_accept(tls.get()) != 1) return ERR_clear_error();
        requests.add(
            read_head([&](char* to, int count) { return SSL_read(tls.get(), to, count); }));
        const std::string answer =
            "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nover TLS";
        SSL_write(tls.get(), answer.data(), static_cast<int>(answer.size()));
        SSL_shutdown(tls.get());
    }

    TlsContext context_;
};

TlsServer::TlsServer() : impl_(std::make_unique<Impl>()) {}
TlsServer::~TlsServer() = default;
int TlsServer::port() const { return impl_->acceptor->port(); }
const std::string& TlsServer::certificate() const { return impl_->certificate; }
std::vector<std::string> TlsServer::requests() const { return impl_->requests.all(); }

class TunnelProxy::Impl {
  public:
    Impl(int target_port, std::string authorization)
        : target_port_(target_port), authorization_(std::move(authorization)) {
        acceptor.emplace([this](tcp::socket socket) { serve(std::move(socket)); });
    }

    Requests requests;
    std::optional<Acceptor> acceptor;  ///< last: its thread uses all others

  private:
    void serve(tcp::socket socket) {
        const std::string head = read_head([&](char* to, int count) {
            return static_cast<int>(
                ::recv(socket.native_handle(), to, static_cast<std::size_t>(count), 0));
        });
        requests.add(head);
        const bool is_allowed = head.contains("Proxy-Authorization: " + authorization_);
        if (!authorization_.empty() && !is_allowed) {
            return send_text(socket,
                             "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
                             "Content-Length: 0\r\nConnection: close\r\n\r\n");
        }
        tcp::socket target(socket.get_executor());
        boost::system::error_code error;
        target.connect(
            {asio::ip::address_v4::loopback(), static_cast<asio::ip::port_type>(target_port_)},
            error);
        if (error) return send_text(socket, "HTTP/1.1 502 Nobody\r\nContent-Length: 0\r\n\r\n");
        send_text(socket, "HTTP/1.1 200 Go\r\n\r\n");
        relay(socket.native_handle(), target.native_handle());
    }

    int target_port_;
    std::string authorization_;
};

TunnelProxy::TunnelProxy(int target_port, std::string authorization)
    : impl_(std::make_unique<Impl>(target_port, std::move(authorization))) {}
TunnelProxy::~TunnelProxy() = default;
int TunnelProxy::port() const { return impl_->acceptor->port(); }
std::vector<std::string> TunnelProxy::requests() const { return impl_->requests.all(); }

}  // namespace assay::test
