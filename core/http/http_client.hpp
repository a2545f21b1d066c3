#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/secret.hpp"
#include "core/base/task.hpp"
#include "core/http/address_guard.hpp"

namespace assay {

struct HttpHeader {
    std::string name;
    Secret value;  ///< never printed: it may be a key
};

struct HttpResponse {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;
};

struct HttpRequest {
    std::string method = "POST";
    std::string url;
    std::vector<HttpHeader> headers;
    std::string body;
    /// For answers that are read while they come: called after each piece of the body with all
    /// there is so far. What it takes out of the body is not in the response. An error ends the
    /// request with that error. Must not throw; only called while send() is awaited.
    std::function<Result<void>(HttpResponse& so_far)> on_body = nullptr;
};

/// Where outbound requests go, so that a test can be the network.
class HttpTransport {
  public:
    virtual ~HttpTransport() = default;
    /// Sends one request. A response of any status is a success here.
    /// @error deadline_exceeded; unavailable (refused, reset, cut off, bad TLS; retryable);
    ///        resource_exhausted past limits::k_provider_reply_bytes_max; invalid_argument for a
    ///        URL that is none or holds a user name; permission_denied when the address policy
    ///        refuses the host; what `on_body` returned.
    [[nodiscard]] virtual Task<HttpResponse> send(HttpRequest request, Deadline deadline) = 0;
};

struct HttpTransportOptions {
    /// Checked on the resolved address of every new connection. `public_only` also uses no proxy.
    AddressPolicy addresses = AddressPolicy::any;
    /// Makes the socket of a new connection, like socket(2), which it is by default. A test can
    /// count here.
    std::function<int(int family, int type, int protocol)> open_socket = nullptr;
    /// http://, https:// or socks5:// address of a proxy, which may hold a user name and password;
    /// NO_PROXY does not count then. "" = as the proxy variables say.
    std::string proxy = {};
    /// File (PEM) with the certificates of the authorities to trust instead of the system's; "" =
    /// those.
    std::string ca_file = {};
};

/// libcurl's multi interface on the I/O thread's event loop: connections are kept and shared by
/// the requests of one transport, TLS is verified, redirects are not followed, the usual proxy
/// variables are honoured.
///
/// A connection that is used again is not checked again: hosts that the operator names and hosts
/// that others name need a transport each.
/// @error invalid_argument for a proxy that is none or a CA file that cannot be read or holds no
///        certificate; internal when libcurl cannot be initialised.
[[nodiscard]] Result<std::unique_ptr<HttpTransport>> make_curl_transport(
    HttpTransportOptions options = {});

/// A URL without what may hold keys: user and password, query and fragment.
[[nodiscard]] std::string printable_url(std::string_view url);

}  // namespace assay
