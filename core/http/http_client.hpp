#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/secret.hpp"
#include "core/base/task.hpp"

namespace assay {

struct HttpHeader {
    std::string name;
    Secret value;  ///< never printed: it may be a key
};

struct HttpRequest {
    std::string method = "POST";
    std::string url;
    std::vector<HttpHeader> headers;
    std::string body;
};

struct HttpResponse {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;
};

/// Where outbound requests go, so that a test can be the network.
class HttpTransport {
  public:
    virtual ~HttpTransport() = default;
    /// Sends one request. A response of any status is a success here.
    /// @error deadline_exceeded; unavailable (refused, reset, cut off, bad TLS; retryable);
    ///        resource_exhausted past limits::k_provider_reply_bytes_max; invalid_argument for a
    ///        URL that is none.
    [[nodiscard]] virtual Task<HttpResponse> send(HttpRequest request, Deadline deadline) = 0;
};

/// libcurl's multi interface on the I/O thread's event loop: connections are kept and shared, TLS
/// is verified, redirects are not followed, the usual proxy variables are honoured.
/// @error internal when libcurl cannot be initialised.
[[nodiscard]] Result<std::unique_ptr<HttpTransport>> make_curl_transport();

}  // namespace assay
