#include <catch2/catch.hpp>
#include <map>

#include "server/api/users.hpp"
#include "tests/unit/api/api_fixture.hpp"

// LANGFUSE_INIT_*: what is made at a start, and what is left as it is.

namespace assay::test {

namespace {

using Variables = std::map<std::string, std::string>;

const Time k_now = parse_rfc3339("2026-11-01T09:30:00Z").value();

/// A start of a server on a folder.
struct Start {
    std::unique_ptr<AccessStore> access;
    ServerSecrets secrets;
    Result<std::optional<KeyPair>> made = std::nullopt;
    std::string log;
};

Start start(const TemporaryFolder& folder, const Variables& variables) {
    const Environment environment = [&](const char* name) -> std::optional<std::string> {
        const auto found = variables.find(std::string_view(name).substr(14).data());
        if (found == variables.end()) return std::nullopt;
        return found->second;
    };
    Start started{.access = AccessStore::open(folder.path()).value(),
                  .secrets = {.salt = Secret("salt"), .encryption_key = Secret()},
                  .log = {}};
    TestLog log;
    started.made = prepare_access({.access = *started.access,
                                   .secrets = started.secrets,
                                   .environment = environment,
                                   .log = log,
                                   .now = k_now});
    started.log = log.text();
    return started;
}

/// Without "LANGFUSE_INIT_".
const Variables k_all = {{"ORG_ID", "acme"},
                         {"ORG_NAME", "ACME"},
                         {"PROJECT_ID", "support"},
                         {"PROJECT_NAME", "Support"},
                         {"PROJECT_RETENTION", "30"},
                         {"PROJECT_PUBLIC_KEY", "pk-lf-12345678"},
                         {"PROJECT_SECRET_KEY", "sk-lf-12345678"},
                         {"USER_EMAIL", "Ada@Example.org"},
                         {"USER_NAME", "Ada"},
                         {"USER_PASSWORD", "password123"}};

Variables with(Variables variables, const Variables& more) {
    for (const auto& [name, value] : more) variables[name] = value;
    return variables;
}

std::optional<User> signed_in(const Start& started, const char* email, const char* password) {
    return sign_in(*started.access, email, Secret(password)).value();
}

}  // namespace

TEST_CASE("provision: what the environment names is made and made once", "[api]") {
    const TemporaryFolder folder;
    for (int i = 0; i < 2; ++i) {
        const Start started = start(folder, k_all);
        REQUIRE(started.made);
        CHECK_FALSE(started.made.value());
        CHECK(started.log.empty());
        const auto project = started.access->find_project(ProjectId("support")).value();
        REQUIRE(project);
        CHECK(project->name == "Support");
        CHECK(project->organization.name == "ACME");
        CHECK(project->retention_days == 30);
        const KeyOwner owner{OrganizationId("acme"), ProjectId("support")};
        CHECK(started.access->keys(owner).value().size() == 1);
        const auto members = started.access->members(OrganizationId("acme")).value();
        REQUIRE(members.size() == 1);
        CHECK(members[0].role == Role::owner);
        CHECK(members[0].user.email == "ada@example.org");
        CHECK(members[0].user.name == "Ada");
        CHECK(started.access->organizations().value().size() == 1);
    }
}

TEST_CASE("provision: a user signs in with the e-mail and the password only", "[api]") {
    const TemporaryFolder folder;
    const Start started = start(folder, k_all);
    const auto user = signed_in(started, "ADA@example.ORG", "password123");
    REQUIRE(user);
    CHECK(user->id == started.access->members(OrganizationId("acme")).value()[0].user.id);
    CHECK_FALSE(signed_in(started, "ada@example.org", "Password123"));
    CHECK_FALSE(signed_in(started, "ada@example.org", ""));
    CHECK_FALSE(signed_in(started, "bob@example.org", "password123"));
    CHECK_FALSE(signed_in(started, "", "password123"));
    CHECK_FALSE(signed_in(started, "ada@example.org", std::string(5000, 'x').c_str()));
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
        if (!entry.is_regular_file()) continue;
        CHECK_THAT(read_text(entry.path()), !Catch::Contains("password123"));
    }
}

TEST_CASE("provision: what is there is left as it is and the log says so", "[api]") {
    const TemporaryFolder folder;
    REQUIRE(start(folder, k_all).made);
    const Start again = start(folder, with(k_all, {{"ORG_NAME", "Other Org"},
                                                   {"PROJECT_NAME", "Other Project"},
                                                   {"PROJECT_RETENTION", "7"},
                                                   {"USER_NAME", "Eve"},
                                                   {"USER_PASSWORD", "another-password"}}));
    REQUIRE(again.made);
    const auto project = again.access->find_project(ProjectId("support")).value();
    CHECK(project->name == "Support");
    CHECK(project->organization.name == "ACME");
    CHECK(project->retention_days == 30);
    const auto user = signed_in(again, "ada@example.org", "password123");
    REQUIRE(user);
    CHECK(user->name == "Ada");
    CHECK_FALSE(signed_in(again, "ada@example.org", "another-password"));
    for (const char* const name :
         {"ORG_NAME", "PROJECT_NAME", "PROJECT_RETENTION", "USER_NAME", "USER_PASSWORD"}) {
        CHECK_THAT(again.log, Catch::Contains(std::string("LANGFUSE_INIT_") + name + "\""));
    }
    CHECK_THAT(again.log, !Catch::Contains("password123") && !Catch::Contains("another-password"));
}

TEST_CASE("provision: a further pair and a further user are made beside the first", "[api]") {
    const TemporaryFolder folder;
    REQUIRE(start(folder, k_all).made);
    const Start again = start(folder, with(k_all, {{"PROJECT_PUBLIC_KEY", "pk-lf-second-1"},
                                                   {"PROJECT_SECRET_KEY", "sk-lf-second-1"},
                                                   {"USER_EMAIL", "bob@example.org"}}));
    REQUIRE(again.made);
    const KeyOwner owner{OrganizationId("acme"), ProjectId("support")};
    CHECK(again.access->keys(owner).value().size() == 2);
    CHECK(again.access->members(OrganizationId("acme")).value().size() == 2);
}

TEST_CASE("provision: a user of one organisation becomes the owner of another too", "[api]") {
    const TemporaryFolder folder;
    REQUIRE(start(folder, k_all).made);
    const Start again = start(folder, {{"ORG_ID", "second"},
                                       {"USER_EMAIL", "ada@example.org"},
                                       {"USER_PASSWORD", "password123"}});
    REQUIRE(again.made);
    CHECK(again.log.empty());
    const auto members = again.access->members(OrganizationId("second")).value();
    REQUIRE(members.size() == 1);
    CHECK(members[0].user.name == "Ada");
    CHECK(again.access->projects(OrganizationId("second")).value().empty());
}

TEST_CASE("provision: a role that was changed and a member's other organisations stay", "[api]") {
    const TemporaryFolder folder;
    {
        const Start first = start(folder, k_all);
        const OrganizationId acme("acme");
        const UserId user = first.access->members(acme).value()[0].user.id;
        REQUIRE(first.access->set_member(acme, user, Role::viewer));
    }
    const Start again = start(folder, k_all);
    CHECK(again.access->members(OrganizationId("acme")).value()[0].role == Role::viewer);
}

TEST_CASE("provision: a project that was deleted is not made again and stops no start", "[api]") {
    const TemporaryFolder folder;
    REQUIRE(start(folder, k_all).access->remove_project(ProjectId("support"), k_now));
    const Start again = start(folder, k_all);
    REQUIRE(again.made);
    CHECK_FALSE(again.access->find_project(ProjectId("support")).value());
    CHECK_THAT(again.log,
               Catch::Contains("LANGFUSE_INIT_PROJECT_ID") && Catch::Contains("deleted"));
}

TEST_CASE("provision: an empty store after all was deleted gets a project again", "[api]") {
    const TemporaryFolder folder;
    {
        const Start first = start(folder, {});
        REQUIRE(first.made.value());
        REQUIRE(first.access->remove_project(default_project_id(), k_now));
        REQUIRE(first.access->remove_organization(OrganizationId("default")));
    }
    const Start again = start(folder, {});
    REQUIRE(again.made);
    REQUIRE(again.made.value());
    CHECK(again.access->projects(OrganizationId("default")).value().size() == 1);
}

TEST_CASE("provision: each variable is refused without those that it needs", "[api]") {
    const std::vector<std::pair<std::vector<const char*>, const char*>> cases = {
        {{"ORG_NAME"}, "ORG_ID"},
        {{"PROJECT_ID"}, "ORG_ID"},
        {{"ORG_ID", "PROJECT_NAME"}, "PROJECT_ID"},
        {{"ORG_ID", "PROJECT_RETENTION"}, "PROJECT_ID"},
        {{"ORG_ID", "PROJECT_PUBLIC_KEY", "PROJECT_SECRET_KEY"}, "PROJECT_ID"},
        {{"ORG_ID", "PROJECT_ID", "PROJECT_PUBLIC_KEY"}, "PROJECT_SECRET_KEY"},
        {{"ORG_ID", "PROJECT_ID", "PROJECT_SECRET_KEY"}, "PROJECT_PUBLIC_KEY"},
        {{"ORG_ID", "USER_EMAIL"}, "USER_PASSWORD"},
        {{"ORG_ID", "USER_PASSWORD"}, "USER_EMAIL"},
        {{"ORG_ID", "USER_NAME"}, "USER_EMAIL"},
        {{"USER_EMAIL", "USER_PASSWORD"}, "ORG_ID"},
    };
    for (const auto& [names, missing] : cases) {
        const TemporaryFolder folder;
        Variables variables;
        for (const char* const name : names) variables[name] = k_all.at(name);
        const Start started = start(folder, variables);
        INFO(missing);
        REQUIRE_FALSE(started.made);
        CHECK(started.made.error().code == ErrorCode::invalid_argument);
        CHECK_THAT(started.made.error().message,
                   Catch::EndsWith(std::string("it needs LANGFUSE_INIT_") + missing +
                                   ", which is not set"));
        CHECK(started.access->organizations().value().empty());
    }
}

TEST_CASE("provision: values that cannot be used are named and nothing is made", "[api]") {
    const std::vector<std::pair<const char*, std::string>> cases = {
        {"PROJECT_RETENTION", "2"},
        {"PROJECT_RETENTION", "-3"},
        {"PROJECT_RETENTION", "x"},
        {"PROJECT_RETENTION", "30 days"},
        {"PROJECT_RETENTION", "100001"},
        {"PROJECT_RETENTION", "99999999999"},
        {"PROJECT_PUBLIC_KEY", "pk-lf-123:45678"},
        {"PROJECT_SECRET_KEY", "sk lf 12345678"},
        {"PROJECT_SECRET_KEY", std::string(201, 'x')},
        {"USER_EMAIL", "ada"},
        {"USER_EMAIL", "@example.org"},
        {"USER_EMAIL", "ada@"},
        {"USER_EMAIL", "ada@b@c"},
        {"USER_EMAIL", "ada lovelace@example.org"},
        {"USER_EMAIL", "ada@" + std::string(260, 'x')},
        {"USER_PASSWORD", "seven77"},
        {"USER_PASSWORD", std::string(1001, 'x')},
    };
    for (const auto& [name, value] : cases) {
        INFO(name << "=" << value);
        const TemporaryFolder folder;
        const Start started = start(folder, with(k_all, {{name, value}}));
        REQUIRE_FALSE(started.made);
        CHECK(started.made.error().code == ErrorCode::invalid_argument);
        CHECK_THAT(started.made.error().message,
                   Catch::StartsWith(std::string("LANGFUSE_INIT_") + name + ": "));
        for (const char* const secret : {"lf-12345678", "seven77", "password123", "xxxxx", "sk "}) {
            if (value.starts_with("ada@")) continue;  // an address is no secret
            CHECK_THAT(started.made.error().message, !Catch::Contains(secret));
        }
        CHECK(started.access->organizations().value().empty());
    }
}

TEST_CASE("provision: keys may begin as they like and exactly at the bounds", "[api]") {
    for (const auto& [public_key, secret_key, days] :
         {std::tuple("lf_pk_1234567890", "lf_sk_1234567890", "3"),
          std::tuple("p", "s", "100000")}) {
        const TemporaryFolder folder;
        const Start started = start(folder, with(k_all, {{"PROJECT_PUBLIC_KEY", public_key},
                                                         {"PROJECT_SECRET_KEY", secret_key},
                                                         {"PROJECT_RETENTION", days},
                                                         {"USER_PASSWORD", "12345678"}}));
        REQUIRE(started.made);
        const auto key =
            started.access->find_key(hash_secret_key(started.secrets.salt, secret_key)).value();
        REQUIRE(key);
        CHECK(key->public_key == public_key);
        CHECK(key->shown_secret == (days == std::string("3") ? "sk-lf-...7890" : "sk-lf-..."));
    }
}

TEST_CASE("provision: what others have is not taken over", "[api]") {
    const TemporaryFolder folder;
    REQUIRE(start(folder, k_all).made);
    const auto refused = [&](const Variables& changed) {
        const Start started = start(folder, with(k_all, changed));
        return started.made ? std::string() : started.made.error().message;
    };
    CHECK_THAT(refused({{"ORG_ID", "second"}}),
               Catch::StartsWith("LANGFUSE_INIT_PROJECT_ID: another organization"));
    CHECK_THAT(refused({{"PROJECT_SECRET_KEY", "sk-lf-87654321"}}),
               Catch::StartsWith("LANGFUSE_INIT_PROJECT_PUBLIC_KEY: it or the secret"));
    CHECK_THAT(refused({{"PROJECT_ID", "second"}, {"PROJECT_NAME", "Second"}}),
               Catch::StartsWith("LANGFUSE_INIT_PROJECT_PUBLIC_KEY: it or the secret"));
    CHECK_THAT(refused({{"PROJECT_ID", "third"}}),
               Catch::StartsWith("LANGFUSE_INIT_PROJECT_NAME: the organisation has a project"));
}

TEST_CASE("users: of one e-mail or id there is one and members are of their organisation",
          "[api]") {
    const TemporaryFolder folder;
    const Start started = start(folder, k_all);
    AccessStore& access = *started.access;
    const OrganizationId acme("acme");
    REQUIRE(access.ensure_organization({OrganizationId("second"), "Second"}, k_now));
    const User bob{.id = UserId("u1"), .email = "bob@b", .name = "Bob", .password_hash = "h"};
    REQUIRE(access.add_user(bob, k_now));
    User other = bob;
    other.email = "other@b";
    CHECK(access.add_user(other, k_now).error().code == ErrorCode::already_exists);
    other.id = UserId("u2");
    other.email = bob.email;
    CHECK(access.add_user(other, k_now).error().code == ErrorCode::already_exists);
    CHECK(access.find_user(UserId("u1")).value()->email == "bob@b");
    CHECK_FALSE(access.find_user(UserId("u2")).value());
    CHECK(access.set_member(acme, UserId("u2"), Role::admin).error().code == ErrorCode::not_found);
    CHECK(access.set_member(OrganizationId("no"), bob.id, Role::admin).error().code ==
          ErrorCode::not_found);
    for (const Role role : {Role::owner, Role::admin, Role::member, Role::viewer, Role::none}) {
        REQUIRE(access.set_member(acme, bob.id, role));
        CHECK(access.members(acme).value()[1].role == role);
        CHECK(parse_role(to_text(role)) == role);
    }
    CHECK_FALSE(parse_role("owner"));
    CHECK(access.members(OrganizationId("second")).value().empty());
    CHECK(access.remove_member(OrganizationId("second"), bob.id).error().code ==
          ErrorCode::not_found);
    CHECK(access.remove_member(acme, bob.id));
    CHECK(access.remove_member(acme, bob.id).error().code == ErrorCode::not_found);
    REQUIRE(access.set_member(OrganizationId("second"), bob.id, Role::owner));
    REQUIRE(access.remove_organization(OrganizationId("second")));
    CHECK(access.find_user(bob.id).value());
    CHECK(access.members(OrganizationId("second")).value().empty());
}

}  // namespace assay::test
