#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <thread>

#include "core/base/json.hpp"
#include "server/api/error_body.hpp"
#include "tests/unit/api/raw_client.hpp"

// Whoever holds many connections and sends next to nothing keeps nobody else from being served.

namespace assay::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t k_attackers = 500;
constexpr milliseconds k_p99_max{200};

class Hello final : public HttpApplication {
  public:
    [[nodiscard]] std::size_t body_bytes_max(const ApiRequest& /*request*/) const override {
        return 1U << 20U;
    }
    boost::asio::awaitable<ApiResponse> answer(ApiRequest request) override {
        co_return json_response(200, {{"bytes", request.body.size()}});
    }
    ApiResponse refuse(int status, std::string_view why) override {
        return error_response(ErrorShape::named, status, why);
    }
};

/// A server whose deadlines are a twentieth of the real ones.
struct Fixture {
    Hello hello;
    RunningServer server{hello,
                         {.connections_per_address_max = 2 * k_attackers,
                          .header_time = limits::k_http_header_time / 20,
                          .body_time = limits::k_http_body_time / 20,
                          .idle_time = limits::k_http_idle_time / 20}};

    std::size_t connections() {
        std::size_t open = 0;
        server.on_thread([&](HttpServer& running) { open = running.connections(); });
        return open;
    }
};

/// Connections that have all sent the same beginning of a request.
std::vector<std::unique_ptr<RawClient>> connect(Fixture& fixture, const std::string& beginning) {
    std::vector<std::unique_ptr<RawClient>> clients;
    for (std::size_t i = 0; i < k_attackers; ++i) {
        clients.push_back(std::make_unique<RawClient>(fixture.server.port()));
        clients.back()->send(beginning);
    }
    return clients;
}

/// Sends a byte on each connection now and then: a twentieth of a second is one of theirs.
class Trickle {
  public:
    explicit Trickle(std::span<const std::unique_ptr<RawClient>> clients)
        : thread_([this, clients] {
              std::unique_lock lock(mutex_);
              while (!ended_.wait_for(lock, milliseconds(50), [this] { return is_over_; })) {
                  for (const auto& client : clients) client->send("x");
              }
          }) {}
    ~Trickle() { end(); }
    Trickle(const Trickle&) = delete;
    Trickle& operator=(const Trickle&) = delete;

    void end() {
        {
            const std::lock_guard lock(mutex_);
            is_over_ = true;
        }
        ended_.notify_all();
        if (thread_.joinable()) thread_.join();
    }

  private:
    std::mutex mutex_;
    std::condition_variable ended_;
    bool is_over_ = false;
    std::thread thread_;  ///< last: it uses all others
};

/// Asks again and again until `done` holds; how long all but one in a hundred took at most.
template <class Done>
milliseconds p99_of_others(Fixture& fixture, const Done& done) {
    std::vector<steady_clock::duration> took;
    RawClient kept(fixture.server.port());
    while (took.size() < 100 || !done()) {
        const auto began = steady_clock::now();
        if (took.size() % 2 == 0) {
            kept.send(request_text("GET", "/"));
            REQUIRE(kept.read().value_or(RawResponse{}).status == 200);
        } else {
            REQUIRE(ask(fixture.server.port(), request_text("GET", "/")).status == 200);
        }
        took.push_back(steady_clock::now() - began);
    }
    std::ranges::sort(took);
    return std::chrono::duration_cast<milliseconds>(took[took.size() * 99 / 100]);
}

}  // namespace

TEST_CASE("slow clients: 500 that send a byte at a time are closed and hinder nobody",
          "[security]") {
    struct Attack {
        const char* name;
        std::string beginning;
        milliseconds deadline;
    };
    const std::vector<Attack> attacks = {
        {"header", "GET / HTTP/1.1\r\nHost: localhost\r\nX: ", limits::k_http_header_time / 20},
        {"body", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n",
         limits::k_http_body_time / 20}};
    for (const Attack& attack : attacks) {
        INFO(attack.name);
        Fixture fixture;
        const auto began = steady_clock::now();
        const auto clients = connect(fixture, attack.beginning);
        const auto connected = steady_clock::now();
        Trickle trickle(clients);
        const milliseconds p99 = p99_of_others(fixture, [&] { return fixture.connections() <= 1; });
        const auto took = steady_clock::now() - connected;
        trickle.end();
        CHECK(p99 < k_p99_max);
        CHECK(steady_clock::now() - began >= attack.deadline);
        CHECK(took < attack.deadline + std::chrono::seconds(2));
        for (const auto& client : clients) CHECK(client->is_closed());
    }
}

TEST_CASE("slow clients: 500 idle connections hinder nobody and end in time", "[security]") {
    Fixture fixture;
    const auto clients = connect(fixture, request_text("GET", "/"));
    for (const auto& client : clients) {
        CHECK(client->read().value_or(RawResponse{}).status == 200);
    }
    CHECK(fixture.connections() == k_attackers);
    const auto began = steady_clock::now();
    const milliseconds p99 = p99_of_others(fixture, [&] { return fixture.connections() <= 1; });
    CHECK(p99 < k_p99_max);
    CHECK(steady_clock::now() - began < limits::k_http_idle_time / 20 + std::chrono::seconds(2));
    for (const auto& client : clients) CHECK(client->is_closed());
}

}  // namespace assay::test
