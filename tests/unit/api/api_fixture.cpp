#include "tests/unit/api/api_fixture.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "core/base/base64.hpp"

namespace assay::test {
namespace {

std::optional<std::string> no_environment(const char* /*name*/) { return std::nullopt; }

}  // namespace

Time TestClock::now() const {
    return parse_rfc3339("2026-11-01T09:30:00Z").value() + passed.load();
}

std::string TestLog::text() {
    const std::lock_guard lock(mutex_);
    return text_;
}

void TestLog::write(const std::string& line) {
    const std::lock_guard lock(mutex_);
    text_ += line;
}

std::string basic(const KeyPair& pair) {
    return fmt::format("Authorization: Basic {}\r\n",
                       to_base64(pair.public_key + ":" + pair.secret_key.reveal()));
}

std::string bearer(std::string_view token) {
    return fmt::format("Authorization: Bearer {}\r\n", token);
}

std::string operator_of(std::string_view project) {
    return fmt::format("{}x-langfuse-admin-api-key: {}\r\nx-langfuse-project-id: {}\r\n",
                       bearer(k_admin_key), k_admin_key, project);
}

Json body_of(const RawResponse& response) { return parse_json(response.body).value(); }

ApiFixture::ApiFixture()
    : access(AccessStore::open(folder.path()).value()),
      secrets(load_server_secrets(folder.path(), &no_environment).value()),
      project(**prepare_access({.access = *access,
                                .secrets = secrets,
                                .environment = &no_environment,
                                .log = log,
                                .now = clock.now()})),
      organization(add_key({OrganizationId("default"), std::nullopt})),
      database(Database::open(folder.path(), Database::Missing::refuse).value()),
      readers(*database),
      writes(*database),
      api({.access = *access,
           .secrets = secrets,
           .clock = clock,
           .log = log,
           .access_thread = access_thread.get_executor(),
           .workers = workers.get_executor(),
           .readers = readers,
           .writes = writes,
           .admin_key = Secret(k_admin_key)}),
      server(api, {}) {
    REQUIRE(access->ensure_organization({OrganizationId("other"), "Other"}, clock.now()));
    const Project theirs{.id = ProjectId("theirs"),
                         .organization = {OrganizationId("other"), "Other"},
                         .name = "Theirs"};
    REQUIRE(access->add_project(theirs, clock.now()));
    other_project = add_key({OrganizationId("other"), ProjectId("theirs")});
}

ApiFixture::~ApiFixture() {
    access_thread.join();
    workers.join();
}

KeyPair ApiFixture::add_key(KeyOwner owner) {
    KeyPair pair = make_key_pair();
    const ApiKey key = make_api_key(pair, std::move(owner), {}, secrets, clock.now());
    REQUIRE(access->add_key(key));
    return pair;
}

RawResponse ApiFixture::ask(std::string_view method, std::string_view target,
                            std::string_view headers, std::string_view body) {
    return test::ask(server.port(), request_text(method, target, headers, body));
}

ApiFixture::Answer ApiFixture::send_with(const KeyPair& pair, std::string_view method,
                                         std::string_view target, const Json& body) {
    const std::string headers = basic(pair) + "Content-Type: application/json\r\n";
    const RawResponse response =
        ask(method, target, headers, body.is_null() ? std::string() : to_text(body));
    auto parsed = parse_json(response.body);
    return {response.status, parsed ? std::move(*parsed) : Json()};
}

ApiFixture::Answer ApiFixture::get(std::string_view target) { return send("GET", target); }

ApiFixture::Answer ApiFixture::post(std::string_view target, const Json& body) {
    return send("POST", target, body);
}

ApiFixture::Answer ApiFixture::send(std::string_view method, std::string_view target,
                                    const Json& body) {
    return send_with(project, method, target, body);
}

ApiFixture::Answer ApiFixture::send_as_other(std::string_view method, std::string_view target,
                                             const Json& body) {
    return send_with(other_project, method, target, body);
}

void ApiFixture::ingest(const Json& events) {
    const Answer answer = post("/api/public/ingestion", {{"batch", events}});
    INFO(to_text(answer.body));
    REQUIRE(answer.status == 207);
    REQUIRE(answer.body.at("errors").empty());
}

}  // namespace assay::test
