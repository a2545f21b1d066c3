#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace assay::test {

/// How a reply goes wrong on its way.
enum class StubFault : std::uint8_t {
    none,
    stall,         ///< the request is read and never answered
    close,         ///< the connection is closed without an answer
    cut_mid_body,  ///< closed after half of the announced body
    garbage,       ///< the body's bytes alone, no HTTP
    hang_up,       ///< closed after the whole reply
};

/// Bytes on the wire, and how long nothing comes before them.
struct StubPiece {
    std::string bytes;
    std::chrono::milliseconds pause{0};
};

struct StubReply {
    int status = 200;
    std::string body;
    std::map<std::string, std::string> headers = {{"Content-Type", "application/json"}};
    StubFault fault = StubFault::none;
    std::chrono::milliseconds delay{0};
    /// Sent as they are, each in a packet of its own, instead of status, headers and body.
    std::vector<StubPiece> raw = {};
};

struct StubRequest {
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;
};

/// An HTTP server on the loopback interface, on a thread of its own, that answers what a test
/// tells it to.
class StubServer {
  public:
    /// Called on the server's thread.
    using Handler = std::function<StubReply(const StubRequest&)>;

    explicit StubServer(Handler handler);
    /// Gives the same reply to everyone.
    explicit StubServer(StubReply reply);
    ~StubServer();
    StubServer(const StubServer&) = delete;
    StubServer& operator=(const StubServer&) = delete;

    [[nodiscard]] int port() const;
    /// "http://127.0.0.1:PORT" and the path.
    [[nodiscard]] std::string url(const std::string& path = "") const;
    /// Nobody is answered before so many requests have come.
    void hold_until(std::size_t requests);

    [[nodiscard]] std::vector<StubRequest> requests() const;
    /// Connections that were opened so far.
    [[nodiscard]] std::size_t connections() const;
    /// Waits until so many connections have ended; false when that takes longer than a few seconds.
    [[nodiscard]] bool wait_for_ended(std::size_t connections);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// A port of the loopback interface where nobody listens.
int unused_port();

}  // namespace assay::test
