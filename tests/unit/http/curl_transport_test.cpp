#include <fmt/format.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <list>

#include "core/base/limits.hpp"
#include "core/http/http_client.hpp"
#include "core/process/child_process.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/stub_server.hpp"

namespace assay::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
namespace asio = boost::asio;

namespace {

constexpr auto k_patience = 20s;
constexpr const char* k_canary = "canary-4f2a-secret";

std::unique_ptr<HttpTransport> make_transport() {
    auto transport = make_curl_transport();
    if (!transport) FAIL(transport.error().message);
    return std::move(*transport);
}

struct Client {
    asio::io_context io;
    std::unique_ptr<HttpTransport> transport = make_transport();

    Result<HttpResponse> send(HttpRequest request,
                              std::chrono::milliseconds patience = k_patience) {
        return run_task(io, transport->send(std::move(request), in(patience)));
    }
};

HttpRequest post(std::string url, std::string body = "{}") {
    return {.url = std::move(url),
            .headers = {{"Authorization", Secret(fmt::format("Bearer {}", k_canary))}},
            .body = std::move(body)};
}

/// Sends to a server that always gives this reply.
Result<HttpResponse> answer_to(StubReply reply, std::chrono::milliseconds patience = k_patience) {
    const StubServer server(std::move(reply));
    return Client().send(post(server.url()), patience);
}

Task<std::string> read_output(std::string command) {
    ASSAY_CO_TRY(auto process, co_await ChildProcess::start({.command = {"sh", "-c", command}}));
    co_return co_await process->read_all(in(k_patience));
}

/// What a shell command writes to its stdout.
std::string output_of(std::string command) {
    asio::io_context io;
    auto output = run_task(io, read_output(std::move(command)));
    if (!output) FAIL(output.error().message);
    return std::move(*output);
}

/// Sets an environment variable for one test.
class Variable {
  public:
    Variable(const char* name, const std::string& value) : name_(name) {
        ::setenv(name, value.c_str(), 1);
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() { ::unsetenv(name_); }

  private:
    const char* name_;
};

/// Many requests at a time on one loop.
class Crowd {
  public:
    void send(const HttpRequest& request, Deadline deadline) {
        auto& result = results_.emplace_back();
        auto& cancellation = cancellations_.emplace_back();
        ++running_;
        asio::co_spawn(client.io, store_result(client.transport->send(request, deadline), result),
                       asio::bind_cancellation_slot(cancellation.slot(),
                                                    [this](std::exception_ptr) { --running_; }));
    }
    void cancel() {
        for (auto& cancellation : cancellations_)
            cancellation.emit(asio::cancellation_type::terminal);
    }
    void run() {
        client.io.restart();
        client.io.run();
        REQUIRE(running_ == 0);
    }
    [[nodiscard]] std::size_t count(int status) const {
        return static_cast<std::size_t>(std::ranges::count_if(results_, [&](const auto& result) {
            return result && result->has_value() && (*result)->status == status;
        }));
    }
    [[nodiscard]] const auto& results() const { return results_; }

    Client client;

  private:
    std::list<asio::cancellation_signal> cancellations_;
    std::list<std::optional<Result<HttpResponse>>> results_;
    int running_ = 0;
};

}  // namespace

TEST_CASE("http: a request arrives as it was written and the answer comes back") {
    const StubServer server(
        {.status = 201, .body = "the answer", .headers = {{"X-One", "1"}, {"x-ONE", "2"}}});
    Client client;
    HttpRequest request = post(server.url("/v1/chat?x=1"), R"({"question":1})");
    request.headers.push_back({"X-Empty", Secret("")});
    const auto response = client.send(request);
    REQUIRE(response);
    CHECK(response->status == 201);
    CHECK(response->body == "the answer");
    CHECK(response->headers.at("x-one") == "1, 2");

    const StubRequest seen = server.requests().at(0);
    CHECK(seen.method == "POST");
    CHECK(seen.target == "/v1/chat?x=1");
    CHECK(seen.body == R"({"question":1})");
    CHECK(seen.headers.at("authorization") == fmt::format("Bearer {}", k_canary));
    CHECK(seen.headers.at("x-empty").empty());
    CHECK_THAT(seen.headers.at("user-agent"), Catch::StartsWith("assay/"));
    CHECK(seen.headers.count("expect") == 0);
}

TEST_CASE("http: every method and body goes through") {
    const StubServer server({.body = "ok"});
    Client client;
    for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
        for (const std::string& body :
             {std::string(), std::string("a\0b", 3), std::string(3'000'000, 'x')}) {
            REQUIRE(client.send({.method = method, .url = server.url(), .body = body}));
            CHECK(server.requests().back().method == method);
            CHECK(server.requests().back().body == body);
        }
    }
}

TEST_CASE("http: an answer of any status is an answer and redirects are not followed") {
    for (const int status : {200, 204, 301, 307, 400, 401, 404, 429, 500, 503}) {
        const StubServer server({.status = status, .headers = {{"Location", "/elsewhere"}}});
        Client client;
        CHECK(client.send(post(server.url())).value().status == status);
        CHECK(server.requests().size() == 1);
    }
}

TEST_CASE("http: what cannot be sent safely is refused before it is sent") {
    const StubServer server({.body = "ok"});
    Client client;
    for (const char* value : {"a\r\nX-Evil: 1", "a\nb", "a\rb", "secret\n"}) {
        HttpRequest request = post(server.url());
        request.headers.push_back({"X-Key", Secret(value)});
        const auto refused = client.send(request);
        REQUIRE(!refused);
        CHECK(refused.error().code == ErrorCode::invalid_argument);
        CHECK_THAT(refused.error().message, Catch::Contains("X-Key") && !Catch::Contains("Evil") &&
                                                !Catch::Contains("secret"));
    }
    for (const char* name : {"", "X Y", "X:Y", "X\r\nY", "X\x80"}) {
        HttpRequest request = post(server.url());
        request.headers.push_back({name, Secret("v")});
        CHECK(client.send(request).error().code == ErrorCode::invalid_argument);
    }
    HttpRequest request = post(server.url());
    request.method = "POST / HTTP/1.1\r\n";
    CHECK(client.send(request).error().code == ErrorCode::invalid_argument);
    for (const char* url : {"", "no url", "file:///etc/passwd", "ftp://127.0.0.1/"}) {
        CHECK(client.send(post(url)).error().code == ErrorCode::invalid_argument);
    }
    CHECK(server.connections() == 0);
}

TEST_CASE("http: a port where nobody listens says so") {
    const int port = unused_port();
    const auto refused = Client().send(post(fmt::format("http://127.0.0.1:{}/v1", port)));
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::unavailable);
    CHECK(refused.error().retryable);
    CHECK(refused.error().message ==
          fmt::format("connection refused by 127.0.0.1:{}: is the server running?", port));
}

TEST_CASE("http: broken answers are retryable errors that name the server") {
    for (const StubFault fault : {StubFault::close, StubFault::cut_mid_body, StubFault::garbage}) {
        const auto broken = answer_to({.body = "one two three", .fault = fault});
        REQUIRE(!broken);
        INFO(broken.error().message);
        CHECK(broken.error().code == ErrorCode::unavailable);
        CHECK(broken.error().retryable);
        CHECK_THAT(broken.error().message, Catch::Contains("127.0.0.1:"));
    }
}

TEST_CASE("http: https to a server that speaks none says so") {
    const StubServer server({.body = "ok"});
    const auto broken = Client().send(post(fmt::format("https://127.0.0.1:{}/", server.port())));
    REQUIRE(!broken);
    CHECK(broken.error().code == ErrorCode::unavailable);
    CHECK_THAT(broken.error().message, Catch::Contains("TLS"));
}

TEST_CASE("http: a stalled answer ends at the deadline") {
    const StubServer server({.fault = StubFault::stall});
    Client client;
    const auto begin = std::chrono::steady_clock::now();
    const auto late = client.send(post(server.url()), 100ms);
    CHECK(std::chrono::steady_clock::now() - begin < 2s);
    REQUIRE(!late);
    CHECK(late.error().code == ErrorCode::deadline_exceeded);
    CHECK(late.error().retryable);
    CHECK(server.requests().size() == 1);
}

TEST_CASE("http: a deadline in the past sends nothing that is waited for") {
    const StubServer server({.body = "ok"});
    CHECK(Client().send(post(server.url()), 0ms).error().code == ErrorCode::deadline_exceeded);
}

TEST_CASE("http: a transport is usable after every kind of failure") {
    int count = 0;
    const StubServer server([&count](const StubRequest&) {
        constexpr std::array faults = {StubFault::close, StubFault::cut_mid_body,
                                       StubFault::garbage, StubFault::stall};
        const auto number = static_cast<std::size_t>(count++);
        return number % 2 == 1 ? StubReply{.body = "fine"}
                               : StubReply{.body = "fine", .fault = faults[number / 2]};
    });
    Client client;
    for (int i = 0; i < 4; ++i) {
        CHECK(!client.send(post(server.url()), 200ms));
        CHECK(client.send(post(server.url())).value().body == "fine");
    }
}

TEST_CASE("http: an answer may be as large as the limit and no larger") {
    const std::size_t headers =
        std::string("HTTP/1.1 200 Stub\r\nContent-Length: 20000000\r\n\r\n").size();
    const std::size_t fits = limits::k_provider_reply_bytes_max - headers;
    CHECK(answer_to({.body = std::string(fits, 'x'), .headers = {}}).value().body.size() == fits);
    const auto large = answer_to({.body = std::string(fits + 1, 'x'), .headers = {}});
    REQUIRE(!large);
    CHECK(large.error().code == ErrorCode::resource_exhausted);
    CHECK(!large.error().retryable);
    CHECK_THAT(large.error().message, Catch::Contains("larger than 20 MB"));
}

TEST_CASE("http: the limit holds for what is packed as well") {
    const std::map<std::string, std::string> headers = {{"Content-Encoding", "gzip"}};
    CHECK(answer_to({.body = output_of("printf 'the answer' | gzip"), .headers = headers})
              .value()
              .body == "the answer");
    const std::string bomb = output_of("head -c 104857600 /dev/zero | gzip -9");
    REQUIRE(bomb.size() < 1U << 20U);
    CHECK(answer_to({.body = bomb, .headers = headers}).error().code ==
          ErrorCode::resource_exhausted);
    CHECK(answer_to({.body = "no gzip", .headers = headers}).error().retryable);
}

TEST_CASE("http: connections are used again") {
    const StubServer server({.body = "ok"});
    Client client;
    for (int i = 0; i < 50; ++i) REQUIRE(client.send(post(server.url())));
    CHECK(server.connections() == 1);
}

TEST_CASE("http: 200 requests are on their way at once and the next 200 reuse their connections") {
    StubServer server({.body = "ok"});
    Crowd crowd;
    for (const std::size_t total : {200U, 400U}) {
        server.hold_until(total);
        for (int i = 0; i < 200; ++i) crowd.send(post(server.url()), in(k_patience));
        crowd.run();
        CHECK(crowd.count(200) == total);
    }
    CHECK(server.connections() == 200);
}

TEST_CASE("http: a transport without requests keeps no event loop running") {
    const StubServer server({.body = "ok"});
    Crowd crowd;
    crowd.send(post(server.url()), {});
    crowd.run();  // returns although the connection is kept open
    CHECK(crowd.count(200) == 1);
}

TEST_CASE("http: a transport serves one loop after the other") {
    const StubServer server({.body = "ok"});
    const auto transport = make_transport();
    for (int i = 0; i < 3; ++i) {
        asio::io_context io;
        CHECK(run_task(io, transport->send(post(server.url()), in(k_patience))));
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("http: a loop that ends before a request is on its way does not hold up the next") {
    const StubServer server({.body = "ok"});
    const auto transport = make_transport();
    for (const std::size_t steps : {1U, 2U, 3U, 4U}) {
        {
            asio::io_context io;
            asio::co_spawn(io, transport->send(post(server.url()), in(k_patience)),
                           [](std::exception_ptr, const Result<HttpResponse>&) {});
            for (std::size_t i = 0; i < steps; ++i) (void)io.poll_one();
        }
        asio::io_context io;
        CHECK(run_task(io, transport->send(post(server.url()), in(k_patience))));
    }
}

TEST_CASE("http: a request has nothing of the one before it") {
    const StubServer server({.body = "ok"});
    Client client;
    HttpRequest full{.method = "PUT", .url = server.url("/full"), .body = "a body"};
    full.headers = {{"X-Key", Secret("canary")}, {"Content-Type", Secret("text/plain")}};
    REQUIRE(client.send(full));
    REQUIRE(client.send({.method = "HEAD", .url = server.url("/head")}));
    CHECK(client.send({.method = "GET", .url = server.url("/bare")}).value().body == "ok");
    REQUIRE(server.requests().size() == 3);
    const StubRequest bare = server.requests().back();
    CHECK(bare.method == "GET");
    CHECK(bare.target == "/bare");
    CHECK(bare.body.empty());
    CHECK_FALSE(bare.headers.contains("x-key"));
    CHECK_FALSE(bare.headers.contains("content-type"));
    CHECK(server.connections() == 1);
}

TEST_CASE("http: cancelling takes the request off the wire") {
    StubServer server({.fault = StubFault::stall});
    Crowd crowd;
    crowd.send(post(server.url()), {});
    crowd.client.io.restart();
    while (server.requests().empty()) crowd.client.io.run_one_for(1ms);
    asio::post(crowd.client.io, [&] { crowd.cancel(); });
    crowd.run();
    REQUIRE(crowd.results().front());
    CHECK(crowd.results().front()->error().code == ErrorCode::cancelled);
    CHECK(server.wait_for_ended(1));
}

TEST_CASE("http: coroutines destroyed while they wait leave nothing behind") {
    StubServer server({.fault = StubFault::stall});
    {
        auto crowd = std::make_unique<Crowd>();
        for (int i = 0; i < 20; ++i) crowd->send(post(server.url()), {});
        crowd->client.io.restart();
        while (server.requests().size() < 20) crowd->client.io.run_one_for(1ms);
        crowd->client.transport.reset();  // the loop's own end comes after it
    }
    CHECK(server.wait_for_ended(20));
}

TEST_CASE("http: the proxy variables are honoured and exceptions to them too") {
    const StubServer proxy({.body = "by proxy"});
    const Variable variable("http_proxy", proxy.url());
    CHECK(Client().send(post("http://model.invalid/v1")).value().body == "by proxy");
    CHECK(proxy.requests().at(0).target == "http://model.invalid/v1");

    const Variable broken("http_proxy", fmt::format("http://127.0.0.1:{}", unused_port()));
    const auto refused = Client().send(post("http://model.invalid/v1"));
    REQUIRE(!refused);
    CHECK_THAT(refused.error().message,
               Catch::StartsWith("cannot reach model.invalid:80 through the proxy"));

    const StubServer server({.body = "direct"});
    const Variable exception("no_proxy", "127.0.0.1");
    CHECK(Client().send(post(server.url())).value().body == "direct");
}

TEST_CASE("http: no failure tells a key") {
    const std::string url_secrets =
        fmt::format("http://user:{0}@127.0.0.1:{1}/v1?key={0}", k_canary, unused_port());
    std::vector<Result<HttpResponse>> failures;
    failures.push_back(Client().send(post(url_secrets)));
    failures.push_back(Client().send(post(fmt::format("ftp://{0}@h/?key={0}", k_canary))));
    failures.push_back(answer_to({.fault = StubFault::stall}, 50ms));
    for (const StubFault fault : {StubFault::close, StubFault::cut_mid_body, StubFault::garbage}) {
        failures.push_back(answer_to({.body = k_canary, .fault = fault}));
    }
    for (const auto& failure : failures) {
        REQUIRE(!failure);
        CHECK_THAT(failure.error().message, !Catch::Contains(k_canary));
    }
}

}  // namespace assay::test
