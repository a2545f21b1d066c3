#include "server/api/http_server.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <list>
#include <optional>
#include <variant>

#include "core/base/task_group.hpp"
#include "core/base/text.hpp"
#include "server/api/inflate.hpp"

namespace assay {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

constexpr auto k_await = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t k_read_bytes = 16U << 10U;
constexpr std::chrono::milliseconds k_accept_pause{100};
constexpr std::string_view k_head_end = "\r\n\r\n";

using Parser = http::request_parser<http::string_body>;

/// Why a request is answered by the server itself; the connection ends with it.
struct Refusal {
    int status = 400;
    std::string why;
};
/// The sender has gone, or its time is over: there is nobody to answer.
struct Gone {};
/// A step towards a request.
template <class T>
using Step = std::variant<T, Refusal, Gone>;

struct Connection {
    explicit Connection(tcp::socket socket) : stream(std::move(socket)) {}

    beast::tcp_stream stream;
    beast::flat_buffer buffer;  ///< what was received and not yet used: pipelined requests
    std::string peer;
    bool is_idle = true;  ///< no byte of a next request has come
};

std::string_view received(const Connection& connection) {
    const auto data = connection.buffer.data();
    return {static_cast<const char*>(data.data()), data.size()};
}

/// How long the target is, as far as it has come.
std::size_t target_bytes(std::string_view head) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const std::size_t begin = line.find(' ');
    if (begin == std::string_view::npos) return 0;
    const std::string_view rest = line.substr(begin + 1);
    return std::min(rest.size(), rest.find(' '));
}

/// A bare line end would never become the end of the head, so it is looked for at once.
bool has_bare_line_end(std::string_view text) {
    for (std::size_t at = text.find('\n'); at != std::string_view::npos;
         at = text.find('\n', at + 1)) {
        if (at == 0 || text[at - 1] != '\r') return true;
    }
    return false;
}

std::string header_text(std::string_view text) {
    std::string safe(text);
    std::ranges::replace_if(safe, [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
    return safe;
}

std::string_view reason(int status) {
    const auto text = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
    return {text.data(), text.size()};
}

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

std::string head_of(const ApiResponse& response, bool keep_alive) {
    std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason(response.status));
    head += fmt::format("Date: {:%a, %d %b %Y %H:%M:%S} GMT\r\n",
                        fmt::gmtime(std::chrono::system_clock::now()));
    if (may_have_body(response.status)) {
        head += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n",
                            header_text(response.content_type), response.body.size());
    }
    for (const auto& [name, value] : response.headers) {
        head += fmt::format("{}: {}\r\n", header_text(name), header_text(value));
    }
    head += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
    return head;
}

asio::awaitable<Result<std::string>> inflate_later(std::string packed) {
    co_return inflate_body(packed);
}

/// The name in a Host header, without the port.
std::string_view host_name(std::string_view host) {
    if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
    return host.substr(0, host.find(':'));
}

}  // namespace

class HttpServer::Impl {
  public:
    Impl(asio::io_context& io, asio::any_io_executor worker, HttpServerOptions options,
         HttpApplication& application)
        : worker_(std::move(worker)),
          options_(std::move(options)),
          application_(application),
          group_(io.get_executor()),
          acceptor_(io),
          pause_(io),
          drain_timer_(io) {}

    Result<void> listen();
    asio::awaitable<void> run();
    void drain();
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::size_t connections() const { return connections_.size(); }

  private:
    asio::awaitable<void> accept();
    asio::awaitable<void> welcome(tcp::socket socket);
    asio::awaitable<void> serve(Connection& connection);
    asio::awaitable<bool> exchange(Connection& connection);
    asio::awaitable<Step<std::size_t>> read_head(Connection& connection);
    Step<ApiRequest> parse_head(Connection& connection, std::size_t bytes, Parser& parser);
    asio::awaitable<Step<std::string>> read_body(Connection& connection, const ApiRequest& request,
                                                 Parser& parser);
    asio::awaitable<Step<std::string>> unpack(const ApiRequest& request, std::string body);
    asio::awaitable<ApiResponse> ask(ApiRequest request);
    asio::awaitable<bool> write(Connection& connection, const ApiResponse& response,
                                bool keep_alive, bool with_body);
    asio::awaitable<bool> refuse(Connection& connection, const Refusal& refusal);
    void end_if_idle();
    void close_all();
    [[nodiscard]] std::optional<int> is_full(const std::string& peer) const;

    asio::any_io_executor worker_;
    HttpServerOptions options_;
    HttpApplication& application_;
    TaskGroup group_;
    tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    asio::steady_timer drain_timer_;
    std::list<Connection> connections_;
    std::uint16_t port_ = 0;
    bool is_draining_ = false;
};

Result<void> HttpServer::Impl::listen() {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(options_.host, error);
    if (error) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("\"{}\" is no address to listen at; say one like 127.0.0.1, ::1 "
                                   "or 0.0.0.0",
                                   options_.host));
    }
    const tcp::endpoint endpoint(address, options_.port);
    (void)acceptor_.open(endpoint.protocol(), error);
    if (!error) (void)acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) (void)acceptor_.bind(endpoint, error);
    if (!error) (void)acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (!error) port_ = acceptor_.local_endpoint(error).port();
    if (error) {
        return failure(ErrorCode::unavailable,
                       fmt::format("cannot listen at {} port {}: {}; choose another with --port",
                                   options_.host, options_.port, error.message()));
    }
    return {};
}

asio::awaitable<void> HttpServer::Impl::run() {
    group_.spawn(accept());
    while (co_await group_.next()) {
    }
    drain_timer_.cancel();
}

void HttpServer::Impl::drain() {
    if (is_draining_) return;
    is_draining_ = true;
    drain_timer_.expires_after(options_.drain_time);
    drain_timer_.async_wait([this](boost::system::error_code error) {
        if (!error) close_all();
    });
    end_if_idle();
}

/// The end of a drain: no connection has a request any more.
void HttpServer::Impl::end_if_idle() {
    const bool is_idle = std::ranges::all_of(connections_, &Connection::is_idle);
    if (is_draining_ && is_idle) close_all();
}

void HttpServer::Impl::close_all() {
    boost::system::error_code ignored;
    (void)acceptor_.close(ignored);
    pause_.cancel();
    for (Connection& connection : connections_) connection.stream.cancel();
}

asio::awaitable<void> HttpServer::Impl::accept() {
    while (acceptor_.is_open()) {
        auto [error, socket] = co_await acceptor_.async_accept(k_await);
        if (!acceptor_.is_open()) co_return;
        if (!error) {
            group_.spawn(welcome(std::move(socket)));
            continue;
        }
        // No descriptors are left, most likely: some connection has to end first.
        pause_.expires_after(k_accept_pause);
        (void)co_await pause_.async_wait(k_await);
    }
}

/// The status for one connection too many.
std::optional<int> HttpServer::Impl::is_full(const std::string& peer) const {
    if (connections_.size() >= options_.connections_max) return 503;
    const auto from_peer = std::ranges::count(connections_, peer, &Connection::peer);
    const bool is_full = std::cmp_greater_equal(from_peer, options_.connections_per_address_max);
    return is_full ? std::optional(429) : std::nullopt;
}

asio::awaitable<void> HttpServer::Impl::welcome(tcp::socket socket) {
    boost::system::error_code error;
    const tcp::endpoint from = socket.remote_endpoint(error);
    if (error || !acceptor_.is_open()) co_return;
    std::string peer = from.address().to_string();
    (void)socket.set_option(tcp::no_delay(true), error);
    if (const auto status = is_full(peer)) {
        const ApiResponse response = application_.refuse(*status, "Too many connections");
        const std::string text = head_of(response, false) + response.body;
        (void)socket.non_blocking(true, error);
        (void)socket.write_some(asio::buffer(text), error);  // as much as fits: nobody waits for it
        co_return;
    }
    connections_.emplace_back(std::move(socket));
    const auto self = std::prev(connections_.end());
    self->peer = std::move(peer);
    try {
        co_await serve(*self);
    } catch (const std::exception&) {
        // A connection's failure is its own: the application's were answered, see ask().
    }
    connections_.erase(self);
    end_if_idle();
}

asio::awaitable<void> HttpServer::Impl::serve(Connection& connection) {
    while (co_await exchange(connection)) {
    }
    boost::system::error_code ignored;
    (void)connection.stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
}

/// One request and its answer; whether the connection goes on.
asio::awaitable<bool> HttpServer::Impl::exchange(Connection& connection) {
    connection.is_idle = connection.buffer.size() == 0;
    const auto head = co_await read_head(connection);
    if (const auto* const refusal = std::get_if<Refusal>(&head)) {
        co_return co_await refuse(connection, *refusal);
    }
    if (std::holds_alternative<Gone>(head)) co_return false;

    Parser parser;
    auto parsed = parse_head(connection, std::get<std::size_t>(head), parser);
    if (const auto* const refusal = std::get_if<Refusal>(&parsed)) {
        co_return co_await refuse(connection, *refusal);
    }
    ApiRequest request = std::move(std::get<ApiRequest>(parsed));
    auto body = co_await read_body(connection, request, parser);
    if (const auto* const refusal = std::get_if<Refusal>(&body)) {
        co_return co_await refuse(connection, *refusal);
    }
    if (std::holds_alternative<Gone>(body)) co_return false;
    request.body = std::move(std::get<std::string>(body));

    const bool with_body = request.method != "HEAD";
    const bool keep_alive = parser.get().keep_alive();
    connection.stream.expires_never();
    const ApiResponse response = co_await ask(std::move(request));
    co_return co_await write(connection, response, keep_alive && !is_draining_, with_body);
}

asio::awaitable<Step<std::size_t>> HttpServer::Impl::read_head(Connection& connection) {
    connection.stream.expires_after(connection.is_idle ? options_.idle_time : options_.header_time);
    while (true) {
        const std::string_view text = received(connection);
        const std::size_t end = text.find(k_head_end);
        const std::size_t bytes = std::min(text.size(), end) + k_head_end.size();
        const std::string_view head = text.substr(0, bytes);
        if (has_bare_line_end(head)) co_return Refusal{400, "A line ends without CR"};
        if (target_bytes(head) > limits::k_http_target_bytes_max) {
            co_return Refusal{414, "The URL is too long"};
        }
        const bool is_whole = end != std::string_view::npos;
        if (is_whole ? bytes > limits::k_http_head_bytes_max
                     : text.size() >= limits::k_http_head_bytes_max) {
            co_return Refusal{431, "The headers are too large"};
        }
        if (is_whole) co_return bytes;

        const auto space = connection.buffer.prepare(k_read_bytes);
        const auto [error, count] = co_await connection.stream.async_read_some(space, k_await);
        if (error) co_return Gone{};
        connection.buffer.commit(count);
        if (std::exchange(connection.is_idle, false)) {
            connection.stream.expires_after(options_.header_time);
        }
    }
}

Step<ApiRequest> HttpServer::Impl::parse_head(Connection& connection, std::size_t bytes,
                                              Parser& parser) {
    const std::string_view head = received(connection).substr(0, bytes);
    if (const auto fault = find_ambiguity(head)) return Refusal{400, std::string(*fault)};
    parser.header_limit(static_cast<std::uint32_t>(limits::k_http_head_bytes_max));
    parser.body_limit(boost::none);  // known once the route is, see read_body()
    beast::error_code error;
    const std::size_t used = parser.put(asio::buffer(head), error);
    if (error || !parser.is_header_done()) {
        return Refusal{400, "The request is not valid HTTP/1.1"};
    }
    connection.buffer.consume(used);

    const auto& message = parser.get();
    auto target = parse_http_target(message.target());
    const bool is_asterisk = message.target() == "*" && message.method() == http::verb::options;
    if (!target && !is_asterisk) return Refusal{400, target.error().message};
    ApiRequest request{.method = std::string(message.method_string()),
                       .path = "*",
                       .segments = {},
                       .query = {},
                       .headers = {},
                       .body = {},
                       .peer = connection.peer};
    if (target) {
        request.path = std::move(target->path);
        request.segments = std::move(target->segments);
        request.query = std::move(target->query);
    }
    for (const auto& field : message) {
        request.headers.emplace_back(to_lower_ascii(field.name_string()), field.value());
    }
    const auto host = to_lower_ascii(host_name(request.header("host").value_or("")));
    const bool is_ours = std::ranges::find(options_.hosts, host) != options_.hosts.end();
    if (!options_.hosts.empty() && !is_ours) {
        return Refusal{421, "This server does not answer to that host name"};
    }
    return request;
}

asio::awaitable<Step<std::string>> HttpServer::Impl::read_body(Connection& connection,
                                                               const ApiRequest& request,
                                                               Parser& parser) {
    const std::size_t bytes_max = application_.body_bytes_max(request);
    const auto length = parser.content_length();
    if (length && *length > bytes_max) co_return Refusal{413, "The body is too large"};
    parser.body_limit(bytes_max);
    connection.stream.expires_after(options_.body_time);
    const bool waits = to_lower_ascii(request.header("expect").value_or("")) == "100-continue";
    if (waits && !parser.is_done() && connection.buffer.size() == 0) {
        static constexpr std::string_view k_continue = "HTTP/1.1 100 Continue\r\n\r\n";
        const auto [error, count] =
            co_await asio::async_write(connection.stream, asio::buffer(k_continue), k_await);
        if (error) co_return Gone{};
    }
    if (!parser.is_done()) {
        const auto [error, count] =
            co_await http::async_read(connection.stream, connection.buffer, parser, k_await);
        if (error == http::error::body_limit) co_return Refusal{413, "The body is too large"};
        const bool is_malformed =
            error.category() == make_error_code(http::error::bad_chunk).category();
        if (error && is_malformed && error != http::error::partial_message &&
            error != http::error::end_of_stream) {
            co_return Refusal{400, "The body is not valid HTTP/1.1"};
        }
        if (error) co_return Gone{};
    }
    co_return co_await unpack(request, std::move(parser.get().body()));
}

asio::awaitable<Step<std::string>> HttpServer::Impl::unpack(const ApiRequest& request,
                                                            std::string body) {
    const std::string encoding = to_lower_ascii(request.header("content-encoding").value_or(""));
    if (encoding.empty() || encoding == "identity") co_return body;
    if (encoding != "gzip" && encoding != "x-gzip" && encoding != "deflate") {
        co_return Refusal{415, "Content-Encoding must be gzip, deflate or identity"};
    }
    auto task = inflate_later(std::move(body));
    auto inflated = co_await asio::co_spawn(worker_, std::move(task), asio::use_awaitable);
    if (inflated) co_return std::move(*inflated);
    const bool is_large = inflated.error().code == ErrorCode::resource_exhausted;
    co_return Refusal{is_large ? 413 : 400, inflated.error().message};
}

asio::awaitable<ApiResponse> HttpServer::Impl::ask(ApiRequest request) {
    try {
        co_return co_await application_.answer(std::move(request));
    } catch (const std::exception&) {
        // A co_await cannot stand here, and what failed may hold a secret: the cause is not told.
    }
    co_return application_.refuse(500, "Internal Server Error");
}

asio::awaitable<bool> HttpServer::Impl::write(Connection& connection, const ApiResponse& response,
                                              bool keep_alive, bool with_body) {
    const std::string head = head_of(response, keep_alive);
    const bool has_body = with_body && may_have_body(response.status);
    const std::array parts = {asio::buffer(head),
                              has_body ? asio::buffer(response.body) : asio::const_buffer()};
    connection.stream.expires_after(options_.write_time);
    const auto [error, count] = co_await asio::async_write(connection.stream, parts, k_await);
    co_return !error && keep_alive;
}

/// Answers and ends. What the sender goes on sending is read for a moment: closing at once would
/// take the answer away from it again.
asio::awaitable<bool> HttpServer::Impl::refuse(Connection& connection, const Refusal& refusal) {
    const ApiResponse response = application_.refuse(refusal.status, refusal.why);
    (void)co_await write(connection, response, false, true);
    boost::system::error_code failed;
    (void)connection.stream.socket().shutdown(tcp::socket::shutdown_send, failed);
    connection.stream.expires_after(limits::k_http_linger_time);
    std::string discarded(k_read_bytes, '\0');
    std::size_t bytes = 0;
    while (!failed && bytes < limits::k_http_linger_bytes_max) {
        const auto [error, count] =
            co_await connection.stream.async_read_some(asio::buffer(discarded), k_await);
        failed = error;
        bytes += count;
    }
    co_return false;
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::listen(asio::io_context& io,
                                                       asio::any_io_executor worker,
                                                       HttpServerOptions options,
                                                       HttpApplication& application) {
    auto impl = std::make_unique<Impl>(io, std::move(worker), std::move(options), application);
    ASSAY_CHECK(impl->listen());
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::uint16_t HttpServer::port() const { return impl_->port(); }
std::size_t HttpServer::connections() const { return impl_->connections(); }
asio::awaitable<void> HttpServer::run() { return impl_->run(); }
void HttpServer::drain() { impl_->drain(); }

}  // namespace assay
