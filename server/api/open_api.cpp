#include "server/api/open_api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "core/base/text.hpp"
#include "core/base/version.hpp"

namespace assay {
namespace {

constexpr const char* k_traces = "/api/public/traces";

/// The parameters in the query of a route, beside those of its path; "*" marks those that are
/// needed. What a list is filtered and paged by.
struct RouteQuery {
    std::string_view pattern;
    std::string_view names;
    std::string_view method = "GET";
};
constexpr std::array k_queries = {
    RouteQuery{"/api/public/health", "failIfDatabaseUnavailable failIfNoRecentEvents"},
    RouteQuery{"/api/public/models", "page limit"},
    RouteQuery{"/api/public/score-configs", "page limit"},
    RouteQuery{"/api/public/datasets", "page limit"},
    RouteQuery{"/api/public/v2/datasets", "page limit"},
    RouteQuery{"/api/public/dataset-items",
               "page limit datasetName sourceTraceId sourceObservationId version"},
    RouteQuery{"/api/public/dataset-run-items",
               "page limit *datasetId *runName fromTimestamp toTimestamp"},
    RouteQuery{"/api/public/datasets/{name}/runs", "page limit"},
    RouteQuery{"/api/public/prompts", "*name version"},
    RouteQuery{"/api/public/v2/prompts",
               "page limit name label tag version fromUpdatedAt toUpdatedAt"},
    RouteQuery{"/api/public/v2/prompts/{name}", "version label resolve"},
    RouteQuery{"/api/public/v2/prompts/{name}", "version label", "DELETE"},
    RouteQuery{k_traces,
               "page limit userId name sessionId version release fromTimestamp toTimestamp tags "
               "environment orderBy fields filter"},
    RouteQuery{"/api/public/traces/{traceId}", "fields"},
    RouteQuery{"/api/public/observations",
               "page limit name userId type traceId level parentObservationId version environment "
               "fromStartTime toStartTime filter"},
    RouteQuery{"/api/public/observations/{observationId}", "startTime"},
    RouteQuery{"/api/public/v2/observations",
               "limit cursor name userId sessionId type traceId level parentObservationId version "
               "environment isRootObservation fromStartTime toStartTime fields expandMetadata "
               "parseIoAsJson filter"},
    RouteQuery{"/api/public/sessions", "page limit fromTimestamp toTimestamp environment filter"},
    RouteQuery{"/api/public/scores",
               "page limit userId name fromTimestamp toTimestamp environment source operator value "
               "scoreIds configId queueId traceId observationId dataType traceTags fields filter"},
    RouteQuery{"/api/public/v2/scores",
               "page limit userId name fromTimestamp toTimestamp environment source operator value "
               "scoreIds configId queueId sessionId datasetRunId traceId observationId dataType "
               "traceTags fields filter"},
    RouteQuery{"/api/public/v3/scores",
               "limit cursor fields id name source dataType environment configId queueId "
               "authorUserId value valueMin valueMax traceId sessionId observationId experimentId "
               "fromTimestamp toTimestamp"},
    RouteQuery{"/api/public/experiments",
               "*fromStartTime toStartTime limit cursor scoreLimit fields id name datasetId "
               "filter"},
    RouteQuery{
        "/api/public/experiment-items",
        "*fromStartTime toStartTime limit cursor scoreLimit fields experimentId experimentName "
        "experimentItemId datasetId filter"},
};

/// The schemes that a key may come by; of one of them all are wanted.
std::vector<std::vector<const char*>> schemes_of(RouteAuth auth) {
    switch (auth) {
        case RouteAuth::none: return {};
        case RouteAuth::project: return {{"projectKey"}};
        case RouteAuth::project_or_scores_key: return {{"projectKey"}, {"publicKey"}};
        case RouteAuth::project_or_admin:
            return {{"projectKey"}, {"adminKey", "adminKeyAgain", "adminProject"}};
        case RouteAuth::organization: return {{"organizationKey"}};
        case RouteAuth::admin: return {{"adminKey"}};
    }
    std::unreachable();
}

OrderedJson security_of(RouteAuth auth) {
    OrderedJson security = OrderedJson::array();
    for (const auto& schemes : schemes_of(auth)) {
        OrderedJson all = OrderedJson::object();
        for (const char* const scheme : schemes) all[scheme] = OrderedJson::array();
        security.push_back(std::move(all));
    }
    return security;
}

const char* schema_of(ErrorShape shape) {
    switch (shape) {
        case ErrorShape::named: return "NamedError";
        case ErrorShape::message: return "MessageError";
        case ErrorShape::error: return "PlainError";
        case ErrorShape::coded: return "CodedError";
    }
    std::unreachable();
}

OrderedJson json_content(OrderedJson schema) {
    return {{"application/json", {{"schema", std::move(schema)}}}};
}

/// Nothing for a route that takes none.
OrderedJson body_of(const Route& route) {
    const bool is_list_of_traces = route.method == "DELETE" && route.pattern == k_traces;
    if (!is_list_of_traces && (route.method == "GET" || route.method == "DELETE")) return nullptr;
    OrderedJson content = json_content({{"type", "object"}});
    if (route.errors == ErrorShape::error) {
        content["application/x-protobuf"] = OrderedJson::object();  // OpenTelemetry
    }
    return {{"content", std::move(content)}};
}

OrderedJson parameter(std::string_view name, const char* in, bool is_required) {
    const bool is_count = name == "page" || name == "limit";
    return {{"name", name},
            {"in", in},
            {"required", is_required},
            {"schema", {{"type", is_count ? "integer" : "string"}}}};
}

OrderedJson parameters_of(const Route& route) {
    OrderedJson parameters = OrderedJson::array();
    for (const std::string_view part : split(route.pattern, '/')) {
        if (!part.starts_with('{')) continue;
        parameters.push_back(parameter(part.substr(1, part.size() - 2), "path", true));
    }
    for (const RouteQuery& query : k_queries) {
        if (query.pattern != route.pattern || query.method != route.method) continue;
        for (std::string_view name : split(query.names, ' ')) {
            const bool is_required = name.starts_with('*');
            if (is_required) name.remove_prefix(1);
            parameters.push_back(parameter(name, "query", is_required));
        }
    }
    return parameters;
}

/// "get_projects_projectId_apiKeys".
std::string operation_id(const Route& route) {
    std::string id = to_lower_ascii(route.method);
    for (const std::string_view part : split(route.pattern.substr(1), '/')) {
        if (part == "api" || part == "public") continue;
        id += '_';
        std::ranges::copy_if(part, std::back_inserter(id),
                             [](char c) { return c != '{' && c != '}'; });
    }
    return id;
}

/// What a route is about: the first part of its path that is neither its place nor its version.
std::string_view tag_of(const Route& route) {
    const auto parts = split(route.pattern.substr(1), '/');
    const auto named = std::ranges::find_if(parts, [](std::string_view part) {
        return part != "api" && part != "public" && part != "v2" && part != "v3";
    });
    return named == parts.end() ? "api" : *named;
}

OrderedJson describe(const Route& route) {
    OrderedJson operation;
    operation["operationId"] = operation_id(route);
    operation["summary"] = route.summary;
    operation["tags"] = {tag_of(route)};
    OrderedJson parameters = parameters_of(route);
    if (!parameters.empty()) operation["parameters"] = std::move(parameters);
    OrderedJson body = body_of(route);
    if (!body.is_null()) operation["requestBody"] = std::move(body);
    operation["security"] = security_of(route.auth);
    const std::string shape = fmt::format("#/components/schemas/{}", schema_of(route.errors));
    operation["responses"] = {
        {"2XX", {{"description", "Done"}}},
        {"4XX", {{"description", "Refused"}, {"content", json_content({{"$ref", shape}})}}},
        {"5XX", {{"description", "Failed"}, {"content", json_content({{"$ref", shape}})}}}};
    return operation;
}

/// An error with these members, all texts but the one that may be a list of faults.
OrderedJson error_schema(const std::vector<const char*>& members) {
    OrderedJson properties = OrderedJson::object();
    for (const char* const member : members) {
        const bool is_fault = std::string_view(member) == "error";
        properties[member]["type"] =
            is_fault ? OrderedJson({"string", "array"}) : OrderedJson("string");
    }
    return {{"type", "object"}, {"properties", std::move(properties)}};
}

OrderedJson components() {
    const OrderedJson basic = {{"type", "http"}, {"scheme", "basic"}};
    const OrderedJson bearer = {{"type", "http"}, {"scheme", "bearer"}};
    const auto header = [](const char* name) {
        return OrderedJson{{"type", "apiKey"}, {"in", "header"}, {"name", name}};
    };
    return {{"schemas",
             {{"NamedError", error_schema({"message", "error"})},
              {"MessageError", error_schema({"message"})},
              {"PlainError", error_schema({"error"})},
              {"CodedError", error_schema({"message", "code"})}}},
            {"securitySchemes",
             {{"projectKey", basic},
              {"publicKey", bearer},
              {"organizationKey", basic},
              {"adminKey", bearer},
              {"adminKeyAgain", header("x-langfuse-admin-api-key")},
              {"adminProject", header("x-langfuse-project-id")}}}};
}

}  // namespace

OrderedJson describe_routes(std::span<const Route> table, std::string_view base_path) {
    OrderedJson document;
    document["openapi"] = "3.1.0";
    document["info"] = {{"title", "assay"}, {"version", k_version}};
    document["servers"] = {{{"url", base_path.empty() ? "/" : base_path}}};
    OrderedJson& paths = document["paths"] = OrderedJson::object();
    std::set<std::string_view> tags;
    for (const Route& route : table) {
        paths[std::string(route.pattern)][to_lower_ascii(route.method)] = describe(route);
        tags.insert(tag_of(route));
    }
    document["components"] = components();
    OrderedJson& listed = document["tags"] = OrderedJson::array();
    for (const std::string_view tag : tags) listed.push_back({{"name", tag}});
    return document;
}

}  // namespace assay
