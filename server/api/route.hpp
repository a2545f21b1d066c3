#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/auth.hpp"
#include "server/api/error_body.hpp"
#include "server/api/http_message.hpp"
#include "server/api/limits.hpp"
#include "server/api/metrics.hpp"

namespace assay {

/// What handlers work with.
struct ApiContext {
    AccessStore& access;
    const ServerSecrets& secrets;
    const Clock& clock;
    Metrics metrics = {};                        ///< on the server's thread
    std::function<std::size_t()> connections{};  ///< the same
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
};

/// Where a handler runs: what reads or writes the store waits for the disk, so it has a thread of
/// its own; what does not answers on the server's thread, whatever the store does.
enum class RouteThread : std::uint8_t { store, server };

using RouteHandler = Result<ApiResponse> (*)(ApiContext& context, const RouteCall& call);

/// One thing that the server can be asked. The table of them drives dispatch, 405, CORS, HEAD,
/// OpenAPI and the tests of who may ask what.
struct Route {
    std::string_view method;
    std::string_view pattern;  ///< "/api/public/projects/{projectId}"
    RouteAuth auth;
    RouteHandler handler;
    std::string_view summary;
    ErrorShape errors = ErrorShape::named;
    RouteThread thread = RouteThread::store;
    std::size_t body_bytes_max = limits::k_http_body_bytes_default;
};

[[nodiscard]] std::span<const Route> routes();
/// The routes as an OpenAPI 3.1 document.
[[nodiscard]] OrderedJson describe_routes(std::span<const Route> table);

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

// The handlers.
Result<ApiResponse> get_health(ApiContext& context, const RouteCall& call);
Result<ApiResponse> get_ready(ApiContext& context, const RouteCall& call);
Result<ApiResponse> get_metrics(ApiContext& context, const RouteCall& call);
Result<ApiResponse> get_open_api(ApiContext& context, const RouteCall& call);
Result<ApiResponse> get_projects(ApiContext& context, const RouteCall& call);
Result<ApiResponse> post_project(ApiContext& context, const RouteCall& call);
Result<ApiResponse> put_project(ApiContext& context, const RouteCall& call);
Result<ApiResponse> delete_project(ApiContext& context, const RouteCall& call);
Result<ApiResponse> get_project_keys(ApiContext& context, const RouteCall& call);
Result<ApiResponse> post_project_key(ApiContext& context, const RouteCall& call);
Result<ApiResponse> delete_project_key(ApiContext& context, const RouteCall& call);
Result<ApiResponse> get_organization_projects(ApiContext& context, const RouteCall& call);
Result<ApiResponse> get_organization_keys(ApiContext& context, const RouteCall& call);

}  // namespace assay
