#include "tests/support/stub_server.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/base/text.hpp"

namespace assay::test {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

constexpr auto k_await = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds k_patience{10};

std::vector<StubPiece> wire_form(const StubReply& reply) {
    if (!reply.raw.empty()) return reply.raw;
    if (reply.fault == StubFault::garbage) return {{reply.body}};
    std::string text = fmt::format("HTTP/1.1 {} Stub\r\n", reply.status);
    for (const auto& [name, value] : reply.headers) text += fmt::format("{}: {}\r\n", name, value);
    text += fmt::format("Content-Length: {}\r\n\r\n", reply.body.size());
    const bool is_cut = reply.fault == StubFault::cut_mid_body;
    text += is_cut ? reply.body.substr(0, reply.body.size() / 2) : reply.body;
    return {{std::move(text)}};
}

StubRequest read_request(const http::request<http::string_body>& message) {
    StubRequest request{.method = std::string(message.method_string()),
                        .target = std::string(message.target()),
                        .body = message.body()};
    for (const auto& field : message) {
        request.headers[to_lower_ascii(field.name_string())] = field.value();
    }
    return request;
}

}  // namespace

class StubServer::Impl {
  public:
    explicit Impl(Handler handler)
        : handler_(std::move(handler)),
          acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
          enough_(io_, asio::steady_timer::time_point::max()) {
        asio::co_spawn(io_, accept(), [](std::exception_ptr) {});
        thread_ = std::thread([this] { io_.run(); });
    }
    ~Impl() {
        io_.stop();
        thread_.join();
    }

    [[nodiscard]] int port() const { return acceptor_.local_endpoint().port(); }
    void hold_until(std::size_t requests) {
        const std::lock_guard lock(mutex_);
        hold_until_ = requests;
    }
    std::vector<StubRequest> requests() {
        const std::lock_guard lock(mutex_);
        return requests_;
    }
    std::size_t connections() {
        const std::lock_guard lock(mutex_);
        return opened_;
    }
    bool wait_for_ended(std::size_t connections) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, k_patience, [&] { return ended_ >= connections; });
    }

  private:
    asio::awaitable<void> accept() {
        while (true) {
            auto [error, socket] = co_await acceptor_.async_accept(k_await);
            if (error) co_return;
            {
                const std::lock_guard lock(mutex_);
                ++opened_;
            }
            asio::co_spawn(io_, serve(std::move(socket)), [this](std::exception_ptr) {
                const std::lock_guard lock(mutex_);
                ++ended_;
                changed_.notify_all();
            });
        }
    }

    asio::awaitable<void> serve(tcp::socket socket) {
        socket.set_option(tcp::no_delay(true));
        boost::beast::flat_buffer buffer;
        while (true) {
            http::request_parser<http::string_body> parser;
            parser.body_limit(boost::none);
            const auto [error, bytes] = co_await http::async_read(socket, buffer, parser, k_await);
            if (error) co_return;
            const StubReply reply = handler_(remember(read_request(parser.get())));
            co_await hold();
            co_await pause(reply.delay);
            if (reply.fault == StubFault::close) co_return;
            if (reply.fault == StubFault::stall) continue;
            const bool sent = co_await send(socket, wire_form(reply));
            if (!sent || reply.fault != StubFault::none) co_return;
        }
    }

    /// False when the client has hung up.
    asio::awaitable<bool> send(tcp::socket& socket, std::vector<StubPiece> pieces) {
        for (const StubPiece& piece : pieces) {
            co_await pause(piece.pause);
            const auto [broken, written] =
                co_await asio::async_write(socket, asio::buffer(piece.bytes), k_await);
            if (broken) co_return false;
        }
        co_return true;
    }

    asio::awaitable<void> pause(std::chrono::milliseconds time) {
        if (time.count() == 0) co_return;
        asio::steady_timer timer(io_, time);
        co_await timer.async_wait(k_await);
    }

    StubRequest remember(StubRequest request) {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
        return request;
    }

    asio::awaitable<void> hold() {
        bool enough = false;
        {
            const std::lock_guard lock(mutex_);
            enough = requests_.size() >= hold_until_;
        }
        if (enough) {
            enough_.cancel();
        } else {
            co_await enough_.async_wait(k_await);
        }
    }

    asio::io_context io_;
    Handler handler_;
    tcp::acceptor acceptor_;
    asio::steady_timer enough_;
    std::thread thread_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t hold_until_ = 0;
    std::vector<StubRequest> requests_;
    std::size_t opened_ = 0;
    std::size_t ended_ = 0;
};

StubServer::StubServer(Handler handler) : impl_(std::make_unique<Impl>(std::move(handler))) {}
StubServer::StubServer(StubReply reply)
    : StubServer([reply = std::move(reply)](const StubRequest&) { return reply; }) {}
StubServer::~StubServer() = default;

int StubServer::port() const { return impl_->port(); }
std::string StubServer::url(const std::string& path) const {
    return fmt::format("http://127.0.0.1:{}{}", port(), path);
}
void StubServer::hold_until(std::size_t requests) { impl_->hold_until(requests); }
std::vector<StubRequest> StubServer::requests() const { return impl_->requests(); }
std::size_t StubServer::connections() const { return impl_->connections(); }
bool StubServer::wait_for_ended(std::size_t connections) {
    return impl_->wait_for_ended(connections);
}

int unused_port() {
    asio::io_context io;
    const tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    return acceptor.local_endpoint().port();
}

}  // namespace assay::test
