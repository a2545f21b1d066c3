#include "core/http/address_guard.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "core/base/text.hpp"
#include "core/http/http_client.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/stub_server.hpp"

namespace assay::test {

using std::chrono_literals::operator""s;
namespace asio = boost::asio;

namespace {

std::string kind_of(const std::string& text) {
    sockaddr_in ipv4{.sin_family = AF_INET};
    if (::inet_pton(AF_INET, text.c_str(), &ipv4.sin_addr) == 1) {
        return std::string(non_public_kind(reinterpret_cast<sockaddr*>(&ipv4), sizeof(ipv4)));
    }
    sockaddr_in6 ipv6{.sin6_family = AF_INET6};
    REQUIRE(::inet_pton(AF_INET6, text.c_str(), &ipv6.sin6_addr) == 1);
    return std::string(non_public_kind(reinterpret_cast<sockaddr*>(&ipv6), sizeof(ipv6)));
}

/// A transport that counts the sockets it opens and opens none for real when it should not.
struct Client {
    explicit Client(AddressPolicy addresses) {
        auto made = make_curl_transport(
            {.addresses = addresses, .open_socket = [this](int family, int type, int protocol) {
                 ++sockets;
                 close_on_exec = (type & SOCK_CLOEXEC) != 0;
                 return ::socket(family, type, protocol);
             }});
        if (!made) FAIL(made.error().message);
        transport = std::move(*made);
    }
    Result<HttpResponse> get(std::string url) {
        return run_task(io, transport->send({.method = "GET", .url = std::move(url)}, in(20s)));
    }

    asio::io_context io;
    std::unique_ptr<HttpTransport> transport;
    int sockets = 0;
    bool close_on_exec = false;
};

/// Every way we know to write a host that is not public. %PORT% is where a server listens.
const std::vector<std::string> k_attacks = {
    // loopback, as written and as inet_aton() reads it
    "http://127.0.0.1:%PORT%/",
    "http://127.0.0.1.:%PORT%/",
    "http://127.1:%PORT%/",
    "http://127.0.1:%PORT%/",
    "http://127.255.255.254:%PORT%/",
    "http://2130706433:%PORT%/",
    "http://0x7f000001:%PORT%/",
    "http://0x7F.0x0.0x0.0x1:%PORT%/",
    "http://0x7f.1:%PORT%/",
    "http://017700000001:%PORT%/",
    "http://0177.0.0.1:%PORT%/",
    "http://0177.0.0.01:%PORT%/",
    "http://127.0.0.0x1:%PORT%/",
    "http://00000177.0.0.1:%PORT%/",
    "http://%31%32%37.0.0.1:%PORT%/",
    "http://127%2e0%2e0%2e1:%PORT%/",
    "http://0:%PORT%/",
    "http://0.0.0.0:%PORT%/",
    "http://0.0.0.1:%PORT%/",
    "http://0x0:%PORT%/",
    "http://[::1]:%PORT%/",
    "http://[0:0:0:0:0:0:0:1]:%PORT%/",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]:%PORT%/",
    "http://[::]:%PORT%/",
    // names
    "http://localhost:%PORT%/",
    "http://LocalHost:%PORT%/",
    "http://localhost.:%PORT%/",
    "http://sub.localhost:%PORT%/",
    // IPv4 within IPv6
    "http://[::ffff:127.0.0.1]:%PORT%/",
    "http://[::ffff:7f00:1]:%PORT%/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:%PORT%/",
    "http://[::ffff:169.254.169.254]:%PORT%/",
    "http://[::ffff:8.8.8.8]:%PORT%/",
    "http://[::127.0.0.1]:%PORT%/",
    "http://[::7f00:1]:%PORT%/",
    "http://[64:ff9b::7f00:1]:%PORT%/",
    "http://[64:ff9b::127.0.0.1]:%PORT%/",
    "http://[64:ff9b::a9fe:a9fe]:%PORT%/",
    "http://[64:ff9b:1::127.0.0.1]:%PORT%/",
    "http://[2002:7f00:1::]:%PORT%/",
    "http://[2002:a9fe:a9fe::1]:%PORT%/",
    "http://[2002:c0a8:1::1]:%PORT%/",
    "http://[2001::1]:%PORT%/",
    "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]:%PORT%/",
    "http://[::ffff:0:127.0.0.1]:%PORT%/",
    // private, shared, reserved
    "http://10.0.0.1:%PORT%/",
    "http://10.255.255.255:%PORT%/",
    "http://167772161:%PORT%/",
    "http://172.16.0.1:%PORT%/",
    "http://172.31.255.255:%PORT%/",
    "http://192.168.0.1:%PORT%/",
    "http://0xc0a80001:%PORT%/",
    "http://192.168.257:%PORT%/",
    "http://100.64.0.1:%PORT%/",
    "http://100.127.255.255:%PORT%/",
    "http://192.0.0.1:%PORT%/",
    "http://192.0.2.1:%PORT%/",
    "http://198.18.0.1:%PORT%/",
    "http://198.51.100.1:%PORT%/",
    "http://203.0.113.1:%PORT%/",
    "http://192.88.99.1:%PORT%/",
    "http://224.0.0.1:%PORT%/",
    "http://239.255.255.250:%PORT%/",
    "http://240.0.0.1:%PORT%/",
    "http://255.255.255.255:%PORT%/",
    "http://[fc00::1]:%PORT%/",
    "http://[fd12:3456:789a::1]:%PORT%/",
    "http://[fe80::1]:%PORT%/",
    "http://[fe80::1%25lo]:%PORT%/",
    "http://[fe80::1%lo]:%PORT%/",
    "http://[::1%25lo]:%PORT%/",
    "http://[2606:4700:4700::1111%25lo]:%PORT%/",
    "http://[febf::1]:%PORT%/",
    "http://[fec0::1]:%PORT%/",
    "http://[ff02::1]:%PORT%/",
    "http://[100::1]:%PORT%/",
    "http://[2001:db8::1]:%PORT%/",
    "http://[2001:2::1]:%PORT%/",
    "http://[3fff::1]:%PORT%/",
    "http://[5f00::1]:%PORT%/",
    "http://[4000::1]:%PORT%/",
    // metadata of clouds
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/latest/meta-data/",
    "http://0xa9fea9fe/latest/meta-data/",
    "http://0251.0376.0251.0376/latest/meta-data/",
    "http://169.254.43518/latest/meta-data/",
    "http://169.254.170.2/v2/credentials",
    "http://100.100.100.200/latest/meta-data/",
    "http://192.0.0.192/opc/v2/",
    "http://168.63.129.16/machine",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[fd20:ce::254]/computeMetadata/v1/",
    // user-info and what looks like it
    "http://example.com@127.0.0.1:%PORT%/",
    "http://user:secret@127.0.0.1:%PORT%/",
    "http://127.0.0.1:%PORT%@localhost/",
    "http://example.com:80@localhost:%PORT%/",
    "http://user@example.com/",
    // other protocols
    "file:///etc/passwd",
    "ftp://127.0.0.1:%PORT%/",
    "gopher://127.0.0.1:%PORT%/_x",
    "dict://127.0.0.1:%PORT%/x",
    "unix:///var/run/docker.sock",
    "//127.0.0.1:%PORT%/",
};

/// Next to the ranges, outside and inside.
const auto k_first_and_last_public = split(
    "1.0.0.0 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 "
    "126.255.255.255 128.0.0.0 168.63.129.15 168.63.129.17 169.253.255.255 "
    "169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0 "
    "192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 "
    "198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255 2000:: "
    "2001:200:: 2001:db7:ffff:: 2001:db9:: 2003:: 2606:4700:4700::1111 "
    "2a00:1450:4001::1 3ffe:ffff:: 3fff:1000::",
    ' ');
const auto k_first_and_last_refused = split(
    "0.255.255.255 10.0.0.0 100.64.0.0 127.0.0.0 127.255.255.255 168.63.129.16 "
    "169.254.0.0 169.254.255.255 172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.255 "
    "192.0.2.255 192.88.99.255 192.168.255.255 198.18.0.0 198.19.255.255 224.0.0.0 "
    "255.255.255.255 :: ::1 ::2 ::fffe:0:1 64:ff9b:: 1fff:ffff:: 2001:1ff:ffff:: "
    "2002:ffff:: 3fff:fff:ffff:: 4000:: fe7f::1 ffff::",
    ' ');

std::string with_port(std::string url, int port) {
    const std::size_t at = url.find("%PORT%");
    if (at != std::string::npos) url.replace(at, 6, std::to_string(port));
    return url;
}

}  // namespace

TEST_CASE("address guard: no form of a host that is not public opens a socket") {
    const StubServer server({.body = "inside"});
    Client client(AddressPolicy::public_only);
    CHECK(k_attacks.size() >= 90);
    for (const std::string& attack : k_attacks) {
        INFO(attack);
        const auto answer = client.get(with_port(attack, server.port()));
        REQUIRE(!answer);
        CHECK(client.sockets == 0);
        const ErrorCode code = answer.error().code;
        const bool refused = code == ErrorCode::permission_denied ||
                             code == ErrorCode::invalid_argument ||
                             code == ErrorCode::unavailable;  // a name that nobody knows
        CHECK(refused);
        CHECK_THAT(answer.error().message, !Catch::Contains("secret"));
    }
    CHECK(server.connections() == 0);
}

TEST_CASE("address guard: without it the same hosts are reached") {
    const StubServer server({.body = "inside"});
    Client client(AddressPolicy::any);
    for (const char* host : {"127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1",
                             "0x7f.1", "%31%32%37.0.0.1", "0", "0.0.0.0", "localhost",
                             "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"}) {
        INFO(host);
        const auto answer = client.get(fmt::format("http://{}:{}/", host, server.port()));
        if (!answer) FAIL(answer.error().message);
        CHECK(answer->body == "inside");
    }
}

TEST_CASE("address guard: the message says what kind of address it was") {
    Client client(AddressPolicy::public_only);
    const auto answer = client.get("http://2130706433:8080/path?key=canary");
    REQUIRE(!answer);
    CHECK(answer.error().code == ErrorCode::permission_denied);
    CHECK(!answer.error().retryable);
    CHECK_THAT(answer.error().message,
               Catch::Contains("leads to a loopback address, and only public ones may be called"));
    CHECK_THAT(answer.error().message, !Catch::Contains("canary"));
}

TEST_CASE("address guard: the policy any reaches the same server and sockets close on exec") {
    const StubServer server({.body = "inside"});
    Client client(AddressPolicy::any);
    CHECK(client.get(server.url()).value().body == "inside");
    CHECK(client.sockets == 1);
    CHECK(client.close_on_exec);
    CHECK(client.get(fmt::format("http://localhost:{}/", server.port())).value().body == "inside");
    CHECK(!client.get(fmt::format("http://user:secret@127.0.0.1:{}/", server.port())));
}

TEST_CASE("address guard: a connection of another transport is no way around it") {
    const StubServer server({.body = "inside"});
    Client open(AddressPolicy::any);
    REQUIRE(open.get(server.url()));
    Client guarded(AddressPolicy::public_only);
    CHECK(!guarded.get(server.url()));
    CHECK(guarded.sockets == 0);
    CHECK(server.connections() == 1);
}

TEST_CASE("address guard: a proxy of the environment is not asked to go in our stead") {
    const StubServer proxy({.body = "by proxy"});
    ::setenv("http_proxy", proxy.url().c_str(), 1);
    Client guarded(AddressPolicy::public_only);
    const auto refused = guarded.get("http://10.0.0.1/");
    Client open(AddressPolicy::any);
    const auto answer = open.get("http://10.0.0.1/");
    ::unsetenv("http_proxy");
    CHECK(!refused);
    CHECK(guarded.sockets == 0);
    CHECK(answer.value().body == "by proxy");
    CHECK(proxy.requests().size() == 1);
}

TEST_CASE("address guard: a redirect is not followed") {
    const StubServer inside({.body = "inside"});
    const StubServer server({.status = 302, .headers = {{"Location", inside.url("/")}}});
    Client client(AddressPolicy::any);
    CHECK(client.get(server.url()).value().status == 302);
    CHECK(client.sockets == 1);
    CHECK(inside.connections() == 0);
}

TEST_CASE("address guard: ranges end where the registries say") {
    for (const std::string_view address : k_first_and_last_public) {
        INFO(address);
        CHECK(kind_of(std::string(address)).empty());
    }
    for (const std::string_view address : k_first_and_last_refused) {
        INFO(address);
        CHECK(!kind_of(std::string(address)).empty());
    }
    CHECK(kind_of("fd00::1") == "a private");
    CHECK(kind_of("fe80::1") == "a link-local");
    CHECK(kind_of("2001::1") == "a Teredo");
    CHECK(kind_of("64:ff9b::8.8.8.8") == "a NAT64");
    CHECK(kind_of("::ffff:8.8.8.8") == "an IPv4-mapped");
    CHECK(kind_of("::8.8.8.8") == "an IPv4-compatible");
}

TEST_CASE("address guard: what is no internet address is not public") {
    sockaddr unknown{.sa_family = AF_UNIX};
    CHECK(!non_public_kind(&unknown, sizeof(unknown)).empty());
    sockaddr_in cut_short{.sin_family = AF_INET};
    CHECK(!non_public_kind(reinterpret_cast<sockaddr*>(&cut_short), 2).empty());
    sockaddr_in6 zoned{.sin6_family = AF_INET6, .sin6_scope_id = 1};
    REQUIRE(::inet_pton(AF_INET6, "2606:4700::1", &zoned.sin6_addr) == 1);
    CHECK(!non_public_kind(reinterpret_cast<sockaddr*>(&zoned), sizeof(zoned)).empty());
}

}  // namespace assay::test
