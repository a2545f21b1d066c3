#include "evaluators/json_schema/schema_index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "core/base/diagnostic.hpp"
#include "core/base/text.hpp"
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

Result<Draft> draft_of(const Json& uri, const Site& site) {
    if (!uri.is_string()) return schema_failure(site.place("$schema"), "must be a string");
    std::string_view name = split_fragment(uri.get_ref<const std::string&>()).base;
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (name.starts_with(scheme)) name.remove_prefix(scheme.size());
    }
    if (name == "json-schema.org/draft-07/schema") return Draft::draft_7;
    if (name == "json-schema.org/draft/2020-12/schema") return Draft::draft_2020_12;
    return schema_failure(
        site.place("$schema"),
        fmt::format("\"{}\" is not supported; use http://json-schema.org/draft-07/schema# "
                    "or https://json-schema.org/draft/2020-12/schema",
                    uri.get_ref<const std::string&>()));
}

bool is_anchor_name(std::string_view name) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
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

std::string pointer_step(std::string_view token) {
    std::string step = "/";
    for (const char c : token) {
        if (c == '~') {
            step += "~0";
        } else if (c == '/') {
            step += "~1";
        } else {
            step.push_back(c);
        }
    }
    return step;
}

std::string Site::place(std::string_view keyword) const {
    std::vector<std::string_view> steps;
    for (const Site* at = this; at != nullptr; at = at->parent) steps.push_back(at->step);
    std::string place;
    for (auto at = steps.rbegin(); at != steps.rend(); ++at) place += *at;
    return keyword.empty() ? place : place + pointer_step(keyword);
}

Result<void> SchemaIndex::add_document(const Json& document, std::string place) {
    Site site{.resource = resources_.size(), .parent = nullptr, .step = std::move(place)};
    Draft draft = Draft::draft_2020_12;
    if (const Json* uri = find(document, "$schema")) {
        ASSAY_TRY(draft, draft_of(*uri, site));
    }
    resources_.push_back({.uri = {}, .root = &document, .draft = draft});
    return scan({&document, std::move(site)});
}

Result<void> SchemaIndex::scan(Pending first) {
    pending_.push_back(std::move(first));
    while (!pending_.empty()) {
        const Json& schema = *pending_.back().schema;
        const auto [entry, added] = sites_.emplace(&schema, std::move(pending_.back().site));
        pending_.pop_back();
        if (!added) continue;
        Site& site = entry->second;
        if (!schema.is_object() && !schema.is_boolean()) {
            return schema_failure(site.place(),
                                  fmt::format("must be a schema (an object, true or false), not {}",
                                              type_phrase(schema)));
        }
        if (schema.is_boolean()) continue;
        ASSAY_CHECK(add_identity(schema, site));
        ASSAY_CHECK(add_anchors(schema, site));
        ASSAY_CHECK(push_children(schema, site));
    }
    return {};
}

Result<void> SchemaIndex::add_identity(const Json& schema, Site& site) {
    const Json* const id = find(schema, "$id");
    const Draft draft = resources_[site.resource].draft;
    const bool ignored = draft == Draft::draft_7 && schema.contains("$ref");
    if (id == nullptr || ignored) return {};
    if (!id->is_string()) return schema_failure(site.place("$id"), "must be a string");
    const auto [base, fragment] = split_fragment(id->get_ref<const std::string&>());
    if (!base.empty()) {
        std::string uri = resolve_uri(resources_[site.resource].uri, base);
        ASSAY_CHECK(open_resource(schema, std::move(uri), site));
    }
    if (fragment.empty()) return {};
    if (draft == Draft::draft_7) return add_anchor(fragment, schema, site);
    return schema_failure(site.place("$id"),
                          "must not have a fragment; name a place by \"$anchor\"");
}

Result<void> SchemaIndex::open_resource(const Json& schema, std::string uri, Site& site) {
    if (resources_[site.resource].root != &schema) {
        Draft draft = resources_[site.resource].draft;
        if (const Json* declared = find(schema, "$schema")) {
            ASSAY_TRY(draft, draft_of(*declared, site));
        }
        resources_.push_back({.uri = {}, .root = &schema, .draft = draft});
        site.resource = resources_.size() - 1;
    }
    resources_[site.resource].uri = uri;
    if (by_uri_.emplace(uri, site.resource).second) return {};
    return schema_failure(site.place("$id"),
                          fmt::format("\"{}\" is the address of another schema too", uri));
}

Result<void> SchemaIndex::add_anchors(const Json& schema, const Site& site) {
    if (resources_[site.resource].draft == Draft::draft_7) return {};
    for (const char* const keyword : {"$anchor", "$dynamicAnchor"}) {
        const Json* const name = find(schema, keyword);
        if (name == nullptr) continue;
        const std::string text = name->is_string() ? name->get<std::string>() : "";
        if (!is_anchor_name(text)) {
            return schema_failure(site.place(keyword),
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
    return schema_failure(site.place(), fmt::format("the anchor \"{}\" stands twice", name));
}

Result<void> SchemaIndex::push_children(const Json& schema, const Site& site) {
    const Draft draft = resources_[site.resource].draft;
    for (const auto& [keyword, value] : schema.items()) {
        const std::optional<Holds> holds = holds_schemas(keyword, draft);
        if (!holds) continue;
        const bool list =
            *holds == Holds::schemas || (*holds == Holds::schema_or_schemas && value.is_array());
        if (list) {
            ASSAY_CHECK(push_list(value, keyword, site));
        } else if (*holds == Holds::named || *holds == Holds::named_or_names) {
            ASSAY_CHECK(push_named(value, keyword, site, *holds == Holds::named));
        } else if (keyword == "items" && value.is_array()) {
            return schema_failure(site.place(keyword),
                                  "must be a schema; a list of schemas is \"prefixItems\" "
                                  "in draft 2020-12");
        } else {
            pending_.push_back({&value, {site.resource, &site, pointer_step(keyword)}});
        }
    }
    return {};
}

Result<void> SchemaIndex::push_list(const Json& list, const std::string& keyword,
                                    const Site& site) {
    if (!list.is_array()) {
        return schema_failure(site.place(keyword),
                              fmt::format("must be a list of schemas, not {}", type_phrase(list)));
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
        std::string step = fmt::format("{}/{}", pointer_step(keyword), i);
        pending_.push_back({&list[i], {site.resource, &site, std::move(step)}});
    }
    return {};
}

Result<void> SchemaIndex::push_named(const Json& named, const std::string& keyword,
                                     const Site& site, bool schemas_only) {
    if (!named.is_object()) {
        return schema_failure(
            site.place(keyword),
            fmt::format("must be an object of schemas, not {}", type_phrase(named)));
    }
    for (const auto& [name, value] : named.items()) {
        if (!schemas_only && value.is_array()) continue;
        std::string step = pointer_step(keyword) + pointer_step(name);
        pending_.push_back({&value, {site.resource, &site, std::move(step)}});
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
    const Site& origin = site(from);
    const Request request{reference, origin, keyword};
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
    names.reserve(anchors.size());
    for (const auto& [name, schema] : anchors) names.push_back(name);
    return schema_failure(request.from.place(request.keyword),
                          fmt::format("\"{}\" leads nowhere: no anchor \"{}\"{}", reference,
                                      fragment, did_you_mean(fragment, names)));
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
        request.from.place(request.keyword),
        fmt::format("\"{}\" leads to another document, \"{}\"; references are never fetched: copy "
                    "it under \"{}\" with its \"$id\"",
                    request.reference, uri,
                    resources_.front().draft == Draft::draft_7 ? "definitions" : "$defs"));
}

Result<const Json*> SchemaIndex::follow_pointer(std::string_view pointer, std::size_t resource,
                                                const Request& request) {
    const Json* at = resources_[resource].root;
    const Site* known = &site(*at);
    std::string steps;  // from there on
    for (const std::string_view escaped : split(pointer.substr(1), '/')) {
        const std::string token = unescaped_token(escaped);
        const Json* const next = member(*at, token);
        if (next == nullptr) {
            return schema_failure(request.from.place(request.keyword),
                                  fmt::format("\"{}\" leads nowhere: there is no \"{}\" under {}{}",
                                              request.reference, token, known->place() + steps,
                                              did_you_mean(token, names_in(*at))));
        }
        at = next;
        steps += pointer_step(token);
        if (const auto found = sites_.find(at); found != sites_.end()) {
            known = &found->second;
            steps.clear();
        }
    }
    // A place that no keyword known to the draft makes a schema becomes one by being referred to.
    if (!sites_.contains(at)) ASSAY_CHECK(scan({at, {known->resource, known, steps}}));
    return at;
}

}  // namespace assay::json_schema
