#include <fmt/format.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "core/base/json.hpp"
#include "server/api/error_body.hpp"
#include "server/api/trusted_proxies.hpp"
#include "tests/unit/api/raw_client.hpp"

// Where a server stands: below a path, behind proxies, and with how much memory for bodies.

namespace assay::test {
namespace {

/// More than what a sender and a receiver between them keep in the system's buffers.
constexpr std::size_t k_large_bytes = 16U << 20U;

/// Answers with where a request came from and went to; /held only when it is told to; /large with
/// much.
class Places final : public HttpApplication {
  public:
    [[nodiscard]] std::size_t body_bytes_max(const ApiRequest& /*request*/) const override {
        return 10U << 20U;
    }
    boost::asio::awaitable<ApiResponse> answer(ApiRequest request) override {
        if (request.path == "/held") {
            ++held;
            while (!released) co_await boost::asio::post(boost::asio::use_awaitable);
        }
        if (request.path == "/large") {
            ApiResponse large = json_response(200, {});
            large.body.assign(k_large_bytes, ' ');
            co_return large;
        }
        co_return json_response(200, {{"peer", request.peer},
                                      {"host", request.host},
                                      {"scheme", request.scheme},
                                      {"segments", request.segments},
                                      {"headers", request.headers.size()}});
    }
    ApiResponse refuse(int status, std::string_view why) override {
        return error_response(ErrorShape::named, status, why);
    }
    std::atomic<int> held = 0;
    std::atomic<bool> released = false;
};

struct Fixture {
    Places places;
    RunningServer server;

    explicit Fixture(HttpServerOptions options) : server(places, std::move(options)) {}
    RawResponse ask(std::string_view target, std::string_view headers = "",
                    std::string_view body = "") {
        return test::ask(server.port(), request_text("POST", target, headers, body));
    }
    Json told(std::string_view headers) { return parse_json(ask("/", headers).body).value(); }
};

constexpr std::string_view k_budget_test_head =
    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ";

/// A connection that has sent `bytes` of a body and keeps the last one.
std::unique_ptr<RawClient> hold(Fixture& fixture, std::size_t bytes) {
    auto client = std::make_unique<RawClient>(fixture.server.port());
    client->send(fmt::format("{}{}\r\n\r\n", k_budget_test_head, bytes + 1));
    client->send(std::string(bytes, 'b'));
    return client;
}

ApiRequest from(std::string peer, HttpFields headers) {
    return {.headers = std::move(headers), .peer = std::move(peer), .host = "asked"};
}

std::string peer_of(const TrustedProxies& proxies, const std::string& peer,
                    const std::string& forwarded_for) {
    ApiRequest request = from(peer, {{"x-forwarded-for", forwarded_for}});
    proxies.resolve(request);
    return request.peer;
}

}  // namespace

TEST_CASE("http server: what all bodies take together is limited", "[api]") {
    constexpr std::size_t k_total = 400'000;
    Fixture fixture({.bodies_bytes_max = k_total});
    for (const std::size_t bytes : {k_total - 1, k_total, k_total + 1}) {
        INFO(bytes);
        const int status = bytes <= k_total ? 200 : 503;
        CHECK(fixture.ask("/", "", std::string(bytes, 'b')).status == status);
    }
    // One that was refused takes no room while it goes on sending.
    const auto refused = hold(fixture, k_total + 1);
    CHECK(refused->read().value_or(RawResponse{}).status == 503);
    CHECK(fixture.ask("/", "", std::string(k_total, 'b')).status == 200);

    std::vector<std::unique_ptr<RawClient>> held;
    for (int i = 0; i < 8; ++i) held.push_back(hold(fixture, k_total / 10));
    // Two tenths are left; what others hold has been received once this is refused.
    const std::string two_tenths(k_total / 5, 'b');
    while (fixture.ask("/", "", two_tenths + "b").status != 503) {
    }
    CHECK(fixture.ask("/", "", two_tenths).status == 200);
    CHECK(fixture.ask("/").status == 200);
    for (const auto& client : held) {
        client->send("b");
        CHECK(client->read().value_or(RawResponse{}).status == 200);
    }
    CHECK(fixture.ask("/", "", std::string(k_total, 'b')).status == 200);
    // Those that hang up give back what they held.
    for (auto& client : held) client = hold(fixture, k_total / 10);
    held.clear();
    while (fixture.ask("/", "", std::string(k_total, 'b')).status != 200) {
    }
}

TEST_CASE("http server: a body counts until its request is answered", "[api]") {
    Fixture fixture({.bodies_bytes_max = 1000});
    RawClient busy(fixture.server.port());
    busy.send(request_text("POST", "/held", "", std::string(600, 'b')));
    while (fixture.places.held == 0) {
    }
    CHECK(fixture.ask("/", "", std::string(400, 'b')).status == 200);
    CHECK(fixture.ask("/", "", std::string(401, 'b')).status == 503);
    fixture.places.released = true;
    CHECK(busy.read().value_or(RawResponse{}).status == 200);
    CHECK(fixture.ask("/", "", std::string(1000, 'b')).status == 200);
}

TEST_CASE("http server: a large answer counts until it is read", "[api]") {
    Fixture fixture({.bodies_bytes_max = 2 * k_large_bytes - 1});
    RawClient slow(fixture.server.port());
    slow.send(request_text("GET", "/large"));
    while (fixture.ask("/large").status != 503) {
    }
    CHECK(fixture.ask("/").status == 200);
    CHECK(slow.read().value_or(RawResponse{}).body.size() == k_large_bytes);
    CHECK(fixture.ask("/large").status == 200);
}

TEST_CASE("http server: below a base path nothing else is served", "[api]") {
    Fixture fixture({.base_path = "/assay/a b"});
    const auto segments = [&](std::string_view target) {
        return parse_json(fixture.ask(target).body).value().at("segments");
    };
    CHECK(segments("/assay/a%20b/api/x") == Json({"api", "x"}));
    CHECK(segments("/assay/%61%20b/api") == Json({"api"}));
    CHECK(segments("/assay/a%20b/") == Json({""}));
    for (const char* const outside : {"/", "/assay", "/assay/a%20b", "/assay/a%20bc/api", "/api/x",
                                      "/assay%2Fa%20b/api", "//assay/a%20b/api"}) {
        INFO(outside);
        CHECK(segments(outside).empty());
    }
}

TEST_CASE("http server: options that cannot be are named", "[api]") {
    boost::asio::io_context io;
    Places places;
    const auto problem = [&](HttpServerOptions options) {
        const auto made = HttpServer::listen(io, io.get_executor(), std::move(options), places);
        REQUIRE_FALSE(made);
        CHECK(made.error().code == ErrorCode::invalid_argument);
        return made.error().message;
    };
    for (const char* const path : {"assay", "/assay/", "//assay", "/a//b", "/a?b", "/%zz"}) {
        CHECK_THAT(problem({.base_path = path}), Catch::Contains(path));
    }
    for (const char* const proxy : {"", "proxy.example", "10.0.0.0/33", "10.0.0", "::1/129"}) {
        CHECK_THAT(problem({.trusted_proxies = {proxy}}), Catch::Contains("no address of a proxy"));
    }
    CHECK_THAT(problem({.tls_certificate = "c.pem"}), Catch::Contains("both"));
    CHECK_THAT(problem({.tls_key = "k.pem"}), Catch::Contains("both"));
    CHECK_THAT(problem({.tls_certificate = "no-such.pem", .tls_key = "k.pem"}),
               Catch::Contains("no-such.pem"));
}

TEST_CASE("trusted proxies: the last address that is none of them has asked", "[api]") {
    const auto proxies =
        TrustedProxies::parse({"127.0.0.1", "10.0.0.0/8", "fd00::/16", "2001:db8::1"}).value();
    const auto from_proxy = [&](const char* forwarded) {
        return peer_of(proxies, "127.0.0.1", forwarded);
    };
    CHECK(from_proxy("203.0.113.9") == "203.0.113.9");
    CHECK(from_proxy("198.51.100.1, 203.0.113.9") == "203.0.113.9");
    CHECK(from_proxy("198.51.100.1, 203.0.113.9, 10.1.2.3,10.9.9.9") == "203.0.113.9");
    CHECK(from_proxy("203.0.113.9:4711") == "203.0.113.9");
    CHECK(from_proxy("[2001:db8::9]:4711, fd00::1") == "2001:db8::9");
    CHECK(from_proxy("::ffff:203.0.113.9") == "203.0.113.9");
    CHECK(from_proxy("10.1.2.3") == "10.1.2.3");
    // What is no address tells nothing, nor does what stands before it.
    CHECK(from_proxy("") == "127.0.0.1");
    CHECK(from_proxy("203.0.113.9, unknown, 10.1.2.3") == "10.1.2.3");
    CHECK(from_proxy("203.0.113.9,[") == "127.0.0.1");
    CHECK(peer_of(proxies, "2001:db8::1", "203.0.113.9") == "203.0.113.9");
    CHECK(peer_of(proxies, "2001:db8::2", "203.0.113.9") == "2001:db8::2");
    CHECK(peer_of(proxies, "11.0.0.1", "203.0.113.9") == "11.0.0.1");
    CHECK(peer_of(TrustedProxies(), "127.0.0.1", "203.0.113.9") == "127.0.0.1");
}

TEST_CASE("trusted proxies: their last word counts and that of others is dropped", "[api]") {
    const auto proxies = TrustedProxies::parse({"127.0.0.1"}).value();
    const HttpFields headers = {{"x-forwarded-for", "203.0.113.8"},
                                {"x-forwarded-for", "203.0.113.9"},
                                {"x-forwarded-proto", "http, HTTPS"},
                                {"x-forwarded-host", "a"},
                                {"x-forwarded-host", "b.example:8443"},
                                {"forwarded", "for=x"},
                                {"x-real-ip", "x"},
                                {"accept", "*/*"}};
    ApiRequest trusted = from("127.0.0.1", headers);
    proxies.resolve(trusted);
    CHECK(trusted.peer == "203.0.113.9");
    CHECK(trusted.scheme == "https");
    CHECK(trusted.host == "b.example:8443");
    CHECK(trusted.headers == HttpFields{{"accept", "*/*"}});
    ApiRequest other = from("127.0.0.2", headers);
    proxies.resolve(other);
    CHECK(other.peer == "127.0.0.2");
    CHECK(other.scheme == "http");
    CHECK(other.host == "asked");
    CHECK(other.headers == HttpFields{{"accept", "*/*"}});
    ApiRequest odd = from("127.0.0.1", {{"x-forwarded-proto", "ftp"}, {"x-forwarded-host", ""}});
    proxies.resolve(odd);
    CHECK(odd.scheme == "http");
    CHECK(odd.host == "asked");
}

TEST_CASE("http server: a trusted proxy says who asks for which host", "[api]") {
    constexpr std::string_view k_told =
        "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
        "X-Forwarded-Host: assay.example\r\n";
    Fixture believing({.hosts = {"localhost", "assay.example"}, .trusted_proxies = {"127.0.0.1"}});
    const Json told = believing.told(k_told);
    CHECK(told.at("peer") == "203.0.113.9");
    CHECK(told.at("host") == "assay.example");
    CHECK(told.at("scheme") == "https");
    CHECK(believing.ask("/", "X-Forwarded-Host: evil.example\r\n").status == 421);
    Fixture doubting({.hosts = {"localhost"}});
    const Json own = doubting.told(k_told);
    CHECK(own.at("peer") == "127.0.0.1");
    CHECK(own.at("host") == "localhost");
    CHECK(own.at("scheme") == "http");
}

TEST_CASE("http server: whom a proxy asks for is limited and the proxy is not", "[api]") {
    Fixture fixture({.trusted_proxies = {"127.0.0.1"}, .connections_per_address_max = 2});
    const auto as = [](const char* address) {
        return fmt::format("X-Forwarded-For: {}\r\n", address);
    };
    std::vector<std::unique_ptr<RawClient>> busy;
    for (int i = 0; i < 2; ++i) {
        busy.push_back(std::make_unique<RawClient>(fixture.server.port()));
        busy.back()->send(request_text("GET", "/held", as("203.0.113.9")));
    }
    while (fixture.places.held < 2) {
    }
    CHECK(fixture.ask("/", as("203.0.113.9")).status == 429);
    CHECK(fixture.ask("/", as("203.0.113.8")).status == 200);
    fixture.places.released = true;
    for (const auto& client : busy) CHECK(client->read().value_or(RawResponse{}).status == 200);
    // Those that are answered and kept are nobody's any more.
    CHECK(fixture.ask("/", as("203.0.113.9")).status == 200);
}

}  // namespace assay::test
