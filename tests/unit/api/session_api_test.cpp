#include <catch2/catch.hpp>
#include <set>

#include "core/base/text.hpp"
#include "tests/unit/api/api_fixture.hpp"

namespace assay::test {
namespace {

/// A server with the sessions "a" and "b/c", made one second after the other.
class SessionFixture : public ApiFixture {
  public:
    SessionFixture() {
        add_trace("t2", "a", "2026-11-01T09:00:02Z", "prod");
        add_trace("t1", "a", "2026-11-01T09:00:01Z", "default");
        clock.passed = std::chrono::seconds(1);
        add_trace("t3", "b/c", "2026-11-01T08:00:00Z", "default");
    }

    void add_trace(const char* id, const char* session, const char* timestamp,
                   const char* environment) {
        ingest(Json::array({{{"id", std::string("e") + id},
                             {"timestamp", timestamp},
                             {"type", "trace-create"},
                             {"body",
                              {{"id", id},
                               {"sessionId", session},
                               {"timestamp", timestamp},
                               {"name", "chat"},
                               {"input", {{"q", 1}}},
                               {"metadata", {{"k", "v"}}},
                               {"environment", environment}}}}}));
    }
    std::string list(const std::string& query) {
        const auto answer = get("/api/public/sessions?" + query);
        REQUIRE(answer.status == 200);
        std::string ids;
        for (const Json& session : answer.body.at("data")) {
            ids += session.at("id").get<std::string>() + " ";
        }
        return ids;
    }
};

}  // namespace

TEST_CASE("sessions: the newest comes first and page by page", "[api]") {
    SessionFixture fixture;
    const auto all = fixture.get("/api/public/sessions");
    CHECK(all.status == 200);
    CHECK(all.body ==
          Json{{"data",
                {{{"id", "b/c"},
                  {"createdAt", "2026-11-01T09:30:01.000Z"},
                  {"projectId", default_project_id().value()},
                  {"environment", "default"}},
                 {{"id", "a"},
                  {"createdAt", "2026-11-01T09:30:00.000Z"},
                  {"projectId", default_project_id().value()},
                  {"environment", "prod"}}}},
               {"meta", {{"page", 1}, {"limit", 50}, {"totalItems", 2}, {"totalPages", 1}}}});
    CHECK(fixture.list("limit=1") == "b/c ");
    CHECK(fixture.list("limit=1&page=2") == "a ");
    CHECK(fixture.list("fromTimestamp=2026-11-01T09:30:01Z") == "b/c ");
    CHECK(fixture.list("toTimestamp=2026-11-01T09:30:01Z") == "a ");
    CHECK(fixture.list("environment=prod") == "a ");
    CHECK(fixture.list("environment=prod&environment=default") == "b/c a ");
    CHECK(fixture.list("environment=none").empty());
    CHECK(fixture.list("filter=" + percent_encode(R"([{"type":"string","column":"ID",
                        "operator":"starts with","value":"b"}])")) == "b/c ");
    for (const char* const wrong : {"limit=101", "page=x", "fromTimestamp=x", "filter=x"}) {
        CHECK(fixture.get(std::string("/api/public/sessions?") + wrong).status == 400);
    }
}

TEST_CASE("sessions: one is read with its traces from the oldest on", "[api]") {
    SessionFixture fixture;
    const auto answer = fixture.get("/api/public/sessions/a");
    REQUIRE(answer.status == 200);
    CHECK(answer.body.at("id") == "a");
    CHECK(answer.body.at("environment") == "prod");
    const Json& traces = answer.body.at("traces");
    REQUIRE(traces.size() == 2);
    CHECK(traces.at(0).at("id") == "t1");
    CHECK(traces.at(1).at("id") == "t2");
    CHECK(traces.at(0).at("sessionId") == "a");
    CHECK(traces.at(0).at("input") == Json{{"q", 1}});
    CHECK(traces.at(0).at("output").is_null());
    CHECK(traces.at(0).at("metadata") == Json{{"k", "v"}});
    CHECK(traces.at(0).at("externalId").is_null());
    CHECK(traces.at(0).at("timestamp") == "2026-11-01T09:00:01.000Z");
    CHECK(fixture.get("/api/public/sessions/b%2Fc").body.at("traces").size() == 1);
}

TEST_CASE("sessions: a score makes one that has no traces yet", "[api]") {
    SessionFixture fixture;
    REQUIRE(fixture.post("/api/public/scores", {{"sessionId", "new"}, {"name", "n"}, {"value", 1}})
                .status == 200);
    const auto answer = fixture.get("/api/public/sessions/new");
    CHECK(answer.status == 200);
    CHECK(answer.body.at("traces") == Json::array());
}

TEST_CASE("sessions: another project sees none of them", "[api]") {
    SessionFixture fixture;
    const auto theirs = fixture.send_as_other("GET", "/api/public/sessions/a");
    CHECK(theirs.status == 404);
    CHECK(theirs.body == fixture.send_as_other("GET", "/api/public/sessions/none").body);
    CHECK(theirs.body == fixture.get("/api/public/sessions/none").body);
    CHECK(theirs.body.at("error") == "LangfuseNotFoundError");
    CHECK(fixture.send_as_other("GET", "/api/public/sessions").body.at("data").empty());
}

}  // namespace assay::test
