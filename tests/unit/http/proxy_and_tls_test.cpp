#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "core/base/base64.hpp"
#include "core/http/http_client.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/stub_server.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/http/tls_server.hpp"

namespace assay::test {

using std::chrono_literals::operator""s;

namespace {

constexpr const char* k_canary = "canary-4f2a-secret";

Result<HttpResponse> send(const std::string& url, HttpTransportOptions options) {
    auto transport = make_curl_transport(std::move(options));
    if (!transport) FAIL(transport.error().message);
    boost::asio::io_context io;
    HttpRequest request{.url = url, .body = "{}"};
    request.headers = {{"Authorization", Secret(k_canary)}};
    return run_task(io, (*transport)->send(std::move(request), in(20s)));
}

std::string local(const char* scheme, int port) {
    return fmt::format("{}://127.0.0.1:{}", scheme, port);
}

/// A file that holds a text, for one test.
class File {
  public:
    explicit File(const std::string& text) : path_(folder_.write("ca.pem", text)) {}
    [[nodiscard]] std::string path() const { return path_.string(); }

  private:
    TemporaryFolder folder_;
    std::filesystem::path path_;
};

Error error_of_making(HttpTransportOptions options) {
    auto made = make_curl_transport(std::move(options));
    REQUIRE(!made);
    return made.error();
}

}  // namespace

TEST_CASE("tls: a server is trusted when the CA file holds its authority and not otherwise") {
    const TlsServer server;
    const TlsServer stranger;
    const File authority(server.certificate());
    const auto answer = send(local("https", server.port()), {.ca_file = authority.path()});
    if (!answer) FAIL(answer.error().message);
    CHECK(answer->body == "over TLS");
    for (const auto& [port, file] :
         {std::pair(server.port(), std::string()), std::pair(stranger.port(), authority.path())}) {
        const auto refused = send(local("https", port), {.ca_file = file});
        REQUIRE(!refused);
        CHECK(refused.error().code == ErrorCode::unavailable);
        CHECK(!refused.error().retryable);
        CHECK_THAT(refused.error().message,
                   Catch::Contains("is not trusted") && Catch::Contains("`ca_file`"));
    }
    CHECK(server.requests().size() == 1);
    CHECK(stranger.requests().empty());
}

TEST_CASE("tls: a CA file that is missing or holds no certificate is told when it is named") {
    const Error missing = error_of_making({.ca_file = "no/such/ca.pem"});
    CHECK(missing.code == ErrorCode::invalid_argument);
    CHECK_THAT(missing.message, Catch::StartsWith("the CA file cannot be used: ") &&
                                    Catch::Contains("no/such/ca.pem"));
    for (const char* text : {"", "not PEM", "{\"certificate\":1}"}) {
        const File file(text);
        const Error error = error_of_making({.ca_file = file.path()});
        CHECK(error.code == ErrorCode::invalid_argument);
        CHECK(error.message ==
              fmt::format("the CA file {} holds no certificate in PEM", file.path()));
    }
}

TEST_CASE("tls: a CA file with a broken certificate is named as the cause") {
    const TlsServer server;
    const File broken("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    const auto refused = send(local("https", server.port()), {.ca_file = broken.path()});
    REQUIRE(!refused);
    INFO(refused.error().message);
    CHECK(!refused.error().retryable);
    CHECK_THAT(refused.error().message, Catch::Contains("is the CA file one of certificates"));
}

TEST_CASE("proxy: one of one's own stands above the variables") {
    const StubServer proxy({.body = "by proxy"});
    const StubServer server({.body = "direct"});
    ::setenv("http_proxy", fmt::format("http://127.0.0.1:{}", unused_port()).c_str(), 1);
    ::setenv("no_proxy", "127.0.0.1,model.invalid", 1);
    const auto by_name = send("http://model.invalid/v1", {.proxy = proxy.url()});
    const auto by_address = send(server.url("/v1"), {.proxy = proxy.url()});
    ::unsetenv("http_proxy");
    ::unsetenv("no_proxy");
    CHECK(by_name.value().body == "by proxy");
    CHECK(by_address.value().body == "by proxy");
    CHECK(proxy.requests().at(0).target == "http://model.invalid/v1");
    CHECK(server.requests().empty());
}

TEST_CASE("proxy: what is sent over TLS is sent through a tunnel that hides it") {
    const TlsServer server;
    const TunnelProxy proxy(server.port());
    const File authority(server.certificate());
    const auto answer = send("https://model.invalid:8443/v1",
                             {.proxy = local("http", proxy.port()), .ca_file = authority.path()});
    if (!answer) FAIL(answer.error().message);
    CHECK(answer->body == "over TLS");
    REQUIRE(proxy.requests().size() == 1);
    CHECK_THAT(proxy.requests()[0], Catch::StartsWith("CONNECT model.invalid:8443 HTTP/1.1\r\n") &&
                                        !Catch::Contains(k_canary));
    CHECK_THAT(server.requests().at(0), Catch::StartsWith("POST /v1 HTTP/1.1\r\n") &&
                                            Catch::Contains(k_canary) &&
                                            !Catch::Contains("Proxy-"));
}

TEST_CASE("proxy: a user name and password go to the proxy alone and into no message") {
    const TlsServer server;
    const File authority(server.certificate());
    const std::string credentials = fmt::format("team:{}", k_canary);
    const TunnelProxy proxy(server.port(), "Basic " + to_base64(credentials));
    const auto through = [&](const std::string& user) {
        return send("https://model.invalid/v1",
                    {.proxy = fmt::format("http://{}127.0.0.1:{}", user, proxy.port()),
                     .ca_file = authority.path()});
    };
    const auto answer = through(credentials + "@");
    if (!answer) FAIL(answer.error().message);
    CHECK(answer->body == "over TLS");
    CHECK_THAT(server.requests().at(0), !Catch::Contains("Proxy-"));
    for (const std::string& user : {std::string(), "team:not-" + std::string(k_canary) + "@"}) {
        const auto refused = through(user);
        REQUIRE(!refused);
        INFO(refused.error().message);
        CHECK_THAT(refused.error().message,
                   Catch::StartsWith("the proxy lets no request through to model.invalid:443") &&
                       Catch::Contains("407") && Catch::Contains("user name and password") &&
                       !Catch::Contains(k_canary));
    }
    CHECK(server.requests().size() == 1);
}

TEST_CASE("proxy: one that does not answer or reach the server is named as the cause") {
    const int nobody = unused_port();
    const std::string credentials = fmt::format("team:{}@", k_canary);
    const auto refused = send("https://model.invalid/v1",
                              {.proxy = fmt::format("http://{}127.0.0.1:{}", credentials, nobody)});
    REQUIRE(!refused);
    CHECK(refused.error().retryable);
    CHECK_THAT(refused.error().message,
               Catch::StartsWith("cannot reach model.invalid:443 through the proxy (") &&
                   Catch::EndsWith("check its address in `proxy`") && !Catch::Contains(k_canary));
    const auto unknown = send("https://model.invalid/v1", {.proxy = "http://proxy.invalid:3128"});
    REQUIRE(!unknown);
    CHECK(unknown.error().message == "cannot find the proxy's host: check its address in `proxy`");
    const TunnelProxy proxy(nobody);
    const auto unreached = send("https://model.invalid/v1", {.proxy = local("http", proxy.port())});
    REQUIRE(!unreached);
    CHECK(unreached.error().retryable);
    CHECK_THAT(unreached.error().message,
               Catch::StartsWith("the proxy lets no request through") && Catch::Contains("502"));
}

TEST_CASE("proxy: an address that is none of a proxy is refused without its password") {
    for (const char* address : {"gopher://user:canary@proxy:1", "127.0.0.1:3128", "http://",
                                "file:///etc/passwd", "ftp://user:canary@proxy"}) {
        INFO(address);
        const Error error = error_of_making({.proxy = address});
        CHECK(error.code == ErrorCode::invalid_argument);
        CHECK_THAT(error.message, Catch::Contains("is no address of a proxy") &&
                                      Catch::Contains("http://HOST:PORT") &&
                                      !Catch::Contains("canary"));
    }
    for (const char* address : {"http://proxy:3128", "https://u:p@proxy", "socks5://127.0.0.1:1080",
                                "socks5h://[::1]:1080/"}) {
        INFO(address);
        CHECK(make_curl_transport({.proxy = address}));
    }
}

TEST_CASE("proxy: where only public addresses may be called none is used") {
    const StubServer proxy({.body = "by proxy"});
    const StubServer server({.body = "direct"});
    const auto refused =
        send(server.url(), {.addresses = AddressPolicy::public_only, .proxy = proxy.url()});
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::permission_denied);
    CHECK(proxy.connections() == 0);
}

}  // namespace assay::test
