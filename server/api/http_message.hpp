#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.hpp"

namespace assay {

using HttpFields = std::vector<std::pair<std::string, std::string>>;

/// One request, read and decoded; it knows nothing of what is served.
struct ApiRequest {
    std::string method;
    std::string path;                   ///< as it was sent, without the query
    std::vector<std::string> segments;  ///< of the path, each decoded once: "%2F" is within one
    HttpFields query;                   ///< in order, decoded
    HttpFields headers;                 ///< in order, names in lower case; none of a proxy's
    std::string body;                   ///< inflated
    std::string peer;                   ///< the address of the sender, as a trusted proxy told it
    std::string host;                   ///< asked for, with the port if one was given; the same
    std::string scheme = "http";        ///< or "https"; the same

    /// The first header of that name (lower case); nothing when there is none.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
    [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
};

struct ApiResponse {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    HttpFields headers;
};

/// What the server serves. It is asked on the server's thread, which it must not keep.
class HttpApplication {
  public:
    virtual ~HttpApplication() = default;
    /// How long the body of this request may be, as it is sent.
    /// @param request  without its body.
    [[nodiscard]] virtual std::size_t body_bytes_max(const ApiRequest& request) const = 0;
    /// Answers a request; an exception becomes a 500.
    [[nodiscard]] virtual boost::asio::awaitable<ApiResponse> answer(ApiRequest request) = 0;
    /// The answer to what is no request that can be asked: 400, 413, 414, 415, 421, 429,
    /// 431, 500, 503.
    [[nodiscard]] virtual ApiResponse refuse(int status, std::string_view why) = 0;
};

/// The parts of a request's target.
struct HttpTarget {
    std::string path;
    std::vector<std::string> segments;
    HttpFields query;
};

/// Splits "/a/b%2Fc?d=e+f": the path at each "/", then decodes each part exactly once.
/// @error invalid_argument for anything but a path, a broken "%", a NUL or text that is not UTF-8.
[[nodiscard]] Result<HttpTarget> parse_http_target(std::string_view target);

/// Why the head of a request, from its first byte to the empty line, can be read in more than one
/// way; nothing when all is well. What two readers could split differently is refused: line ends
/// that are not CRLF, folded lines, white space before a colon, several Content-Length, Host or
/// Transfer-Encoding, one beside the other, other encodings than "chunked".
[[nodiscard]] std::optional<std::string_view> find_ambiguity(std::string_view head);

}  // namespace assay
