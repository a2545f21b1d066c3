#include "evaluators/json_schema/schema_index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "core/base/diagnostic.hpp"
#include "evaluators/json_schema/metaschemas.hpp"
#include "evaluators/json_schema/uri.hpp"

namespace assay::json_schema {
namespace {

enum class Holds : std::uint8_t { schema, schemas, schema_or_schemas, named, named_or_names };

/// The keywords that hold schemas, in the drafts where they do.
struct Holder {
    std::string_view keyword;
    Holds holds;
    bool in_draft_7;
    bool in_draft_2020_12;
};
constexpr std::array k_holders = {
    Holder{"$defs", Holds::named, false, true},
    Holder{"additionalItems", Holds::schema, true, false},
    Holder{"additionalProperties", Holds::schema, true, true},
    Holder{"allOf", Holds::schemas, true, true},
    Holder{"anyOf", Holds::schemas, true, true},
    Holder{"contains", Holds::schema, true, true},
    Holder{"contentSchema", Holds::schema, false, true},
    Holder{"definitions", Holds::named, true, true},
    Holder{"dependencies", Holds::named_or_names, true, true},
    Holder{"dependentSchemas", Holds::named, false, true},
    Holder{"else", Holds::schema, true, true},
    Holder{"if", Holds::schema, true, true},
    Holder{"items", Holds::schema_or_schemas, true, false},
    Holder{"items", Holds::schema, false, true},
    Holder{"not", Holds::schema, true, true},
    Holder{"oneOf", Holds::schemas, true, true},
    Holder{"patternProperties", Holds::named, true, true},
    Holder{"prefixItems", Holds::schemas, false, true},
    Holder{"properties", Holds::named, true, true},
    Holder{"propertyNames", Holds::schema, true, true},
    Holder{"then", Holds::schema, true, true},
    Holder{"unevaluatedItems", Holds::schema, false, true},
    Holder{"unevaluatedProperties", Holds::schema, false, true},
};

std::optional<Holds> holds_schemas(std::string_view keyword, Draft draft) {
    for (const Holder& holder : k_holders) {
        const bool known = draft == Draft::draft_7 ? holder.in_draft_7 : holder.in_draft_2020_12;
        if (known && holder.keyword == keyword) return holder.holds;
    }
    return std::nullopt;
}

Result<Draft> draft_of(const Json& uri, std::string_view place) {
    const std::string where = place_below(place, "$schema");
    if (!uri.is_string()) return schema_failure(where, "must be a string");
    std::string_view name = split_fragment(uri.get_ref<const std::string&>()).base;
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (name.starts_with(scheme)) name.remove_prefix(scheme.size());
    }
    if (name == "json-schema.org/draft-07/schema") return Draft::draft_7;
    if (name == "json-schema.org/draft/2020-12/schema") return Draft::draft_2020_12;
    return schema_failure(
        where, fmt::format("\"{}\" is not supported; use http://json-schema.org/draft-07/schema# "
                           "or https://json-schema.org/draft/2020-12/schema",
                           uri.get_ref<const std::string&>()));
}

bool is_anchor_name(std::string_view name) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':';
    });
}

const Json* find(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
}

std::string unescaped_token(std::string_view token) {
    std::string text;
    for (std::size_t i = 0; i < token.size(); ++i) {
        const bool escape = token[i] == '~' && i + 1 < token.size();
        text.push_back(escape ? (token[++i] == '1' ? '/' : '~') : token[i]);
    }
    return text;
}

const Json* member(const Json& value, const std::string& token) {
    if (value.is_object()) {
        const auto found = value.find(token);
        return found == value.end() ? nullptr : &*found;
    }
    std::size_t index = 0;
    const char* const end = token.data() + token.size();
    const bool number = std::from_chars(token.data(), end, index).ptr == end && !token.empty();
    return value.is_array() && number && index < value.size() ? &value[index] : nullptr;
}

std::vector<std::string> names_in(const Json& value) {
    std::vector<std::string> names;
    if (!value.is_object()) return names;
    for (const auto& [name, inner] : value.items()) names.push_back(name);
    return names;
}

}  // namespace

std::unexpected<Error> schema_failure(std::string_view place, std::string_view message) {
    return failure(ErrorCode::invalid_argument,
                   fmt::format("the JSON Schema, at {}: {}", place, message));
}

std::string place_below(std::string_view place, std::string_view token) {
    std::string below = fmt::format("{}/", place);
    for (const char c : token) {
        if (c == '~') {
            below += "~0";
        } else if (c == '/') {
            below += "~1";
        } else {
            below.push_back(c);
        }
    }
    return below;
}

Result<void> SchemaIndex::add_document(const Json& document, std::string place) {
    Draft draft = Draft::draft_2020_12;
    if (const Json* uri = find(document, "$schema")) {
        ASSAY_TRY(draft, draft_of(*uri, place));
    }
    resources_.push_back({.uri = {}, .root = &document, .draft = draft});
    return scan({&document, {resources_.size() - 1, std::move(place)}});
}

Result<void> SchemaIndex::scan(Pending first) {
    pending_.push_back(std::move(first));
    while (!pending_.empty()) {
        auto [schema, site] = std::move(pending_.back());
        pending_.pop_back();
        if (sites_.contains(schema)) continue;
        if (!schema->is_object() && !schema->is_boolean()) {
            return schema_failure(site.place,
                                  fmt::format("must be a schema (an object, true or false), not {}",
                                              type_phrase(*schema)));
        }
        if (schema->is_object()) {
            ASSAY_CHECK(add_identity(*schema, site));
            ASSAY_CHECK(add_anchors(*schema, site));
            ASSAY_CHECK(push_children(*schema, site));
        }
        sites_.emplace(schema, std::move(site));
    }
    return {};
}

Result<void> SchemaIndex::add_identity(const Json& schema, Site& site) {
    const Json* const id = find(schema, "$id");
    const Draft draft = resources_[site.resource].draft;
    const bool ignored = draft == Draft::draft_7 && schema.contains("$ref");
    if (id == nullptr || ignored) return {};
    const std::string place = place_below(site.place, "$id");
    if (!id->is_string()) return schema_failure(place, "must be a string");
    const auto [base, fragment] = split_fragment(id->get_ref<const std::string&>());
    if (!base.empty()) {
        std::string uri = resolve_uri(resources_[site.resource].uri, base);
        ASSAY_CHECK(open_resource(schema, std::move(uri), site));
    }
    if (fragment.empty()) return {};
    if (draft == Draft::draft_7) return add_anchor(fragment, schema, site);
    return schema_failure(place, "must not have a fragment; name a place by \"$anchor\"");
}

Result<void> SchemaIndex::open_resource(const Json& schema, std::string uri, Site& site) {
    if (resources_[site.resource].root != &schema) {
        Draft draft = resources_[site.resource].draft;
        if (const Json* declared = find(schema, "$schema")) {
            ASSAY_TRY(draft, draft_of(*declared, site.place));
        }
        resources_.push_back({.uri = {}, .root = &schema, .draft = draft});
        site.resource = resources_.size() - 1;
    }
    resources_[site.resource].uri = uri;
    if (by_uri_.emplace(uri, site.resource).second) return {};
    return schema_failure(place_below(site.place, "$id"),
                          fmt::format("\"{}\" is the address of another schema too", uri));
}

Result<void> SchemaIndex::add_anchors(const Json& schema, const Site& site) {
    if (resources_[site.resource].draft == Draft::draft_7) return {};
    for (const char* const keyword : {"$anchor", "$dynamicAnchor"}) {
        const Json* const name = find(schema, keyword);
        if (name == nullptr) continue;
        const std::string text = name->is_string() ? name->get<std::string>() : "";
        if (!is_anchor_name(text)) {
            return schema_failure(place_below(site.place, keyword),
                                  "must be a name of letters, digits, \"-\", \"_\" and \".\"");
        }
        ASSAY_CHECK(add_anchor(text, schema, site));
        if (keyword[1] == 'd') resources_[site.resource].dynamic_anchors.emplace(text, &schema);
    }
    return {};
}

Result<void> SchemaIndex::add_anchor(std::string_view name, const Json& schema, const Site& site) {
    const auto [entry, added] = resources_[site.resource].anchors.emplace(name, &schema);
    if (added || entry->second == &schema) return {};
    return schema_failure(site.place, fmt::format("the anchor \"{}\" stands twice", name));
}

Result<void> SchemaIndex::push_children(const Json& schema, const Site& site) {
    const Draft draft = resources_[site.resource].draft;
    for (const auto& [keyword, value] : schema.items()) {
        const std::optional<Holds> holds = holds_schemas(keyword, draft);
        if (!holds) continue;
        const std::string place = place_below(site.place, keyword);
        const bool list =
            *holds == Holds::schemas || (*holds == Holds::schema_or_schemas && value.is_array());
        if (list) {
            ASSAY_CHECK(push_list(value, {site.resource, place}));
        } else if (*holds == Holds::named || *holds == Holds::named_or_names) {
            ASSAY_CHECK(push_named(value, {site.resource, place}, *holds == Holds::named));
        } else if (keyword == "items" && value.is_array()) {
            return schema_failure(place,
                                  "must be a schema; a list of schemas is \"prefixItems\" "
                                  "in draft 2020-12");
        } else {
            pending_.push_back({&value, {site.resource, place}});
        }
    }
    return {};
}

Result<void> SchemaIndex::push_list(const Json& list, const Site& site) {
    if (!list.is_array()) {
        return schema_failure(site.place,
                              fmt::format("must be a list of schemas, not {}", type_phrase(list)));
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
        pending_.push_back({&list[i], {site.resource, place_below(site.place, std::to_string(i))}});
    }
    return {};
}

Result<void> SchemaIndex::push_named(const Json& named, const Site& site, bool schemas_only) {
    if (!named.is_object()) {
        return schema_failure(
            site.place, fmt::format("must be an object of schemas, not {}", type_phrase(named)));
    }
    for (const auto& [name, value] : named.items()) {
        if (!schemas_only && value.is_array()) continue;
        pending_.push_back({&value, {site.resource, place_below(site.place, name)}});
    }
    return {};
}

const Site& SchemaIndex::site(const Json& schema) const {
    const auto found = sites_.find(&schema);
    ASSAY_ASSERT(found != sites_.end(), "only schemas that were scanned are compiled");
    return found->second;
}

Result<const Json*> SchemaIndex::resolve(std::string_view reference, const Json& from,
                                         std::string_view keyword) {
    const Site origin = site(from);
    const Request request{reference, place_below(origin.place, keyword)};
    const auto [base, encoded] = split_fragment(reference);
    std::size_t resource = origin.resource;
    if (!base.empty()) {
        const std::string uri = resolve_uri(resources_[resource].uri, base);
        ASSAY_TRY(resource, find_resource(uri, request));
    }
    const std::string fragment = percent_decoded(encoded);
    if (fragment.empty()) return resources_[resource].root;
    if (fragment.starts_with('/')) return follow_pointer(fragment, resource, request);
    const auto& anchors = resources_[resource].anchors;
    const auto found = anchors.find(fragment);
    if (found != anchors.end()) return found->second;
    std::vector<std::string> names;
    for (const auto& [name, schema] : anchors) names.push_back(name);
    return schema_failure(
        request.place, fmt::format("\"{}\" leads nowhere: no anchor \"{}\"{}", reference, fragment,
                                   did_you_mean(fragment, names)));
}

Result<std::size_t> SchemaIndex::find_resource(const std::string& uri, const Request& request) {
    if (const auto found = by_uri_.find(uri); found != by_uri_.end()) return found->second;
    const Json* const metaschema = find_metaschema(uri);
    if (metaschema != nullptr) {
        const std::size_t added = resources_.size();
        ASSAY_CHECK(add_document(*metaschema, uri + "#"));
        return added;
    }
    return schema_failure(
        request.place,
        fmt::format("\"{}\" leads to another document, \"{}\"; references are never fetched: copy "
                    "it under \"{}\" with its \"$id\"",
                    request.reference, uri,
                    resources_.front().draft == Draft::draft_7 ? "definitions" : "$defs"));
}

Result<const Json*> SchemaIndex::follow_pointer(std::string_view pointer, std::size_t resource,
                                                const Request& request) {
    const Json* at = resources_[resource].root;
    Site here = site(*at);
    pointer.remove_prefix(1);
    while (true) {
        const std::size_t slash = pointer.find('/');
        const std::string token = unescaped_token(pointer.substr(0, slash));
        const Json* const next = member(*at, token);
        if (next == nullptr) {
            return schema_failure(request.place,
                                  fmt::format("\"{}\" leads nowhere: there is no \"{}\" under {}{}",
                                              request.reference, token, here.place,
                                              did_you_mean(token, names_in(*at))));
        }
        at = next;
        const auto known = sites_.find(at);
        here = known != sites_.end() ? known->second
                                     : Site{here.resource, place_below(here.place, token)};
        if (slash == std::string_view::npos) break;
        pointer.remove_prefix(slash + 1);
    }
    // A place that no keyword known to the draft makes a schema becomes one by being referred to.
    if (!sites_.contains(at)) ASSAY_CHECK(scan({at, here}));
    return at;
}

}  // namespace assay::json_schema
