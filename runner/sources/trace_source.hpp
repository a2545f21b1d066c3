#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/model/ids.hpp"
#include "server/client/api_client.hpp"
#include "server/query/filter.hpp"
#include "server/store/database.hpp"

namespace assay {

/// How much of a trace is wanted.
enum class TraceDetail : std::uint8_t {
    listed,  ///< as a list tells of it: the ids of its observations and scores, no content
    whole,   ///< as GET /api/public/traces/{id} gives it
};

/// What is told of a trace's parts at its end, in the usual order; servers differ in theirs.
[[nodiscard]] OrderedJson in_usual_order(OrderedJson trace);
/// A trace, whole or more than was asked for, as a list tells of it.
[[nodiscard]] OrderedJson as_listed(OrderedJson trace);

struct TraceQuery {
    std::vector<FilterElement> filter = {};  ///< all must hold
    TraceDetail detail = TraceDetail::listed;
    std::optional<std::int64_t> at_most = std::nullopt;  ///< traces; nothing = all
};

/// Where traces are read from: a store or a server. A trace is the JSON that the API gives, whose
/// keys have the API's order.
class TraceSource {
  public:
    virtual ~TraceSource() = default;

    /// What is done with each; false = that was enough.
    using Visitor = std::function<Result<bool>(const OrderedJson& trace)>;

    /// The newest first, each once, whatever is added meanwhile.
    /// @error invalid_argument for a filter that the source cannot apply; those of the source and
    ///        of the visitor.
    [[nodiscard]] virtual Result<void> each(const TraceQuery& query, const Visitor& visit) = 0;
    /// By its whole id.
    [[nodiscard]] virtual Result<std::optional<OrderedJson>> find(const std::string& id) = 0;
    /// What to say when there is none at all: where one looked, and what makes them.
    [[nodiscard]] virtual std::string why_empty() const = 0;
};

/// Of a store as it is now: what is written meanwhile is not seen.
/// @error not_found for a project that the store has not, as choose_project() says.
[[nodiscard]] Result<std::unique_ptr<TraceSource>> traces_of_store(const std::string& folder,
                                                                   const std::string& project);
/// Of the project whose keys the client has.
[[nodiscard]] std::unique_ptr<TraceSource> traces_of_server(std::unique_ptr<ApiClient> client);

}  // namespace assay
