#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>
#include <future>

#include "core/base/json.hpp"
#include "core/base/random.hpp"
#include "server/api/error_body.hpp"
#include "tests/support/gzip.hpp"
#include "tests/support/seed.hpp"
#include "tests/unit/api/raw_client.hpp"

namespace assay::test {

namespace {

constexpr std::size_t k_body_max = 1000;

/// Answers with what it understood of the request.
class Echo : public HttpApplication {
  public:
    [[nodiscard]] std::size_t body_bytes_max(const ApiRequest& request) const override {
        return request.path == "/large" ? 10U << 20U : k_body_max;
    }
    boost::asio::awaitable<ApiResponse> answer(ApiRequest request) override {
        if (request.path == "/throw") throw std::runtime_error("sk-lf-secret");
        OrderedJson json;
        json["method"] = request.method;
        json["segments"] = request.segments;
        json["query"] = request.query;
        json["bytes"] = request.body.size();
        json["body"] = request.body.substr(0, 100);
        json["peer"] = request.peer;
        co_return json_response(200, json);
    }
    ApiResponse refuse(int status, std::string_view why) override {
        return error_response(ErrorShape::named, status, why);
    }
};

struct Fixture {
    Echo echo;
    RunningServer server;

    explicit Fixture(HttpServerOptions options = {}) : server(echo, std::move(options)) {}
    RawResponse ask(std::string_view request) { return test::ask(server.port(), request); }
};

Json body_of(const RawResponse& response) { return parse_json(response.body).value(); }

/// Bytes that compress to about their own length.
std::string noise(std::size_t bytes) {
    std::string text(bytes, '\0');
    std::uint64_t state = 1;
    for (char& c : text) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        c = static_cast<char>(state >> 56U);
    }
    return text;
}

std::string chunked(std::string_view body, std::size_t piece) {
    std::string text;
    for (std::size_t at = 0; at < body.size(); at += piece) {
        const std::string_view part = body.substr(at, piece);
        text += fmt::format("{:x}\r\n{}\r\n", part.size(), part);
    }
    return text + "0\r\n\r\n";
}

}  // namespace

TEST_CASE("http server: a request comes as it was sent and decoded once", "[api]") {
    Fixture fixture;
    const RawResponse response =
        fixture.ask(request_text("POST", "/a%2Fb/c%252F/d+e?x=1%202&x=%2B+&y&=z", "", "{\"a\":1}"));
    CHECK(response.status == 200);
    CHECK(response.headers.contains("date"));
    const Json body = body_of(response);
    CHECK(body["segments"] == Json({"a/b", "c%2F", "d+e"}));
    CHECK(body["query"] == parse_json(R"([["x","1 2"],["x","+ "],["y",""],["","z"]])").value());
    CHECK(body["body"] == "{\"a\":1}");
    CHECK(body["peer"] == "127.0.0.1");
}

TEST_CASE("http server: a URL that cannot be decoded is refused", "[api]") {
    Fixture fixture;
    for (const char* const target :
         {"/%", "/%4", "/%zz", "/a%00b", "/%ff", "/a?b=%c3%28", "a", "http://localhost/a"}) {
        INFO(target);
        CHECK(fixture.ask(request_text("GET", target)).status == 400);
    }
    CHECK(fixture.ask(request_text("GET", "/%41")).status == 200);
}

TEST_CASE("http server: head and URL are limited", "[api]") {
    Fixture fixture;
    const auto with_head = [](std::size_t bytes) {
        const std::string without = request_text("GET", "/", "X: \r\n");
        return request_text("GET", "/", "X: " + std::string(bytes - without.size(), 'x') + "\r\n");
    };
    const std::size_t head_max = limits::k_http_head_bytes_max;
    REQUIRE(with_head(head_max).size() == head_max);
    CHECK(fixture.ask(with_head(head_max - 1)).status == 200);
    CHECK(fixture.ask(with_head(head_max)).status == 200);
    CHECK(fixture.ask(with_head(head_max + 1)).status == 431);
    CHECK(fixture.ask(with_head(4 * head_max)).status == 431);

    const auto with_target = [](std::size_t bytes) {
        return request_text("GET", "/" + std::string(bytes - 1, 'u'));
    };
    const std::size_t target_max = limits::k_http_target_bytes_max;
    CHECK(fixture.ask(with_target(target_max - 1)).status == 200);
    CHECK(fixture.ask(with_target(target_max)).status == 200);
    CHECK(fixture.ask(with_target(target_max + 1)).status == 414);
    CHECK(fixture.ask(with_target(8 * target_max)).status == 414);
}

TEST_CASE("http server: a body is limited as the application says", "[api]") {
    Fixture fixture;
    const std::string body(k_body_max + 1, 'b');
    for (const std::size_t bytes : {k_body_max - 1, k_body_max, k_body_max + 1}) {
        INFO(bytes);
        const int expected = bytes <= k_body_max ? 200 : 413;
        const std::string_view sent = std::string_view(body).substr(0, bytes);
        CHECK(fixture.ask(request_text("POST", "/", "", sent)).status == expected);
        const std::string head = request_text("POST", "/", "Transfer-Encoding: chunked\r\n");
        CHECK(fixture.ask(head + chunked(sent, 7)).status == expected);
        CHECK(fixture.ask(head + chunked(sent, 4096)).status == expected);
    }
    CHECK(fixture.ask(request_text("POST", "/large", "", std::string(5U << 20U, 'b'))).status ==
          200);
}

TEST_CASE("http server: whoever sends far too much and only then looks reads why", "[api]") {
    Fixture fixture;
    const std::string body(50U << 20U, 'b');
    CHECK(fixture.ask(request_text("POST", "/large", "", body)).status == 413);
    const std::string head = request_text("POST", "/large", "Transfer-Encoding: chunked\r\n");
    CHECK(fixture.ask(head + chunked(body, 1U << 20U)).status == 413);
    CHECK(fixture.ask(request_text("GET", "/")).status == 200);
}

TEST_CASE("http server: a packed body is inflated within its limits", "[api]") {
    Fixture fixture;
    const std::string gzip = "Content-Encoding: gzip\r\n";
    const auto post = [&](const std::string& headers, std::string_view body) {
        return fixture.ask(request_text("POST", "/large", headers, body));
    };
    CHECK(body_of(post(gzip, gzipped("hello")))["body"] == "hello");
    CHECK(body_of(post("Content-Encoding: deflate\r\n",
                       packed_text("hello", k_zlib_window_bits)))["body"] == "hello");
    CHECK(body_of(post("Content-Encoding: identity\r\n", "hello"))["body"] == "hello");
    CHECK(post("Content-Encoding: br\r\n", "hello").status == 415);
    CHECK(post(gzip, "hello").status == 400);
    CHECK(post(gzip, gzipped("hello") + "x").status == 400);
    const std::string whole = gzipped(noise(1000));
    CHECK(post(gzip, std::string_view(whole).substr(0, whole.size() - 1)).status == 400);

    // Little is free of the ratio; more is not.
    CHECK(post(gzip, gzipped(std::string(limits::k_http_inflated_bytes_free, 'a'))).status == 200);
    CHECK(post(gzip, gzipped(std::string(limits::k_http_inflated_bytes_free + 1, 'a'))).status ==
          413);
    // 600 kB of noise let 58 MB through, so that the bytes themselves are the limit.
    const std::string tail = noise(600'000);
    for (const std::size_t more : {0U, 1U}) {
        std::string text(limits::k_http_inflated_bytes_max - tail.size() + more, 'a');
        CHECK(post(gzip, gzipped(text + tail)).status == (more == 0 ? 200 : 413));
    }
    // Where less is taken as sent, less is taken inflated.
    for (const std::size_t more : {0U, 1U}) {
        const std::string text(limits::k_http_inflated_factor * k_body_max + more, 'a');
        const std::string request = request_text("POST", "/", gzip, gzipped(text));
        CHECK(fixture.ask(request).status == (more == 0 ? 200 : 413));
    }
}

TEST_CASE("http server: what two readers could split differently ends the connection", "[api]") {
    Fixture fixture;
    const std::string post = "POST / HTTP/1.1\r\nHost: localhost\r\n";
    const std::vector<std::string> forms = {
        post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        post + "Content-Length: 3, 3\r\n\r\nabc",
        post + "Content-Length: +3\r\n\r\nabc",
        post + "Content-Length: -1\r\n\r\n",
        post + "Content-Length: 0x3\r\n\r\nabc",
        post + "Content-Length: 99999999999999999999\r\n\r\nabc",
        post + "Content-Length:\r\n\r\nabc",
        post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        post + "Content-Length : 3\r\n\r\nabc",
        post + "Content-Length: 3\n\r\nabc",
        post + "X: a\r\n folded\r\nContent-Length: 3\r\n\r\nabc",
        post + " X: folded\r\n\r\n",
        post + "X: a\rb\r\n\r\n",
        post + "X y: a\r\n\r\n",
        post + ": a\r\n\r\n",
        post + "no colon\r\n\r\n",
        post + std::string("X: a\0b\r\n\r\n", 10),
        "POST / HTTP/1.1\nHost: localhost\n\n",
        "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST  / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST / HTTP/2.0\r\nHost: localhost\r\n\r\n",
        "POST / HTTP/1.1 \r\nHost: localhost\r\n\r\n",
        "POST /\r\n\r\n",
        "\x16\x03\x01\x02\r\n\r\n",
    };
    for (const std::string& form : forms) {
        INFO(form);
        RawClient client(fixture.server.port());
        client.send(form + request_text("GET", "/smuggled"));
        const auto response = client.read();
        REQUIRE(response);
        CHECK(response->status == 400);
        CHECK(response->headers.at("connection") == "close");
        CHECK(body_of(*response)["error"] == "InvalidRequestError");
        CHECK(client.is_closed());
    }
}

TEST_CASE("http server: a chunk that is not one ends the connection", "[api]") {
    Fixture fixture;
    const std::string head = request_text("POST", "/", "Transfer-Encoding: chunked\r\n");
    for (const char* const chunks :
         {"x\r\nabc\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n", "-3\r\nabc\r\n0\r\n\r\n",
          "0x3\r\nabc\r\n0\r\n\r\n", "fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
          "3 \n\nabc\r\n0\r\n\r\n", "\r\n0\r\n\r\n"}) {
        INFO(chunks);
        RawClient client(fixture.server.port());
        client.send(head + chunks);
        client.end();
        const auto response = client.read();
        REQUIRE(response);
        CHECK(response->status == 400);
        CHECK(client.is_closed());
    }
}

TEST_CASE("http server: a connection is kept and requests may be pipelined", "[api]") {
    Fixture fixture;
    RawClient client(fixture.server.port());
    std::string requests;
    for (int i = 0; i < 50; ++i) {
        requests += request_text("POST", fmt::format("/{}", i), "", fmt::format("body {}", i));
    }
    client.send(requests);
    for (int i = 0; i < 50; ++i) {
        const auto response = client.read();
        REQUIRE(response);
        CHECK(body_of(*response)["segments"] == Json({std::to_string(i)}));
        CHECK(body_of(*response)["body"] == fmt::format("body {}", i));
    }
    client.send(request_text("GET", "/", "Connection: close\r\n"));
    CHECK(client.read().value_or(RawResponse{}).headers["connection"] == "close");
    CHECK(client.is_closed());
}

TEST_CASE("http server: HEAD has the length of an answer and no body", "[api]") {
    Fixture fixture;
    RawClient client(fixture.server.port());
    client.send(request_text("HEAD", "/") + request_text("GET", "/next"));
    const auto head = client.read(false);
    REQUIRE(head);
    CHECK(std::stoi(head->headers.at("content-length")) > 10);
    CHECK(body_of(client.read().value())["segments"] == Json({"next"}));
    client.send(request_text("HEAD", "/%"));
    CHECK(client.read(false).value_or(RawResponse{}).status == 400);
    CHECK(client.is_closed());
}

TEST_CASE("http server: a body that waits to be asked for is asked for", "[api]") {
    Fixture fixture;
    RawClient client(fixture.server.port());
    client.send(
        "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        "Content-Length: 5\r\n\r\n");
    CHECK(client.read().value().status == 100);
    client.send("hello");
    CHECK(body_of(client.read().value())["body"] == "hello");
    client.send(
        "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        "Content-Length: 5000\r\n\r\n");
    CHECK(client.read().value().status == 413);
}

TEST_CASE("http server: slow heads and bodies and idle connections end in time", "[api]") {
    Fixture fixture({.header_time = std::chrono::milliseconds(300),
                     .body_time = std::chrono::milliseconds(400),
                     .idle_time = std::chrono::milliseconds(200)});
    RawClient idle(fixture.server.port());
    RawClient head(fixture.server.port());
    RawClient body(fixture.server.port());
    head.send("GET / HTTP/1.1\r\n");
    body.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n");
    // A byte now and then, as fast as the server takes them, does not prolong anything.
    const auto began = std::chrono::steady_clock::now();
    std::thread trickle([&] {
        while (std::chrono::steady_clock::now() - began < std::chrono::milliseconds(350)) {
            std::this_thread::yield();
        }
        head.send("X");
        body.send("b");
    });
    CHECK(head.is_closed());
    const auto head_took = std::chrono::steady_clock::now() - began;
    trickle.join();
    CHECK(body.is_closed());
    const auto body_took = std::chrono::steady_clock::now() - began;
    CHECK(idle.is_closed());
    CHECK(head_took >= std::chrono::milliseconds(290));
    CHECK(head_took < std::chrono::seconds(3));
    CHECK(body_took >= std::chrono::milliseconds(390));
    CHECK(body_took < std::chrono::seconds(3));
    CHECK(fixture.ask(request_text("GET", "/")).status == 200);
}

TEST_CASE("http server: connections are limited in all and for an address", "[api]") {
    for (const bool per_address : {true, false}) {
        HttpServerOptions options;
        (per_address ? options.connections_per_address_max : options.connections_max) = 3;
        Fixture fixture(options);
        std::vector<std::unique_ptr<RawClient>> clients;
        for (int i = 0; i < 3; ++i) {
            clients.push_back(std::make_unique<RawClient>(fixture.server.port()));
            clients.back()->send(request_text("GET", "/"));
            CHECK(clients.back()->read().value().status == 200);
        }
        RawClient one_too_many(fixture.server.port());
        CHECK(one_too_many.read().value().status == (per_address ? 429 : 503));
        CHECK(one_too_many.is_closed());
        clients.front()->send(request_text("GET", "/", "Connection: close\r\n"));
        CHECK(clients.front()->read().value().status == 200);
        CHECK(clients.front()->is_closed());
        std::size_t open = 3;
        while (open == 3) {
            fixture.server.on_thread([&](HttpServer& server) { open = server.connections(); });
        }
        CHECK(fixture.ask(request_text("GET", "/")).status == 200);
    }
}

TEST_CASE("http server: only the host names that are allowed are answered", "[api]") {
    Fixture fixture({.hosts = {"localhost", "127.0.0.1", "[::1]"}});
    const auto with_host = [&](std::string_view host) {
        return fixture.ask(fmt::format("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", host)).status;
    };
    for (const char* const host : {"localhost", "LOCALHOST:3000", "127.0.0.1:1", "[::1]:3000"}) {
        CHECK(with_host(host) == 200);
    }
    for (const char* const host :
         {"evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "[::2]", "[::1", ""}) {
        INFO(host);
        CHECK(with_host(host) == 421);
    }
    CHECK(fixture.ask("GET / HTTP/1.0\r\n\r\n").status == 421);
}

TEST_CASE("http server: an exception is a 500 that tells nothing", "[api]") {
    Fixture fixture;
    const RawResponse response = fixture.ask(request_text("GET", "/throw"));
    CHECK(response.status == 500);
    CHECK(body_of(response) ==
          Json({{"message", "Internal Server Error"}, {"error", "InternalServerError"}}));
}

namespace {

/// Keeps its requests until it is told to answer.
class Held final : public Echo {
  public:
    boost::asio::awaitable<ApiResponse> answer(ApiRequest request) override {
        if (request.path == "/held") {
            asked.set_value();
            while (!released) co_await boost::asio::post(boost::asio::use_awaitable);
        }
        co_return co_await Echo::answer(std::move(request));
    }
    std::promise<void> asked;
    std::atomic<bool> released = false;
};

}  // namespace

TEST_CASE("http server: a drain ends idle connections and lets requests be answered", "[api]") {
    Held held;
    RunningServer server(held, {});
    RawClient busy(server.port());
    busy.send(request_text("GET", "/held"));
    held.asked.get_future().wait();
    server.on_thread([](HttpServer& running) { running.drain(); });
    // Whoever asks meanwhile is answered, once.
    RawClient late(server.port());
    late.send(request_text("GET", "/late"));
    CHECK(late.read().value().headers["connection"] == "close");
    CHECK(late.is_closed());
    RawClient idle(server.port());
    held.released = true;
    const auto response = busy.read();
    REQUIRE(response);
    CHECK(response->status == 200);
    CHECK(response->headers.at("connection") == "close");
    CHECK(idle.is_closed());
    server.join();
}

TEST_CASE("http server: a drain does not wait for ever", "[api]") {
    Fixture fixture({.drain_time = std::chrono::milliseconds(100)});
    RawClient slow(fixture.server.port());
    slow.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n");
    std::size_t open = 0;
    while (open == 0) {
        fixture.server.on_thread([&](HttpServer& server) { open = server.connections(); });
    }
    fixture.server.on_thread([](HttpServer& server) { server.drain(); });
    CHECK(slow.is_closed());
    fixture.server.join();
}

TEST_CASE("http server: mutated requests are refused or answered and never harm", "[api]") {
    Fixture fixture;
    const std::vector<std::string> originals = {
        request_text("GET", "/a%2Fb?x=1&y=%20", "Accept: */*\r\nConnection: keep-alive\r\n"),
        request_text("POST", "/a", "Content-Type: application/json\r\n", R"({"batch":[1,2,3]})"),
        request_text("POST", "/a", "Transfer-Encoding: chunked\r\n") + chunked("hello world", 4),
        request_text("POST", "/a", "Content-Encoding: gzip\r\n", gzipped("hello hello hello"))};
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng random(seed);
    int valid = 0;
    for (int round = 0; round < 2000; ++round) {
        std::string request = originals[random.next_below(originals.size())];
        for (std::uint64_t edits = random.next_below(4); edits > 0; --edits) {
            const std::size_t at = random.next_below(request.size());
            const auto byte = static_cast<char>(random.next_below(256));
            switch (random.next_below(4)) {
                case 0: request[at] = byte; break;
                case 1: request.insert(at, 1, byte); break;
                case 2: request.erase(at, 1 + random.next_below(4)); break;
                default: request.insert(at, request.substr(random.next_below(request.size()), 9));
            }
            if (request.empty()) request = "G";
        }
        RawClient client(fixture.server.port());
        client.send(request);
        client.end();
        while (const auto response = client.read()) {
            INFO(request);
            CHECK(response->status < 500);
            valid += static_cast<int>(response->status == 200);
        }
        if (round % 100 == 0) CHECK(fixture.ask(request_text("GET", "/health")).status == 200);
    }
    CHECK(valid > 600);
}

TEST_CASE("http server: where it cannot listen it says so", "[api]") {
    Fixture fixture;
    boost::asio::io_context io;
    Echo echo;
    const auto taken =
        HttpServer::listen(io, io.get_executor(), {.port = fixture.server.port()}, echo);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == ErrorCode::unavailable);
    const auto named = HttpServer::listen(io, io.get_executor(), {.host = "example.org"}, echo);
    REQUIRE_FALSE(named);
    CHECK(named.error().code == ErrorCode::invalid_argument);
}

}  // namespace assay::test
