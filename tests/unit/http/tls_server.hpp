#pragma once

#include <memory>
#include <string>
#include <vector>

namespace assay::test {

/// An HTTPS server on the loopback interface, with a certificate that it signed itself for
/// 127.0.0.1 and model.invalid. Answers every request with "over TLS".
class TlsServer {
  public:
    TlsServer();
    ~TlsServer();
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;

    [[nodiscard]] int port() const;
    [[nodiscard]] const std::string& certificate() const;  ///< PEM
    /// What came so far: from the method to the end of the headers.
    [[nodiscard]] std::vector<std::string> requests() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// A proxy on the loopback interface that opens tunnels (CONNECT), all of them to one port of it,
/// whatever they ask for.
class TunnelProxy {
  public:
    /// @param authorization  of the proxy that is asked for, "" = none.
    explicit TunnelProxy(int target_port, std::string authorization = "");
    ~TunnelProxy();
    TunnelProxy(const TunnelProxy&) = delete;
    TunnelProxy& operator=(const TunnelProxy&) = delete;

    [[nodiscard]] int port() const;
    [[nodiscard]] std::vector<std::string> requests() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace assay::test
