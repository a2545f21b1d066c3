#include "core/http/curl_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/limits.hpp"
#include "core/http/http_client.hpp"

namespace assay {
namespace {

std::string url_part(CURLU* url, CURLUPart part) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
    const CurlText owned(text);
    return owned.get();
}

/// libcurl names the host that it could not connect to: when that is another one, it is the proxy.
bool is_proxy_failure(const TransferFailure& failure, const Endpoint& endpoint) {
    const bool is_ipv6 = endpoint.host.starts_with('[');
    const std::string host =
        is_ipv6 ? endpoint.host.substr(1, endpoint.host.size() - 2) : endpoint.host;
    return !failure.detail.empty() && failure.detail.find(host) == std::string::npos;
}

/// The answer to a CONNECT, which libcurl tells only in words.
bool is_refused_by_proxy(std::string_view detail) { return detail.contains("CONNECT"); }

std::string_view proxy_settings(const TransferFailure& failure) {
    return failure.has_own_proxy ? "its address in `proxy`"
                                 : "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY";
}

std::string connect_failure(const TransferFailure& failure, const Endpoint& endpoint) {
    const std::string to = endpoint.text();
    if (failure.os_error == EMFILE) {
        return "too many open connections for this process: raise `ulimit -n`";
    }
    if (is_proxy_failure(failure, endpoint)) {
        return fmt::format("cannot reach {} through the proxy ({}): check {}", to, failure.detail,
                           proxy_settings(failure));
    }
    switch (failure.os_error) {
        case ECONNREFUSED:
            return fmt::format("connection refused by {}: is the server running?", to);
        case ENETUNREACH:
        case EHOSTUNREACH: return fmt::format("no route to {}: is the network up?", to);
        default: return fmt::format("cannot connect to {}: is the address right?", to);
    }
}

}  // namespace

std::string printable_url(std::string_view url) {
    url = url.substr(0, url.find_first_of("?#"));
    const std::size_t scheme_end = url.find("://");
    const std::size_t begin = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
    const std::size_t at = url.rfind('@');
    if (at == std::string_view::npos || at < begin) return std::string(url);
    return fmt::format("{}{}", url.substr(0, begin), url.substr(at + 1));
}

Result<Endpoint> parse_endpoint(const std::string& url) {
    const CurlUrl parsed(curl_url());
    const bool is_url =
        parsed && curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK;
    const std::string scheme = is_url ? url_part(parsed.get(), CURLUPART_SCHEME) : "";
    if (scheme != "http" && scheme != "https") {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("\"{}\" is no URL that begins with http:// or https://",
                                   printable_url(url)));
    }
    const bool has_credentials = !url_part(parsed.get(), CURLUPART_USER).empty() ||
                                 !url_part(parsed.get(), CURLUPART_PASSWORD).empty();
    if (has_credentials) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("\"{}\" holds a user name or password; send it in a header",
                                   printable_url(url)));
    }
    return Endpoint{url_part(parsed.get(), CURLUPART_HOST), url_part(parsed.get(), CURLUPART_PORT),
                    url_part(parsed.get(), CURLUPART_ZONEID)};
}

Result<void> check_proxy(const std::string& address) {
    const CurlUrl parsed(curl_url());
    const bool is_url = parsed && curl_url_set(parsed.get(), CURLUPART_URL, address.c_str(),
                                               CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;
    const std::string scheme = is_url ? url_part(parsed.get(), CURLUPART_SCHEME) : "";
    constexpr std::array k_schemes = {"http", "https", "socks4", "socks4a", "socks5", "socks5h"};
    if (std::ranges::find(k_schemes, scheme) != k_schemes.end()) return {};
    return failure(ErrorCode::invalid_argument,
                   fmt::format("\"{}\" is no address of a proxy: write it as "
                               "http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT",
                               printable_url(address)));
}

Error transfer_error(const TransferFailure& failure, const Endpoint& endpoint) {
    const std::string to = endpoint.text();
    const std::string detail =
        failure.detail.empty() ? curl_easy_strerror(failure.code) : failure.detail;
    const auto unavailable = [](std::string message, bool retryable = true) {
        return Error{ErrorCode::unavailable, std::move(message), retryable};
    };
    switch (failure.code) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return unavailable(fmt::format(
                "cannot find the host {}: is its name right and the network up?", endpoint.host));
        case CURLE_COULDNT_RESOLVE_PROXY:
            return unavailable(
                fmt::format("cannot find the proxy's host: check {}", proxy_settings(failure)),
                false);
        case CURLE_COULDNT_CONNECT: return unavailable(connect_failure(failure, endpoint));
        case CURLE_OPERATION_TIMEDOUT:
            return unavailable(
                fmt::format("no connection to {} within {} s: is the address right, or is a "
                            "firewall or a proxy in the way?",
                            to, limits::k_connect_timeout.count()));
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            return unavailable(
                fmt::format("the certificate of {} is not trusted ({}): install the authority that "
                            "signed it (Debian: ca-certificates), or name it in `ca_file` "
                            "(of a provider) or SSL_CERT_FILE (for --server)",
                            to, detail),
                false);
        case CURLE_SSL_CONNECT_ERROR:
            return unavailable(fmt::format(
                "the TLS handshake with {} failed ({}): does it speak https?", to, detail));
        case CURLE_SSL_CACERT_BADFILE:
            return unavailable(
                fmt::format("the certificates to trust cannot be used for {} ({}): is the CA file "
                            "one of certificates in PEM?",
                            to, detail),
                false);
        case CURLE_GOT_NOTHING:
            return unavailable(fmt::format("{} closed the connection without an answer", to));
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
            if (is_refused_by_proxy(detail)) {
                return unavailable(fmt::format(
                    "the proxy lets no request through to {} ({}): check {}, and whether it needs "
                    "a user name and password",
                    to, detail, proxy_settings(failure)));
            }
            [[fallthrough]];
        case CURLE_PARTIAL_FILE:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
            return unavailable(fmt::format(
                "the connection to {} broke before the answer was complete ({})", to, detail));
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_BAD_CONTENT_ENCODING:
            return unavailable(
                fmt::format("{} did not answer in HTTP ({}): is the port right, and http or https?",
                            to, detail));
        case CURLE_URL_MALFORMAT:
            return Error{ErrorCode::invalid_argument,
                         fmt::format("the URL for {} cannot be sent: {}", to, detail)};
        case CURLE_OUT_OF_MEMORY:
            return Error{ErrorCode::resource_exhausted,
                         fmt::format("out of memory during a request to {}", to)};
        default: return unavailable(fmt::format("the request to {} failed: {}", to, detail));
    }
}

}  // namespace assay
