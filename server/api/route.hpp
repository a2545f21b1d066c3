#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/api/auth.hpp"
#include "server/api/error_body.hpp"
#include "server/api/http_message.hpp"
#include "server/api/limits.hpp"
#include "server/api/metrics.hpp"
#include "server/store/database.hpp"

namespace assay {

/// What handlers work with.
struct ApiContext {
    AccessStore& access;  ///< of handlers on the access thread only
    const ServerSecrets& secrets;
    const Clock& clock;
    Metrics metrics = {};                        ///< on the server's thread
    std::function<std::size_t()> connections{};  ///< the same
    std::function<void()> project_removed{};     ///< on any thread: there is something to clear
    std::string base_path = {};                  ///< that all routes are below; "" = none
    std::atomic<bool> is_draining = false;
};

/// One request as a handler sees it.
struct RouteCall {
    const ApiRequest& request;
    const std::map<std::string, std::string>& parameters;  ///< of the path, by name
    const Caller& caller;
    ErrorShape errors;

    [[nodiscard]] const std::string& parameter(const std::string& name) const {
        return parameters.at(name);
    }
    /// Of a route that only keys of a project may use.
    [[nodiscard]] const ProjectId& project() const { return *caller.owner.project; }
};

/// Answers at once, on the server's thread, from memory.
struct ServerHandler {
    Result<ApiResponse> (*answer)(ApiContext& context, const RouteCall& call);
};
/// Answers on the one thread that uses the access store.
struct AccessHandler {
    Result<ApiResponse> (*answer)(ApiContext& context, const RouteCall& call);
};
/// Answers from one snapshot of the store, on one of several threads.
struct ReadHandler {
    Result<ApiResponse> (*answer)(const ApiContext& context, const RouteCall& call,
                                  Session& reader);
};
/// What a request writes: runs inside a transaction with those of others. Its answer is sent when
/// the transaction is on the disk; an error undoes what it wrote, and nothing else.
using WriteJob = std::move_only_function<Result<ApiResponse>(Session& writer)>;
/// Reads and checks the request, on one of several threads, and says what is to be written. What
/// the job needs of `call` it takes with it.
struct WriteHandler {
    Result<WriteJob> (*prepare)(const ApiContext& context, const RouteCall& call);
};
using RouteHandler = std::variant<ServerHandler, AccessHandler, ReadHandler, WriteHandler>;

/// One thing that the server can be asked. The table of them drives dispatch, 405, CORS, HEAD,
/// OpenAPI (open_api.hpp) and the tests of who may ask what.
struct Route {
    std::string_view method;
    std::string_view pattern;  ///< "/api/public/projects/{projectId}"
    RouteAuth auth;
    RouteHandler handler;
    std::string_view summary;
    ErrorShape errors = ErrorShape::named;
    std::size_t body_bytes_max = limits::k_http_body_bytes_default;
};

/// All of them.
[[nodiscard]] std::span<const Route> routes();

/// Finds the route of a request.
class RouteTable {
  public:
    explicit RouteTable(std::span<const Route> table);

    struct Match {
        const Route* route = nullptr;  ///< nothing: no route has this path and method
        std::map<std::string, std::string> parameters{};
        std::vector<std::string_view> methods{};  ///< that the path has; empty: no such path
    };
    /// HEAD finds GET. Of several patterns the one with the fewest parameters counts.
    [[nodiscard]] Match find(std::string_view method,
                             const std::vector<std::string>& segments) const;

  private:
    struct Entry {
        const Route* route;
        std::vector<std::string_view> parts;
        std::size_t parameters = 0;
    };
    std::vector<Entry> entries_;  ///< by number of parameters
};

// Each part of the API has its rows of the table beside its handlers, in its *_handlers.cpp.
[[nodiscard]] std::span<const Route> service_routes();
[[nodiscard]] std::span<const Route> project_routes();
[[nodiscard]] std::span<const Route> organization_routes();
[[nodiscard]] std::span<const Route> key_routes();
[[nodiscard]] std::span<const Route> otlp_routes();
[[nodiscard]] std::span<const Route> ingestion_routes();
[[nodiscard]] std::span<const Route> trace_routes();
[[nodiscard]] std::span<const Route> observation_routes();
[[nodiscard]] std::span<const Route> score_routes();
[[nodiscard]] std::span<const Route> score_write_routes();
[[nodiscard]] std::span<const Route> session_routes();
[[nodiscard]] std::span<const Route> experiment_routes();
[[nodiscard]] std::span<const Route> score_config_routes();
[[nodiscard]] std::span<const Route> dataset_routes();
[[nodiscard]] std::span<const Route> dataset_item_routes();
[[nodiscard]] std::span<const Route> dataset_run_routes();
[[nodiscard]] std::span<const Route> model_routes();
[[nodiscard]] std::span<const Route> prompt_routes();

}  // namespace assay
