#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch.hpp>

#include "core/base/limits.hpp"
#include "core/http/http_client.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/stub_server.hpp"

namespace assay::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto k_patience = 20s;
constexpr auto k_short = 300ms;  // the deadline of what never ends by itself
constexpr auto k_grace = 1s;     // by when after a deadline a request has ended
constexpr const char* k_head = "HTTP/1.1 200 Stub\r\nContent-Type: application/json\r\n";

struct Client {
    Client() {
        auto made = make_curl_transport();
        if (!made) FAIL(made.error().message);
        transport = std::move(*made);
    }
    /// Ends by the deadline and a second, whatever the server does.
    Result<HttpResponse> send(HttpRequest request, std::chrono::milliseconds patience) {
        const auto began = std::chrono::steady_clock::now();
        auto response = run_task(io, transport->send(std::move(request), in(patience)));
        CHECK(std::chrono::steady_clock::now() - began < patience + k_grace);
        return response;
    }

    asio::io_context io;
    std::unique_ptr<HttpTransport> transport;
};

/// The head of an answer, then the rest of the pieces.
StubReply raw(std::string headers, std::vector<StubPiece> body,
              StubFault fault = StubFault::hang_up) {
    body.insert(body.begin(), {k_head + headers + "\r\n"});
    return {.fault = fault, .raw = std::move(body)};
}

std::vector<StubPiece> byte_by_byte(std::string_view text, std::chrono::milliseconds pause) {
    std::vector<StubPiece> pieces;
    for (const char byte : text) pieces.push_back({std::string(1, byte), pause});
    return pieces;
}

std::string chunk(std::string_view text) {
    return fmt::format("{:x}\r\n{}\r\n", text.size(), text);
}

/// A request whose body is taken as it comes, and what was taken.
struct Taking {
    explicit Taking(const std::string& url) {
        request.url = url;
        request.on_body = [this](HttpResponse& so_far) -> Result<void> {
            status = so_far.status;
            pieces.push_back(std::exchange(so_far.body, {}));
            text += pieces.back();
            if (text.size() < stop_at) return {};
            return failure(ErrorCode::data_loss, "enough of this");
        };
    }

    HttpRequest request;
    int status = 0;
    std::string text;
    std::vector<std::string> pieces;
    std::size_t stop_at = std::string::npos;
};

}  // namespace

TEST_CASE("http faults: each is the right error and over by the deadline") {
    struct Case {
        const char* name;
        StubReply reply;
        ErrorCode code;
        const char* said;
    };
    const std::string trickle = std::string(k_head) + "Content-Length: 40\r\n\r\n{}";
    const Case cases[] = {
        {"nothing at all",
         {.fault = StubFault::close},
         ErrorCode::unavailable,
         "without an answer"},
        {"never an answer",
         {.fault = StubFault::stall},
         ErrorCode::deadline_exceeded,
         "no complete answer"},
        {"stalled after the headers", raw("Content-Length: 40\r\n", {}, StubFault::none),
         ErrorCode::deadline_exceeded, "no complete answer"},
        {"a byte a second",
         {.raw = byte_by_byte(trickle, 1s)},
         ErrorCode::deadline_exceeded,
         "no complete answer"},
        {"a byte every 50 ms",
         {.raw = byte_by_byte(trickle, 50ms)},
         ErrorCode::deadline_exceeded,
         "no complete answer"},
        {"cut within the body", raw("Content-Length: 40\r\n", {{"{\"half\":"}}),
         ErrorCode::unavailable, "broke before"},
        {"cut within the headers",
         {.fault = StubFault::hang_up, .raw = {{k_head}}},
         ErrorCode::unavailable,
         "127.0.0.1:"},
        {"cut between two chunks", raw("Transfer-Encoding: chunked\r\n", {{chunk("{\"half\":")}}),
         ErrorCode::unavailable, "broke before"},
        {"a chunk of no size", raw("Transfer-Encoding: chunked\r\n", {{"what\r\n{}\r\n0\r\n\r\n"}}),
         ErrorCode::unavailable, "127.0.0.1:"},
        {"a length that is longer than the body",
         raw("Content-Length: 40\r\n", {{"{}"}}, StubFault::none), ErrorCode::deadline_exceeded,
         "no complete answer"},
        {"a length that is no number", raw("Content-Length: -2\r\n", {{"{}"}}),
         ErrorCode::unavailable, "did not answer in HTTP"},
        {"garbage",
         {.body = "\x16\x03\x01 what?\r\n\r\n", .fault = StubFault::garbage},
         ErrorCode::unavailable,
         "did not answer in HTTP"},
    };
    for (const Case& test : cases) {
        for (const bool takes : {false, true}) {
            INFO(test.name << (takes ? ", taken as it comes" : ""));
            const StubServer server(test.reply);
            Taking taking(server.url());
            if (!takes) taking.request.on_body = nullptr;
            const bool is_endless = test.code == ErrorCode::deadline_exceeded;
            const auto response = Client().send(taking.request, is_endless ? k_short : k_patience);
            REQUIRE(!response);
            INFO(response.error().message);
            CHECK(response.error().code == test.code);
            CHECK(response.error().retryable);
            CHECK_THAT(response.error().message, Catch::Contains(test.said));
        }
    }
}

TEST_CASE("http faults: a refused connection is known at once") {
    const auto refused =
        Client().send({.url = fmt::format("http://127.0.0.1:{}/", unused_port())}, k_patience);
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::unavailable);
    CHECK(refused.error().retryable);
}

TEST_CASE("http faults: TLS that never answers ends at the deadline") {
    asio::io_context io;
    // It listens, so the system accepts connections, and nobody reads what comes.
    const tcp::acceptor silent(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const auto late = Client().send(
        {.url = fmt::format("https://127.0.0.1:{}/", silent.local_endpoint().port())}, k_short);
    REQUIRE(!late);
    CHECK(late.error().code == ErrorCode::deadline_exceeded);
    CHECK(late.error().retryable);
}

TEST_CASE("http faults: bytes behind the announced length are not the next answer") {
    const std::string stray = "HTTP/1.1 200 Stray\r\nContent-Length: 9\r\n\r\nnot yours";
    // With the headers, and after them: libcurl reads the two differently.
    const std::vector<StubPiece> answers[] = {
        {{std::string(k_head) + "Content-Length: 5\r\n\r\nfirst" + stray}},
        {{std::string(k_head) + "Content-Length: 5\r\n\r\n"}, {"first" + stray, 20ms}}};
    for (const auto& answer : answers) {
        const StubServer server([&answer, asked = 0](const StubRequest&) mutable {
            return ++asked == 1 ? StubReply{.raw = answer} : StubReply{.body = "second"};
        });
        Client client;
        CHECK(client.send({.url = server.url()}, k_patience).value().body == "first");
        const auto next = client.send({.url = server.url()}, k_patience);
        if (!next) FAIL(next.error().message);
        CHECK(next->body == "second");
    }
}

TEST_CASE("http faults: an answer without end stops at the limit though it is taken as it comes") {
    std::vector<StubPiece> chunks(25, {chunk(std::string(1U << 20U, 'x'))});
    const StubServer server(raw("Transfer-Encoding: chunked\r\n", std::move(chunks)));
    Taking taking(server.url());
    const auto large = Client().send(taking.request, k_patience);
    REQUIRE(!large);
    CHECK(large.error().code == ErrorCode::resource_exhausted);
    CHECK(!large.error().retryable);
    CHECK(taking.text.size() <= limits::k_provider_reply_bytes_max);
}

TEST_CASE("http: a body is given as it comes and not again with the response") {
    // The second half is sent only after the first was seen: it cannot have come all at once.
    const StubServer server(raw("Content-Length: 10\r\n", {{"hello", 1ms}, {"there", 100ms}}));
    Taking taking(server.url());
    const auto response = Client().send(taking.request, k_patience);
    REQUIRE(response);
    CHECK(response->status == 200);
    CHECK(response->body.empty());
    CHECK(response->headers.at("content-type") == "application/json");
    CHECK(taking.status == 200);
    CHECK(taking.text == "hellothere");
    CHECK(taking.pieces.size() >= 2);
}

TEST_CASE("http: what is not taken out of a body stays in the response") {
    const StubServer server({.status = 404, .body = "the whole answer"});
    std::string seen;
    HttpRequest request{.url = server.url()};
    request.on_body = [&seen](HttpResponse& so_far) -> Result<void> {
        seen = so_far.body;
        CHECK(so_far.status == 404);
        return {};
    };
    const auto response = Client().send(request, k_patience);
    REQUIRE(response);
    CHECK(response->body == "the whole answer");
    CHECK(seen == "the whole answer");
}

TEST_CASE("http: a reader may stop an answer that would go on and the transport stays usable") {
    StubServer server([asked = 0](const StubRequest&) mutable {
        return ++asked == 1
                   ? raw("Transfer-Encoding: chunked\r\n", {{chunk("hello")}}, StubFault::none)
                   : StubReply{.body = "fine"};
    });
    Client client;
    Taking taking(server.url());
    taking.stop_at = 5;
    const auto stopped = client.send(taking.request, k_patience);
    REQUIRE(!stopped);
    CHECK(stopped.error().code == ErrorCode::data_loss);
    CHECK(stopped.error().message == "enough of this");
    CHECK(taking.text == "hello");
    CHECK(server.wait_for_ended(1));
    CHECK(client.send({.url = server.url()}, k_patience).value().body == "fine");
}

TEST_CASE("http: an answer may come after a provisional one and end in headers of its own") {
    const StubServer server({.raw = {{"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"},
                                     {std::string(k_head) + "Transfer-Encoding: chunked\r\n\r\n"},
                                     {"2\r\n{}\r\n0\r\nX-Late: 1\r\n\r\n"}}});
    const auto response = Client().send({.url = server.url()}, k_patience);
    REQUIRE(response);
    CHECK(response->status == 200);
    CHECK(response->body == "{}");
    CHECK(response->headers.count("x-early") == 0);
}

TEST_CASE("http: no request is sent twice even when a connection used before breaks") {
    for (const char* method : {"POST", "GET"}) {
        const StubServer server([asked = 0](const StubRequest&) mutable {
            return ++asked == 1 ? StubReply{.body = "fine"} : StubReply{.fault = StubFault::close};
        });
        Client client;
        const HttpRequest request{.method = method, .url = server.url()};
        REQUIRE(client.send(request, k_patience));
        const auto broken = client.send(request, k_patience);
        REQUIRE(!broken);
        CHECK(broken.error().code == ErrorCode::unavailable);
        CHECK(broken.error().retryable);
        CHECK_THAT(broken.error().message,
                   Catch::Contains("closed the connection without an answer"));
        CHECK(server.requests().size() == 2);
    }
}

TEST_CASE("http: cut into any chunks a body is the same") {
    const std::string body = R"({"choices":[{"message":{"content":"Paris, naïve, 東京"}}]})";
    const std::string all = chunk(body) + "0\r\n\r\n";
    Client client;
    for (std::size_t size = 1; size <= body.size(); ++size) {
        std::vector<StubPiece> pieces;
        for (std::size_t at = 0; at < body.size(); at += size) {
            pieces.push_back({chunk(std::string_view(body).substr(at, size))});
        }
        pieces.push_back({"0\r\n\r\n"});
        const StubServer server(
            raw("Transfer-Encoding: chunked\r\n", std::move(pieces), StubFault::none));
        CHECK(client.send({.url = server.url()}, k_patience).value().body == body);
    }
    for (std::size_t at = 1; at < all.size(); ++at) {
        const StubServer server(raw("Transfer-Encoding: chunked\r\n",
                                    {{all.substr(0, at)}, {all.substr(at), 1ms}}, StubFault::none));
        CHECK(client.send({.url = server.url()}, k_patience).value().body == body);
    }
}

}  // namespace assay::test
