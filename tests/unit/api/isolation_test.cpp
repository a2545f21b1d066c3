#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <set>

#include "tests/unit/api/api_world.hpp"

// What one project holds is to others as if it were not there: of every route of the table.

namespace assay::test {
namespace {

/// Lists that are never empty: they hold what is everybody's, or the asker's own project.
const std::set<std::string_view> k_never_empty = {"/api/public/models", "/api/public/projects"};

constexpr const char* k_canary = "canary-3f7a";

/// Whether a route is about what belongs to somebody: the operator's key may know everything.
bool is_owned(const Route& route) {
    return route.auth != RouteAuth::none && route.auth != RouteAuth::admin;
}

bool is_of_project(const Route& route) {
    return route.auth == RouteAuth::project || route.auth == RouteAuth::project_or_admin;
}

/// A key of another project in the same organisation.
KeyPair add_neighbour(ApiFixture& fixture) {
    const Project second{.id = ProjectId("second"),
                         .organization = {OrganizationId("default"), "default"},
                         .name = "second"};
    REQUIRE(fixture.access->add_project(second, fixture.clock.now()));
    return fixture.add_key({OrganizationId("default"), ProjectId("second")});
}

/// A server with the things of one project, and keys of others.
class IsolationFixture : public ApiFixture {
  public:
    IsolationFixture()
        : owner{project, organization},
          stranger{other_project, add_key({OrganizationId("other"), std::nullopt})},
          neighbour(add_neighbour(*this)),
          world(*this, owner, k_canary) {}

    RawResponse send(const ApiWorld::Call& call, const std::string& authorization) {
        const std::string headers = authorization + "Content-Type: application/json\r\n";
        return ask(call.method, call.target, headers, call.body);
    }
    /// What the owner reads, by route.
    std::map<std::string_view, std::string> read_all() {
        std::map<std::string_view, std::string> answers;
        for (const Route& route : routes()) {
            if (route.method != "GET" || !is_owned(route)) continue;
            const auto call = world.call_of(route);
            if (!call) continue;
            INFO(call->target);
            const RawResponse answer = send(*call, ApiWorld::authorization(route, owner));
            INFO(answer.body);
            CHECK(answer.status == 200);
            const Json body = body_of(answer);
            if (body.contains("data")) CHECK_FALSE(body.at("data").empty());
            answers[route.pattern] = answer.body;
        }
        return answers;
    }

    KeyRing owner;
    KeyRing stranger;   ///< of another organisation
    KeyPair neighbour;  ///< of another project of the same one
    ApiWorld world;
};

/// Asks about what is there and about what is not, with a key that may know neither.
void compare(IsolationFixture& fixture, const std::string& authorization,
             const ApiWorld::Call& known, const ApiWorld::Call& unknown) {
    INFO(known.method << " " << known.target << " " << known.body);
    const RawResponse theirs = fixture.send(known, authorization);
    const RawResponse none = fixture.send(unknown, authorization);
    CHECK(theirs.status == none.status);
    CHECK(theirs.status < 500);
    CHECK(fixture.world.without_ids(theirs.body) == fixture.world.without_ids(none.body));
    CHECK_THAT(fixture.world.without_ids(theirs.body), !Catch::Contains(k_canary));
}

void check_list(IsolationFixture& fixture, const std::string& authorization, const Route& route,
                const ApiWorld::Call& call) {
    INFO(call.target);
    const RawResponse answer = fixture.send(call, authorization);
    CHECK(answer.status == 200);
    CHECK_THAT(answer.body, !Catch::Contains(k_canary));
    const Json body = body_of(answer);
    if (k_never_empty.contains(route.pattern) || !body.contains("data")) return;
    CHECK(body.at("data").empty());
}

/// With which headers a route is asked, or nothing when it is not.
using HeadersOf = std::function<std::optional<std::string>(const Route&)>;

HeadersOf keys_of(const KeyRing& asker, bool is_of_organization) {
    return [asker, is_of_organization](const Route& route) -> std::optional<std::string> {
        if (route.auth == RouteAuth::organization && !is_of_organization) return std::nullopt;
        return ApiWorld::authorization(route, asker);
    };
}

void check_routes(IsolationFixture& fixture, const HeadersOf& headers_of) {
    for (const Route& route : routes()) {
        const auto headers = is_owned(route) ? headers_of(route) : std::nullopt;
        if (!headers) continue;
        const auto known = fixture.world.call_of(route);
        const auto unknown = fixture.world.call_of(route, ApiWorld::Ids::unknown);
        if (!known) {
            FAIL_CHECK("no case for " << route.method << " " << route.pattern
                                      << ": add it to api_world.cpp");
            continue;
        }
        if (known->makes) continue;
        if (known->target == unknown->target && known->body == unknown->body) {
            if (route.method == "GET") check_list(fixture, *headers, route, *known);
            continue;
        }
        compare(fixture, *headers, *known, *unknown);
    }
}

void check_references(IsolationFixture& fixture, const KeyRing& asker) {
    const auto known = fixture.world.references(ApiWorld::Ids::own);
    const auto unknown = fixture.world.references(ApiWorld::Ids::unknown);
    for (std::size_t i = 0; i < known.size(); ++i) {
        compare(fixture, basic(asker.project), known[i], unknown[i]);
    }
}

/// What is made under the ids of others is one's own.
void make_the_same(IsolationFixture& fixture, const KeyRing& asker) {
    for (const Route& route : routes()) {
        const auto call = fixture.world.call_of(route);
        if (!call || !call->makes || !is_owned(route)) continue;
        if (route.auth == RouteAuth::organization) continue;
        INFO(call->method << " " << call->target);
        const RawResponse answer = fixture.send(*call, ApiWorld::authorization(route, asker));
        CHECK(answer.status < 300);
        CHECK_THAT(fixture.world.without_ids(answer.body), !Catch::Contains(k_canary));
    }
}

}  // namespace

TEST_CASE("isolation: each route answers for ids of others as for unknown ones", "[api]") {
    IsolationFixture fixture;
    const auto before = fixture.read_all();
    CHECK(before.size() > 20);
    const KeyRing neighbour{fixture.neighbour, {}};
    check_routes(fixture, keys_of(fixture.stranger, true));
    check_references(fixture, fixture.stranger);
    check_routes(fixture, keys_of(neighbour, false));
    check_references(fixture, neighbour);
    CHECK(fixture.read_all() == before);
    make_the_same(fixture, fixture.stranger);
    make_the_same(fixture, neighbour);
    CHECK(fixture.read_all() == before);
}

TEST_CASE("isolation: the operator who asks as a project is held to that one", "[api]") {
    IsolationFixture fixture;
    const auto before = fixture.read_all();
    std::size_t asked = 0;
    check_routes(fixture, [&](const Route& route) -> std::optional<std::string> {
        if (route.auth != RouteAuth::project_or_admin) return std::nullopt;
        ++asked;
        return operator_of("theirs");
    });
    CHECK(asked == 5);
    CHECK(fixture.read_all() == before);
    for (const Route& route : routes()) {
        if (route.auth != RouteAuth::project_or_admin || route.method != "GET") continue;
        const auto call = fixture.world.call_of(route);
        REQUIRE(call);
        CHECK(fixture.send(*call, operator_of("default")).body == before.at(route.pattern));
    }
}

TEST_CASE("isolation: of two projects with the same ids each has its own", "[api]") {
    IsolationFixture fixture;
    const auto before = fixture.read_all();
    constexpr const char* k_other_canary = "canary-b61c";
    const ApiWorld other(fixture, fixture.stranger, k_other_canary);
    CHECK(fixture.read_all() == before);
    for (const Route& route : routes()) {
        const auto call = other.call_of(route);
        if (!call || route.method != "GET" || !is_owned(route)) continue;
        INFO(call->target);
        const RawResponse answer =
            fixture.send(*call, ApiWorld::authorization(route, fixture.stranger));
        CHECK(answer.status == 200);
        CHECK_THAT(answer.body, !Catch::Contains(k_canary));
    }
    for (const Route& route : routes()) {
        const auto call = other.call_of(route);
        if (!call || route.method != "DELETE" || !is_of_project(route)) continue;
        INFO(call->target);
        CHECK(fixture.send(*call, ApiWorld::authorization(route, fixture.stranger)).status < 300);
    }
    CHECK(fixture.read_all() == before);
}

}  // namespace assay::test
