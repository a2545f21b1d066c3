#include "server/api/open_api.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "core/base/text.hpp"
#include "tests/unit/api/api_world.hpp"

namespace assay::test {
namespace {

Json described() { return parse_json(to_text(describe_routes(routes(), ""))).value(); }

const Json& operation_of(const Json& document, const Route& route) {
    return document.at("paths").at(std::string(route.pattern)).at(to_lower_ascii(route.method));
}

/// The names of an operation's parameters of one place.
std::set<std::string> names_in(const Json& operation, const char* place) {
    std::set<std::string> names;
    for (const Json& each : operation.value("parameters", Json::array())) {
        if (each.at("in") == place) CHECK(names.insert(each.at("name")).second);
    }
    return names;
}

}  // namespace

TEST_CASE("open api: the document has every route with its key and its parameters", "[api]") {
    ApiFixture fixture;
    const Json document = body_of(fixture.ask("GET", "/api/public/openapi.json"));
    CHECK(document == described());
    CHECK(document["openapi"] == "3.1.0");
    std::size_t operations = 0;
    for (const Json& path : document["paths"]) operations += path.size();
    CHECK(operations == routes().size());
    std::set<std::string> ids;
    for (const Route& route : routes()) {
        INFO(route.method << " " << route.pattern);
        const Json& operation = operation_of(document, route);
        CHECK(ids.insert(operation.at("operationId")).second);
        CHECK(operation.at("security").empty() == (route.auth == RouteAuth::none));
        for (const Json& each : operation.at("security")) {
            for (const auto& [scheme, scopes] : each.items()) {
                CHECK(document["components"]["securitySchemes"].contains(scheme));
                CHECK(scopes == Json::array());
            }
        }
        for (const std::string_view part : split(route.pattern, '/')) {
            if (!part.starts_with('{')) continue;
            CHECK(
                names_in(operation, "path").contains(std::string(part.substr(1, part.size() - 2))));
        }
        for (const auto& [status, response] : operation.at("responses").items()) {
            CHECK(response.at("description").is_string());
            const Json::json_pointer reference("/content/application~1json/schema/$ref");
            if (!response.contains(reference)) continue;
            const std::string target = response.at(reference);
            REQUIRE(target.starts_with("#/"));
            CHECK(document.contains(Json::json_pointer(target.substr(1))));
        }
    }
    CHECK(document["paths"]["/api/public/models"]["get"]["security"] ==
          parse_json(R"([{"projectKey":[]},)"
                     R"({"adminKey":[],"adminKeyAgain":[],"adminProject":[]}])")
              .value());
    CHECK(document["paths"]["/api/public/scores"]["post"]["security"] ==
          parse_json(R"([{"projectKey":[]},{"publicKey":[]}])").value());
}

TEST_CASE("open api: no two paths differ in the names of their parameters only", "[api]") {
    std::set<std::string> paths;
    const Json document = described();
    for (const auto& [path, operations] : document["paths"].items()) {
        INFO(path);
        std::string plain;
        for (const std::string_view part : split(path, '/')) {
            plain += part.starts_with('{') ? "/{}" : "/" + std::string(part);
        }
        CHECK(paths.insert(plain).second);
    }
}

TEST_CASE("open api: the server is where the document is", "[api]") {
    CHECK(describe_routes(routes(), "")["servers"] == OrderedJson({{{"url", "/"}}}));
    CHECK(describe_routes(routes(), "/assay")["servers"] == OrderedJson({{{"url", "/assay"}}}));
}

TEST_CASE("open api: lists have the parameters of the query that they read", "[api]") {
    ApiFixture fixture;
    const KeyRing keys{fixture.project, fixture.organization};
    const ApiWorld world(fixture, keys, "canary");
    const Json document = described();
    std::size_t paged = 0;
    for (const Route& route : routes()) {
        const bool is_read = route.method == "GET" && (route.auth == RouteAuth::project ||
                                                       route.auth == RouteAuth::project_or_admin);
        const auto call = is_read ? world.call_of(route) : std::nullopt;
        if (!call) continue;
        const auto names = names_in(operation_of(document, route), "query");
        const char joint = call->target.find('?') == std::string::npos ? '?' : '&';
        for (const char* const name : {"page", "limit", "fromTimestamp", "fromStartTime", "filter",
                                       "resolve", "isRootObservation", "scoreLimit"}) {
            // What is read is refused when it cannot be; of several values the first counts.
            std::string target = call->target;
            const std::size_t given = target.find(std::string(name) + "=");
            if (given != std::string::npos)
                target.insert(given, std::string(name) + "=wrong&");
            else
                target += joint + std::string(name) + "=wrong";
            INFO(target);
            const RawResponse answer =
                fixture.ask("GET", target, ApiWorld::authorization(route, keys));
            const bool is_known = route.pattern == "/api/public/v3/scores"
                                      ? !answer.body.contains("nrecognized")
                                      : answer.status == 400;
            CHECK(is_known == names.contains(name));
            paged += names.contains("limit") ? 1 : 0;
        }
    }
    CHECK(paged > 50);
}

}  // namespace assay::test
