#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <optional>
#include <span>

#include "server/api/auth.hpp"
#include "server/api/http_message.hpp"
#include "server/api/memory_budget.hpp"
#include "server/api/route.hpp"
#include "server/store/reader_pool.hpp"
#include "server/store/write_queue.hpp"

namespace assay {

/// The API: takes a request to its route, knows the caller and gives every failure its body.
class Api final : public HttpApplication {
  public:
    struct Parts {
        AccessStore& access;
        ServerSecrets secrets;
        const Clock& clock;
        ServerLog& log;
        /// One thread: the only one that uses the access store.
        boost::asio::any_io_executor access_thread;
        /// Several: they read requests and the store.
        boost::asio::any_io_executor workers;
        ReaderPool& readers;
        WriteQueue& writes;
        std::optional<Secret> admin_key = std::nullopt;
        std::string base_path = {};  ///< that everything is served below, for OpenAPI
        bool logs_requests = false;  ///< a line for each
    };
    explicit Api(Parts parts, std::span<const Route> table = routes());

    [[nodiscard]] std::size_t body_bytes_max(const ApiRequest& request) const override;
    [[nodiscard]] boost::asio::awaitable<ApiResponse> answer(ApiRequest request) override;
    [[nodiscard]] ApiResponse refuse(int status, std::string_view why) override;

    /// From now on /ready says that the server ends. On the server's thread.
    void begin_drain() { context_.is_draining = true; }
    /// Told when there is something to clear; called on any thread.
    void notify_removal(std::function<void()> told) { context_.project_removed = std::move(told); }
    /// What /metrics tells of the server.
    void count_connections(std::function<std::size_t()> connections) {
        context_.connections = std::move(connections);
    }

  private:
    using Match = RouteTable::Match;
    /// Who asks, or the answer to somebody who may not.
    using Admission = std::variant<Caller, ApiResponse>;
    /// What has to be written, and the memory that it takes until then.
    struct Prepared {
        WriteJob job;
        MemoryBudget::Share memory;
    };
    /// The answer, or what has to be written before there is one.
    using Step = std::variant<ApiResponse, Prepared>;

    [[nodiscard]] boost::asio::awaitable<Result<ApiResponse>> perform(const Match& match,
                                                                      const ApiRequest& request);
    [[nodiscard]] boost::asio::awaitable<Result<Step>> act(const Route& route,
                                                           const RouteCall& call, Caller& caller);
    [[nodiscard]] Result<Admission> admit(const Route& route, const ApiRequest& request);
    [[nodiscard]] boost::asio::awaitable<Result<ApiResponse>> write(Prepared prepared,
                                                                    std::size_t bytes);
    [[nodiscard]] ApiResponse tell(const Match& match, const ApiRequest& request,
                                   Result<ApiResponse> response);

    Parts parts_;
    RouteTable table_;
    Authenticator authenticator_;  ///< on the access thread
    ApiContext context_;
    MemoryBudget decoding_{limits::k_decoded_bytes_max};
};

}  // namespace assay
