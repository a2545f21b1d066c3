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

/// @error invalid_argument when the address is none of a proxy that libcurl speaks with.
[[nodiscard]] Result<void> check_proxy(const std::string& address);

/// How a transfer failed.
struct TransferFailure {
    CURLcode code = CURLE_OK;
    long os_error = 0;           ///< errno of the connection, 0 = none
    std::string detail;          ///< libcurl's own words, "" = none
    bool has_own_proxy = false;  ///< not that of the proxy variables
};

/// The failure in plain words with host, port and remedy; `retryable` when another attempt may end
/// differently.
[[nodiscard]] Error transfer_error(const TransferFailure& failure, const Endpoint& endpoint);

}  // namespace assay
