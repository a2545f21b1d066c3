#include <catch2/catch.hpp>

#include "tests/unit/api/api_fixture.hpp"

// What ADMIN_API_KEY may do: make organisations, and ask as a project.

namespace assay::test {
namespace {

constexpr const char* k_organizations = "/api/admin/organizations";
constexpr const char* k_models = "/api/public/models";

KeyPair pair_in(const Json& key) {
    return {.public_key = key.at("publicKey"),
            .secret_key = Secret(key.at("secretKey").get<std::string>())};
}

}  // namespace

TEST_CASE("operator: the operator's key leads to an organisation and its to a project", "[api]") {
    ApiFixture fixture;
    const std::string organizations = k_organizations;
    const std::string admin = bearer(k_admin_key);
    const RawResponse made = fixture.ask("POST", organizations, admin, R"({"name":"Größe"})");
    CHECK(made.status == 201);
    const std::string id = body_of(made).at("id");
    CHECK(body_of(made) == Json({{"id", id}, {"name", "Größe"}, {"projects", Json::array()}}));
    const std::string one = organizations + "/" + id;
    const RawResponse key = fixture.ask("POST", one + "/apiKeys", admin, R"({"note":"first"})");
    CHECK(key.status == 201);
    const KeyPair organization = pair_in(body_of(key));
    const RawResponse project =
        fixture.ask("POST", "/api/public/projects", basic(organization), R"({"name":"own"})");
    CHECK(project.status == 201);
    const std::string project_id = body_of(project).at("id");
    const RawResponse project_key =
        fixture.ask("POST", "/api/public/projects/" + project_id + "/apiKeys", basic(organization));
    CHECK(project_key.status == 201);
    const std::string header = basic(pair_in(body_of(project_key)));
    CHECK(body_of(fixture.ask("GET", "/api/public/projects", header))["data"][0]["name"] == "own");

    const Json read = body_of(fixture.ask("GET", one, admin));
    CHECK(read.at("projects") ==
          Json::array({{{"id", project_id}, {"name", "own"}, {"metadata", Json::object()}}}));
    const Json all = body_of(fixture.ask("GET", organizations, admin)).at("organizations");
    REQUIRE(all.size() == 3);
    CHECK(all[2] == read);
    const Json keys = body_of(fixture.ask("GET", one + "/apiKeys", admin)).at("apiKeys");
    REQUIRE(keys.size() == 1);
    CHECK_FALSE(keys[0].contains("secretKey"));
    // A key of another organisation, or of one of its projects, is none of this one.
    const std::string foreign = "/apiKeys/" + keys[0].at("id").get<std::string>();
    CHECK(fixture.ask("DELETE", organizations + "/default" + foreign, admin).status == 404);
    CHECK(
        fixture
            .ask("DELETE", one + "/apiKeys/" + body_of(project_key)["id"].get<std::string>(), admin)
            .status == 404);
    CHECK(body_of(fixture.ask("DELETE", one + foreign, admin)) == Json({{"success", true}}));
    CHECK(fixture.ask("GET", "/api/public/organizations/projects", basic(organization)).status ==
          401);
}

TEST_CASE("operator: what the operator cannot ask is refused", "[api]") {
    ApiFixture fixture;
    const std::string organizations = k_organizations;
    const std::string admin = bearer(k_admin_key);
    for (const std::string& body :
         {std::string(), std::string("{}"), std::string("[]"), std::string(R"({"name":""})"),
          std::string(R"({"name":5})"), R"({"name":")" + std::string(61, 'n') + "\"}"}) {
        INFO(body);
        CHECK(fixture.ask("POST", organizations, admin, body).status == 400);
    }
    for (const char* const method : {"GET", "POST"}) {
        const RawResponse unknown = fixture.ask(method, organizations + "/unknown/apiKeys", admin);
        CHECK(unknown.status == 404);
        CHECK(body_of(unknown) == Json({{"message", "Organization not found"}}));
    }
    CHECK(fixture.ask("GET", organizations + "/unknown", admin).status == 404);
    CHECK(fixture.ask("GET", organizations, basic(fixture.organization)).status == 401);
    CHECK(fixture.ask("GET", organizations, bearer("admin")).status == 401);
}

TEST_CASE("operator: an organisation is renamed", "[api]") {
    ApiFixture fixture;
    const std::string admin = bearer(k_admin_key);
    const std::string one = std::string(k_organizations) + "/other";
    const RawResponse renamed = fixture.ask("PUT", one, admin, R"({"name":"Neu ü"})");
    CHECK(renamed.status == 200);
    CHECK(body_of(renamed)["name"] == "Neu ü");
    CHECK(body_of(renamed)["projects"].size() == 1);
    CHECK(body_of(fixture.ask("GET", one, admin)) == body_of(renamed));
    const Json project = body_of(
        fixture.ask("GET", "/api/public/projects", basic(fixture.other_project)))["data"][0];
    CHECK(project["organization"] == Json({{"id", "other"}, {"name", "Neu ü"}}));
    for (const char* const body : {"", "{}", "[]", R"({"name":""})", R"({"name":null})"}) {
        INFO(body);
        CHECK(fixture.ask("PUT", one, admin, body).status == 400);
    }
    const std::string unknown = std::string(k_organizations) + "/unknown";
    CHECK(fixture.ask("PUT", unknown, admin, R"({"name":"x"})").status == 404);
    CHECK(fixture.ask("PUT", one, basic(fixture.organization), R"({"name":"x"})").status == 401);
}

TEST_CASE("operator: an organisation is deleted once it has no projects", "[api]") {
    ApiFixture fixture;
    const std::string admin = bearer(k_admin_key);
    const std::string one = std::string(k_organizations) + "/other";
    const KeyPair key = fixture.add_key({OrganizationId("other"), std::nullopt});
    const RawResponse refused = fixture.ask("DELETE", one, admin);
    CHECK(refused.status == 400);
    CHECK(body_of(refused) ==
          Json({{"message", "The organization has projects; delete them first"}}));
    CHECK(fixture.ask("GET", "/api/public/projects", basic(fixture.other_project)).status == 200);
    REQUIRE(fixture.ask("DELETE", "/api/public/projects/theirs", basic(key)).status == 202);
    const RawResponse removed = fixture.ask("DELETE", one, admin);
    CHECK(removed.status == 200);
    CHECK(body_of(removed) == Json({{"success", true}}));
    CHECK(fixture.ask("GET", one, admin).status == 404);
    CHECK(fixture.ask("DELETE", one, admin).status == 404);
    CHECK(fixture.ask("GET", "/api/public/organizations/projects", basic(key)).status == 401);
    const Json left = body_of(fixture.ask("GET", k_organizations, admin)).at("organizations");
    REQUIRE(left.size() == 1);
    CHECK(left[0]["id"] == "default");
    CHECK(fixture.ask("GET", "/api/public/projects", basic(fixture.project)).status == 200);
}

TEST_CASE("operator: models are asked for as the project that a header names", "[api]") {
    ApiFixture fixture;
    const std::string body = R"({"modelName":"m","matchPattern":"^m$","inputPrice":1})";
    const RawResponse made = fixture.ask("POST", k_models, operator_of("theirs"), body);
    REQUIRE(made.status == 200);
    const std::string one = std::string(k_models) + "/" + body_of(made)["id"].get<std::string>();
    CHECK(fixture.ask("GET", one, basic(fixture.other_project)).body == made.body);
    CHECK(fixture.ask("GET", one, operator_of("theirs")).body == made.body);
    CHECK(fixture.ask("GET", one, basic(fixture.project)).status == 404);
    CHECK(fixture.ask("GET", one, operator_of("default")).status == 404);
    CHECK(fixture.ask("PUT", one, operator_of("default"), body).status == 404);
    CHECK(fixture.ask("DELETE", one, operator_of("default")).status == 404);
    CHECK(fixture.ask("PUT", one, operator_of("theirs"), body).status == 200);
    CHECK(fixture.ask("DELETE", one, operator_of("theirs")).status == 200);
    CHECK(fixture.ask("GET", one, operator_of("theirs")).status == 404);
}

TEST_CASE("operator: a project is asked for with both headers and the right key only", "[api]") {
    ApiFixture fixture;
    const std::string right = std::string("x-langfuse-admin-api-key: ") + k_admin_key + "\r\n";
    const std::string wrong = "x-langfuse-admin-api-key: admin-key-of-the-operatoR\r\n";
    const std::string project = "x-langfuse-project-id: default\r\n";
    struct Case {
        std::string headers;
        int status;
        const char* message;
    };
    const char* const k_invalid =
        "Invalid credentials. Confirm that you've configured the correct host.";
    const std::vector<Case> cases = {
        {bearer(k_admin_key) + right + project, 200, ""},
        {bearer(k_admin_key) + project, 401, k_invalid},
        {bearer(k_admin_key) + wrong + project, 401, k_invalid},
        {bearer("other") + right + project, 401, k_invalid},
        {bearer("other") + wrong + project, 401, k_invalid},
        {bearer(k_admin_key) + "x-langfuse-admin-api-key: \r\n" + project, 401, k_invalid},
        {right + project, 401, "No authorization header"},
        {bearer(k_admin_key) + right, 400,
         "The header x-langfuse-project-id must name the project that is meant"},
        {bearer(k_admin_key) + right + "x-langfuse-project-id: none\r\n", 404, "Project not found"},
        // Whether there is such a project is not told to others.
        {bearer("other") + right + "x-langfuse-project-id: none\r\n", 401, k_invalid},
        // A project's own key needs none of the headers, and is not led elsewhere by them.
        {basic(fixture.project) + wrong + "x-langfuse-project-id: theirs\r\n", 200, ""},
    };
    for (const Case& each : cases) {
        INFO(each.headers);
        const RawResponse response = fixture.ask("GET", k_models, each.headers);
        CHECK(response.status == each.status);
        if (each.status != 200) CHECK(body_of(response) == Json({{"message", each.message}}));
    }
    const std::string whole = bearer(k_admin_key) + right + project;
    CHECK(fixture.ask("GET", "/api/public/traces", whole).status == 401);
    CHECK(fixture.ask("GET", "/api/public/organizations/projects", whole).status == 401);
    CHECK(fixture.ask("POST", "/api/public/scores", whole, "{}").status == 401);
    CHECK_THAT(fixture.log.text(), !Catch::Contains("admin-key"));
}

}  // namespace assay::test
