#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/json.hpp"
#include "core/http/http_client.hpp"
#include "server/client/server_access.hpp"

// The public API of a running server, this program's or any compatible one, as a caller that waits
// for each answer sees it. What the answers say is the caller's affair; here is how they are got.

namespace assay {

/// Fields of a query, in their order.
using QueryFields = std::vector<std::pair<std::string_view, std::string>>;

/// "/traces?limit=20": a path below /api/public with its query.
[[nodiscard]] std::string api_target(std::string path, const QueryFields& query = {});

/// A member of an object; null when there is none, and of what is no object.
[[nodiscard]] const OrderedJson& member_of(const OrderedJson& value, const char* name);

/// A page of a list.
struct ApiPage {
    std::int64_t begin = 0;  ///< the place of its first row in the list
    std::vector<OrderedJson> rows;
    std::optional<std::int64_t> total;  ///< of the whole list; nothing when the server says none
};

class ApiClient {
  public:
    /// What is told to people while they wait.
    using Teller = std::function<void(const std::string&)>;

    /// @param transport  the network; null = a transport of its own.
    /// @error as make_curl_transport.
    static Result<std::unique_ptr<ApiClient>> make(
        ServerAccess access, Teller tell, std::unique_ptr<HttpTransport> transport = nullptr);

    /// The address, safe to print.
    [[nodiscard]] const std::string& place() const { return place_; }

    // Reads are tried again while the server is overloaded or the connection breaks; a Retry-After
    // is waited for. All answers are objects.
    //
    // @error unauthenticated and permission_denied for what the keys may not; invalid_argument for
    //        what the server refuses; unavailable, deadline_exceeded and resource_exhausted for
    //        what may work later or elsewhere. Each names the server and the remedy, and what it
    //        quotes of an answer is safe to print.

    [[nodiscard]] Result<OrderedJson> get(const std::string& target);
    /// Nothing when the server says that it is not there.
    [[nodiscard]] Result<std::optional<OrderedJson>> find(const std::string& target);
    /// The same of each of a few, all at once.
    [[nodiscard]] std::vector<Result<std::optional<OrderedJson>>> find_each(
        const std::vector<std::string>& targets);
    /// @param page   from 1.
    /// @error resource_exhausted, not retryable, when the page is larger than an answer may be.
    [[nodiscard]] Result<ApiPage> page(const std::string& path, QueryFields query,
                                       std::int64_t page, std::int64_t limit);
    /// The page with the row at that place, counted from 0.
    /// @param rows  of a page, a power of ten: it gets smaller while pages are too large.
    [[nodiscard]] Result<ApiPage> page_with(const std::string& path, const QueryFields& query,
                                            std::int64_t place, std::int64_t& rows);
    /// All rows of a list, once each by what their member `key` says.
    [[nodiscard]] Result<std::vector<OrderedJson>> all(const std::string& path,
                                                       const QueryFields& query, const char* key);

    /// Whether a request that failed may be sent again as it is.
    enum class Repeat : std::uint8_t { never, as_reads };
    /// Sends a body. @error as of reads; not_found when the server says so.
    [[nodiscard]] Result<OrderedJson> send(std::string method, const std::string& target,
                                           const OrderedJson& body, Repeat repeat);
    /// Waits as long as it takes after a failed attempt, the first of which is number 1.
    /// @return false, at once, when trying again is no use.
    [[nodiscard]] bool wait_to_repeat(const Error& error, int attempt);

  private:
    ApiClient(ServerAccess access, Teller tell, std::unique_ptr<HttpTransport> transport);

    [[nodiscard]] HttpRequest request(std::string method, const std::string& target) const;
    [[nodiscard]] Task<OrderedJson> ask(HttpRequest request);
    [[nodiscard]] Task<OrderedJson> ask_patiently(HttpRequest request);
    [[nodiscard]] Task<void> wait_after(Error error, int attempt);
    [[nodiscard]] std::vector<Result<OrderedJson>> run_all(std::vector<Task<OrderedJson>> tasks);
    [[nodiscard]] Result<OrderedJson> run(Task<OrderedJson> task);

    ServerAccess access_;
    std::string place_;
    Teller tell_;
    boost::asio::io_context loop_{1};
    std::unique_ptr<HttpTransport> transport_;
    bool has_answered_ = false;  ///< anything at all
};

}  // namespace assay
