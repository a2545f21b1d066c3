#include <catch2/catch.hpp>
#include <set>

#include "core/base/base64.hpp"
#include "core/base/text.hpp"
#include "tests/unit/api/api_fixture.hpp"

namespace assay::test {
namespace {

constexpr const char* k_v1 = "/api/public/scores";
constexpr const char* k_v2 = "/api/public/v2/scores";
constexpr const char* k_v3 = "/api/public/v3/scores";

std::set<std::string> keys_of(const Json& object) {
    std::set<std::string> keys;
    for (const auto& [key, value] : object.items()) keys.insert(key);
    return keys;
}

/// "a b c": the ids of a list, in its order.
std::string ids_in(const ApiFixture::Answer& answer) {
    INFO(to_text(answer.body));
    REQUIRE(answer.status == 200);
    std::string ids;
    for (const Json& score : answer.body.at("data")) {
        if (!ids.empty()) ids += ' ';
        ids += score.at("id").get<std::string>();
    }
    return ids;
}

/// A server with scores of every type and subject, one a second. "1" is the oldest.
class ScoreFixture : public ApiFixture {
  public:
    ScoreFixture() {
        ingest(Json::array({{{"id", "e1"},
                             {"timestamp", "2026-11-01T09:00:00Z"},
                             {"type", "trace-create"},
                             {"body",
                              {{"id", "t1"},
                               {"userId", "alice"},
                               {"sessionId", "s1"},
                               {"tags", {"b", "a"}},
                               {"environment", "prod"}}}}}));
        put({{"id", "1"}, {"traceId", "t1"}, {"name", "accuracy"}, {"value", 0.25}});
        put({{"id", "2"},
             {"traceId", "t1"},
             {"observationId", "o1"},
             {"name", "safe"},
             {"value", 1},
             {"dataType", "BOOLEAN"},
             {"comment", "fine"},
             {"metadata", {{"k", "v"}}}});
        put({{"id", "3"}, {"traceId", "t2"}, {"name", "tone"}, {"value", "kind"}});
        put({{"id", "4"}, {"sessionId", "s1"}, {"name", "accuracy"}, {"value", 0.75}});
        put({{"id", "5"},
             {"traceId", "t2"},
             {"name", "note"},
             {"value", "a longer text"},
             {"dataType", "TEXT"},
             {"environment", "prod"}});
        put({{"id", "6"}, {"traceId", "t1"}, {"value", "better"}, {"dataType", "CORRECTION"}});
    }

    void put(const Json& score) {
        const Answer answer = post(k_v1, score);
        INFO(to_text(answer.body));
        REQUIRE(answer.status == 200);
        clock.passed = clock.passed.load() + std::chrono::seconds(1);
    }
    std::string v2(const std::string& query) { return ids_in(get(k_v2 + ("?" + query))); }
    std::string v3(const std::string& query) { return ids_in(get(k_v3 + ("?" + query))); }
    int v3_status(const std::string& query) { return get(k_v3 + ("?" + query)).status; }
    Json one(const std::string& id) { return get(k_v2 + ("/" + id)).body; }
};

const std::set<std::string> k_all_keys = {
    "id",        "projectId", "traceId",     "sessionId",    "observationId",
    "name",      "source",    "dataType",    "value",        "datasetRunId",
    "comment",   "metadata",  "configId",    "authorUserId", "queueId",
    "timestamp", "createdAt", "stringValue", "updatedAt",    "environment"};

std::set<std::string> all_keys_but(const char* key) {
    std::set<std::string> keys = k_all_keys;
    keys.erase(key);
    return keys;
}

}  // namespace

TEST_CASE("scores: each data type has its own values and keys", "[api]") {
    ScoreFixture fixture;
    const Json numeric = fixture.one("1");
    CHECK(keys_of(numeric) == all_keys_but("stringValue"));
    CHECK(numeric.at("value") == 0.25);
    CHECK(numeric.at("dataType") == "NUMERIC");
    CHECK(numeric.at("traceId") == "t1");
    CHECK(numeric.at("sessionId").is_null());
    CHECK(numeric.at("datasetRunId").is_null());
    CHECK(numeric.at("projectId") == default_project_id().value());
    CHECK(numeric.at("source") == "API");
    CHECK(numeric.at("metadata") == Json::object());
    CHECK(numeric.at("environment") == "default");
    CHECK(numeric.at("timestamp") == "2026-11-01T09:30:00.000Z");
    CHECK(numeric.at("createdAt") == "2026-11-01T09:30:00.000Z");

    const Json boolean = fixture.one("2");
    CHECK(keys_of(boolean) == k_all_keys);
    CHECK(boolean.at("value") == 1);
    CHECK(boolean.at("stringValue") == "True");
    CHECK(boolean.at("observationId") == "o1");
    CHECK(boolean.at("comment") == "fine");
    CHECK(boolean.at("metadata") == Json{{"k", "v"}});

    const Json categorical = fixture.one("3");
    CHECK(keys_of(categorical) == k_all_keys);
    CHECK(categorical.at("value") == 0);
    CHECK(categorical.at("stringValue") == "kind");

    const Json of_session = fixture.one("4");
    CHECK(of_session.at("traceId").is_null());
    CHECK(of_session.at("sessionId") == "s1");

    const Json text = fixture.one("5");
    CHECK(keys_of(text) == all_keys_but("value"));
    CHECK(text.at("stringValue") == "a longer text");

    const Json correction = fixture.one("6");
    CHECK(keys_of(correction) == k_all_keys);
    CHECK(correction.at("value") == 0);
    CHECK(correction.at("stringValue") == "better");
    CHECK(correction.at("name") == "output");
}

TEST_CASE("scores: version 1 knows those of traces only", "[api]") {
    ScoreFixture fixture;
    const auto list = fixture.get(k_v1);
    CHECK(ids_in(list) == "6 5 3 2 1");
    CHECK(list.body.at("meta") ==
          Json{{"page", 1}, {"limit", 50}, {"totalItems", 5}, {"totalPages", 1}});
    CHECK_FALSE(list.body.at("data").at(0).contains("trace"));
    CHECK(fixture.get("/api/public/scores/1").body == fixture.one("1"));
    CHECK(fixture.get("/api/public/scores/4").status == 404);
}

TEST_CASE("scores: version 2 lists all with what their trace says", "[api]") {
    ScoreFixture fixture;
    const auto list = fixture.get("/api/public/v2/scores?limit=4");
    CHECK(ids_in(list) == "6 5 4 3");
    CHECK(list.body.at("meta") ==
          Json{{"page", 1}, {"limit", 4}, {"totalItems", 6}, {"totalPages", 2}});
    CHECK(fixture.v2("limit=4&page=2") == "2 1");
    CHECK(fixture.v2("limit=4&page=3").empty());
    const Json& data = list.body.at("data");
    CHECK(data.at(0).at("trace") == Json{{"userId", "alice"},
                                         {"tags", {"a", "b"}},
                                         {"environment", "prod"},
                                         {"sessionId", "s1"}});
    CHECK(data.at(1).at("trace").is_null());  // nothing is known of t2
    CHECK(data.at(2).at("trace").is_null());
    const auto alone = fixture.get("/api/public/v2/scores?fields=score");
    for (const Json& score : alone.body.at("data")) CHECK_FALSE(score.contains("trace"));
}

TEST_CASE("scores: every parameter of version 2 narrows the list", "[api]") {
    ScoreFixture fixture;
    CHECK(fixture.v2("userId=alice") == "6 2 1");
    CHECK(fixture.v2("name=accuracy") == "4 1");
    CHECK(fixture.v2("fromTimestamp=2026-11-01T09:30:04Z") == "6 5");
    CHECK(fixture.v2("toTimestamp=2026-11-01T10:30:01%2B01:00") == "1");
    CHECK(fixture.v2("environment=prod") == "5");
    CHECK(fixture.v2("environment=prod&environment=default") == "6 5 4 3 2 1");
    CHECK(fixture.v2("source=API") == "6 5 4 3 2 1");
    CHECK(fixture.v2("source=EVAL").empty());
    CHECK(fixture.v2("operator=%3E%3D&value=0.75") == "4 2");
    CHECK(fixture.v2("operator=!%3D&value=0.25&dataType=NUMERIC") == "4");
    CHECK(fixture.v2("value=0.25") == "1");
    CHECK(fixture.v2("scoreIds=1,3,none") == "3 1");
    CHECK(fixture.v2("sessionId=s1") == "4");
    CHECK(fixture.v2("traceId=t2") == "5 3");
    CHECK(fixture.v2("traceId=t1&observationId=o1") == "2");
    CHECK(fixture.v2("dataType=CORRECTION") == "6");
    CHECK(fixture.v2("traceTags=a,b") == "6 2 1");
    CHECK(fixture.v2("traceTags=a&traceTags=c").empty());
    CHECK(fixture.v2("configId=none").empty());
    CHECK(fixture.v2("queueId=none").empty());
    CHECK(fixture.v2("datasetRunId=none").empty());
    CHECK(fixture.v2("unknown=ignored") == "6 5 4 3 2 1");
}

TEST_CASE("scores: a filter goes before the parameters beside it", "[api]") {
    ScoreFixture fixture;
    const auto with = [&](const char* filter, const std::string& more = "") {
        return fixture.v2("filter=" + percent_encode(filter) + more);
    };
    CHECK(with(R"([{"type":"string","column":"name","operator":"=","value":"tone"}])") == "3");
    CHECK(with(R"([{"type":"string","column":"Name","operator":"=","value":"tone"}])",
               "&name=accuracy&environment=default") == "3");
    CHECK(with(R"([{"type":"number","column":"value","operator":">","value":0.5}])") == "4 2");
    CHECK(with(R"([{"type":"stringOptions","column":"stringValue","operator":"any of",
                    "value":["True","kind"]}])") == "3 2");
    CHECK(with(R"([{"type":"stringObject","column":"metadata","key":"k","operator":"=",
                    "value":"v"}])") == "2");
    CHECK(with(R"([{"type":"arrayOptions","column":"Trace Tags","operator":"none of",
                    "value":["a"]}])") == "5 4 3");
    CHECK(with(R"([{"type":"null","column":"sessionId","operator":"is not null","value":""}])") ==
          "4");
    const auto unknown = fixture.get(
        "/api/public/v2/scores?filter=" +
        percent_encode(R"([{"type":"string","column":"nam","operator":"=","value":"x"}])"));
    CHECK(unknown.status == 400);
    CHECK(unknown.body.at("error") == "InvalidRequestError");
    CHECK(fixture.get("/api/public/v2/scores?filter=%7B").status == 400);
}

TEST_CASE("scores: wrong parameters are told as validation errors", "[api]") {
    ScoreFixture fixture;
    for (const char* const query :
         {"limit=101", "limit=0", "page=0", "source=NOBODY", "dataType=STRING",
          "operator=~&value=1", "operator=%3E&value=x", "fromTimestamp=yesterday"}) {
        for (const char* const path : {k_v1, k_v2}) {
            const auto refused = fixture.get(std::string(path) + "?" + query);
            INFO(query);
            CHECK(refused.status == 400);
            CHECK(refused.body.at("message") == "Invalid request data");
            CHECK(refused.body.at("error").at(0).at("path").is_array());
        }
    }
    CHECK(fixture.get("/api/public/v2/scores?limit=").status == 200);
    CHECK(fixture.send("PUT", k_v2).status == 405);
}

TEST_CASE("scores: version 3 has one value of its type and groups of fields", "[api]") {
    ScoreFixture fixture;
    const auto list = fixture.get(k_v3);
    CHECK(ids_in(list) == "6 5 4 3 2 1");
    CHECK(list.body.at("meta") == Json{{"limit", 50}});
    const Json& data = list.body.at("data");
    const std::set<std::string> core = {"id",        "projectId", "name",      "dataType",
                                        "value",     "source",    "timestamp", "environment",
                                        "createdAt", "updatedAt"};
    for (const Json& score : data) CHECK(keys_of(score) == core);
    CHECK(data.at(0).at("value") == "better");
    CHECK(data.at(3).at("value") == "kind");
    CHECK(data.at(4).at("value") == true);
    CHECK(data.at(5).at("value") == 0.25);

    const auto full = fixture.get("/api/public/v3/scores?fields=core,details,subject,annotation");
    const Json& all = full.body.at("data");
    CHECK(all.at(4).at("comment") == "fine");
    CHECK(all.at(4).at("metadata") == Json{{"k", "v"}});
    CHECK(all.at(4).at("configId").is_null());
    CHECK(all.at(4).at("authorUserId").is_null());
    CHECK(all.at(4).at("queueId").is_null());
    CHECK(all.at(4).at("subject") ==
          Json{{"kind", "observation"}, {"id", "o1"}, {"traceId", "t1"}});
    CHECK(all.at(5).at("subject") == Json{{"kind", "trace"}, {"id", "t1"}});
    CHECK(all.at(2).at("subject") == Json{{"kind", "session"}, {"id", "s1"}});
}

TEST_CASE("scores: every parameter of version 3 narrows the list", "[api]") {
    ScoreFixture fixture;
    CHECK(fixture.v3("id=1,5") == "5 1");
    CHECK(fixture.v3("name=accuracy,tone") == "4 3 1");
    CHECK(fixture.v3("source=api") == "6 5 4 3 2 1");
    CHECK(fixture.v3("source=eval,ANNOTATION").empty());
    CHECK(fixture.v3("dataType=numeric,Text") == "5 4 1");
    CHECK(fixture.v3("environment=prod") == "5");
    CHECK(fixture.v3("traceId=t1") == "6 2 1");
    CHECK(fixture.v3("traceId=t1,t2&observationId=o1") == "2");
    CHECK(fixture.v3("sessionId=s1") == "4");
    CHECK(fixture.v3("experimentId=none").empty());
    CHECK(fixture.v3("configId=x").empty());
    CHECK(fixture.v3("queueId=x").empty());
    CHECK(fixture.v3("authorUserId=x").empty());
    CHECK(fixture.v3("fromTimestamp=2026-11-01T09:30:04Z") == "6 5");
    CHECK(fixture.v3("toTimestamp=2026-11-01T09:30:01Z") == "1");
    CHECK(fixture.v3("dataType=NUMERIC&value=0.25,7") == "1");
    CHECK(fixture.v3("dataType=NUMERIC&value=2.5e-1,0.750") == "4 1");
    CHECK(fixture.v3("dataType=BOOLEAN&value=true") == "2");
    CHECK(fixture.v3("dataType=BOOLEAN&value=false").empty());
    CHECK(fixture.v3("dataType=CATEGORICAL&value=kind,rude") == "3");
    CHECK(fixture.v3("dataType=NUMERIC&valueMin=0.25&valueMax=0.5") == "1");
}

TEST_CASE("scores: version 3 refuses what it does not know or cannot combine", "[api]") {
    ScoreFixture fixture;
    for (const char* const query : {"unknown=1",
                                    "page=1",
                                    "fields=score",
                                    "limit=101",
                                    "source=x",
                                    "dataType=x",
                                    "traceId=a&sessionId=b",
                                    "sessionId=a&experimentId=b",
                                    "observationId=o",
                                    "value=1",
                                    "dataType=NUMERIC,BOOLEAN&value=1",
                                    "dataType=TEXT&value=x",
                                    "dataType=NUMERIC&value=x",
                                    "dataType=NUMERIC&value=inf",
                                    "dataType=BOOLEAN&value=1",
                                    "valueMin=1",
                                    "dataType=BOOLEAN&valueMax=1",
                                    "dataType=NUMERIC&valueMin=x",
                                    "fromTimestamp=x",
                                    "cursor=x",
                                    "cursor=e30"}) {
        INFO(query);
        CHECK(fixture.v3_status(query) == 400);
    }
    for (const char* const query : {"userId=alice", "traceTags=a"}) {
        const auto refused = fixture.get(k_v3 + std::string("?") + query);
        CHECK(refused.status == 400);
        CHECK_THAT(to_text(refused.body), Catch::Contains("v2"));
    }
    CHECK(fixture.get("/api/public/v3/scores?cursor=x").body.at("message") ==
          "Invalid cursor format");
}

TEST_CASE("scores: cursors of version 3 give every score once", "[api]") {
    ScoreFixture fixture;
    // Of one time, in both forms of stored ids.
    Json batch = Json::array();
    for (const char* const id : {"abcd", "xyz", "0f", "q"}) {
        batch.push_back({{"id", std::string("e") + id},
                         {"timestamp", "2026-11-01T08:00:00.123Z"},
                         {"type", "score-create"},
                         {"body", {{"id", id}, {"traceId", "t3"}, {"name", "n"}, {"value", 1}}}});
    }
    fixture.ingest(batch);
    std::string path = std::string(k_v3) + "?limit=1";
    std::set<std::string> seen;
    for (int page = 0; page < 20; ++page) {
        const auto answer = fixture.get(path);
        REQUIRE(answer.status == 200);
        for (const Json& score : answer.body.at("data")) {
            CHECK(seen.insert(score.at("id").get<std::string>()).second);
        }
        const Json& meta = answer.body.at("meta");
        if (!meta.contains("cursor")) break;
        const std::string cursor = meta.at("cursor");
        CHECK(cursor.find_first_of("+/=") == std::string::npos);
        path = std::string(k_v3) + "?limit=1&cursor=" + cursor;
    }
    CHECK(seen == std::set<std::string>{"1", "2", "3", "4", "5", "6", "abcd", "xyz", "0f", "q"});
}

TEST_CASE("scores: a removed score is gone and may be removed again", "[api]") {
    ScoreFixture fixture;
    const Json done = {{"message", "Score deletion queued successfully"}};
    for (int time = 0; time < 2; ++time) {
        const auto answer = fixture.send("DELETE", "/api/public/scores/2");
        CHECK(answer.status == 202);
        CHECK(answer.body == done);
    }
    CHECK(fixture.get("/api/public/v2/scores/2").status == 404);
    CHECK(ids_in(fixture.get(k_v3)) == "6 5 4 3 1");
}

TEST_CASE("scores: another project neither sees nor removes them", "[api]") {
    ScoreFixture fixture;
    for (const char* const path : {"/api/public/scores/", "/api/public/v2/scores/"}) {
        const auto theirs = fixture.send_as_other("GET", path + std::string("1"));
        const auto unknown = fixture.send_as_other("GET", path + std::string("none"));
        CHECK(theirs.status == 404);
        CHECK(theirs.body == unknown.body);
        CHECK(theirs.body.at("error") == "LangfuseNotFoundError");
    }
    for (const char* const path : {k_v1, k_v2, k_v3}) {
        CHECK(fixture.send_as_other("GET", path).body.at("data").empty());
        CHECK(fixture.send_as_other("GET", path + std::string("?traceId=t1"))
                  .body.at("data")
                  .empty());
    }
    const auto removal = fixture.send_as_other("DELETE", "/api/public/scores/1");
    CHECK(removal.body == fixture.send_as_other("DELETE", "/api/public/scores/none").body);
    CHECK(fixture.get("/api/public/scores/1").status == 200);
    CHECK(fixture.ask("GET", k_v3).status == 401);
}

}  // namespace assay::test
