#include "server/api/http_server.hpp"

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
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <list>
#include <optional>
#include <variant>

#include "core/base/task_group.hpp"
#include "core/base/text.hpp"
#include "server/api/http_head.hpp"
#include "server/api/http_stream.hpp"
#include "server/api/inflate.hpp"
#include "server/api/trusted_proxies.hpp"

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

/// What one request's body takes of what all bodies may take together.
class BodyShare {
  public:
    BodyShare(std::size_t& total, std::size_t total_max) : total_(total), total_max_(total_max) {}
    ~BodyShare() { total_ -= bytes_; }
    BodyShare(const BodyShare&) = delete;
    BodyShare& operator=(const BodyShare&) = delete;

    /// @return false when there is not that much left.
    [[nodiscard]] bool grow_to(std::size_t bytes) {
        total_ += bytes - bytes_;
        bytes_ = bytes;
        return total_ <= total_max_;
    }

  private:
    std::size_t& total_;
    std::size_t total_max_;
    std::size_t bytes_ = 0;
};

struct Connection {
    Connection(tcp::socket socket, asio::ssl::context* tls) : stream(std::move(socket), tls) {}

    HttpStream stream;
    beast::flat_buffer buffer;  ///< what was received and not yet used: pipelined requests
    std::string peer;
    std::string sender;   ///< whose request a trusted proxy has brought; "" = none is there
    bool is_idle = true;  ///< no byte of a next request has come
};

std::string_view received(const Connection& connection) {
    const auto data = connection.buffer.data();
    return {static_cast<const char*>(data.data()), data.size()};
}

/// Not counted: who asked for something small is answered.
constexpr std::size_t k_answer_bytes_free = 64U << 10U;
constexpr const char* k_busy = "The server has too much to read at once; send it again later";

asio::awaitable<Result<std::string>> inflate_later(std::string packed, std::size_t bytes_max) {
    co_return inflate_body(packed, bytes_max);
}

/// The parts of a base path.
Result<std::vector<std::string>> parse_base_path(const std::string& path) {
    if (path.empty() || path == "/") return std::vector<std::string>();
    auto target = parse_http_target(path);
    const bool is_plain = target && target->path == path && !path.contains("//");
    if (is_plain && !path.ends_with('/')) return std::move(target->segments);
    return failure(ErrorCode::invalid_argument,
                   fmt::format("\"{}\" is no base path; say one like /assay", path));
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

    Result<void> prepare();
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
                                                 Parser& parser, BodyShare& share);
    asio::awaitable<Step<std::monostate>> receive_body(Connection& connection, Parser& parser,
                                                       BodyShare& share);
    asio::awaitable<Step<std::string>> unpack(const ApiRequest& request, std::string body);
    asio::awaitable<ApiResponse> ask(ApiRequest request);
    asio::awaitable<bool> write(Connection& connection, const ApiResponse& response,
                                bool keep_alive, bool with_body);
    asio::awaitable<bool> refuse(Connection& connection, const Refusal& refusal,
                                 bool with_body = true);
    void end_if_idle();
    void close_all();
    [[nodiscard]] std::optional<int> is_full(const std::string& peer) const;
    void locate(ApiRequest& request) const;
    [[nodiscard]] std::optional<Refusal> check_sender(Connection& connection,
                                                      const ApiRequest& request) const;

    asio::any_io_executor worker_;
    HttpServerOptions options_;
    HttpApplication& application_;
    TrustedProxies proxies_;
    std::vector<std::string> base_path_;
    std::unique_ptr<asio::ssl::context> tls_;  ///< nothing: plain
    TaskGroup group_;
    tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    asio::steady_timer drain_timer_;
    std::list<Connection> connections_;
    std::uint16_t port_ = 0;
    std::size_t bodies_bytes_ = 0;  ///< of all requests that are being read or answered
    bool is_draining_ = false;
};

/// What the options say, read and checked.
Result<void> HttpServer::Impl::prepare() {
    ASSAY_TRY(base_path_, parse_base_path(options_.base_path));
    ASSAY_TRY(proxies_, TrustedProxies::parse(options_.trusted_proxies));
    if (options_.tls_certificate.empty() && options_.tls_key.empty()) return {};
    if (options_.tls_certificate.empty() || options_.tls_key.empty()) {
        return failure(ErrorCode::invalid_argument,
                       "TLS needs both a certificate and its key, as files");
    }
    ASSAY_TRY(tls_, load_tls(options_.tls_certificate, options_.tls_key));
    return {};
}

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
    if (proxies_.contains(peer)) return std::nullopt;
    const auto from_peer = std::ranges::count(connections_, peer, &Connection::peer);
    const bool is_full = std::cmp_greater_equal(from_peer, options_.connections_per_address_max);
    return is_full ? std::optional(429) : std::nullopt;
}

asio::awaitable<void> HttpServer::Impl::welcome(tcp::socket socket) {
    boost::system::error_code error;
    const tcp::endpoint from = socket.remote_endpoint(error);
    if (error || !acceptor_.is_open()) co_return;
    std::string peer = plain_address(from.address()).to_string();
    (void)socket.set_option(tcp::no_delay(true), error);
    if (const auto status = is_full(peer)) {
        if (tls_ != nullptr) co_return;  // a handshake is more than one too many is worth
        const ApiResponse response = application_.refuse(*status, "Too many connections");
        const std::string text = head_of(response, false) + response.body;
        (void)socket.non_blocking(true, error);
        (void)socket.write_some(asio::buffer(text), error);  // as much as fits: nobody waits for it
        co_return;
    }
    connections_.emplace_back(std::move(socket), tls_.get());
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
    connection.stream.expires_after(options_.header_time);
    if (!co_await connection.stream.open()) co_return;
    while (co_await exchange(connection)) {
    }
    connection.stream.expires_after(limits::k_http_linger_time);
    co_await connection.stream.close();
}

/// One request and its answer; whether the connection goes on.
asio::awaitable<bool> HttpServer::Impl::exchange(Connection& connection) {
    connection.is_idle = connection.buffer.size() == 0;
    connection.sender.clear();
    const auto head = co_await read_head(connection);
    if (const auto* const refusal = std::get_if<Refusal>(&head)) {
        co_return co_await refuse(connection, *refusal);
    }
    if (std::holds_alternative<Gone>(head)) co_return false;

    Parser parser;
    auto parsed = parse_head(connection, std::get<std::size_t>(head), parser);
    const bool with_body = parser.get().method() != http::verb::head;
    if (const auto* const refusal = std::get_if<Refusal>(&parsed)) {
        co_return co_await refuse(connection, *refusal, with_body);
    }
    ApiRequest request = std::move(std::get<ApiRequest>(parsed));
    BodyShare share(bodies_bytes_, options_.bodies_bytes_max);
    auto body = co_await read_body(connection, request, parser, share);
    if (const auto* const refusal = std::get_if<Refusal>(&body)) {
        // What was received of it takes no room while its sender reads why.
        std::string().swap(parser.get().body());
        (void)share.grow_to(0);
        co_return co_await refuse(connection, *refusal, with_body);
    }
    if (std::holds_alternative<Gone>(body)) co_return false;
    request.body = std::move(std::get<std::string>(body));

    const bool keep_alive = parser.get().keep_alive();
    connection.stream.expires_never();
    const ApiResponse response = co_await ask(std::move(request));
    // What somebody reads slowly takes room too.
    const bool is_large = response.body.size() > k_answer_bytes_free;
    if (!share.grow_to(is_large ? response.body.size() : 0)) {
        co_return co_await refuse(connection, Refusal{503, k_busy}, with_body);
    }
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
                       .peer = connection.peer,
                       .host = {},
                       .scheme = connection.stream.is_encrypted() ? "https" : "http"};
    if (target) {
        request.path = std::move(target->path);
        request.segments = std::move(target->segments);
        request.query = std::move(target->query);
    }
    for (const auto& field : message) {
        request.headers.emplace_back(to_lower_ascii(field.name_string()), field.value());
    }
    request.host = request.header("host").value_or("");
    proxies_.resolve(request);
    locate(request);
    if (auto refusal = check_sender(connection, request)) return std::move(*refusal);
    return request;
}

/// Takes the base path from the parts of the path. Nothing is served outside it: no route has no
/// parts.
void HttpServer::Impl::locate(ApiRequest& request) const {
    auto& parts = request.segments;
    const bool is_within = std::ranges::mismatch(base_path_, parts).in1 == base_path_.end();
    const auto end = is_within ? parts.begin() + std::ssize(base_path_) : parts.end();
    parts.erase(parts.begin(), end);
}

/// Why a request is not taken from whom it comes, or for the host that it names.
std::optional<Refusal> HttpServer::Impl::check_sender(Connection& connection,
                                                      const ApiRequest& request) const {
    const auto& hosts = options_.hosts;
    const bool is_ours = std::ranges::find(hosts, host_name(request.host)) != hosts.end();
    if (!hosts.empty() && !is_ours) {
        return Refusal{421, "This server does not answer to that host name"};
    }
    if (request.peer == connection.peer) return std::nullopt;
    const auto from_sender = std::ranges::count(connections_, request.peer, &Connection::sender);
    if (std::cmp_greater_equal(from_sender, options_.connections_per_address_max)) {
        return Refusal{429, "Too many requests at once"};
    }
    connection.sender = request.peer;
    return std::nullopt;
}

asio::awaitable<Step<std::string>> HttpServer::Impl::read_body(Connection& connection,
                                                               const ApiRequest& request,
                                                               Parser& parser, BodyShare& share) {
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
    auto received = co_await receive_body(connection, parser, share);
    if (auto* const refusal = std::get_if<Refusal>(&received)) co_return std::move(*refusal);
    if (std::holds_alternative<Gone>(received)) co_return Gone{};
    auto body = co_await unpack(request, std::move(parser.get().body()));
    if (const auto* const text = std::get_if<std::string>(&body);
        text && !share.grow_to(text->size())) {
        co_return Refusal{503, k_busy};
    }
    co_return body;
}

asio::awaitable<Step<std::monostate>> HttpServer::Impl::receive_body(Connection& connection,
                                                                     Parser& parser,
                                                                     BodyShare& share) {
    while (!parser.is_done()) {
        const auto [error, count] =
            co_await http::async_read_some(connection.stream, connection.buffer, parser, k_await);
        if (error == http::error::body_limit) co_return Refusal{413, "The body is too large"};
        const bool is_malformed =
            error.category() == make_error_code(http::error::bad_chunk).category();
        if (error && is_malformed && error != http::error::partial_message &&
            error != http::error::end_of_stream) {
            co_return Refusal{400, "The body is not valid HTTP/1.1"};
        }
        if (error) co_return Gone{};
        if (!share.grow_to(parser.get().body().size())) co_return Refusal{503, k_busy};
    }
    co_return std::monostate{};
}

asio::awaitable<Step<std::string>> HttpServer::Impl::unpack(const ApiRequest& request,
                                                            std::string body) {
    const std::string encoding = to_lower_ascii(request.header("content-encoding").value_or(""));
    if (encoding.empty() || encoding == "identity") co_return body;
    if (encoding != "gzip" && encoding != "x-gzip" && encoding != "deflate") {
        co_return Refusal{415, "Content-Encoding must be gzip, deflate or identity"};
    }
    const std::size_t bytes_max =
        limits::k_http_inflated_factor * application_.body_bytes_max(request);
    auto task = inflate_later(std::move(body), bytes_max);
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
asio::awaitable<bool> HttpServer::Impl::refuse(Connection& connection, const Refusal& refusal,
                                               bool with_body) {
    const ApiResponse response = application_.refuse(refusal.status, refusal.why);
    (void)co_await write(connection, response, false, with_body);
    boost::system::error_code failed;
    connection.stream.end_sending();
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
    ASSAY_CHECK(impl->prepare());
    ASSAY_CHECK(impl->listen());
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::uint16_t HttpServer::port() const { return impl_->port(); }
std::size_t HttpServer::connections() const { return impl_->connections(); }
asio::awaitable<void> HttpServer::run() { return impl_->run(); }
void HttpServer::drain() { impl_->drain(); }

}  // namespace assay
