#include <catch2/catch.hpp>
#include <set>

#include "core/base/text.hpp"
#include "tests/unit/api/api_fixture.hpp"

namespace assay::test {
namespace {

Json event(const char* id, const char* type, Json body) {
    return {{"id", id},
            {"type", type},
            {"timestamp", "2026-11-01T09:00:00.000Z"},
            {"body", std::move(body)}};
}

void put_observations(ApiFixture& api) {
    api.ingest(Json::array(
        {event("e1", "trace-create",
               {{"id", "t1"},
                {"name", "chat"},
                {"userId", "alice"},
                {"sessionId", "s1"},
                {"tags", {"x"}},
                {"release", "r"}}),
         event("e2", "generation-create",
               {{"id", "o1"},
                {"traceId", "t1"},
                {"name", "llm"},
                {"startTime", "2026-11-01T08:00:00.000Z"},
                {"completionStartTime", "2026-11-01T08:00:00.250Z"},
                {"endTime", "2026-11-01T08:00:02.500Z"},
                {"model", "no-such-model"},
                {"modelParameters", {{"temperature", 0.5}}},
                {"usageDetails", {{"input", 10}, {"input_cached", 5}, {"output", 20}}},
                {"costDetails", {{"input", 0.25}, {"output", 0.5}}},
                {"metadata", {{"short", "s"}, {"long", std::string(300, 'x')}}},
                {"input", {{"messages", {1, 2}}}},
                {"output", "[3]"},
                {"level", "WARNING"},
                {"statusMessage", "careful"},
                {"version", "v"},
                {"environment", "prod"}}),
         event("e3", "span-create",
               {{"id", "o2"},
                {"traceId", "t1"},
                {"parentObservationId", "o1"},
                {"startTime", "2026-11-01T08:00:01.000Z"}}),
         event("e4", "event-create",
               {{"id", "o3"}, {"traceId", "t1"}, {"startTime", "2026-11-01T08:00:01.000Z"}})}));
}

using Ids = std::vector<std::string>;

Ids ids_of(const Json& body) {
    Ids ids;
    for (const Json& entry : body.at("data")) ids.push_back(entry.at("id"));
    return ids;
}

Ids listed(ApiFixture& api, const std::string& target) {
    const auto answer = api.get("/api/public" + target);
    INFO(target << ": " << to_text(answer.body));
    REQUIRE(answer.status == 200);
    return ids_of(answer.body);
}

std::set<std::string> keys_of(const Json& object) {
    std::set<std::string> keys;
    for (const auto& [key, value] : object.items()) keys.insert(key);
    return keys;
}

std::string filter_of(const char* elements) { return "filter=" + percent_encode(elements); }

}  // namespace

TEST_CASE("observations: one is read back with exactly its keys", "[api]") {
    ApiFixture api;
    put_observations(api);
    const auto answer = api.get("/api/public/observations/o1");
    REQUIRE(answer.status == 200);
    const Json& read = answer.body;
    CHECK(keys_of(read) == std::set<std::string>{"id",
                                                 "projectId",
                                                 "traceId",
                                                 "parentObservationId",
                                                 "name",
                                                 "type",
                                                 "environment",
                                                 "startTime",
                                                 "endTime",
                                                 "version",
                                                 "createdAt",
                                                 "updatedAt",
                                                 "input",
                                                 "output",
                                                 "metadata",
                                                 "level",
                                                 "statusMessage",
                                                 "model",
                                                 "modelParameters",
                                                 "completionStartTime",
                                                 "promptId",
                                                 "promptName",
                                                 "promptVersion",
                                                 "usageDetails",
                                                 "costDetails",
                                                 "usage",
                                                 "unit",
                                                 "promptTokens",
                                                 "completionTokens",
                                                 "totalTokens",
                                                 "usagePricingTierName",
                                                 "usagePricingTierId",
                                                 "modelId",
                                                 "inputPrice",
                                                 "outputPrice",
                                                 "totalPrice",
                                                 "calculatedInputCost",
                                                 "calculatedOutputCost",
                                                 "calculatedTotalCost",
                                                 "latency",
                                                 "timeToFirstToken"});
    CHECK(read["type"] == "GENERATION");
    CHECK(read["input"] == Json({{"messages", {1, 2}}}));
    CHECK(read["output"] == Json({3}));
    CHECK(read["usage"] ==
          Json({{"unit", "TOKENS"}, {"input", 15}, {"output", 20}, {"total", 35}}));
    CHECK(read["promptTokens"] == 15);
    CHECK(read["calculatedInputCost"] == 0.25);
    CHECK(read["calculatedTotalCost"] == 0.75);
    CHECK(read["latency"] == 2.5);
    CHECK(read["timeToFirstToken"] == 0.25);
    CHECK(read["model"] == "no-such-model");
    CHECK(read["modelId"].is_null());
    CHECK(read["inputPrice"].is_null());
    CHECK(read["parentObservationId"].is_null());
    CHECK(read["level"] == "WARNING");
    CHECK(read["metadata"]["long"] == std::string(300, 'x'));
}

TEST_CASE("observations: what an observation has not is null", "[api]") {
    ApiFixture api;
    put_observations(api);
    const Json event_read = api.get("/api/public/observations/o3").body;
    CHECK(event_read["type"] == "EVENT");
    CHECK(event_read["endTime"].is_null());
    CHECK(event_read["latency"].is_null());
    CHECK(event_read["totalTokens"] == 0);
    CHECK(event_read["calculatedTotalCost"].is_null());
}

TEST_CASE("observations: costs are summed as decimals are", "[api]") {
    ApiFixture api;
    api.ingest(Json::array({event("e1", "generation-create",
                                  {{"id", "o1"},
                                   {"traceId", "t1"},
                                   {"costDetails",
                                    {{"input", 0.1},
                                     {"input_cached", 0.2},
                                     {"output", 0.000003},
                                     {"output_reasoning", 0.0000012}}}})}));
    const Json read = api.get("/api/public/observations/o1").body;
    CHECK(read.at("calculatedInputCost") == 0.3);  // as binary numbers 0.30000000000000004
    CHECK(read.at("calculatedOutputCost") == 0.0000042);
    CHECK(read.at("calculatedTotalCost") == 0.3000042);
}

TEST_CASE("observations: the list is narrowed and paged", "[api]") {
    ApiFixture api;
    put_observations(api);
    const auto all = api.get("/api/public/observations");
    REQUIRE(all.status == 200);
    CHECK(ids_of(all.body) == Ids{"o3", "o2", "o1"});
    CHECK(all.body["meta"] ==
          Json({{"page", 1}, {"limit", 50}, {"totalItems", 3}, {"totalPages", 1}}));
    CHECK(listed(api, "/observations?limit=1&page=3") == Ids{"o1"});
    CHECK(listed(api, "/observations?type=SPAN") == Ids{"o2"});
    CHECK(listed(api, "/observations?name=llm&level=WARNING&version=v") == Ids{"o1"});
    CHECK(listed(api, "/observations?userId=alice&traceId=t1").size() == 3);
    CHECK(listed(api, "/observations?userId=bob").empty());
    CHECK(listed(api, "/observations?parentObservationId=o1") == Ids{"o2"});
    CHECK(listed(api, "/observations?environment=prod") == Ids{"o1"});
    CHECK(listed(api, "/observations?fromStartTime=2026-11-01T08:00:00.5Z") == Ids{"o3", "o2"});
    CHECK(listed(api, "/observations?toStartTime=2026-11-01T08:00:01Z") == Ids{"o1"});
    CHECK(listed(api, "/observations?type=SPAN&" +
                          filter_of(R"([{"type":"string","column":"Type","operator":"=",
                                         "value":"EVENT"}])")) == Ids{"o3"});
    for (const char* const query : {"limit=101", "level=LOUD", "toStartTime=x"}) {
        CHECK(api.get("/api/public/observations?" + std::string(query)).status == 400);
    }
}

TEST_CASE("observations: the second version gives the groups that are asked for", "[api]") {
    ApiFixture api;
    put_observations(api);
    const std::set<std::string> core = {
        "id",   "traceId", "startTime",  "endTime",     "projectId", "parentObservationId",
        "type", "modelId", "inputPrice", "outputPrice", "totalPrice"};
    const auto keys_with = [&](std::initializer_list<const char*> more) {
        std::set<std::string> keys = core;
        for (const char* const key : more) keys.insert(key);
        return keys;
    };
    const auto first = [&](const std::string& fields) {
        const auto answer = api.get("/api/public/v2/observations?name=llm&fields=" + fields);
        REQUIRE(answer.status == 200);
        return answer.body.at("data").at(0);
    };
    const auto basic =
        keys_with({"name", "level", "statusMessage", "version", "environment", "bookmarked",
                   "public", "userId", "sessionId", "isRootObservation"});
    CHECK(keys_of(first("")) == basic);
    CHECK(keys_of(first("basic,nonsense")) == basic);
    CHECK(keys_of(first("core")) == core);
    CHECK(keys_of(first("time")) == keys_with({"completionStartTime", "createdAt", "updatedAt"}));
    CHECK(keys_of(first("io")) == keys_with({"input", "output"}));
    CHECK(keys_of(first("metadata")) == keys_with({"metadata"}));
    CHECK(keys_of(first("model")) ==
          keys_with({"model", "providedModelName", "internalModelId", "modelParameters"}));
    CHECK(keys_of(first("usage")) ==
          keys_with({"usageDetails", "costDetails", "totalCost", "usagePricingTierName"}));
    CHECK(keys_of(first("prompt")) == keys_with({"promptId", "promptName", "promptVersion"}));
    CHECK(keys_of(first("metrics")) == keys_with({"latency", "timeToFirstToken"}));
    CHECK(keys_of(first("trace_context")) == keys_with({"traceName", "tags", "release"}));

    const Json read = first("basic,io,usage,trace_context,metadata");
    CHECK(read["input"] == R"({"messages":[1,2]})");
    CHECK(read["output"] == "[3]");
    CHECK(read["userId"] == "alice");
    CHECK(read["sessionId"] == "s1");
    CHECK(read["isRootObservation"] == true);
    CHECK(read["traceName"] == "chat");
    CHECK(read["tags"] == Json({"x"}));
    CHECK(read["totalCost"] == 0.75);
    CHECK(read["metadata"]["short"] == "s");
    CHECK(read["metadata"]["long"] == std::string(200, 'x'));
    CHECK(first("metadata&expandMetadata=other,long")["metadata"]["long"] == std::string(300, 'x'));
}

TEST_CASE("observations: a cursor walks through all of them once", "[api]") {
    ApiFixture api;
    put_observations(api);
    Ids seen;
    std::string target = "/api/public/v2/observations?limit=1";
    for (int pages = 0; pages < 5; ++pages) {
        const auto answer = api.get(target);
        REQUIRE(answer.status == 200);
        for (const std::string& id : ids_of(answer.body)) seen.push_back(id);
        if (!answer.body["meta"].contains("cursor")) break;
        target = "/api/public/v2/observations?limit=1&cursor=" +
                 percent_encode(answer.body["meta"]["cursor"].get<std::string>());
    }
    CHECK(seen == Ids{"o3", "o2", "o1"});
    const auto last = api.get("/api/public/v2/observations");
    CHECK(last.body["meta"] == Json::object());
}

TEST_CASE("observations: the second version narrows and refuses", "[api]") {
    ApiFixture api;
    put_observations(api);
    CHECK(listed(api, "/v2/observations?sessionId=s1").size() == 3);
    CHECK(listed(api, "/v2/observations?isRootObservation=false") == Ids{"o2"});
    CHECK(listed(api, "/v2/observations?limit=1000").size() == 3);
    CHECK(listed(api, "/v2/observations?" +
                          filter_of(R"([{"type":"string","column":"output","operator":"matches",
                                         "value":"3"}])")) == Ids{"o1"});
    CHECK(listed(api, "/v2/observations?parseIoAsJson=false").size() == 3);
    for (const std::string& query :
         {std::string("limit=1001"), std::string("parseIoAsJson=true"), std::string("cursor=!"),
          std::string("cursor=e30"), std::string("isRootObservation=maybe"),
          filter_of(R"([{"type":"string","column":"input","operator":"contains","value":"m"}])"),
          filter_of(R"([{"type":"string","column":"nothing","operator":"=","value":"m"}])")}) {
        CAPTURE(query);
        CHECK(api.get("/api/public/v2/observations?" + query).status == 400);
    }
    CHECK(api.get("/api/public/v2/observations?cursor=!").body["message"] ==
          "Invalid cursor format");
}

TEST_CASE("observations: an unknown id and that of another project are the same", "[api]") {
    ApiFixture api;
    put_observations(api);
    const auto unknown = api.get("/api/public/observations/nothing");
    CHECK(unknown.status == 404);
    CHECK(unknown.body["error"] == "LangfuseNotFoundError");
    const auto foreign = api.send_as_other("GET", "/api/public/observations/o1");
    CHECK(foreign.status == 404);
    CHECK(foreign.body == unknown.body);
    for (const char* const list : {"/api/public/observations", "/api/public/v2/observations",
                                   "/api/public/v2/observations?traceId=t1"}) {
        CHECK(api.send_as_other("GET", list).body["data"].empty());
    }
}

}  // namespace assay::test
