#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/json.hpp"

namespace assay {

/// A compiled JSONPath query (RFC 9535: child and descendant segments; names, wildcards, indexes,
/// slices and filters, with the functions length, count, match, search and value). Cheap to copy,
/// safe to use from several threads.
class JsonPath {
  public:
    /// @error invalid_argument with the offset (from 0) and what was expected there; a shorthand
    ///        name that begins with a digit says how to quote it: $['6b']. Also for a pattern of
    ///        match or search that is written out and is no regular expression; one that comes
    ///        from the document matches nothing then, as the RFC says.
    static Result<JsonPath> parse(std::string_view text);

    /// The nodes that the query selects, in the RFC's order, as pointers into `root`.
    /// @error resource_exhausted past limits::k_json_path_nodes_max visited nodes.
    [[nodiscard]] Result<std::vector<const Json*>> select(const Json& root) const;

    /// The value for a mapping: nothing selected gives nullptr; a singular query gives its node.
    /// Any other query gives the array of all selected values (held in `scratch`).
    [[nodiscard]] Result<const Json*> value(const Json& root, Json& scratch) const;

    /// True when the query can select at most one node (only names and indexes).
    [[nodiscard]] bool is_singular() const;
    [[nodiscard]] const std::string& text() const;

    struct Query;

  private:
    explicit JsonPath(std::shared_ptr<const Query> query) : query_(std::move(query)) {}
    std::shared_ptr<const Query> query_;  // shared by copies: immutable, and queries are copied
                                          // into every evaluator that uses them
};

}  // namespace assay
