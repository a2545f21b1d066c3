#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/api/http_server.hpp"

namespace assay::test {

struct RawResponse {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;
};

/// A TCP connection to a port of the loopback interface, on which a test writes what it likes.
class RawClient {
  public:
    explicit RawClient(std::uint16_t port);
    ~RawClient();
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    /// Whatever of it can still be sent: the server may have hung up.
    void send(std::string_view bytes);
    /// Says that nothing more comes.
    void end();
    /// The next answer; nothing when the connection ends before, or after ten seconds.
    /// @param has_body  false for the answer to HEAD.
    [[nodiscard]] std::optional<RawResponse> read(bool has_body = true);
    /// Whether the other side ends the connection within ten seconds, sending nothing more.
    [[nodiscard]] bool is_closed();

  private:
    [[nodiscard]] bool receive();

    int socket_;
    std::string received_;
};

/// One request on a connection of its own; status 0 when there is no answer.
RawResponse ask(std::uint16_t port, std::string_view request);
/// "METHOD TARGET" with Host and `headers` (each ended by CRLF) and a body.
std::string request_text(std::string_view method, std::string_view target,
                         std::string_view headers = "", std::string_view body = "");

/// Runs a server for an application, on a thread of its own.
class RunningServer {
  public:
    RunningServer(HttpApplication& application, HttpServerOptions options);
    ~RunningServer();
    RunningServer(const RunningServer&) = delete;
    RunningServer& operator=(const RunningServer&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    /// Does something on the server's thread and waits for it.
    void on_thread(const std::function<void(HttpServer&)>& action);
    /// Waits until run() has ended.
    void join();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace assay::test
