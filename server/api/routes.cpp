#include <algorithm>

#include "core/base/text.hpp"
#include "server/api/route.hpp"

namespace assay {
namespace {

bool is_parameter(std::string_view part) { return part.starts_with('{'); }

std::string_view parameter_name(std::string_view part) { return part.substr(1, part.size() - 2); }

bool matches(const std::vector<std::string_view>& parts, const std::vector<std::string>& segments) {
    return std::ranges::equal(parts, segments, [](std::string_view part, const std::string& text) {
        return is_parameter(part) ? !text.empty() : part == text;
    });
}

}  // namespace

std::span<const Route> routes() {
    static const std::vector<Route> all = [] {
        std::vector<Route> table;
        for (const auto part :
             {service_routes(), project_routes(), organization_routes(), key_routes(),
              ingestion_routes(), otlp_routes(), trace_routes(), observation_routes(),
              score_routes(), experiment_routes(), session_routes(), score_write_routes(),
              score_config_routes(), model_routes(), prompt_routes(), dataset_routes(),
              dataset_item_routes(), dataset_run_routes()}) {
            table.insert(table.end(), part.begin(), part.end());
        }
        // Callers are known after the access store was asked.
        ASSAY_ASSERT(
            std::ranges::all_of(table,
                                [](const Route& route) {
                                    return route.auth == RouteAuth::none ||
                                           !std::holds_alternative<ServerHandler>(route.handler);
                                }),
            "a route that answers from memory knows no caller");
        return table;
    }();
    return all;
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
