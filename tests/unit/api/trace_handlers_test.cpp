#include <catch2/catch.hpp>
#include <set>

#include "tests/unit/api/api_fixture.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {
namespace {

Json event(const char* id, const char* type, Json body) {
    return {{"id", id},
            {"type", type},
            {"timestamp", "2026-11-01T09:00:00.000Z"},
            {"body", std::move(body)}};
}

/// Three traces; the first has two observations and two scores.
void put_traces(ApiFixture& api) {
    api.ingest(Json::array(
        {event("e1", "trace-create",
               {{"id", "t1"},
                {"timestamp", "2026-11-01T08:00:00.000Z"},
                {"name", "chat"},
                {"userId", "alice"},
                {"sessionId", "s1"},
                {"release", "r"},
                {"version", "v"},
                {"environment", "prod"},
                {"public", true},
                {"tags", {"b", "a"}},
                {"metadata", {{"k", "v"}, {"list", "[1,2]"}}},
                {"input", {{"question", "why"}}},
                {"output", "plain"}}),
         event("e2", "generation-create",
               {{"id", "o1"},
                {"traceId", "t1"},
                {"name", "llm"},
                {"startTime", "2026-11-01T08:00:00.000Z"},
                {"endTime", "2026-11-01T08:00:02.500Z"},
                {"costDetails", {{"input", 0.25}, {"output", 0.5}}}}),
         event("e3", "span-create",
               {{"id", "o2"},
                {"traceId", "t1"},
                {"parentObservationId", "o1"},
                {"startTime", "2026-11-01T08:00:01.000Z"}}),
         event("e4", "score-create",
               {{"id", "sc1"}, {"traceId", "t1"}, {"name", "good"}, {"value", 0.5}}),
         event("e5", "score-create",
               {{"id", "sc2"},
                {"traceId", "t1"},
                {"observationId", "o1"},
                {"name", "tone"},
                {"value", "kind"}}),
         event("e6", "trace-create",
               {{"id", "t2"}, {"timestamp", "2026-11-01T08:10:00.000Z"}, {"tags", {"a", "c"}}}),
         event("e7", "trace-create",
               {{"id", "t/3"}, {"timestamp", "2026-11-01T08:20:00.000Z"}, {"name", "last"}})}));
}

std::vector<std::string> ids_of(const Json& body) {
    std::vector<std::string> ids;
    for (const Json& entry : body.at("data")) ids.push_back(entry.at("id"));
    return ids;
}

std::vector<std::string> listed(ApiFixture& api, const std::string& query) {
    const auto answer = api.get("/api/public/traces" + query);
    INFO(query << ": " << to_text(answer.body));
    REQUIRE(answer.status == 200);
    return ids_of(answer.body);
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("traces: one is read back with all its keys", "[api]") {
    ApiFixture api;
    put_traces(api);
    const auto answer = api.get("/api/public/traces/t1");
    REQUIRE(answer.status == 200);
    const Json& trace = answer.body;
    std::set<std::string> keys;
    for (const auto& [key, value] : trace.items()) keys.insert(key);
    CHECK(keys == std::set<std::string>{"id",          "projectId",  "timestamp",   "createdAt",
                                        "updatedAt",   "name",       "userId",      "sessionId",
                                        "release",     "version",    "public",      "tags",
                                        "environment", "bookmarked", "metadata",    "input",
                                        "output",      "externalId", "htmlPath",    "latency",
                                        "totalCost",   "scores",     "observations"});
    CHECK(trace["timestamp"] == "2026-11-01T08:00:00.000Z");
    CHECK(trace["name"] == "chat");
    CHECK(trace["userId"] == "alice");
    CHECK(trace["sessionId"] == "s1");
    CHECK(trace["environment"] == "prod");
    CHECK(trace["public"] == true);
    CHECK(trace["bookmarked"] == false);
    CHECK(trace["tags"] == Json({"a", "b"}));
    CHECK(trace["metadata"] == Json({{"k", "v"}, {"list", {1, 2}}}));
    CHECK(trace["input"] == Json({{"question", "why"}}));
    CHECK(trace["output"] == "plain");
    CHECK(trace["externalId"].is_null());
    CHECK(trace["htmlPath"] == "/project/" + trace["projectId"].get<std::string>() + "/traces/t1");
    CHECK(trace["latency"] == 2.5);
    CHECK(trace["totalCost"] == 0.75);
    REQUIRE(trace["observations"].size() == 2);
    CHECK(trace["observations"][0]["id"] == "o1");
    CHECK(trace["observations"][1]["id"] == "o2");
    CHECK(trace["scores"].size() == 2);
}

TEST_CASE("traces: groups of keys are left out as the contract has it", "[api]") {
    ApiFixture api;
    put_traces(api);
    for (const char* const target : {"/api/public/traces/t1?fields=core,unknown",
                                     "/api/public/traces?fields=core&name=chat"}) {
        const auto answer = api.get(target);
        REQUIRE(answer.status == 200);
        const Json& trace = answer.body.contains("data") ? answer.body["data"][0] : answer.body;
        CHECK(trace["latency"] == -1);
        CHECK(trace["totalCost"] == -1);
        CHECK(trace["observations"] == Json::array());
        CHECK(trace["scores"] == Json::array());
        CHECK(trace["metadata"] == Json::object());
        CHECK_FALSE(trace.contains("input"));
        CHECK_FALSE(trace.contains("output"));
        CHECK(trace["name"] == "chat");
    }
    const Json metrics = api.get("/api/public/traces/t1?fields=metrics").body;
    CHECK(metrics["latency"] == 2.5);
    CHECK(metrics["observations"] == Json::array());
    const Json observations = api.get("/api/public/traces/t1?fields=observations,io").body;
    CHECK(observations["latency"] == -1);
    CHECK(observations["observations"].size() == 2);
    CHECK(observations["output"] == "plain");
}

TEST_CASE("traces: the list has ids of what belongs to a trace and sums over it", "[api]") {
    ApiFixture api;
    put_traces(api);
    const auto answer = api.get("/api/public/traces");
    REQUIRE(answer.status == 200);
    CHECK(answer.body["meta"] ==
          Json({{"page", 1}, {"limit", 50}, {"totalItems", 3}, {"totalPages", 1}}));
    REQUIRE(ids_of(answer.body) == Ids{"t/3", "t2", "t1"});
    const Json& trace = answer.body["data"][2];
    CHECK(trace["observations"] == Json({"o1", "o2"}));
    CHECK(trace["scores"] == Json({"sc1", "sc2"}));
    CHECK(trace["latency"] == 2.5);
    CHECK(trace["totalCost"] == 0.75);
    CHECK(trace["input"] == Json({{"question", "why"}}));
    const Json& bare = answer.body["data"][1];
    CHECK(bare["observations"] == Json::array());
    CHECK(bare["latency"] == 0);
    CHECK(bare["totalCost"] == 0);
    CHECK(bare["name"].is_null());
}

TEST_CASE("traces: the list is narrowed ordered and paged", "[api]") {
    ApiFixture api;
    put_traces(api);
    CHECK(listed(api, "?userId=alice") == Ids{"t1"});
    CHECK(listed(api, "?name=last") == Ids{"t/3"});
    CHECK(listed(api, "?sessionId=s1&release=r&version=v") == Ids{"t1"});
    CHECK(listed(api, "?sessionId=s2").empty());
    CHECK(listed(api, "?tags=a") == Ids{"t2", "t1"});
    CHECK(listed(api, "?tags=a&tags=b") == Ids{"t1"});
    CHECK(listed(api, "?tags=a%2Cc") == Ids{"t2"});
    CHECK(listed(api, "?environment=prod&environment=other") == Ids{"t1"});
    CHECK(listed(api, "?fromTimestamp=2026-11-01T08:10:00Z") == Ids{"t/3", "t2"});
    CHECK(listed(api, "?toTimestamp=2026-11-01T09:10:00%2B01:00") == Ids{"t1"});
    CHECK(listed(api, "?orderBy=timestamp.asc") == Ids{"t1", "t2", "t/3"});
    CHECK(listed(api, "?orderBy=name.DESC") == Ids{"t/3", "t1", "t2"});
    CHECK(listed(api, "?limit=2&page=2") == Ids{"t1"});
    CHECK(listed(api, "?limit=&page=").size() == 3);
    CHECK(api.get("/api/public/traces?limit=2").body["meta"]["totalPages"] == 2);
    const std::string filter =
        "filter=%5B%7B%22type%22%3A%22stringObject%22%2C%22column%22%3A%22metadata%22%2C%22key%22"
        "%3A%22k%22%2C%22operator%22%3A%22%3D%22%2C%22value%22%3A%22v%22%7D%5D";
    CHECK(listed(api, "?" + filter) == Ids{"t1"});
    CHECK(listed(api, "?name=last&" + filter).empty());
}

TEST_CASE("traces: what is wrong with a question is told", "[api]") {
    ApiFixture api;
    for (const char* const query :
         {"page=0", "page=x", "limit=101", "limit=0", "fromTimestamp=yesterday"}) {
        const auto answer = api.get("/api/public/traces?" + std::string(query));
        CAPTURE(query);
        CHECK(answer.status == 400);
        CHECK(answer.body["message"] == "Invalid request data");
        CHECK(answer.body["error"].is_array());
    }
    const auto order = api.get("/api/public/traces?orderBy=latency.asc");
    CHECK(order.status == 400);
    CHECK(order.body == Json({{"message", "Invalid order by column: latency"},
                              {"error", "InvalidRequestError"}}));
    CHECK(api.get("/api/public/traces?orderBy=name.up").status == 400);
    CHECK(api.get("/api/public/traces?filter=%5B").status == 400);
    CHECK(api.get("/api/public/traces?filter=%5B%7B%7D%5D").status == 400);
}

TEST_CASE("traces: an unknown id and that of another project are the same", "[api]") {
    ApiFixture api;
    put_traces(api);
    const auto unknown = api.get("/api/public/traces/nothing");
    CHECK(unknown.status == 404);
    CHECK(unknown.body == Json({{"message", "Trace nothing not found within authorized project"},
                                {"error", "LangfuseNotFoundError"}}));
    const auto foreign = api.send_as_other("GET", "/api/public/traces/t1");
    CHECK(foreign.status == 404);
    CHECK(foreign.body["message"] == "Trace t1 not found within authorized project");
    CHECK(api.send_as_other("GET", "/api/public/traces").body["data"].empty());
}

TEST_CASE("traces: what a run wrote is read like what clients sent", "[api]") {
    ApiFixture api;
    const RunRecord run = make_run();
    UnitResult unit = make_unit(run, "one", 0);
    unit.observations.front().duration = std::chrono::milliseconds(1500);
    unit.observations.front().cost = 250'000'000;
    {
        const auto store = value_of(Store::open(api.folder.path(), default_project_id()));
        value_of(store->begin(run));
        value_of(store->commit(run.id, std::vector{unit}));
    }
    const std::string id = unit.trace_id.value();
    const auto list = api.get("/api/public/traces");
    REQUIRE(ids_of(list.body) == Ids{id});
    const Json& listed_trace = list.body["data"][0];
    CHECK(listed_trace["input"] == "item 0");
    CHECK(listed_trace["output"] == "answer");
    CHECK(listed_trace["metadata"]["item_id"] == "item 0");
    CHECK(listed_trace["latency"] == 1.5);
    CHECK(listed_trace["totalCost"] == 0.25);
    CHECK(listed_trace["observations"].size() == unit.observations.size());

    const Json trace = api.get("/api/public/traces/" + id).body;
    REQUIRE(trace["observations"].size() == unit.observations.size());
    const Json& observation = trace["observations"][0];
    CHECK(observation["name"] == unit.observations.front().name);
    CHECK(observation["latency"] == 1.5);
    CHECK(observation["calculatedTotalCost"] == 0.25);
    CHECK(trace["scores"].size() == listed_trace["scores"].size());
    CHECK(api.get("/api/public/observations/" + observation["id"].get<std::string>()).status ==
          200);
    CHECK(api.get("/api/public/v2/observations?traceId=" + id).body["data"].size() ==
          unit.observations.size());
}

TEST_CASE("traces: deleted ones are gone with all that belongs to them", "[api]") {
    ApiFixture api;
    put_traces(api);
    CHECK(api.send_as_other("DELETE", "/api/public/traces/t1").status == 200);
    CHECK(api.get("/api/public/traces/t1").status == 200);
    const auto answer = api.send("DELETE", "/api/public/traces/t1");
    CHECK(answer.status == 200);
    CHECK(answer.body == Json({{"message", "Trace deleted successfully"}}));
    CHECK(api.get("/api/public/traces/t1").status == 404);
    CHECK(api.get("/api/public/observations/o1").status == 404);
    CHECK(api.send("DELETE", "/api/public/traces/t1").status == 200);

    const auto many =
        api.send("DELETE", "/api/public/traces", {{"traceIds", {"t2", "t/3", "unknown"}}});
    CHECK(many.status == 200);
    CHECK(many.body == Json({{"message", "Traces deleted successfully"}}));
    CHECK(listed(api, "").empty());
}

TEST_CASE("traces: a list of ids to delete is checked", "[api]") {
    ApiFixture api;
    put_traces(api);
    Json too_many = Json::array();
    for (int i = 0; i <= 1000; ++i) too_many.push_back("x");
    for (const Json& body :
         {Json::object(), Json{{"traceIds", Json::array()}}, Json{{"traceIds", "t1"}},
          Json{{"traceIds", {"t1", 2}}}, Json{{"traceIds", too_many}}}) {
        const auto answer = api.send("DELETE", "/api/public/traces", body);
        CHECK(answer.status == 400);
        CHECK(answer.body["message"] == "Invalid request data");
    }
    too_many.erase(too_many.begin());
    CHECK(api.send("DELETE", "/api/public/traces", {{"traceIds", too_many}}).status == 200);
    CHECK(listed(api, "").size() == 3);
}

}  // namespace assay::test
