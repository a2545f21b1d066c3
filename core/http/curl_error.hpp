#pragma once

#include <string>

#include "core/base/error.hpp"
#include "core/http/curl_handle.hpp"

namespace assay {

/// Where a request goes, for messages: never with a path, a query or credentials, which may hold
/// keys.
struct Endpoint {
    std::string host;
    std::string port;
    std::string zone = {};  ///< of an IPv6 address, "" = none

    [[nodiscard]] std::string text() const { return host + ":" + port; }
};

/// @error invalid_argument when the URL cannot be parsed, is neither http nor https, or holds a
///        user name or password.
[[nodiscard]] Result<Endpoint> parse_endpoint(const std::string& url);

/// How a transfer failed.
struct TransferFailure {
    CURLcode code = CURLE_OK;
    long os_error = 0;   ///< errno of the connection, 0 = none
    std::string detail;  ///< libcurl's own words, "" = none
};

/// The failure in plain words with host, port and remedy; `retryable` when another attempt may end
/// differently.
[[nodiscard]] Error transfer_error(const TransferFailure& failure, const Endpoint& endpoint);

}  // namespace assay
