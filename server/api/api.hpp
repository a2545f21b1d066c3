#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <optional>
#include <span>

#include "server/api/auth.hpp"
#include "server/api/http_message.hpp"
#include "server/api/route.hpp"

namespace assay {

/// The API: takes a request to its route, knows the caller and gives every failure its body.
class Api final : public HttpApplication {
  public:
    struct Parts {
        AccessStore& access;
        ServerSecrets secrets;
        const Clock& clock;
        ServerLog& log;
        /// One thread: the only one that uses the store.
        boost::asio::any_io_executor store_thread;
        std::optional<Secret> admin_key = std::nullopt;
    };
    explicit Api(Parts parts, std::span<const Route> table = routes());

    [[nodiscard]] std::size_t body_bytes_max(const ApiRequest& request) const override;
    [[nodiscard]] boost::asio::awaitable<ApiResponse> answer(ApiRequest request) override;
    [[nodiscard]] ApiResponse refuse(int status, std::string_view why) override;

    /// From now on /ready says that the server ends. On the server's thread.
    void begin_drain() { context_.is_draining = true; }
    /// What /metrics tells of the server.
    void count_connections(std::function<std::size_t()> connections) {
        context_.connections = std::move(connections);
    }

  private:
    [[nodiscard]] boost::asio::awaitable<ApiResponse> perform_later(const RouteTable::Match& match,
                                                                    const ApiRequest& request);
    [[nodiscard]] ApiResponse perform(const RouteTable::Match& match, const ApiRequest& request);
    [[nodiscard]] Result<ApiResponse> handle(const RouteTable::Match& match,
                                             const ApiRequest& request);

    Parts parts_;
    RouteTable table_;
    Authenticator authenticator_;
    ApiContext context_;
};

}  // namespace assay
