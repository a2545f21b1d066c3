#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "tests/unit/api/api_fixture.hpp"

namespace assay::test {

namespace {

/// The only routes that are answered without a key.
const std::set<std::string_view> k_open = {"/api/public/health", "/api/public/ready",
                                           "/api/public/openapi.json", "/metrics"};
Result<ApiResponse> nothing(ApiContext& /*context*/, const RouteCall& /*call*/) {
    return json_response(200, {});
}

/// A path of the route, its parameters filled in.
std::string path_of(const Route& route, const std::string& project = "unknown") {
    std::string path(route.pattern);
    for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{')) {
        const std::size_t end = path.find('}', at);
        const bool is_project = path.substr(at, end - at + 1) == "{projectId}";
        path.replace(at, end - at + 1, is_project ? project : "unknown");
    }
    return path;
}

}  // namespace

TEST_CASE("routes: without a key all but the open ones answer 401", "[api]") {
    ApiFixture fixture;
    std::set<std::string_view> open;
    for (const Route& route : routes()) {
        INFO(route.method << " " << route.pattern);
        const RawResponse response = fixture.ask(route.method, path_of(route));
        if (route.auth == RouteAuth::none) {
            open.insert(route.pattern);
            CHECK(response.status == 200);
            continue;
        }
        CHECK(response.status == 401);
        CHECK(body_of(response) == Json({{"message", "No authorization header"}}));
    }
    CHECK(open == k_open);
}

TEST_CASE("routes: each key opens its own routes and no others", "[api]") {
    ApiFixture fixture;
    struct Case {
        const char* name;
        std::string header;
        std::set<RouteAuth> opens;
        int otherwise;
    };
    KeyPair wrong = fixture.project;
    wrong.secret_key = make_key_pair().secret_key;
    const std::vector<Case> cases = {
        {"project",
         basic(fixture.project),
         {RouteAuth::project, RouteAuth::project_or_scores_key, RouteAuth::project_or_admin},
         403},
        {"organization", basic(fixture.organization), {RouteAuth::organization}, 403},
        {"public key", bearer(fixture.project.public_key), {RouteAuth::project_or_scores_key}, 403},
        {"organization's public key", bearer(fixture.organization.public_key), {}, 401},
        {"wrong secret", basic(wrong), {}, 401},
        {"secret as bearer", bearer(fixture.project.secret_key.reveal()), {}, 401},
        {"admin", bearer(k_admin_key), {RouteAuth::admin}, 401},
        {"admin as a project",
         operator_of("default"),
         {RouteAuth::admin, RouteAuth::project_or_admin},
         401},
        {"no scheme", "Authorization: nothing\r\n", {}, 401},
        {"empty", "Authorization: \r\n", {}, 401},
        {"other scheme", "Authorization: Digest abc\r\n", {}, 401},
        {"no base64", "Authorization: Basic ?\r\n", {}, 401},
        {"no colon", "Authorization: Basic YWJj\r\n", {}, 401}};
    for (const Route& route : routes()) {
        if (route.auth == RouteAuth::none) continue;
        for (const Case& each : cases) {
            INFO(each.name << ": " << route.method << " " << route.pattern);
            const RawResponse response =
                fixture.ask(route.method, path_of(route), each.header, "{}");
            if (!each.opens.contains(route.auth)) {
                // The operator's routes know no other keys, so that all are unknown to them.
                const bool is_admin = route.auth == RouteAuth::admin;
                CHECK(response.status == (is_admin ? 401 : each.otherwise));
                continue;
            }
            CHECK(response.status != 401);
            CHECK(response.status != 403);
            CHECK(response.status < 500);
        }
    }
}

TEST_CASE("routes: refusals are worded as the contract says", "[api]") {
    ApiFixture fixture;
    const auto message = [&](const std::string& header, const char* target) {
        return body_of(fixture.ask("GET", target, header))["message"].get<std::string>();
    };
    const char* const projects = "/api/public/projects";
    CHECK(message("", projects) == "No authorization header");
    CHECK(message("Authorization: x\r\n", projects) == "Invalid authorization header");
    CHECK(message("Authorization: Basic YWJj\r\n", projects) == "Invalid authorization header");
    CHECK_THAT(message(basic(make_key_pair()), projects),
               Catch::StartsWith("Invalid credentials. Confirm that you've configured the correct "
                                 "host."));
    CHECK(message(bearer(fixture.project.public_key), projects) ==
          "Access denied - insufficient permissions for this endpoint");
    CHECK_THAT(message(basic(fixture.organization), projects),
               Catch::Contains("using an organization key"));
}

TEST_CASE("routes: a public key of another pair is only logged", "[api]") {
    ApiFixture fixture;
    KeyPair mixed = fixture.project;
    mixed.public_key = "pk-lf-other";
    CHECK(fixture.ask("GET", "/api/public/projects", basic(mixed)).status == 200);
    CHECK_THAT(fixture.log.text(), Catch::Contains("public key of another pair"));
}

TEST_CASE("routes: projects of others are as unknown as those that are not there", "[api]") {
    ApiFixture fixture;
    std::size_t routes_seen = 0;
    for (const Route& route : routes()) {
        if (route.pattern.find("{projectId}") == std::string_view::npos) continue;
        INFO(route.method << " " << route.pattern);
        ++routes_seen;
        const std::string header = basic(fixture.organization);
        const std::string body = R"({"name":"taken over"})";
        const auto theirs = fixture.ask(route.method, path_of(route, "theirs"), header, body);
        const auto unknown = fixture.ask(route.method, path_of(route, "unknow"), header, body);
        CHECK(theirs.status == 404);
        CHECK(theirs.body == unknown.body);
        CHECK(theirs.headers.at("content-length") == unknown.headers.at("content-length"));
    }
    CHECK(routes_seen == 5);
    const Json own =
        body_of(fixture.ask("GET", "/api/public/projects", basic(fixture.other_project)));
    CHECK(own["data"][0]["name"] == "Theirs");
}

TEST_CASE("routes: wrong methods and paths have JSON bodies", "[api]") {
    ApiFixture fixture;
    const RawResponse wrong = fixture.ask("PATCH", "/api/public/projects");
    CHECK(wrong.status == 405);
    CHECK(wrong.headers.at("allow") == "GET, POST, HEAD, OPTIONS");
    CHECK(body_of(wrong) == Json({{"message", "Method not allowed"}}));
    for (const char* const path :
         {"/", "/api/public/nothing", "/api/public/projects/", "/api/public//projects",
          "/api%2Fpublic/projects", "/API/public/projects", "/api/public/projects/a%2FapiKeys/x"}) {
        INFO(path);
        const RawResponse response = fixture.ask("GET", path, basic(fixture.project));
        CHECK(response.status == 404);
        CHECK(body_of(response)["error"] == "LangfuseNotFoundError");
        CHECK(response.headers.at("x-content-type-options") == "nosniff");
    }
    CHECK(fixture.ask("HEAD", "/api/public/health").status == 200);
    CHECK(fixture.ask("HEAD", "/api/public/projects").status == 401);
}

TEST_CASE("routes: a segment is decoded once", "[api]") {
    ApiFixture fixture;
    const std::string header = basic(fixture.organization);
    const Project odd{.id = ProjectId("a/b%2Fc"),
                      .organization = {OrganizationId("default"), "default"},
                      .name = "odd"};
    REQUIRE(fixture.access->add_project(odd, fixture.clock.now()));
    CHECK(fixture.ask("GET", "/api/public/projects/a%2Fb%252Fc/apiKeys", header).status == 200);
    CHECK(fixture.ask("GET", "/api/public/projects/a%2Fb%2Fc/apiKeys", header).status == 404);
    CHECK(fixture.ask("GET", "/api/public/projects/a/b%252Fc/apiKeys", header).status == 404);
}

TEST_CASE("routes: browsers of any origin may ask", "[api]") {
    ApiFixture fixture;
    for (const Route& route : routes()) {
        INFO(route.pattern);
        const RawResponse asked =
            fixture.ask("OPTIONS", path_of(route),
                        "Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n"
                        "Access-Control-Request-Headers: authorization,x-langfuse-sdk-name\r\n");
        CHECK(asked.status == 200);
        CHECK(asked.headers.at("access-control-allow-origin") == "https://app.example");
        CHECK(asked.headers.at("access-control-allow-credentials") == "true");
        CHECK(asked.headers.at("access-control-allow-headers") ==
              "authorization,x-langfuse-sdk-name");
        CHECK_THAT(asked.headers.at("access-control-allow-methods"),
                   Catch::Contains(std::string(route.method)));
    }
    const RawResponse refused =
        fixture.ask("GET", "/api/public/projects", "Origin: https://app.example\r\n");
    CHECK(refused.status == 401);
    CHECK(refused.headers.at("access-control-allow-origin") == "https://app.example");
    CHECK_FALSE(fixture.ask("GET", "/metrics").headers.contains("access-control-allow-origin"));
    CHECK(fixture.ask("OPTIONS", "*").status == 200);
    CHECK(fixture.ask("OPTIONS", "/nothing").status == 404);
}

TEST_CASE("routes: of two patterns that fit the one with fewer parameters counts", "[api]") {
    const std::vector<Route> table = {
        {"GET", "/a/{x}", RouteAuth::none, AccessHandler{&nothing}, "one"},
        {"GET", "/a/b", RouteAuth::none, AccessHandler{&nothing}, "two"},
        {"PUT", "/a/{x}", RouteAuth::none, AccessHandler{&nothing}, "three"}};
    const RouteTable routes(table);
    CHECK(routes.find("GET", {"a", "b"}).route->summary == "two");
    CHECK(routes.find("GET", {"a", "c"}).route->summary == "one");
    CHECK(routes.find("HEAD", {"a", "c"}).parameters.at("x") == "c");
    CHECK(routes.find("PUT", {"a", "b"}).route->summary == "three");
    CHECK(routes.find("GET", {"a", ""}).methods.empty());
    CHECK(routes.find("DELETE", {"a", "b"}).route == nullptr);
    CHECK(routes.find("DELETE", {"a", "b"}).methods.size() == 3);
}

TEST_CASE("routes: health readiness and metrics are told to everybody", "[api]") {
    ApiFixture fixture;
    CHECK(body_of(fixture.ask("GET", "/api/public/health?failIfDatabaseUnavailable=true")) ==
          Json({{"status", "OK"}, {"version", "4.35.0"}}));
    CHECK(fixture.ask("GET", "/api/public/ready").status == 200);
    (void)fixture.ask("GET", "/\"x\"");
    const std::string metrics = fixture.ask("GET", "/metrics").body;
    CHECK_THAT(metrics, Catch::Contains("assay_http_requests_total{method=\"GET\",route="
                                        "\"/api/public/ready\",status=\"200\"} 1\n"));
    CHECK_THAT(metrics, Catch::Contains("route=\"(none)\",status=\"404\"} 1\n"));
    CHECK_THAT(metrics, Catch::Contains("assay_http_request_seconds_bucket"));
    fixture.server.on_thread([&](HttpServer&) { fixture.api.begin_drain(); });
    CHECK(fixture.ask("GET", "/api/public/ready").status == 500);
    CHECK(fixture.ask("GET", "/api/public/health").status == 200);
}

TEST_CASE("routes: health tells whether anything was heard of late when asked to", "[api]") {
    ApiFixture fixture;
    const std::string health = "/api/public/health?failIfNoRecentEvents=";
    const auto status = [&](const char* wanted) {
        return fixture.ask("GET", health + wanted).status;
    };
    CHECK(status("true") == 503);
    CHECK_THAT(fixture.ask("GET", health + "true").body, Catch::Contains("3 minutes"));
    CHECK(status("false") == 200);
    fixture.ingest({{{"id", "e"},
                     {"type", "trace-create"},
                     {"timestamp", "2026-11-01T09:30:00Z"},
                     {"body", {{"id", "t"}, {"timestamp", "2026-11-01T09:30:00Z"}}}}});
    CHECK(status("true") == 200);
    fixture.clock.passed = std::chrono::minutes(3);
    CHECK(status("true") == 200);
    fixture.clock.passed = std::chrono::minutes(3) + std::chrono::milliseconds(1);
    CHECK(status("true") == 503);
}

TEST_CASE("routes: a project is made and changed and removed", "[api]") {
    ApiFixture fixture;
    const std::string header = basic(fixture.organization);
    const auto ask = [&](const char* method, const std::string& target, const char* body = "") {
        return fixture.ask(method, target, header, body);
    };
    const RawResponse made = ask("POST", "/api/public/projects",
                                 R"({"name":"Größe","retention":30,"metadata":{"team":"a"}})");
    CHECK(made.status == 201);
    const Json project = body_of(made);
    const std::string id = project["id"];
    CHECK(project == Json({{"id", id},
                           {"name", "Größe"},
                           {"organization", {{"id", "default"}, {"name", "default"}}},
                           {"metadata", {{"team", "a"}}},
                           {"retentionDays", 30}}));
    CHECK(ask("POST", "/api/public/projects", R"({"name":"Größe"})").status == 409);
    const std::string path = "/api/public/projects/" + id;
    const Json changed = body_of(ask("PUT", path, R"({"name":"New name","retention":0})"));
    CHECK(changed["name"] == "New name");
    CHECK(changed["metadata"] == project["metadata"]);
    CHECK_FALSE(changed.contains("retentionDays"));
    CHECK(body_of(ask("GET", "/api/public/organizations/projects"))["projects"][1] == changed);

    for (const char* const body :
         {"", "[]", "{", "{}", R"({"name":"ab"})", R"({"name":3})",
          R"({"name":"0123456789012345678901234567890123456789012345678901234567890"})",
          R"({"name":"abc","retention":2})", R"({"name":"abc","retention":-1})",
          R"({"name":"abc","retention":3.5})", R"({"name":"abc","retention":"3"})",
          R"({"name":"abc","metadata":[]})", R"({"name":"abc","metadata":"x"})"}) {
        INFO(body);
        const RawResponse refused = ask("POST", "/api/public/projects", body);
        CHECK(refused.status == 400);
        CHECK(body_of(refused).size() == 1);
        CHECK(body_of(refused)["message"].is_string());
        CHECK(ask("PUT", path, body).status == 400);
    }
    CHECK(ask("POST", "/api/public/projects", R"({"name":"abc","retention":3})").status == 201);

    const KeyPair key = fixture.add_key({OrganizationId("default"), ProjectId(id)});
    CHECK(fixture.ask("GET", "/api/public/projects", basic(key)).status == 200);
    const RawResponse removed = ask("DELETE", path);
    CHECK(removed.status == 202);
    CHECK(body_of(removed)["success"] == true);
    CHECK(fixture.ask("GET", "/api/public/projects", basic(key)).status == 401);
    CHECK(ask("DELETE", path).status == 404);
    CHECK(ask("PUT", path, R"({"name":"abc"})").status == 404);
}

TEST_CASE("routes: keys are made and listed and removed and their secrets told once", "[api]") {
    ApiFixture fixture;
    const std::string header = basic(fixture.organization);
    const std::string path = "/api/public/projects/default/apiKeys";
    const RawResponse made = fixture.ask("POST", path, header, R"({"note":"CI"})");
    CHECK(made.status == 201);
    Json key = body_of(made);
    const std::string secret = key["secretKey"];
    CHECK(key["displaySecretKey"] == "sk-lf-..." + secret.substr(secret.size() - 4));
    CHECK(key["createdAt"] == "2026-11-01T09:30:00.000Z");
    key.erase("secretKey");
    const RawResponse listed = fixture.ask("GET", path, header);
    CHECK(body_of(listed)["apiKeys"][1] == key);
    CHECK_THAT(listed.body, !Catch::Contains(secret));
    const KeyPair pair{.public_key = key["publicKey"], .secret_key = Secret(secret)};
    CHECK(fixture.ask("GET", "/api/public/projects", basic(pair)).status == 200);

    const std::string own = R"({"publicKey":"pk-lf-12345678","secretKey":"sk-lf-12345678"})";
    CHECK(fixture.ask("POST", path, header, own).status == 201);
    CHECK(fixture.ask("POST", path, header, own).status == 409);
    for (const char* const body :
         {R"({"publicKey":"pk-lf-22345678"})", R"({"secretKey":"sk-lf-22345678"})",
          R"({"publicKey":"22345678","secretKey":"sk-lf-22345678"})",
          R"({"publicKey":"pk-lf-22345678","secretKey":"22345678"})",
          R"({"publicKey":1,"secretKey":2})", R"({"note":1})", "[]"}) {
        INFO(body);
        CHECK(fixture.ask("POST", path, header, body).status == 400);
    }
    const std::string one = path + "/" + key["id"].get<std::string>();
    CHECK(body_of(fixture.ask("DELETE", one, header)) == Json({{"success", true}}));
    CHECK(fixture.ask("DELETE", one, header).status == 404);
    CHECK(fixture.ask("GET", "/api/public/projects", basic(pair)).status == 401);
    const Json keys = body_of(fixture.ask("GET", "/api/public/organizations/apiKeys", header));
    CHECK(keys["apiKeys"].size() == 1);
    CHECK(keys["apiKeys"][0]["publicKey"] == fixture.organization.public_key);

    CHECK_THAT(fixture.log.text(), !Catch::Contains("sk-lf-"));
    for (const auto& entry : std::filesystem::recursive_directory_iterator(fixture.folder.path())) {
        if (entry.is_regular_file()) CHECK_THAT(read_text(entry.path()), !Catch::Contains(secret));
    }
}

TEST_CASE("routes: the last use of a key is recorded once a minute", "[api]") {
    ApiFixture fixture;
    const auto last_use = [&] {
        (void)fixture.ask("GET", "/api/public/projects", basic(fixture.project));
        const Json keys = body_of(fixture.ask("GET", "/api/public/projects/default/apiKeys",
                                              basic(fixture.organization)));
        return keys["apiKeys"][0]["lastUsedAt"].get<std::string>();
    };
    CHECK(last_use() == "2026-11-01T09:30:00.000Z");
    fixture.clock.passed = std::chrono::seconds(59);
    CHECK(last_use() == "2026-11-01T09:30:00.000Z");
    fixture.clock.passed = std::chrono::seconds(60);
    CHECK(last_use() == "2026-11-01T09:31:00.000Z");
}

TEST_CASE("routes: an error of the store tells nothing of the machine", "[api]") {
    for (const auto code : {ErrorCode::permission_denied, ErrorCode::data_loss,
                            ErrorCode::unavailable, ErrorCode::resource_exhausted}) {
        const Error error{code, "cannot write folder/assay.db"};
        const ApiResponse response = error_response(ErrorShape::named, error);
        CHECK(response.status >= 500);
        CHECK_THAT(response.body, !Catch::Contains("assay.db"));
    }
}

}  // namespace assay::test
