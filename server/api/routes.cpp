#include <algorithm>
#include <array>

#include "core/base/text.hpp"
#include "core/base/version.hpp"
#include "server/api/route.hpp"

namespace assay {
namespace {

constexpr auto k_message = ErrorShape::message;

constexpr std::array k_routes = {
    Route{"GET", "/api/public/health", RouteAuth::none, &get_health,
          "Whether the server lives, and the version of the API it serves"},
    Route{"GET", "/api/public/ready", RouteAuth::none, &get_ready,
          "Whether the server takes requests; 500 while it ends", ErrorShape::named,
          RouteThread::server},
    Route{"GET", "/api/public/openapi.json", RouteAuth::none, &get_open_api, "This document",
          ErrorShape::named, RouteThread::server},
    Route{"GET", "/metrics", RouteAuth::none, &get_metrics, "Counters for Prometheus",
          ErrorShape::named, RouteThread::server},

    Route{"GET", "/api/public/projects", RouteAuth::project, &get_projects,
          "The project that the API key belongs to"},
    Route{"POST", "/api/public/projects", RouteAuth::organization, &post_project, "Make a project",
          k_message},
    Route{"PUT", "/api/public/projects/{projectId}", RouteAuth::organization, &put_project,
          "Change the name, metadata or retention of a project", k_message},
    Route{"DELETE", "/api/public/projects/{projectId}", RouteAuth::organization, &delete_project,
          "Hide a project; its keys stop at once, its data stays for now", k_message},
    Route{"GET", "/api/public/projects/{projectId}/apiKeys", RouteAuth::organization,
          &get_project_keys, "The API keys of a project", k_message},
    Route{"POST", "/api/public/projects/{projectId}/apiKeys", RouteAuth::organization,
          &post_project_key, "Make an API key; its secret is told only now", k_message},
    Route{"DELETE", "/api/public/projects/{projectId}/apiKeys/{apiKeyId}", RouteAuth::organization,
          &delete_project_key, "Remove an API key", k_message},
    Route{"GET", "/api/public/organizations/projects", RouteAuth::organization,
          &get_organization_projects, "The projects of the organization", k_message},
    Route{"GET", "/api/public/organizations/apiKeys", RouteAuth::organization,
          &get_organization_keys, "The API keys of the organization", k_message},
};

// Callers are known on the store's thread only.
static_assert(std::ranges::all_of(k_routes, [](const Route& route) {
    return route.thread == RouteThread::store || route.auth == RouteAuth::none;
}));

bool is_parameter(std::string_view part) { return part.starts_with('{'); }

std::string_view parameter_name(std::string_view part) { return part.substr(1, part.size() - 2); }

bool matches(const std::vector<std::string_view>& parts, const std::vector<std::string>& segments) {
    return std::ranges::equal(parts, segments, [](std::string_view part, const std::string& text) {
        return is_parameter(part) ? !text.empty() : part == text;
    });
}

std::string_view scheme_of(RouteAuth auth) {
    switch (auth) {
        case RouteAuth::none: return "";
        case RouteAuth::project: return "projectKey";
        case RouteAuth::project_or_scores_key: return "publicKey";
        case RouteAuth::organization: return "organizationKey";
        case RouteAuth::admin: return "adminKey";
    }
    std::unreachable();
}

OrderedJson describe(const Route& route) {
    OrderedJson parameters = OrderedJson::array();
    for (const std::string_view part : split(route.pattern, '/')) {
        if (!is_parameter(part)) continue;
        parameters.push_back({{"name", parameter_name(part)},
                              {"in", "path"},
                              {"required", true},
                              {"schema", {{"type", "string"}}}});
    }
    OrderedJson security = OrderedJson::array();
    if (route.auth != RouteAuth::none) {
        security.push_back({{scheme_of(route.auth), OrderedJson::array()}});
    }
    if (route.auth == RouteAuth::project_or_scores_key) {
        security.push_back({{scheme_of(RouteAuth::project), OrderedJson::array()}});
    }
    OrderedJson operation;
    operation["summary"] = route.summary;
    if (!parameters.empty()) operation["parameters"] = std::move(parameters);
    operation["security"] = std::move(security);
    operation["responses"] = {{"2XX", {{"description", "Done"}}},
                              {"4XX", {{"description", "Refused"}}}};
    return operation;
}

}  // namespace

std::span<const Route> routes() { return k_routes; }

OrderedJson describe_routes(std::span<const Route> table) {
    const OrderedJson basic = {{"type", "http"}, {"scheme", "basic"}};
    const OrderedJson bearer = {{"type", "http"}, {"scheme", "bearer"}};
    OrderedJson document;
    document["openapi"] = "3.1.0";
    document["info"] = {{"title", "assay"}, {"version", k_version}};
    OrderedJson& paths = document["paths"] = OrderedJson::object();
    for (const Route& route : table) {
        paths[std::string(route.pattern)][to_lower_ascii(route.method)] = describe(route);
    }
    document["components"]["securitySchemes"] = {{"projectKey", basic},
                                                 {"publicKey", bearer},
                                                 {"organizationKey", basic},
                                                 {"adminKey", bearer}};
    return document;
}

RouteTable::RouteTable(std::span<const Route> table) {
    for (const Route& route : table) {
        Entry entry{.route = &route, .parts = split(route.pattern.substr(1), '/')};
        const auto parameters = std::ranges::count_if(entry.parts, is_parameter);
        entry.parameters = static_cast<std::size_t>(parameters);
        entries_.push_back(std::move(entry));
    }
    std::ranges::sort(entries_, {},
                      [](const Entry& entry) { return std::pair(entry.parameters, entry.route); });
}

RouteTable::Match RouteTable::find(std::string_view method,
                                   const std::vector<std::string>& segments) const {
    const std::string_view wanted = method == "HEAD" ? "GET" : method;
    Match match;
    for (const Entry& entry : entries_) {
        if (!matches(entry.parts, segments)) continue;
        match.methods.push_back(entry.route->method);
        if (match.route != nullptr || entry.route->method != wanted) continue;
        match.route = entry.route;
        for (std::size_t i = 0; i < segments.size(); ++i) {
            if (!is_parameter(entry.parts[i])) continue;
            match.parameters.emplace(parameter_name(entry.parts[i]), segments[i]);
        }
    }
    return match;
}

}  // namespace assay
