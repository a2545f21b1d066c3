#include "tests/unit/api/raw_client.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "core/base/text.hpp"

namespace assay::test {

namespace asio = boost::asio;

namespace {

constexpr int k_patience_ms = 10'000;

}  // namespace

RawClient::RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

RawClient::~RawClient() { (void)::close(socket_); }

void RawClient::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

void RawClient::end() { (void)::shutdown(socket_, SHUT_WR); }

bool RawClient::receive() {
    pollfd waiting{.fd = socket_, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, k_patience_ms) != 1) return false;
    std::array<char, 64U << 10U> bytes{};
    const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (count <= 0) return false;
    received_.append(bytes.data(), static_cast<std::size_t>(count));
    return true;
}

std::optional<RawResponse> RawClient::read(bool has_body) {
    std::size_t end = std::string::npos;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
        if (!receive()) return std::nullopt;
    }
    RawResponse response;
    const std::string head = received_.substr(0, end);
    received_.erase(0, end + 4);
    bool is_first = true;
    for (std::string_view line : split(head, '\n')) {
        line = trim(line);
        if (std::exchange(is_first, false)) {
            response.status = std::stoi(std::string(line.substr(9, 3)));
            continue;
        }
        const std::size_t colon = line.find(':');
        response.headers[to_lower_ascii(line.substr(0, colon))] = trim(line.substr(colon + 1));
    }
    const auto length = response.headers.find("content-length");
    const std::size_t bytes =
        length == response.headers.end() || !has_body ? 0 : std::stoul(length->second);
    while (received_.size() < bytes) {
        if (!receive()) return std::nullopt;
    }
    response.body = received_.substr(0, bytes);
    received_.erase(0, bytes);
    return response;
}

bool RawClient::is_closed() {
    if (!received_.empty()) return false;
    pollfd waiting{.fd = socket_, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, k_patience_ms) != 1) return false;
    char byte = 0;
    return ::recv(socket_, &byte, 1, 0) <= 0;
}

RawResponse ask(std::uint16_t port, std::string_view request) {
    RawClient client(port);
    client.send(request);
    return client.read(!request.starts_with("HEAD ")).value_or(RawResponse{});
}

std::string request_text(std::string_view method, std::string_view target, std::string_view headers,
                         std::string_view body) {
    std::string text =
        fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n{}", method, target, headers);
    if (!body.empty()) text += fmt::format("Content-Length: {}\r\n", body.size());
    return fmt::format("{}\r\n{}", text, body);
}

class RunningServer::Impl {
  public:
    Impl(HttpApplication& application, HttpServerOptions options) {
        auto listening =
            HttpServer::listen(io_, worker_.get_executor(), std::move(options), application);
        REQUIRE(listening.has_value());
        server_ = std::move(*listening);
        asio::co_spawn(io_, server_->run(), [this](std::exception_ptr) { ended_.set_value(); });
        thread_ = std::thread([this] { io_.run(); });
    }
    ~Impl() {
        on_thread([](HttpServer& server) { server.drain(); });
        join();
        worker_.join();
    }

    [[nodiscard]] std::uint16_t port() const { return server_->port(); }
    void on_thread(const std::function<void(HttpServer&)>& action) {
        if (!thread_.joinable()) return;
        std::promise<void> done;
        asio::post(io_, [&] {
            action(*server_);
            done.set_value();
        });
        // Once run() has ended nobody is left to do it.
        auto future = done.get_future();
        while (future.wait_for(std::chrono::milliseconds(10)) != std::future_status::ready) {
            if (has_ended()) join();
            if (!thread_.joinable()) return;
        }
    }
    void join() {
        if (thread_.joinable()) thread_.join();
    }

  private:
    [[nodiscard]] bool has_ended() {
        return is_over_.wait_for(std::chrono::milliseconds(0)) == std::future_status::ready;
    }

    asio::io_context io_;
    asio::thread_pool worker_{1};
    std::unique_ptr<HttpServer> server_;
    std::promise<void> ended_;
    std::future<void> is_over_ = ended_.get_future();
    std::thread thread_;
};

RunningServer::RunningServer(HttpApplication& application, HttpServerOptions options)
    : impl_(std::make_unique<Impl>(application, std::move(options))) {}
RunningServer::~RunningServer() = default;
std::uint16_t RunningServer::port() const { return impl_->port(); }
void RunningServer::on_thread(const std::function<void(HttpServer&)>& action) {
    impl_->on_thread(action);
}
void RunningServer::join() { impl_->join(); }

}  // namespace assay::test
