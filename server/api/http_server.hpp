#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "server/api/http_message.hpp"
#include "server/api/limits.hpp"

namespace assay {

struct HttpServerOptions {
    std::string host = "127.0.0.1";  ///< an address, not a name
    std::uint16_t port = 0;          ///< 0: any that is free
    /// Names (without a port) that a Host header may have; empty: all. Against pages that make a
    /// browser ask a server on its own machine by a name of theirs (DNS rebinding).
    std::vector<std::string> hosts;
    /// Where everything is served: "/assay" makes "/api" be "/assay/api". "" = at the root.
    std::string base_path;
    /// Addresses or networks; see TrustedProxies. What is limited for an address is limited for
    /// those on whose behalf they ask.
    std::vector<std::string> trusted_proxies;
    // Files; both or none.
    std::string tls_certificate;
    std::string tls_key;

    std::size_t connections_max = limits::k_http_connections_max;
    std::size_t connections_per_address_max = limits::k_http_connections_per_address_max;
    std::size_t bodies_bytes_max = limits::k_http_bodies_bytes_max;
    std::chrono::milliseconds header_time = limits::k_http_header_time;
    std::chrono::milliseconds body_time = limits::k_http_body_time;
    std::chrono::milliseconds idle_time = limits::k_http_idle_time;
    std::chrono::milliseconds write_time = limits::k_http_write_time;
    std::chrono::milliseconds drain_time = limits::k_http_drain_time;
};

/// HTTP/1.1 on one thread, plain or through TLS: a coroutine a connection, with keep-alive and
/// pipelining. It reads requests within their limits, refuses what two readers could understand
/// differently, and hands the rest to the application.
class HttpServer {
  public:
    /// Listens at once, so that a port in use is known here.
    /// @param worker  where bodies are inflated, which takes too long for the server's thread.
    /// @error invalid_argument when the options say what cannot be: a host that is no address, a
    /// certificate that cannot be read; unavailable when it cannot listen.
    static Result<std::unique_ptr<HttpServer>> listen(boost::asio::io_context& io,
                                                      boost::asio::any_io_executor worker,
                                                      HttpServerOptions options,
                                                      HttpApplication& application);
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    ~HttpServer();

    [[nodiscard]] std::uint16_t port() const;
    /// Open connections, now.
    [[nodiscard]] std::size_t connections() const;
    /// Serves until drain() was called and all connections have ended. Await it once, before the
    /// server goes away.
    [[nodiscard]] boost::asio::awaitable<void> run();
    /// Ends as soon as no request is being read or answered, after `drain_time` at the latest.
    /// Until then others are still answered, but each connection ends with its answer. On the
    /// server's thread.
    void drain();

  private:
    class Impl;
    explicit HttpServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace assay
