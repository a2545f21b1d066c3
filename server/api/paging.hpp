#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "server/api/http_message.hpp"
#include "server/api/validation.hpp"

// What lists have in common: parameters of the query, pages, cursors and times.

namespace assay {

/// A page of a list, as `page` and `limit` ask for it.
struct Page {
    std::int64_t number = 1;  ///< from 1
    std::int64_t limit = 50;

    [[nodiscard]] std::int64_t offset() const { return (number - 1) * limit; }
};

/// Reads the parameters of a request's query and notes what is wrong with them, so that one answer
/// names all of it: read everything, then look at ok().
/// A parameter that is there without a value counts as absent.
class QueryParameters {
  public:
    explicit QueryParameters(const ApiRequest& request) : query_(&request.query) {}

    /// The first value of that name.
    [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
    /// All values of a name: one that is repeated as it stands, a single one split at commas.
    [[nodiscard]] std::vector<std::string> list(std::string_view name) const;
    /// The same, split at commas wherever one is.
    [[nodiscard]] std::vector<std::string> comma_list(std::string_view name) const;
    [[nodiscard]] std::optional<Time> time(std::string_view name);
    [[nodiscard]] std::optional<bool> boolean(std::string_view name);   ///< "true" or "false"
    [[nodiscard]] std::optional<double> number(std::string_view name);  ///< finite
    /// An integer between the two, both included.
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name, std::int64_t least,
                                                      std::int64_t most);
    [[nodiscard]] Page page(std::int64_t limit_default = 50, std::int64_t limit_max = 100);
    /// `limit` of a list with a cursor.
    [[nodiscard]] std::int64_t limit(std::int64_t limit_default, std::int64_t limit_max);

    /// Notes a fault that only the caller can see.
    void refuse(std::string_view name, std::string code, std::string message);
    [[nodiscard]] bool ok() const { return faults_.empty(); }
    /// 400, with all that is wrong.
    [[nodiscard]] ApiResponse refusal() const { return invalid_data(faults_); }

  private:
    const HttpFields* query_;
    std::vector<Invalid> faults_;
};

/// 200 {data, meta: {page, limit, totalItems, totalPages}}.
[[nodiscard]] ApiResponse page_response(OrderedJson data, const Page& page,
                                        std::int64_t total_items);
[[nodiscard]] OrderedJson page_meta(const Page& page, std::int64_t total_items);

/// JSON as an opaque text: base64, or base64url without padding where the contract says so.
[[nodiscard]] std::string to_cursor(const OrderedJson& position);
[[nodiscard]] std::string to_url_cursor(const OrderedJson& position);
/// The object that either function made a cursor of.
/// @error invalid_argument "Invalid cursor format".
[[nodiscard]] Result<Json> parse_cursor(std::string_view cursor);
/// A time in a cursor: with its nanoseconds, so that no page leaves out or repeats anything.
[[nodiscard]] std::string to_cursor_time(Time time);
// Members of a cursor. @error as parse_cursor().
[[nodiscard]] Result<std::string> cursor_text(const Json& position, const std::string& name);
[[nodiscard]] Result<Time> cursor_time(const Json& position, const std::string& name);

/// "2026-11-01T09:30:00.123Z": how every body tells a time.
[[nodiscard]] inline std::string to_api_time(Time time) { return to_rfc3339(time); }
[[nodiscard]] OrderedJson to_api_time(std::optional<Time> time);
/// The value, or null when there is none.
template <class Value>
[[nodiscard]] OrderedJson or_null(const std::optional<Value>& value) {
    return value ? OrderedJson(*value) : OrderedJson();
}

}  // namespace assay
