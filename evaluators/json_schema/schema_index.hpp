#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace assay::json_schema {

enum class Draft : std::uint8_t { draft_7, draft_2020_12 };

/// A schema with an address of its own: a document, or a part of one that has an `$id`.
struct Resource {
    std::string uri;  ///< absolute when the schema gives it so; never with a fragment
    const Json* root = nullptr;
    Draft draft = Draft::draft_2020_12;
    std::map<std::string, const Json*, std::less<>> anchors;          ///< of both kinds
    std::map<std::string, const Json*, std::less<>> dynamic_anchors;  ///< `$dynamicAnchor` alone
};

/// Where a schema stands. Its place is put together only for a message: a copy for each schema
/// would let one long name cost its length as many times as there are schemas below it.
struct Site {
    std::size_t resource = 0;
    const Site* parent = nullptr;
    std::string step;  ///< from the parent: "/properties/name"; of a document: its address and "#"

    /// "#/properties/name"; `keyword` adds a last "/keyword".
    [[nodiscard]] std::string place(std::string_view keyword = {}) const;
};

/// Every schema of a document and of the meta-schemas it refers to, found by where keywords hold
/// schemas, so that an `$id` inside an `enum` is data and no address. Values are known by address:
/// the documents must outlive the index and stay where they are.
class SchemaIndex {
  public:
    /// `place` begins the places in messages: "#", or the document's address and "#".
    /// @error invalid_argument with the place: not a schema, a bad or repeated `$id` or anchor, a
    ///        `$schema` that is not supported.
    Result<void> add_document(const Json& document, std::string place = "#");

    /// The schema that `reference`, the value of `keyword` in the schema `from`, leads to.
    /// @error invalid_argument when it leads nowhere or to a document that would need fetching.
    Result<const Json*> resolve(std::string_view reference, const Json& from,
                                std::string_view keyword);

    /// `schema` is known: it stands where a keyword holds a schema, or was resolved to.
    [[nodiscard]] const Site& site(const Json& schema) const;
    [[nodiscard]] const std::vector<Resource>& resources() const { return resources_; }

  private:
    struct Pending {
        const Json* schema;
        Site site;
    };
    /// A reference as it is written, and where.
    struct Request {
        std::string_view reference;
        const Site& from;
        std::string_view keyword;
    };
    Result<void> scan(Pending first);
    Result<void> add_identity(const Json& schema, Site& site);
    Result<void> open_resource(const Json& schema, std::string uri, Site& site);
    Result<void> add_anchors(const Json& schema, const Site& site);
    Result<void> add_anchor(std::string_view name, const Json& schema, const Site& site);
    Result<void> push_children(const Json& schema, const Site& site);
    Result<void> push_list(const Json& list, const std::string& keyword, const Site& site);
    Result<void> push_named(const Json& named, const std::string& keyword, const Site& site,
                            bool schemas_only);
    Result<std::size_t> find_resource(const std::string& uri, const Request& request);
    Result<const Json*> follow_pointer(std::string_view pointer, std::size_t resource,
                                       const Request& request);

    std::vector<Resource> resources_;
    std::map<std::string, std::size_t, std::less<>> by_uri_;
    std::unordered_map<const Json*, Site> sites_;  // its elements stay where they are
    std::vector<Pending> pending_;
};

/// `failure` of a schema: "#/properties/name/type: message".
[[nodiscard]] std::unexpected<Error> schema_failure(std::string_view place,
                                                    std::string_view message);
/// "/" and the token, escaped as in JSON pointers.
[[nodiscard]] std::string pointer_step(std::string_view token);

}  // namespace assay::json_schema
